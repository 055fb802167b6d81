"""A backup taken while hundreds of deliveries are being sent: restored elsewhere it is the state of one instant, row by
row, told by the database's own means and not by the code that makes backups."""

from __future__ import annotations

import shutil
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.bootstrap import App, open_app
from bot.bootstrap.service import Service, listen
from bot.domain.delivery import DeliveryState
from bot.domain.plan import Settled
from bot.sandbox import SandboxServer
from bot.store import transfer
from tests.conftest import database_on

from .conftest import Installation
from .crashing import Release, directory_of, release_issue, settings_of

pytestmark = pytest.mark.slow

DELIVERIES = 300
Everything = dict[str, list[tuple[Any, ...]]]


@pytest.fixture(params=["sqlite", "postgresql"])
def urls(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """(the database, an empty one elsewhere); empty for SQLite's default place."""
    if request.param == "sqlite":
        yield "", ""
        return
    server = request.getfixturevalue("postgres_server")
    with database_on(server, f"{request.getfixturevalue('postgres_template')}_elsewhere") as elsewhere:
        yield request.getfixturevalue("postgres_database"), elsewhere


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    with SandboxServer(open_mode=True, rate_limits=False) as server:
        yield server


def raw(url: str, tables: Sequence[str] = ()) -> Everything:
    """Every row as the database's driver gives it, of these tables or of all."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    named = tables or sorted(set(sa.inspect(engine).get_table_names()) - {"alembic_version"})
    found = {}
    with closing(engine.raw_connection()) as connection:
        for table in named:
            cursor = connection.cursor()
            cursor.execute(f'SELECT * FROM "{table}"')
            found[table] = sorted((tuple(row) for row in cursor.fetchall()), key=repr)
    return found


class Instant:
    """Holds this process's writers while the backup takes its first look, and looks beside it."""

    def __init__(self, app: App) -> None:
        self.begun = threading.Event()
        self.seen: Everything = {}
        self._app = app
        self._thread = threading.get_ident()

    @contextmanager
    def watching(self) -> Iterator[None]:
        events = (("before_cursor_execute", self._before), ("after_cursor_execute", self._after))
        for name, call in events:
            sa.event.listen(self._app.store.db.engine, name, call)
        yield
        for name, call in events:
            sa.event.remove(self._app.store.db.engine, name, call)

    def _before(self, *_: object) -> None:
        if threading.get_ident() == self._thread and not self.begun.is_set():
            self._app.store.db._queue.acquire()
            self.begun.set()

    def _after(self, _connection: object, _cursor: object, statement: str, *_: object) -> None:
        # The snapshot is taken by the first SELECT, or by what came before it.
        if threading.get_ident() == self._thread and statement.startswith("SELECT") and not self.seen:
            self.seen = raw(self._app.settings.effective_database_url)
            self._app.store.db._queue.release()


def test_the_state_of_one_instant_is_restored_and_passes_the_doctor(
    urls: tuple[str, str], sandbox: SandboxServer, tmp_path: Path
) -> None:
    release = Release(tmp_path / "here" / "var", sandbox.url, targets=DELIVERIES)
    settings = settings_of(release).model_copy(update={"database_url": urls[0]})
    file = tmp_path / "jianbao.backup"
    app = open_app(settings)
    app.store.import_directory(directory_of(release), who="test", why="", now=app.clock())
    instant = Instant(app)
    some, every = threading.Event(), threading.Event()
    settled: list[Settled] = []

    def note(one: Settled) -> None:
        settled.append(one)
        if len(settled) == DELIVERIES // 4:
            some.set()
            instant.begun.wait(30)
        if len(settled) == DELIVERIES:
            every.set()

    with listen("127.0.0.1", 0) as listener, Service(app, listener, on_settled=note).in_thread():
        release_issue(app, release)
        assert some.wait(60)
        with instant.watching():
            transfer.write_backup(app.store.db, file, key_id=app.store.vault.key_id, now=app.clock())
        assert every.wait(60)
    states = Counter(row.state for row in app.store.receipts())
    assert states == {DeliveryState.ACCEPTED: DELIVERIES}, "the release did not mind"
    app.close()

    home = tmp_path / "elsewhere"
    (home / "var").mkdir(parents=True)
    shutil.copy(release.home / "secret.key", home / "var" / "secret.key")
    other = Installation(home, sandbox.url, {"JIANBAO_DATABASE_URL": urls[1]} if urls[1] else {})
    rows = other.json("restore", str(file))["rows"]
    restored = raw(urls[1] or f"sqlite:///{home / 'var' / 'jianbao.db'}")
    assert restored == {table: instant.seen[table] for table in restored}
    assert rows == {table: len(found) for table, found in restored.items()}
    assert 0 < rows["receipt"] < DELIVERIES, "it was taken in the middle"
    findings = other.json("doctor")
    assert not [finding for finding in findings if finding["level"] == "fail"]
