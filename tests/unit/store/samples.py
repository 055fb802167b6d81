"""Small made-up issues, directories, plans and answers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from bot.domain.card import CardKind, Style
from bot.domain.delivery import OutcomeClass, Reason, Verdict, settle
from bot.domain.directory import Directory, Group, Recipient, RecipientKind, Target
from bot.domain.issue import Article, Issue, IssueNumber, ListKind, Lists
from bot.domain.pacing import Pace
from bot.domain.plan import Claimed, Plan, PlannedDelivery, PlannedMessage, Settled, StoredIssue, Turn
from bot.domain.release import Hold
from bot.domain.resolver import Resolver
from bot.domain.secret import Secret
from bot.store import Store, open_store

NOW = dt.datetime(2022, 3, 1, 1, 0, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)
KEY = Secret("a key for tests that nobody else uses")
FREE = {"wecom": Pace(per_window=1000), "dingtalk": Pace(per_window=1000)}


def opened(url: str, data_dir: Path, *, key: Secret = KEY, busy_timeout_s: float = 5.0) -> Store:
    return open_store(url, secret_key=key, data_dir=data_dir, busy_timeout_s=busy_timeout_s)


def url_of(name: str) -> Secret:
    return Secret(f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=693a91f6-7xxx-4bc4-97a0-0ec2sifa-{name}")


def target(name: str, *, secret: str | None = None, enabled: bool = True, label: str = "政务公开群") -> Target:
    return Target("wecom", url_of(name), label, Secret(secret) if secret else None, Style.CARD, enabled)


def unit(name: str, *targets: Target, enabled: bool = True) -> Recipient:
    chosen = targets or (target(name),)
    return Recipient(name, f"{name}区人民政府", RecipientKind.COUNTY_GOVERNMENT, (f"{name}区",), enabled, chosen)


def directory(*units: Recipient) -> Directory:
    members = tuple(u.id for u in units)
    return Directory(units, (Group("all", "各县(市、区)人民政府", ("各县区政府",), members),))


def bulletin(*, number: int | None = 1, title: str = "旧院落换上新模样", label: str | None = None) -> Issue:
    return Issue(
        masthead="梅州市城镇老旧小区改造工作简报",
        issue=IssueNumber(2022, number, 19 + number if number else None, label or f"2022年第{number}期"),
        issuer=("梅州市住房和城乡建设局",),
        date=dt.date(2022, 3, 1),
        articles=(Article(title, ("走进老院落，路面平整干净。", "住户说，方便多了。")),),
        lists=Lists(send=("各县(市、区)人民政府",)),
    )


def take_in(
    store: Store,
    issue: Issue | None = None,
    *,
    holds: Sequence[Hold] = (),
    original: bytes = b"as received",
    now: dt.datetime = NOW,
) -> StoredIssue:
    return store.save_issue(
        issue or bulletin(),
        original=original,
        name="1.txt",
        source="upload",
        who="张三",
        now=now,
        release_at=NOW,
        holds=holds,
    )


def planned(
    store: Store,
    stored: StoredIssue,
    roster: Directory,
    *,
    parts: int = 1,
    kind: CardKind = CardKind.ISSUE,
) -> Plan:
    resolution = Resolver(roster).resolve(stored.issue)
    messages = tuple(
        PlannedMessage("wecom", Style.CARD, ListKind.SEND, part, parts, f'{{"part":{part}}}'.encode())
        for part in range(1, parts + 1)
    )
    deliveries = tuple(
        PlannedDelivery(found.recipient.id, found.id, ListKind.SEND, message.part, parts, index)
        for found in store.targets(list(resolution.recipients))
        for index, message in enumerate(messages)
    )
    return Plan(stored.id, stored.revision_id, kind, resolution, messages, deliveries)


def import_all(store: Store, roster: Directory, *, now: dt.datetime = NOW) -> dict[str, int]:
    return dict(store.import_directory(roster, who="李四", why="测试", now=now))


def released(
    store: Store, *names: str, parts: int = 1, now: dt.datetime = NOW, issue: Issue | None = None
) -> StoredIssue:
    """An issue released to one target of each of these units."""
    roster = directory(*(unit(name) for name in names))
    import_all(store, roster, now=now)
    stored = take_in(store, issue, now=now)
    plan = planned(store, stored, roster, parts=parts)
    store.release(plan, who="王五", why="到时", now=now, expected_revision=stored.revision_id)
    return store.issue(stored.id)


def answer(claimed: Claimed, verdict: Verdict, at: dt.datetime) -> Settled:
    settlement = settle(verdict, delivery_id=claimed.delivery_id, number=claimed.number, now=at)
    return Settled(claimed, at - SECOND / 10, at, verdict, settlement)


OK = Verdict(OutcomeClass.OK, Reason.ACCEPTED, 200, "0", "ok")
LIMITED = Verdict(OutcomeClass.RETRY_LATER, Reason.RATE_LIMITED, 200, "45009", "api freq out of limit", 60.0)
BUSY = Verdict(OutcomeClass.RETRY_LATER, Reason.BUSY, 200, "-1", "system busy")
BAD_KEY = Verdict(OutcomeClass.PERMANENT_CONFIG, Reason.BAD_KEY, 200, "93000", "invalid webhook url")
LOST = Verdict(OutcomeClass.UNKNOWN, Reason.CONNECTION_LOST)


async def turn(
    store: Store,
    settled: Sequence[Settled] = (),
    *,
    now: dt.datetime = NOW,
    limit: int = 100,
    pace: Pace | None = None,
    worker: str = "w1",
) -> Turn:
    paces = {"wecom": pace} if pace else FREE
    return await store.ledger().turn(settled, worker=worker, now=now, limit=limit, paces=paces)
