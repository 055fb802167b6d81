"""What the flows need from outside, as Protocols. bootstrap.py picks the classes that fulfil them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from bot.domain.attachment import Attachment
from bot.domain.delivery import DeliveryState, Exchange
from bot.domain.directory import Directory, Lookup
from bot.domain.issue import Issue, ListKind
from bot.domain.pacing import Ceiling, Pace
from bot.domain.plan import (
    ApprovalRow,
    Claimed,
    Plan,
    PlanTarget,
    ReceiptRow,
    ReceivedFile,
    Settled,
    StoredIssue,
    StoredMessage,
    StoredTarget,
    Turn,
)
from bot.domain.release import Hold, IssueState
from bot.domain.signoff import SignOff
from bot.domain.source import Found, Poll


class Clock(Protocol):
    """Aware UTC now. Tests move it; nobody sleeps on it."""

    def __call__(self) -> dt.datetime: ...


class Sender(Protocol):
    """One HTTP POST, tried once. Never raises for what the network does: the answer says it.

    `ca_file`: the only certificate authorities to trust, None: the public ones.
    """

    async def send(
        self, url: str, body: bytes, headers: Mapping[str, str], *, ca_file: str | None = None
    ) -> Exchange: ...

    async def upload(self, url: str, name: str, data: bytes, *, ca_file: str | None = None) -> Exchange:
        """The file `data` as the part `media` of a form, under `name`."""
        ...


class Source(Protocol):
    """Where issues come from by themselves."""

    async def poll(self, state: Mapping[str, Any], *, now: dt.datetime) -> Poll:
        """Look once. Raises SourceFailed; harms nothing else whatever it meets."""
        ...

    async def settle(self, found: Found, *, taken: bool, note: str) -> None:
        """The document was taken in, or refused for the reason in `note`."""
        ...


class Ledger(Protocol):
    """The dispatcher's side of the store. One writer, group commits; every call is one transaction."""

    async def turn(
        self,
        settled: Sequence[Settled],
        *,
        worker: str,
        now: dt.datetime,
        limit: int,
        paces: Mapping[str, Pace],
        ceilings: Mapping[str, Ceiling],
        passed_over: Collection[str],
    ) -> Turn:
        """Write `settled`, then claim up to `limit` due deliveries: `sending` and the attempt rows are durable
        on return. At most one delivery of a target is in flight, and never faster than its channel's pace.

        `ceilings`: of all that every worker sends, by channel, and by ALL_CHANNELS. `passed_over`: channels of which
        nothing is to be claimed now."""
        ...

    async def message(self, message_id: int) -> StoredMessage: ...

    async def original(self, original_id: int) -> Attachment:
        """The file as it was received."""
        ...

    async def uploading(self, claimed: Claimed, *, begun: bool) -> bool:
        """Put on record that the attempt's upload has begun, or has ended: in between nothing of it can have been
        shown. False: the attempt is not in flight any more, for this worker was taken for dead; nothing may be sent for
        it."""
        ...

    async def recover(self, *, now: dt.datetime, resend: bool = False) -> int:
        """Settle what dead workers left in `sending`: as `in_doubt`, but what was being uploaded, and with `resend` all
        of it, as `retrying`. The number of those in doubt."""
        ...

    async def enlist(self, worker: str, *, now: dt.datetime, resend: bool = False) -> None: ...

    async def heartbeat(self, worker: str, *, now: dt.datetime) -> None: ...

    async def retire(self, worker: str) -> None: ...

    async def unsettled(self, issue_id: int) -> tuple[int, int]:
        """(deliveries that had no verdict yet and can get one without a person, deliveries not settled)."""
        ...


