"""Credentials at rest: sealed, bound to their column, told apart by key."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.domain.errors import ConfigError
from bot.domain.secret import Secret
from bot.store.vault import TARGET_SECRET, TARGET_URL, Vault

from .samples import KEY, directory, import_all, opened, unit, url_of

TEXT = url_of("x")


def test_what_is_sealed_opens_again() -> None:
    assert Vault(KEY).open(Vault(KEY).seal(TEXT, column=TARGET_URL), column=TARGET_URL) == TEXT


def test_sealing_twice_gives_different_bytes_and_the_same_fingerprint() -> None:
    vault = Vault(KEY)
    assert vault.seal(TEXT, column=TARGET_URL) != vault.seal(TEXT, column=TARGET_URL)
    assert vault.fingerprint(TEXT) == Vault(KEY).fingerprint(TEXT) != Vault(Secret("other")).fingerprint(TEXT)


def test_a_value_moved_to_another_column_does_not_open() -> None:
    vault = Vault(KEY)
    sealed = vault.seal(TEXT, column=TARGET_URL)
    with pytest.raises(ConfigError, match=r"target\.secret.*损坏"):
        vault.open(sealed, column=TARGET_SECRET)


@pytest.mark.parametrize("place", [5, 20, -1])
def test_a_changed_byte_is_noticed(place: int) -> None:
    sealed = bytearray(Vault(KEY).seal(TEXT, column=TARGET_URL))
    sealed[place] ^= 1
    with pytest.raises(ConfigError, match="备份"):
        Vault(KEY).open(bytes(sealed), column=TARGET_URL)


def test_an_empty_key_is_refused() -> None:
    with pytest.raises(ConfigError, match="JIANBAO_SECRET_KEY"):
        Vault(Secret(""))


def test_a_wrong_key_is_told_of_when_the_store_opens(url: str, tmp_path: Path) -> None:
    store = opened(url, tmp_path)
    import_all(store, directory(unit("meijiang")))
    store.close()
    with pytest.raises(ConfigError, match=r"JIANBAO_SECRET_KEY.*改回") as caught:
        opened(url, tmp_path, key=Secret("another key, by mistake"))
    assert "another key" not in str(caught.value)
    opened(url, tmp_path).close()
