"""The doctor finds what was done to an installation, one check not hindering another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import pytest

from bot.bootstrap import App, Finding, examine, open_app
from bot.settings import Settings

from .conftest import Desk, issue_text

pytestmark = pytest.mark.slow

CHECKS = [
    "设置",
    "时钟",
    "磁盘",
    "字体",
    "模板",
    "阅读链接",
    "数据库",
    "投递引擎",
    "密钥",
    "审计",
    "保存期限",
    "名录",
    "主机",
]


@pytest.fixture(params=["sqlite", "postgresql"])
def app(request: pytest.FixtureRequest, desk: Desk) -> Iterator[App]:
    """The desk's installation, or the same on PostgreSQL."""
    if request.param == "sqlite":
        yield desk.app
        return
    url: str = request.getfixturevalue("postgres_database")
    settings = desk.app.settings.model_copy(update={"database_url": url, "data_dir": desk.home / "other"})
    app = open_app(settings)
    app.store.import_directory(desk.app.store.directory(), who="张三", why="", now=app.clock())
    yield app
    app.close()


def told(settings: Settings) -> list[Finding]:
    return examine(settings)


def of(findings: list[Finding], check: str) -> list[tuple[Literal["ok", "warn", "fail"], str]]:
    return [(one.level, one.message) for one in findings if one.check == check]


def execute(app: App, *statements: str) -> None:
    with app.store.db.write() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def test_a_sound_installation_passes_every_check(app: App) -> None:
    findings = told(app.settings)
    assert list(dict.fromkeys(one.check for one in findings)) == CHECKS
    assert not [one for one in findings if one.level == "fail"]
    ((_, key),) = of(findings, "密钥")
    assert "第 1 把，库中 3 个加密值都能读出" in key
    assert of(findings, "保存期限") == [("ok", "全部一直保存。")]


def test_a_value_that_does_not_open_is_told_and_hinders_no_other_check(app: App) -> None:
    zero = "zeroblob(60)" if not app.settings.database_url else "decode(repeat('00', 60), 'hex')"
    execute(app, f"UPDATE target SET url = {zero} WHERE id = 1")
    findings = told(app.settings)
    assert "密钥" in " ".join(message for level, message in of(findings, "数据库") if level == "fail")
    assert of(findings, "审计") == [("ok", "审计记录完整，逐条校验一致。")]


def test_a_trail_that_somebody_has_touched_is_told(app: App) -> None:
    if app.settings.database_url:
        execute(app, "ALTER TABLE history DISABLE TRIGGER USER", "UPDATE history SET who = 'x' WHERE id = 2")
    else:
        execute(app, "DROP TRIGGER history_no_update", "UPDATE history SET who = 'x' WHERE id = 2")
    ((level, message),) = of(told(app.settings), "审计")
    assert (level, "第 2 条" in message) == ("fail", True)


def test_a_key_that_others_can_read_is_told(app: App) -> None:
    key = app.settings.data_dir / "secret.key"
    key.chmod(0o644)
    assert of(told(app.settings), "密钥") == [("fail", f"{key} 其他人可读（644）：请运行 chmod 600 {key}。")]


def test_what_will_be_cleared_and_when_is_told(desk: Desk) -> None:
    issue_id = desk.take_in(issue_text("2026年2月12日")).stored.id
    desk.tick()
    assert len(list(desk.app.store.receipts(issue_id))) == 3
    settings = desk.app.settings.model_copy(update={"keep_messages_days": 30, "keep_audit_days": 36_000})
    ((_, message),) = of(told(settings), "保存期限")
    assert "发出的消息原文现有 3 条到期" in message
    assert "审计记录现有 0 条到期，下一批在 2124-" in message


def test_where_settings_come_from_is_told_but_not_what_they_are(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JIANBAO_SECRET_KEY", "a key that must not be shown")
    findings = told(desk.app.settings)
    ((_, message),) = of(findings, "设置")
    assert "JIANBAO_SECRET_KEY" in message
    assert "must not be shown" not in str(findings)
