"""The plan as a stream: made while it is written, whole all the same."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from bot.domain.card import Style
from bot.domain.issue import ListKind
from bot.domain.plan import Plan, PlanTarget
from bot.domain.resolver import Resolution
from bot.flows.plan import SLICE, make_plan

from .conftest import Desk, issue_text

UNITS = 2 * SLICE + 1


class Directory:
    """One robot for each unit, and note of how many units were asked about at a time."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.style = Style.TEXT

    def targets(self, recipient_ids: Sequence[str]) -> list[PlanTarget]:
        self.asked.append(len(recipient_ids))
        return [PlanTarget(int(one), one, "wecom", self.style) for one in reversed(recipient_ids)]


def planned(desk: Desk, directory: Directory) -> Plan:
    stored = desk.take_in(issue_text()).stored
    everyone = {str(number): ListKind.SEND for number in range(UNITS)}
    resolution = Resolution((), (), (), (), (), everyone, ())
    return make_plan(stored, resolution, directory.targets, desk.app.publisher.renderer)


def test_deliveries_are_made_as_they_are_asked_for_and_in_the_order_of_the_list(desk: Desk) -> None:
    directory = Directory()
    plan = planned(desk, directory)
    directory.asked.clear()
    first = list(islice(plan.deliveries, 10))
    assert directory.asked == [SLICE]
    assert [one.recipient_id for one in first] == [str(number) for number in range(10)]
    assert [one.target_id for one in plan.deliveries] == list(range(UNITS))


def test_the_messages_are_rendered_before_a_release_begins(desk: Desk) -> None:
    plan = planned(desk, Directory())
    (message,) = plan.messages
    assert (message.channel, message.style, message.list_kind) == ("wecom", "text", "send")


def test_a_target_whose_style_was_changed_since_gets_the_message_of_its_style(desk: Desk) -> None:
    directory = Directory()
    plan = planned(desk, directory)
    directory.style = Style.MARKDOWN
    assert {plan.messages[one.message].style for one in plan.deliveries} == {Style.MARKDOWN}
