"""A large past to look at: units with a robot each, issues released to them, deliveries with what was answered."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from bot.bootstrap import App
from bot.domain.card import CardKind, Style
from bot.domain.directory import Directory, Group, Recipient, Target
from bot.domain.issue import Article, Issue, IssueNumber, ListKind, Lists
from bot.domain.plan import Plan, PlannedDelivery, PlannedMessage
from bot.domain.resolver import Resolution
from bot.domain.secret import Secret

NOBODY = Resolution((), (), (), (), (), {}, ())
PARAGRAPH = "各街道认真落实工作要求，组织力量开展排查整治，推动问题整改到位，取得了阶段性成效。" * 3
NOW = dt.datetime(2026, 6, 29, 1, tzinfo=dt.UTC)

# One in a hundred failed, most units have signed: as if every issue had been out for a day.
ANSWERED = """
    UPDATE delivery SET attempts = 1, next_try_at = NULL, settled_at = :at,
        state = CASE id % 100 WHEN 0 THEN 'in_doubt' WHEN 1 THEN 'refused' ELSE 'accepted' END,
        reason = CASE id % 100 WHEN 0 THEN 'timeout_after_send' WHEN 1 THEN 'bad_key' ELSE 'accepted' END;
    INSERT INTO attempt (delivery_id, number, target_id, worker, started_at)
        SELECT id, 1, target_id, 'benchmark', :at + id FROM delivery;
    INSERT INTO receipt (delivery_id, number, finished_at, outcome, reason, http_status, vendor_code, vendor_message,
            duration_ms)
        SELECT id, 1, :at + id, CASE state WHEN 'in_doubt' THEN 'unknown' WHEN 'refused' THEN 'permanent_config'
            ELSE 'ok' END, reason, 200, '0', 'ok', 80 FROM delivery;
    INSERT INTO reader_event (delivery_id, kind, at, name, office)
        SELECT id, 'opened', :at, '', '' FROM delivery WHERE state = 'accepted' AND id % 10 < 8;
    INSERT INTO reader_event (delivery_id, kind, at, name, office)
        SELECT id, 'signed', :at, '王小明', '办公室' FROM delivery WHERE state = 'accepted' AND id % 10 < 6;
    UPDATE tally SET count = (SELECT count(*) FROM delivery AS d WHERE d.issue_id = tally.issue_id
        AND d.state = tally.slot);
    ANALYZE
"""


def fill(app: App, units: int, issues: int, deliveries: int) -> None:
    """Every unit with one robot; every issue released to the same number of units, the last to all."""
    key = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=693a91f6-7xxx-4bc4-97a0-{:012d}"
    roster = tuple(
        Recipient(f"u{i}", f"第{i}号街道办事处", targets=(Target("wecom", Secret(key.format(i)), "工作群"),))
        for i in range(units)
    )
    group = Group("all", "各街道", members=tuple(unit.id for unit in roster[:500]))
    app.store.import_directory(Directory(roster, (group,)), who="benchmark", why="", now=NOW)
    robots = {stored.recipient.id: stored.id for stored in app.store.targets([unit.id for unit in roster])}
    message = PlannedMessage("wecom", Style.CARD, ListKind.SEND, 1, 1, b"{}")
    each = deliveries // issues
    for n in range(1, issues + 1):
        articles = tuple(Article(f"第{n}期第{k}篇文章的标题", (PARAGRAPH,) * 6) for k in range(4))
        line = IssueNumber(2020 + n // 400, n % 400 + 1, n, f"{2020 + n // 400}年第{n % 400 + 1}期 总第{n}期")
        content = Issue("梅州市工作简报", line, ("市政府办",), NOW.date(), None, articles, Lists(send=("各街道",)))
        stored = app.store.save_issue(
            content,
            original="\n\n".join(para for a in articles for para in a.body).encode(),
            name=f"{n}.txt",
            source="x",
            who="x",
            now=NOW,
            release_at=NOW,
            holds=(),
        )
        chosen = [f"u{(n * 7 + k) % units}" for k in range(units if n == issues else each)]
        planned = tuple(PlannedDelivery(unit, robots[unit], ListKind.SEND, 1, 1, 0) for unit in chosen)
        plan = Plan(stored.id, stored.revision_id, CardKind.ISSUE, NOBODY, (message,), ())
        app.store.release(
            replace(plan, deliveries=planned), who="x", why="", now=NOW, expected_revision=stored.revision_id
        )
    answer(app)


def answer(app: App) -> None:
    """Settle everything at once; tens of millions of a dispatcher's steps would tell a page nothing more."""
    at = int(NOW.timestamp()) * 1_000_000
    with app.store.db.write() as connection:
        for statement in ANSWERED.split(";"):
            connection.exec_driver_sql(statement.replace(":at", str(at)))
