"""Another master key for an installation: everything sealed anew, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bot.domain.errors import ConfigError
from bot.settings import Settings
from bot.store.vault import Vault

from . import keys
from .app import open_app
from .belongings import require_database


@dataclass(frozen=True, slots=True)
class Rotation:
    """`sealed`: how many values were sealed anew. `old_file`: where the old key is kept; None when its place is not the
    program's to change."""

    sealed: int
    old_file: Path | None


def rotate_key(settings: Settings, new_key_file: Path | None, *, who: str) -> Rotation:
    """Change the master key to a new one, or to the one in `new_key_file`; then the operator puts it into its place.

    ConfigError, with nothing changed, while the service runs, for an unfit key, or where only the operator can change
    the key's place and gave no file.
    """
    if new_key_file is None and settings.secret_key is not None:
        raise ConfigError(
            "密钥由 JIANBAO_SECRET_KEY 给出，程序改不了它。请把新密钥（至少 16 个字符）写入一个文件，"
            "运行 jianbao rotate-key --new-key-file 该文件，再把 JIANBAO_SECRET_KEY 改为新密钥。"
        )
    require_database(settings)
    app = open_app(settings)
    try:
        with keys.alone(settings):
            if app.store.key_in_force() is None:
                raise ConfigError("另一个 rotate-key 刚换了密钥：如要再换，请重新运行。")
            new = keys.make_next_key(settings) if new_key_file is None else keys.read_key(new_key_file)
            if new is None:
                raise ConfigError(f"{new_key_file} 里没有密钥：须是至少 {keys.SHORTEST} 个 ASCII 字符。")
            sealed = app.store.rotate(Vault(new), who=who, now=app.clock())
            if new_key_file is None:
                keys.adopt_next_key(settings, new)
                return Rotation(sealed, keys.old_file(settings.data_dir, app.key))
        return Rotation(sealed, None)
    finally:
        app.close()
