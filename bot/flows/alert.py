"""Tell the people in charge that a person is needed: one message for a wave of troubles, not one each.

The history is the queue: what happened since the last alert is read from it, and the place reached is kept only after
the alert has left. A crash in between may tell twice; it never forgets. Of several schedulers one tells at a time. What
came of an issue's deliveries is no event of the history, but a count in the ledger: failing.py says when it is news.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from bot.domain.acts import known
from bot.domain.card import Card, CardItem, CardKind, Wording
from bot.domain.channel import Channel
from bot.domain.delivery import OutcomeClass, Reason
from bot.domain.plan import StoredTarget
from bot.domain.publication import Publication

from .failing import RECENT, Counts, news, summary
from .ports import Sender
from .publish import SCHEDULER, Publisher
from .sending import judge, send_once

log = logging.getLogger(__name__)

CURSOR = ":alerts"
"""Kept beside the sources' states; the colon keeps it apart from every source's id."""
TURN = ":alerts.turn"
TURN_FOR = dt.timedelta(minutes=10)
"""Longer than it takes to tell everybody, whatever their platforms do; after a crash the others wait for so long."""
MASTHEAD = "简报系统提醒"
MOST = 20
"""Troubles named one by one; the rest of a wave is counted."""


class Noted(Protocol):
    """A row of the history, as far as alerts look at it."""

    @property
    def id(self) -> int: ...
    @property
    def who(self) -> str: ...
    @property
    def action(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def why(self) -> str: ...
    @property
    def after(self) -> Mapping[str, Any] | None: ...


class AlertStore(Protocol):
    def history_since(self, after: int) -> Iterator[Noted]: ...

    def counts_since(self, moment: dt.datetime) -> Mapping[int, Counts]:
        """By issue, of those released since: how many deliveries are in each state."""
        ...

    def source_state(self, source_id: str) -> Mapping[str, Any]: ...

    def source_good(self, source_id: str, state: Mapping[str, Any], *, now: dt.datetime) -> None: ...

    def take_turn(self, name: str, *, now: dt.datetime, until: dt.datetime) -> bool:
        """Does the caller alone do now what is called `name`?"""
        ...

    def end_turn(self, name: str) -> None: ...

    def target_owner(self, target_id: int) -> tuple[str, str]:
        """The name of the unit a target belongs to, and how the target is shown (never its address)."""
        ...


def troubles(rows: Sequence[Noted], publisher: Publisher, store: AlertStore) -> list[tuple[Publication | None, str]]:
    """What of the history a person must be told: (the publication concerned, None for all; one sentence)."""
    found: list[tuple[Publication | None, str]] = []
    for row in rows:
        _, _, number = row.subject.partition(":")
        match known(row.action):
            case "issue.held" if row.who == SCHEDULER:
                stored = publisher.store.issue(int(number))
                reasons = "；".join(h.message for h in stored.holds)
                name = f"{stored.issue.masthead} {stored.issue.label}"
                found.append((publisher.publication_of(stored), f"{name} 到时没有发布：{reasons}"))
            case "target.suspended":
                unit, shown = store.target_owner(int(number))
                reason = Reason(str((row.after or {}).get("suspended_reason", Reason.BAD_KEY.value)))
                found.append((None, f"{unit}的群机器人（{shown}）已停用：{reason.chinese}"))
            case "worker.recovered":
                count = (row.after or {}).get("in_doubt", 0)
                found.append((None, f"程序中断，{count} 条投递存疑，请到群里核实。"))
            case "batch.set_aside":
                found.append(
                    (None, f"批次 {number} 多次投递都没有进展，已搁置：请看日志，修好后用 jianbao batches 重新派发。")
                )
            case "source.failing":
                found.append((_source_owner(publisher, number), f"来源 {number} 连续失败：{row.why}"))
    return found


def _source_owner(publisher: Publisher, source_id: str) -> Publication | None:
    for publication in publisher.policy.publications:
        if any(spec.id == source_id for spec in publication.sources):
            return publication
    return None


def alert_card(sentences: Sequence[str], now: dt.datetime, zone: ZoneInfo) -> Card:
    """The troubles as a card: one item each, MOST at most and then their number."""
    items = [CardItem(sentence) for sentence in sentences[:MOST]]
    if len(sentences) > MOST:
        items.append(CardItem(f"另有 {len(sentences) - MOST} 件同类问题，请登录系统查看。"))
    label = f"{len(sentences)} 件事需要人工处理"
    return Card(CardKind.ISSUE, MASTHEAD, label, (), now.astimezone(zone).date(), tuple(items))


async def send_alerts(
    publisher: Publisher, store: AlertStore, sender: Sender, channels: Mapping[str, Channel], wording: Wording
) -> int:
    """Tell what has happened since the last time; how many messages went out. 0 too while another process tells."""
    now = publisher.clock()
    if not await asyncio.to_thread(_wave, publisher, store):
        return 0
    if not await asyncio.to_thread(store.take_turn, TURN, now=now, until=now + TURN_FOR):
        return 0
    try:
        # Anew: whoever had the turn before may have told it.
        wave = await asyncio.to_thread(_wave, publisher, store)
        if wave is None:
            return 0
        sent = 0
        for target, sentences in wave.told:
            card = alert_card(sentences, now, publisher.policy.zone)
            name = f"jb-alert-{wave.name}-{target.id}"
            sent += await _tell(card, name, target, sender, channels, wording, now)
        await asyncio.to_thread(store.source_good, CURSOR, wave.kept, now=now)
        return sent
    finally:
        await asyncio.to_thread(store.end_turn, TURN)


@dataclass(frozen=True, slots=True)
class _Wave:
    """Who is to be told what, what is to be kept about it, and the same name when it is told again after a crash."""

    told: tuple[tuple[StoredTarget, tuple[str, ...]], ...]
    kept: Mapping[str, Any]
    name: str


def _wave(publisher: Publisher, store: AlertStore) -> _Wave | None:
    """What is new; None when nothing is."""
    before = store.source_state(CURSOR)
    rows = list(store.history_since(before.get("after", 0)))
    counts = store.counts_since(publisher.clock() - RECENT)
    failing, known = news(counts, before.get("failures", {}))
    kept = {"after": rows[-1].id if rows else before.get("after", 0), "failures": known}
    if not failing and kept == {"failures": {}, **before}:
        return None
    found = troubles(rows, publisher, store)
    for issue_id in failing:
        stored = publisher.store.issue(issue_id)
        name = f"{stored.issue.masthead} {stored.issue.label}"
        found.append((publisher.publication_of(stored), summary(name, counts[issue_id])))
    by_recipient: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for publication, sentence in found:
        concerned = [publication] if publication is not None else publisher.policy.publications
        for one in concerned:
            for recipient_id in one.alert:
                by_recipient[recipient_id][sentence] = None
    told = tuple(
        (target, tuple(sentences))
        for recipient_id, sentences in by_recipient.items()
        for target in publisher.store.targets([recipient_id])
    )
    return _Wave(told, kept, f"{kept['after']}-{sum(known.values())}")


async def _tell(
    card: Card,
    name: str,
    target: StoredTarget,
    sender: Sender,
    channels: Mapping[str, Channel],
    wording: Wording,
    now: dt.datetime,
) -> int:
    """All parts of the alert `name` to one target; one that fails is logged, for there is nobody else to tell."""
    if target.suspended_at is not None:
        log.error("target %s is suspended and gets no alert", target.id)
        return 0
    channel = channels[target.target.channel]
    count = 0
    robot = target.target
    for message in channel.messages(card, robot.style, wording, robot.mention):
        part = f"{name}-{message.part}"
        exchange = await send_once(
            sender, channel, robot.url, robot.secret, message.body, now, message_id=part, ca_file=robot.ca_file
        )
        verdict = judge(exchange, channel, now, robot.url, robot.secret)
        if verdict.outcome is not OutcomeClass.OK:
            log.error("the alert to target %s ended %s: %s", target.id, verdict.outcome.value, verdict.reason.value)
            return count
        count += 1
    return count
