"""Issue + directory -> plan: who gets a card, and the bytes of it, rendered once for all who get the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeAlias

from bot.cards import make_card
from bot.channels.files import FILES
from bot.domain.attachment import Files
from bot.domain.card import LINK_TOKEN, CardKind, Message, Pictures, Style, Wording
from bot.domain.channel import Channel
from bot.domain.delivery import DeliveryState, Reason
from bot.domain.directory import NOBODY, Lookup, Mention
from bot.domain.issue import ListKind
from bot.domain.plan import Plan, PlannedDelivery, PlannedMessage, PlanTarget, ReceivedFile, StoredIssue
from bot.domain.release import Hold
from bot.domain.resolver import Resolution

from .attaching import with_original

LINK_PATH = "/r/"
SIGN_PLACE = "#sign"
"""Where on the reader page one signs."""
SLICE = 1_000
"""Recipients whose targets are read at once."""

Look: TypeAlias = tuple[str, Style, ListKind, Mention]
"""Channel, style, list and mention: those with the same look get the same messages."""
TargetsOf: TypeAlias = Callable[[Sequence[str]], Iterable[PlanTarget]]
"""Recipient ids -> the targets to be sent to, each recipient's in directory order; suspended ones included."""


def no_pictures(revision_id: int) -> Pictures | None:
    """For an installation that cannot draw or show any."""
    return None


@dataclass(frozen=True, slots=True)
class Renderer:
    """Makes the messages. `public_url` is the base of reader links; None: cards carry none.

    `wording` gives the templates of a publication (its masthead decides which), else the installation's. `pictures`
    gives the addresses of a revision's pictures, None where there can be none.
    """

    channels: Mapping[str, Channel]
    wording: Callable[[str], Wording]
    public_url: str | None
    pictures: Callable[[int], Pictures | None] = no_pictures
    files: Mapping[str, Files] = field(default_factory=lambda: FILES)

    def messages(
        self,
        stored: StoredIssue,
        *,
        channel: str,
        style: Style,
        list_kind: ListKind | None,
        kind: CardKind = CardKind.ISSUE,
        changes: Sequence[str] = (),
        mention: Mention = NOBODY,
    ) -> tuple[Message, ...]:
        link = f"{self.public_url}{LINK_PATH}{LINK_TOKEN}" if self.public_url else None
        card = make_card(
            stored.issue,
            kind=kind,
            list_kind=list_kind,
            link=link,
            sign_link=f"{link}{SIGN_PLACE}" if link else None,
            changes=tuple(changes),
            pictures=self.pictures(stored.revision_id),
        )
        return self.channels[channel].messages(card, style, self.wording(stored.issue.masthead), mention)


def make_plan(
    stored: StoredIssue,
    resolution: Resolution,
    targets_of: TargetsOf,
    renderer: Renderer,
    *,
    kind: CardKind = CardKind.ISSUE,
    changes: Sequence[str] = (),
    leave_out: Collection[str] = (),
    reminder: int = 0,
    original: ReceivedFile | None = None,
) -> Plan:
    """The plan for every recipient of `resolution` but those in `leave_out` (they are covered already).

    A suspended target gets its delivery too, as `refused`: the ledger says why that group has no card. The deliveries
    are made while they are written; nearly always all messages are rendered here, before the release locks anything.
    `original`: what goes after the card where a target wants it. A reminder is a card alone.
    """

    def render(look: Look) -> list[PlannedMessage]:
        channel, style, list_kind, mention = look
        card = renderer.messages(
            stored, channel=channel, style=style, list_kind=list_kind, kind=kind, changes=changes, mention=mention
        )
        return [PlannedMessage(channel, style, list_kind, m.part, m.parts, m.body, m.notes) for m in card]

    def attach(look: Look, card: Sequence[PlannedMessage]) -> Sequence[PlannedMessage]:
        return card if kind is CardKind.REMINDER else with_original(card, original, renderer.files.get(look[0]))

    planning = _Planning(resolution.recipients, leave_out, targets_of, render, attach)
    planning.look_ahead()
    return Plan(stored.id, stored.revision_id, kind, resolution, planning.messages, planning, reminder)


