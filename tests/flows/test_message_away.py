"""A database that cannot be read between the claim and the sending: nothing was sent, so nothing is in doubt."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.bootstrap import open_app
from bot.domain.faultpoints import Point
from bot.sandbox import SandboxServer
from bot.settings import Settings
from tests.e2e.conftest import directory_file, units

from .conftest import Clock, issue_text

pytestmark = pytest.mark.slow


class Locker(logging.Handler):
    """Another program that locks the messages once work is claimed, until the dispatcher says that it cannot read."""

    def __init__(self, url: str) -> None:
        super().__init__(logging.ERROR)
        self.engine = sa.create_engine(url)
        self.connection = self.engine.connect()
        self.locked = self.told = False

    def __call__(self, point: Point) -> None:
        if point is Point.CLAIM_COMMITTED and not self.locked:
            self.connection.exec_driver_sql("LOCK TABLE message IN ACCESS EXCLUSIVE MODE")
            self.locked = True

    def emit(self, record: logging.LogRecord) -> None:
        if "until it can be read" in record.getMessage():
            self.told = True
            self.connection.rollback()


def test_messages_that_cannot_be_read_for_a_while_are_sent_once_and_none_is_in_doubt(
    postgres_database: str, tmp_path: Path
) -> None:
    locker = Locker(postgres_database)
    logger = logging.getLogger("bot.flows.deliver")
    logger.addHandler(locker)
    with SandboxServer(open_mode=True) as sandbox:
        host = sandbox.url.removeprefix("http://")
        impatient = sa.make_url(postgres_database).update_query_dict({"options": "-c lock_timeout=200"})
        url = impatient.render_as_string(hide_password=False)
        values = {"data_dir": tmp_path / "var", "allowed_hosts": (host,), "database_url": url}
        app = open_app(Settings.model_validate(values), clock=(clock := Clock()), hook=locker)
        clock.set("2026-02-13 09:01")
        roster = app.load_directory(directory_file(tmp_path / "d.yaml", units(sandbox.url, 3), []))
        app.store.import_directory(roster, who="张三", why="建库", now=clock())
        send = "、".join(one.name for one in roster.recipients)
        text = issue_text(send=send).encode()
        published = app.publisher.take_in(text, "a.txt", source="上传", who="张三")
        app.publisher.release_now(published.stored.id, who="张三", why="试")
        app.deliver(published.stored.id, wait_s=None, on_settled=None)
        states = [row.state for row in app.store.receipts(published.stored.id)]
        app.close()
        received = len(sandbox.sandbox.messages.find(verdict="accepted"))
    logger.removeHandler(locker)
    locker.connection.close()
    locker.engine.dispose()
    assert locker.told
    assert (states, received) == (["accepted"] * 3, 3)
