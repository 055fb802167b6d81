"""Issue + directory -> plan: who gets a card, and the bytes of it, rendered once per channel, style and list."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from bot.cards import make_card
from bot.domain.card import LINK_TOKEN, CardKind, Message, Style, Wording
from bot.domain.channel import Channel
from bot.domain.delivery import DeliveryState, Reason
from bot.domain.directory import Directory
from bot.domain.issue import ListKind
from bot.domain.plan import Plan, PlannedDelivery, PlannedMessage, StoredIssue, StoredTarget
from bot.domain.release import Hold
from bot.domain.resolver import Resolution

LINK_PATH = "/r/"
SIGN_PLACE = "#sign"
"""Where on the reader page one signs."""


@dataclass(frozen=True, slots=True)
class Renderer:
    """Makes the messages. `public_url` is the base of reader links; None: cards carry none.

    `wording` gives the templates of a publication (its masthead decides which), else the installation's.
    """

    channels: Mapping[str, Channel]
    wording: Callable[[str], Wording]
    public_url: str | None

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
        )
        return self.channels[channel].messages(card, style, self.wording(stored.issue.masthead))


def make_plan(
    stored: StoredIssue,
    resolution: Resolution,
    targets: Sequence[StoredTarget],
    renderer: Renderer,
    *,
    kind: CardKind = CardKind.ISSUE,
    changes: Sequence[str] = (),
    leave_out: Collection[str] = (),
    reminder: int = 0,
) -> Plan:
    """The plan for every recipient of `resolution` but those in `leave_out` (they are covered already).

    A suspended target gets its delivery too, as `refused`: the ledger says why that group has no card.
    """
    by_recipient: defaultdict[str, list[StoredTarget]] = defaultdict(list)
    for target in targets:
        by_recipient[target.recipient.id].append(target)
    messages: list[PlannedMessage] = []
    rendered: dict[tuple[str, Style, ListKind], range] = {}
    deliveries: list[PlannedDelivery] = []
    for recipient_id, list_kind in resolution.recipients:
        if recipient_id in leave_out:
            continue
        for target in by_recipient[recipient_id]:
            look = (target.target.channel, target.target.style, list_kind)
            if look not in rendered:
                parts = renderer.messages(
                    stored, channel=look[0], style=look[1], list_kind=list_kind, kind=kind, changes=changes
                )
                rendered[look] = range(len(messages), len(messages) + len(parts))
                messages += [PlannedMessage(*look, m.part, m.parts, m.body, m.notes) for m in parts]
            suspended = target.suspended_at is not None
            deliveries += [
                PlannedDelivery(
                    recipient_id=recipient_id,
                    target_id=target.id,
                    list_kind=list_kind,
                    part=messages[index].part,
                    parts=messages[index].parts,
                    message=index,
                    state=DeliveryState.REFUSED if suspended else DeliveryState.PENDING,
                    reason=Reason.TARGET_SUSPENDED if suspended else None,
                )
                for index in rendered[look]
            ]
    return Plan(stored.id, stored.revision_id, kind, resolution, tuple(messages), tuple(deliveries), reminder)


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
