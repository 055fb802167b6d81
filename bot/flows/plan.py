"""Issue + directory -> plan: who gets a card, and the bytes of it, rendered once per channel, style and list."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias

from bot.cards import make_card
from bot.domain.card import LINK_TOKEN, CardKind, Message, Pictures, Style, Wording
from bot.domain.channel import Channel
from bot.domain.delivery import DeliveryState, Reason
from bot.domain.directory import Directory
from bot.domain.issue import ListKind
from bot.domain.plan import Plan, PlannedDelivery, PlannedMessage, PlanTarget, StoredIssue
from bot.domain.release import Hold
from bot.domain.resolver import Resolution

LINK_PATH = "/r/"
SIGN_PLACE = "#sign"
"""Where on the reader page one signs."""
SLICE = 1_000
"""Recipients whose targets are read at once."""

Look: TypeAlias = tuple[str, Style, ListKind]
"""Channel, style and list: those with the same look get the same messages."""
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

    def messages(
        self,
        stored: StoredIssue,
        *,
        channel: str,
        style: Style,
        list_kind: ListKind | None,
        kind: CardKind = CardKind.ISSUE,
        changes: Sequence[str] = (),
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
        return self.channels[channel].messages(card, style, self.wording(stored.issue.masthead))


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
) -> Plan:
    """The plan for every recipient of `resolution` but those in `leave_out` (they are covered already).

    A suspended target gets its delivery too, as `refused`: the ledger says why that group has no card. All messages
    are rendered here, before anybody has to wait for the release; the deliveries are made while they are written.
    """

    def render(look: Look) -> list[PlannedMessage]:
        parts = renderer.messages(stored, channel=look[0], style=look[1], list_kind=look[2], kind=kind, changes=changes)
        return [PlannedMessage(*look, m.part, m.parts, m.body, m.notes) for m in parts]

    planning = _Planning(resolution.recipients, leave_out, targets_of, render)
    planning.render_all()
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
    ) -> None:
        self.messages: list[PlannedMessage] = []
        self._recipients = recipients
        self._leave_out = leave_out
        self._targets_of = targets_of
        self._render = render
        self._rendered: dict[Look, range] = {}

    def __iter__(self) -> Iterator[PlannedDelivery]:
        for target, list_kind in self._targets():
            state, reason = DeliveryState.PENDING, None
            if target.suspended:
                state, reason = DeliveryState.REFUSED, Reason.TARGET_SUSPENDED
            # Rendered already, unless the target came into the directory a moment ago.
            for index in self._parts((target.channel, target.style, list_kind)):
                message = self.messages[index]
                yield PlannedDelivery(
                    target.recipient_id, target.id, list_kind, message.part, message.parts, index, state, reason
                )

    def render_all(self) -> None:
        for target, list_kind in self._targets():
            self._parts((target.channel, target.style, list_kind))

    def _targets(self) -> Iterator[tuple[PlanTarget, ListKind]]:
        wanted = (row for row in self._recipients.items() if row[0] not in self._leave_out)
        while some := dict(islice(wanted, SLICE)):
            by_recipient: defaultdict[str, list[PlanTarget]] = defaultdict(list)
            for target in self._targets_of(list(some)):
                by_recipient[target.recipient_id].append(target)
            for recipient_id, list_kind in some.items():
                for target in by_recipient[recipient_id]:
                    yield target, list_kind

    def _parts(self, look: Look) -> range:
        """Where the messages of this look are."""
        if look not in self._rendered:
            parts = self._render(look)
            self._rendered[look] = range(len(self.messages), len(self.messages) + len(parts))
            self.messages += parts
        return self._rendered[look]


def resolution_holds(resolution: Resolution, deliver: Sequence[ListKind], directory: Directory) -> tuple[Hold, ...]:
    """What in a resolution a person must look at before the issue may go out by itself."""
    holds: list[Hold] = []
    if unresolved := resolution.unresolved(deliver):
        names = "、".join(unresolved)
        holds.append(Hold("unresolved_phrase", f"名单中有认不出的单位：{names}。请在名录中补充别名或分组。"))
    if resolution.unresolved_exclusions:
        names = "、".join(resolution.unresolved_exclusions)
        holds.append(Hold("unresolved_exclusion", f"不发单位认不出：{names}。请在名录中补充，以免误发。"))
    if resolution.without_target:
        names = "、".join(directory.by_id[r].name for r in resolution.without_target)
        holds.append(Hold("without_target", f"以下单位没有可用的群机器人：{names}。请在名录中补充或停用。"))
    if not resolution.recipients:
        holds.append(Hold("no_recipients", "没有一个单位可以投递，请检查名单和名录。"))
    return tuple(holds)
