"""Back up, restore and move an installation. The key goes its own way: whoever has both has the robots' addresses."""

from __future__ import annotations

from pathlib import Path

from bot.domain.errors import ConfigError
from bot.settings import Settings
from bot.store import transfer
from bot.store.database import Database
from bot.store.vault import Vault

from .app import open_app, utc_now
from .belongings import refuse_own_file, require_database
from .keys import KEY_FILE, secret_key

_BUSY_S = 30.0


def backup(settings: Settings, file: Path) -> dict[str, int]:
    """Write `file`, also while the service runs; rows by table. ConfigError where there is nothing to back up, or
    `file` cannot be a backup's place."""
    require_database(settings)
    refuse_own_file(settings, file)
    if file.exists() and not file.is_file():
        raise ConfigError(f"{file} 不是普通文件，备份不能写到那里；请写一个文件名。")
    if not file.absolute().parent.is_dir():
        raise ConfigError(f"没有文件夹 {file.absolute().parent}：请先建好它，或换一个地方。")
    app = open_app(settings)
    try:
        return transfer.write_backup(app.store.db, file, key_id=Vault(app.key).key_id, now=app.clock())
    finally:
        app.close()


def restore(settings: Settings, file: Path) -> dict[str, int]:
    """Fill the empty database of `settings` from `file`; rows by table. ConfigError without the key it was sealed
    with."""
    if not file.is_file():
        raise ConfigError(f"没有备份文件 {file}：请核对路径。")
    place = settings.data_dir / KEY_FILE
    if settings.secret_key is None and not place.exists():
        raise ConfigError(f"没有密钥：请先把备份时的密钥放到 {place}（或设置 JIANBAO_SECRET_KEY），再恢复。")
    if transfer.read_header(file).key_id != Vault(secret_key(settings)).key_id.hex():
        raise ConfigError("密钥不是备份时所用的那一把，库中的机器人地址将无法读出；没有恢复。请换回原来的密钥。")
    database = Database(settings.effective_database_url, busy_timeout_s=_BUSY_S)
    try:
        return transfer.restore_backup(database, file)
    finally:
        database.close()


def move(settings: Settings, destination: str) -> dict[str, int]:
    """Copy the database of `settings` to the empty one at `destination`; rows by table."""
    require_database(settings)
    app = open_app(settings)
    try:
        target = Database(destination, busy_timeout_s=_BUSY_S)
        try:
            return transfer.copy(app.store.db, target, now=utc_now())
        finally:
            target.close()
    finally:
        app.close()
