"""The installation's own files: commands that need them say so where they are not, and none writes over them."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from bot.domain.errors import ConfigError
from bot.settings import Settings

from .keys import KEY_FILE


def require_database(settings: Settings) -> None:
    """ConfigError where there is none yet: opening would make an empty one, and a backup of that is worth nothing."""
    file = _database_file(settings)
    if file is not None and not file.exists():
        raise ConfigError(
            f"没有数据库 {file.absolute()}：请在安装所在的文件夹里运行，"
            "或用 JIANBAO_DATA_DIR、JIANBAO_DATABASE_URL 指明它在哪里。"
        )


def refuse_own_file(settings: Settings, path: Path) -> None:
    """ConfigError where to write to `path` would be to lose the database or a master key."""
    folder, database = settings.data_dir, _database_file(settings)
    own = {folder / KEY_FILE, *folder.glob(f"{KEY_FILE}.*")}
    if database is not None:
        own |= {database.with_name(database.name + end) for end in ("", "-wal", "-shm", "-journal")}
    if path.resolve() in {one.resolve() for one in own}:
        raise ConfigError(f"{path} 是本系统自己的数据库或密钥文件，没有写入；请换一个文件名。")


def _database_file(settings: Settings) -> Path | None:
    """None on PostgreSQL, and for an address that another check refuses."""
    try:
        url = sa.make_url(settings.effective_database_url)
    except sa.exc.ArgumentError:
        return None
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None