class IssueStore(Protocol):
    def save_issue(
        self,
        issue: Issue,
        *,
        publication: str,
        original: bytes,
        name: str,
        source: str,
        who: str,
        now: dt.datetime,
        release_at: dt.datetime | None,
        holds: Sequence[Hold],
    ) -> StoredIssue:
        """Take an issue in. The same content is the same revision and changes nothing; the same number with other
        content is a new revision: the issue is `held` or `scheduled` anew as `holds` say, also when an earlier
        revision was released (it is then a correction)."""
        ...

    def find_issue(self, content: Issue) -> StoredIssue | None:
        """The stored issue that this one is another copy or revision of."""
        ...

    def issue(self, issue_id: int) -> StoredIssue: ...

    def issues(self) -> list[StoredIssue]: ...

    def release(self, plan: Plan, *, who: str, why: str, now: dt.datetime, expected_revision: int) -> int:
        """In one transaction: the issue becomes `released`, the plan and its deliveries exist. Returns how many
        deliveries are new; those that exist already (same revision, target, kind, part) are left as they are."""
        ...

    def due_issues(self, now: dt.datetime) -> list[int]:
        """Ids of scheduled issues whose `release_at` is not after `now`, oldest first."""
        ...

    def released_since(self, moment: dt.datetime, publications: Sequence[str]) -> list[int]:
        """Ids of these publications' issues that stand released, and were at or after `moment`, oldest first."""
        ...

    def next_release(self) -> dt.datetime | None:
        """The earliest `release_at` of a scheduled issue."""
        ...

    def approvals(self, issue_id: int, content_hash: str) -> list[ApprovalRow]:
        """Approvals of exactly this content that were not withdrawn, oldest first."""
        ...

    def approve(
        self, issue_id: int, *, content_hash: str, holds: Sequence[Hold], who: str, why: str, now: dt.datetime
    ) -> None:
        """Keep an approval; the same person again replaces nothing and adds what they have seen since."""
        ...

    def withdraw_approvals(self, issue_id: int, *, now: dt.datetime) -> None: ...

    def amend_issue(
        self,
        issue_id: int,
        *,
        expected_revision: int,
        expected_state: IssueState,
        state: IssueState,
        release_at: dt.datetime | None,
        holds: Sequence[Hold],
        who: str,
        action: str,
        why: str,
        now: dt.datetime,
    ) -> bool:
        """One conditional update with its line in the history; False when the issue was changed meanwhile."""
        ...

    def released_before(self, issue_id: int, revision_id: int) -> Issue | None:
        """The latest revision other than this one that has deliveries, as it was; None when there is none."""
        ...

    def reached(self, issue_id: int) -> list[tuple[str, ListKind]]:
        """Recipients with an accepted or in-doubt delivery of any revision, and the list they stood on."""
        ...

    def plan_targets(self, recipient_ids: Sequence[str]) -> Sequence[PlanTarget]:
        """Enabled targets of these recipients, each recipient's in directory order, suspended ones included."""
        ...

    def received_file(self, revision_id: int) -> ReceivedFile | None:
        """The file this revision was read from, the first where it came as several."""
        ...

    def covered(self, revision_id: int) -> set[str]:
        """Recipient ids that have a delivery of this revision which is not refused, exhausted or cancelled."""
        ...


class DirectoryStore(Protocol):
    def directory(self) -> Directory: ...

    def lookup(self) -> AbstractContextManager[Lookup]:
        """What resolving asks of the directory, answered as of this moment; nothing of it is held in memory."""
        ...

    def targets(self, recipient_ids: Sequence[str]) -> list[StoredTarget]:
        """Enabled targets of these recipients, in directory order, suspended ones included."""
        ...

    def import_directory(self, directory: Directory, *, who: str, why: str, now: dt.datetime) -> Mapping[str, int]:
        """Add and update, all or nothing, with history. Suspensions and cool-downs survive; what the file does
        not name is left alone. Returns counts: `added`, `changed`, `unchanged`, `absent`."""
        ...


class ReaderStore(Protocol):
    def signoffs(self, issue_id: int) -> list[SignOff]:
        """The sign-off board: one line a recipient, in the order of the plan."""
        ...


class SourceStore(Protocol):
    def source_state(self, source_id: str) -> Mapping[str, Any]:
        """What the source wanted to find again; {} at first."""
        ...

    def source_good(self, source_id: str, state: Mapping[str, Any], *, now: dt.datetime) -> None: ...

    def source_failed(self, source_id: str, trouble: str, *, now: dt.datetime, alert_after: int) -> int:
        """Note a failure; how many there were in a row. The `alert_after`-th in a row goes into the history."""
        ...


class ReceiptStore(Protocol):
    def receipts(self, issue_id: int | None = None) -> Iterator[ReceiptRow]: ...

    def counts(self, issue_id: int) -> Mapping[DeliveryState, int]: ...
