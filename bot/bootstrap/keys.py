"""The master key: where it is, and how another takes its place.

A rotation touches two things, the key's file and the database. The new key is on disk beside the old one before the
database knows of it, and takes the old one's name afterwards, so that a death at any instant leaves one of two: the old
key in force, or the new one in force and at hand. Whoever opens the installation next ends what was cut off.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from bot.domain.errors import ConfigError, os_reason
from bot.domain.secret import Secret
from bot.settings import Settings
from bot.store.vault import Vault

KEY_FILE = "secret.key"
NEXT_FILE = "secret.key.new"
SHORTEST = 16


def secret_key(settings: Settings) -> Secret:
    """The master key: from the settings, else from the data directory, made there at first start (mode 0600)."""
    if settings.secret_key is not None:
        text = settings.secret_key.get_secret_value()
        if len(text) < SHORTEST:
            raise ConfigError(f"JIANBAO_SECRET_KEY 太短：至少 {SHORTEST} 个字符。")
        return Secret(text)
    make_folder(settings.data_dir)
    path = settings.data_dir / KEY_FILE
    try:
        with contextlib.suppress(FileExistsError):
            # Exclusive: of two first starts at once, one makes the key and the other reads it.
            _write(path, secrets.token_urlsafe(48), os.O_EXCL)
        key = read_key(path)
    except OSError as error:
        raise ConfigError(f"密钥文件 {path} 读写不了（{os_reason(error)}）：请检查它和所在文件夹的权限。") from error
    if key is None:
        raise ConfigError(f"密钥文件 {path} 是空的或已损坏：请从备份恢复；没有它，库中的机器人地址无法读出。")
    return key


def has_key(settings: Settings) -> bool:
    """Is there a key, or would `secret_key` make one?"""
    return settings.secret_key is not None or (settings.data_dir / KEY_FILE).exists()


def unmake(settings: Settings, key: Secret) -> ConfigError:
    """Take away a key file that was made just now for a database with another key: the right one belongs there."""
    path = settings.data_dir / KEY_FILE
    if read_key(path) == key:
        path.unlink()
    return ConfigError(
        f"密钥文件 {path} 不见了：数据库已用原来的密钥加密，没有它，库中的机器人地址和签名密钥无法读出。"
        "请把备份的密钥文件放回原处，或用 JIANBAO_SECRET_KEY 给出密钥。"
    )


def make_folder(folder: Path) -> None:
    """Where state lives. Raises ConfigError where it cannot be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"数据目录 {folder} 建不了（{os_reason(error)}）：请改设置 data_dir（JIANBAO_DATA_DIR），或建好这个文件夹。"
        ) from error


def read_key(path: Path) -> Secret | None:
    """What the file holds; None when it is absent, or does not hold a key."""
    try:
        text = path.read_text(encoding="ascii").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        return None
    return Secret(text) if len(text) >= SHORTEST else None


def next_key(settings: Settings) -> Secret | None:
    """What a rotation that was cut off has left beside the key file."""
    return read_key(settings.data_dir / NEXT_FILE) if settings.secret_key is None else None


def old_file(folder: Path, key: Secret) -> Path:
    """Where a key that was replaced is kept, for the backups made with it."""
    return folder / f"{KEY_FILE}.{Vault(key).key_id.hex()}"


def make_next_key(settings: Settings) -> Secret:
    """Write a new key beside the old one, and give the old one a second name to be kept under. ConfigError where files
    cannot be changed in this way; nothing is lost then. Call it inside `alone`."""
    folder = settings.data_dir
    key = Secret(secrets.token_urlsafe(48))
    try:
        with contextlib.suppress(FileExistsError):
            os.link(folder / KEY_FILE, old_file(folder, secret_key(settings)))
        _write(folder / NEXT_FILE, key.reveal(), os.O_TRUNC)
        _sync(folder)
    except OSError as error:
        raise ConfigError(
            f"密钥文件 {folder / KEY_FILE} 不能由程序更换（{os_reason(error)}）：请用 --new-key-file 给出新密钥。"
        ) from error
    return key


def adopt_next_key(settings: Settings, key: Secret) -> None:
    """The new key, now in force, takes the place of the old one."""
    folder = settings.data_dir
    if read_key(folder / NEXT_FILE) == key:
        (folder / NEXT_FILE).replace(folder / KEY_FILE)
        _sync(folder)


@contextlib.contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """No other process changes the key's files meanwhile; waits until that is so."""
    handle = os.open(settings.data_dir, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _write(path: Path, text: str, flag: int) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | flag, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(handle)


def _sync(folder: Path) -> None:
    """What was linked and renamed in it is on disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
