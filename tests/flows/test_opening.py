"""Opening an installation: where its key and its folder must be, and what is said when they are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.bootstrap import open_app
from bot.bootstrap.doctor import examine
from bot.domain.errors import ConfigError
from bot.settings import Settings


def settings(folder: Path, **more: object) -> Settings:
    return Settings.model_validate({"data_dir": folder, "publications_file": folder / "none.toml", **more})


def test_a_lost_key_is_told_of_and_no_other_is_made_in_its_place(tmp_path: Path) -> None:
    open_app(settings(tmp_path)).close()
    key = tmp_path / "secret.key"
    kept = key.read_bytes()
    key.unlink()

    with pytest.raises(ConfigError, match=r"secret\.key 不见了"):
        open_app(settings(tmp_path))

    assert not key.exists()
    key.write_bytes(kept)
    open_app(settings(tmp_path)).close()


def test_a_key_that_does_not_fit_stays_where_it_is(tmp_path: Path) -> None:
    open_app(settings(tmp_path)).close()
    key = tmp_path / "secret.key"
    key.write_text("another key, long enough")

    with pytest.raises(ConfigError, match="不一致"):
        open_app(settings(tmp_path))

    assert key.read_text() == "another key, long enough"


def test_a_data_folder_that_cannot_be_made_is_told_of(tmp_path: Path) -> None:
    taken = tmp_path / "file"
    taken.write_text("")
    for folder in (taken, taken / "below"):
        with pytest.raises(ConfigError, match="JIANBAO_DATA_DIR"):
            open_app(settings(folder))
        assert "fail" in {one.level for one in examine(settings(folder))}


def test_a_key_that_cannot_be_read_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "secret.key").mkdir()
    with pytest.raises(ConfigError, match="权限"):
        open_app(settings(tmp_path))


def test_a_database_folder_that_cannot_be_made_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="目录"):
        open_app(settings(tmp_path, database_url=f"sqlite:///{tmp_path}/file/jianbao.db"))
