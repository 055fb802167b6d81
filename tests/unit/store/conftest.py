"""A store on SQLite, and the same tests again on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.store import Store
from tests.conftest import sqlite_copy

from .samples import opened


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database that has the schema, and nothing in it."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        return f"sqlite:///{sqlite_copy(template, tmp_path)}"
    url: str = request.getfixturevalue("postgres_database")
    return url


@pytest.fixture
def store(url: str, tmp_path: Path) -> Iterator[Store]:
    opened_store = opened(url, tmp_path)
    yield opened_store
    opened_store.close()