class _Planning(Iterable[PlannedDelivery]):
    """The deliveries, made while they are asked for, a slice of the recipients at a time: a million of them take no
    more memory than a thousand."""

    def __init__(
        self,
        recipients: Mapping[str, ListKind],
        leave_out: Collection[str],
        targets_of: TargetsOf,
        render: Callable[[Look], list[PlannedMessage]],
        attach: Callable[[Look, Sequence[PlannedMessage]], Sequence[PlannedMessage]],
    ) -> None:
        self.messages: list[PlannedMessage] = []
        self._recipients = recipients
        self._leave_out = leave_out
        self._targets_of = targets_of
        self._render = render
        self._attach = attach
        self._places: dict[PlannedMessage, int] = {}
        self._rendered: dict[Look, tuple[int, ...]] = {}
        self._attached: dict[Look, tuple[int, ...]] = {}

    def __iter__(self) -> Iterator[PlannedDelivery]:
        for target, list_kind in self._targets():
            state, reason = DeliveryState.PENDING, None
            if target.suspended:
                state, reason = DeliveryState.REFUSED, Reason.TARGET_SUSPENDED
            parts = self._parts(target, list_kind)
            for part, index in enumerate(parts, 1):
                yield PlannedDelivery(target.recipient_id, target.id, list_kind, part, len(parts), index, state, reason)

    def look_ahead(self) -> None:
        """Render what the first targets need. Few directories have more, and hardly any another look after so many."""
        for target, list_kind in islice(self._targets(), SLICE):
            self._parts(target, list_kind)

    def _targets(self) -> Iterator[tuple[PlanTarget, ListKind]]:
        wanted = (row for row in self._recipients.items() if row[0] not in self._leave_out)
        while some := dict(islice(wanted, SLICE)):
            by_recipient: defaultdict[str, list[PlanTarget]] = defaultdict(list)
            for target in self._targets_of(list(some)):
                by_recipient[target.recipient_id].append(target)
            for recipient_id, list_kind in some.items():
                for target in by_recipient[recipient_id]:
                    yield target, list_kind

    def _parts(self, target: PlanTarget, list_kind: ListKind) -> tuple[int, ...]:
        """Where the messages for this target are; rendered when it is the first of its look."""
        look = (target.channel, target.style, list_kind, target.mention)
        if look not in self._rendered:
            self._rendered[look] = self._kept(self._render(look))
        if not target.attach_original:
            return self._rendered[look]
        if look not in self._attached:
            self._attached[look] = self._kept(self._attach(look, [self.messages[n] for n in self._rendered[look]]))
        return self._attached[look]

    def _kept(self, wanted: Sequence[PlannedMessage]) -> tuple[int, ...]:
        """Their places among the messages; those that are not there yet get one."""
        for message in wanted:
            if message not in self._places:
                self._places[message] = len(self.messages)
                self.messages.append(message)
        return tuple(self._places[message] for message in wanted)


def resolution_holds(resolution: Resolution, deliver: Sequence[ListKind], directory: Lookup) -> tuple[Hold, ...]:
    """What in a resolution a person must look at before the issue may go out by itself."""
    holds: list[Hold] = []
    if unresolved := resolution.unresolved(deliver):
        names = "、".join(unresolved)
        holds.append(Hold("unresolved_phrase", f"名单中有认不出的单位：{names}。请在名录中补充别名或分组。"))
    if resolution.unresolved_exclusions:
        names = "、".join(resolution.unresolved_exclusions)
        holds.append(Hold("unresolved_exclusion", f"不发单位认不出：{names}。请在名录中补充，以免误发。"))
    if resolution.without_target:
        names = "、".join(directory.called(resolution.without_target))
        holds.append(Hold("without_target", f"以下单位没有可用的群机器人：{names}。请在名录中补充或停用。"))
    if not resolution.recipients:
        holds.append(Hold("no_recipients", "没有一个单位可以投递，请检查名单和名录。"))
    return tuple(holds)
