"""What a person decides after the sending: settle the doubtful, send the failed again, mend a robot, chase."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from bot.domain.errors import ConfigError
from bot.domain.pages import Settling
from bot.domain.release import IssueState
from bot.domain.signoff import SignOff

from .publish import Publisher
from .remind import remind


class SettlingStore(Protocol):
    def settle_delivery(self, delivery_id: int, act: Settling, *, who: str, why: str, now: dt.datetime) -> None: ...
    def resend_failed(self, issue_id: int, *, who: str, why: str, now: dt.datetime) -> int: ...
    def revive_target(self, target_id: int, *, replay: bool, who: str, why: str, now: dt.datetime) -> int: ...
    def signoffs(self, issue_id: int) -> list[SignOff]: ...


@dataclass(frozen=True, slots=True)
class Settler:
    """The use cases; `wake` tells the dispatcher that something is due. All raise ConfigError for what cannot be."""

    store: SettlingStore
    publisher: Publisher
    wake: Callable[[], None]

    def settle(self, delivery_id: int, act: Settling, *, who: str, why: str = "") -> None:
        self.store.settle_delivery(delivery_id, act, who=who, why=why, now=self.publisher.clock())
        self.wake()

    def resend_failed(self, issue_id: int, *, who: str, why: str = "") -> int:
        """How many go out again: the refused and the given up whose robots work; never the doubtful."""
        count = self.store.resend_failed(issue_id, who=who, why=why, now=self.publisher.clock())
        self.wake()
        return count

    def revive(self, target_id: int, *, replay: bool, who: str) -> int:
        """The robot is mended; how many deliveries of the latest issue go out to it again."""
        count = self.store.revive_target(
            target_id, replay=replay, who=who, why="已修复，重新启用", now=self.publisher.clock()
        )
        self.wake()
        return count

    def unsigned(self, issue_id: int) -> list[SignOff]:
        """Who has the issue and has not signed."""
        return [line for line in self.store.signoffs(issue_id) if line.delivered_at and not line.signed_at]

    def remind_now(self, issue_id: int, *, who: str) -> int:
        """A reminder card to everybody unsigned; how many units."""
        stored = self.publisher.store.issue(issue_id)
        if stored.state is not IssueState.RELEASED:
            raise ConfigError("这一期还没有发布，不能催办。")
        if self.publisher.renderer.public_url is None:
            raise ConfigError("没有设置对外网址（JIANBAO_PUBLIC_URL），卡片上没有签收链接，不能催办。")
        rounds: defaultdict[int, list[SignOff]] = defaultdict(list)
        for line in self.unsigned(issue_id):
            rounds[line.reminders + 1].append(line)
        for number, lines in sorted(rounds.items()):
            remind(self.publisher, stored, lines, number, who=who, why=f"人工催办（第 {number} 次）")
        self.wake()
        return sum(map(len, rounds.values()))
