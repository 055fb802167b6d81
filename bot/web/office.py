"""Everything the handlers work with, put together by bootstrap: flows, what they read, settings they show."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol
from zoneinfo import ZoneInfo

from bot.domain.channel import Channel
from bot.domain.delivery import DeliveryState, Verdict
from bot.domain.directory import Directory, Group, RecipientKind
from bot.domain.pages import (
    DeliveryDetail,
    HistoryLine,
    IssueLine,
    Original,
    RecipientLine,
    RevisionLine,
    TargetLine,
    Tile,
    UnitState,
)
from bot.domain.people import Account, Answered
from bot.domain.plan import ApprovalRow, ReceiptRow, StoredIssue, StoredTarget
from bot.domain.release import IssueState
from bot.domain.signoff import SignOff, SignOffCount, SourceHealth
from bot.flows.correct import CorrectionStore
from bot.flows.cover import Covers
from bot.flows.dated import Dated
from bot.flows.imports import Imports
from bot.flows.people import People
from bot.flows.publish import Publisher
from bot.flows.reader import Reader
from bot.flows.reassess import reassess
from bot.flows.roster import Roster
from bot.flows.settle import Settler


class PageStore(CorrectionStore, Protocol):
    """What the pages read; bot/store says what each promises."""

    def issue(self, issue_id: int) -> StoredIssue: ...
    def issue_lines(
        self, *, search: str = "", states: Collection[IssueState] = (), limit: int = 20, offset: int = 0
    ) -> tuple[list[IssueLine], int]: ...
    def upcoming(self, limit: int = 5) -> list[IssueLine]: ...
    def latest_released(
        self, limit: int = 1, *, offset: int = 0, state: DeliveryState | None = None
    ) -> list[IssueLine]: ...
    def revisions(self, issue_id: int) -> list[RevisionLine]: ...
    def original(self, revision_id: int) -> Original | None: ...
    def original_name(self, revision_id: int) -> str | None: ...
    def approvals(self, issue_id: int, content_hash: str) -> list[ApprovalRow]: ...
    def directory(self) -> Directory: ...
    def recipient_lines(
        self,
        *,
        search: str = "",
        kind: RecipientKind | None = None,
        suspended: bool = False,
        limit: int = 50,
        offset: int = 0,
    ) -> tuple[list[RecipientLine], int]: ...
    def recipient_names(self) -> dict[str, str]: ...
    def target_lines(self, recipient_id: str | None = None) -> list[TargetLine]: ...
    def target_line(self, target_id: int) -> TargetLine | None: ...
    def stored_target(self, target_id: int) -> StoredTarget | None: ...
    def group_lines(self) -> list[Group]: ...
    def unit_states(self, issue_id: int) -> list[UnitState]: ...
    def tiles(self, units: Sequence[UnitState]) -> list[Tile]: ...
    def counts(self, issue_id: int) -> Mapping[DeliveryState, int]: ...
    def receipts(self, issue_id: int | None = None) -> Iterator[ReceiptRow]: ...
    def receipt_page(
        self,
        *,
        issue_id: int | None = None,
        recipient_id: str | None = None,
        states: Collection[DeliveryState] = (),
        after: int = 0,
        limit: int = 50,
    ) -> list[ReceiptRow]: ...
    def in_state(self, state: DeliveryState) -> Mapping[int, int]: ...
    def delivery(self, delivery_id: int) -> DeliveryDetail | None: ...
    def signoffs(self, issue_id: int) -> list[SignOff]: ...
    def signoff_page(
        self, issue_id: int, *, unsigned: bool = False, limit: int = 50, offset: int = 0
    ) -> tuple[list[SignOff], SignOffCount]: ...
    def source_healths(self) -> list[SourceHealth]: ...
    def history_page(
        self, *, subjects: Sequence[str] = (), before: int | None = None, limit: int = 50
    ) -> list[HistoryLine]: ...
    def history(self, subject: str | None = None) -> Iterator[HistoryLine]: ...
    def verify_history(self) -> int | None: ...
    def note(
        self, action: str, subject: str, after: Mapping[str, Any] | None, *, who: str, why: str, now: dt.datetime
    ) -> None: ...
    def answer(self, owner: str, key_hash: str) -> Answered | None: ...
    def begin_answer(self, owner: str, key_hash: str, fingerprint: str, *, now: dt.datetime) -> bool: ...
    def keep_answer(self, owner: str, key_hash: str, status: int, body: str) -> None: ...
    def drop_answer(self, owner: str, key_hash: str) -> None: ...


class Explained(Protocol):
    """One block of a document with its place, the role it was given and the rule that gave it."""

    @property
    def where(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def rule(self) -> str: ...
    @property
    def text(self) -> str: ...


class SingleSignOn(Protocol):
    """Signing in at another place (OIDC)."""

    async def begin(self, redirect_uri: str) -> tuple[str, Mapping[str, str]]:
        """(address to send the browser to, what to keep until it comes back)."""
        ...

    async def finish(self, redirect_uri: str, query: Mapping[str, str], kept: Mapping[str, str]) -> str:
        """The name the other place vouches for; SignInRefused when it does not."""
        ...


@dataclass(frozen=True, slots=True)
class Office:
    """One installation, as the pages see it."""

    people: People
    publisher: Publisher
    roster: Roster
    dated: Dated
    imports: Imports
    settler: Settler
    reader: Reader
    covers: Covers
    store: PageStore
    channels: Mapping[str, Channel]
    preview: Callable[[str, object], str]
    """(channel, payload) to an HTML fragment that carries no script; every text in it is escaped."""
    preview_css: Path
    explain: Callable[[bytes, str], Sequence[Explained]]
    dump_directory: Callable[[Directory, Literal["yaml", "xlsx"], bool], bytes]
    """(directory, form, masked)."""
    try_target: Callable[[StoredTarget], Awaitable[Verdict]]
    zone: ZoneInfo
    public_url: str | None
    sign_on: SingleSignOn | None = None

    def now(self) -> dt.datetime:
        return self.publisher.clock()

    def reassess(self, *, who: str) -> None:
        """After a change of the directory: every issue that waits is looked at again."""
        reassess(self.publisher, self.store, who=who)

    def channel_name(self, channel: str) -> str:
        return self.channels[channel].CHINESE if channel in self.channels else channel

    def find(self, account_name: str) -> Account | None:
        """The account that another place vouched for, if it may sign in here."""
        found = self.people.store.credentials(account_name)
        return found.account if found is not None else None
