"""What some targets want besides the card: to be mentioned, and the original after it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from bot.channels import CHANNELS
from bot.channels.files import FILES
from bot.domain.attachment import MEDIA_TOKEN
from bot.domain.card import Card, CardKind, Message, Style, Wording
from bot.domain.channel import Channel
from bot.domain.directory import NOBODY, Mention
from bot.domain.issue import ListKind
from bot.domain.plan import Plan, PlannedDelivery, PlannedMessage, PlanTarget, ReceivedFile
from bot.domain.resolver import Resolution
from bot.flows.plan import Renderer, make_plan

from .conftest import Desk, issue_text

pytestmark = pytest.mark.slow

ALL, ZHANG = Mention(everyone=True), Mention(members=("zhangsan",))
FILE = ReceivedFile(7, 30_000)


class Counting:
    """WeCom, with note of what it was asked to render."""

    def __init__(self) -> None:
        self.asked: list[tuple[Style, Mention]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(CHANNELS["wecom"], name)

    def messages(self, card: Card, style: Style, wording: Wording, mention: Mention = NOBODY) -> tuple[Message, ...]:
        self.asked.append((style, mention))
        return CHANNELS["wecom"].messages(card, style, wording, mention)


def target(number: int, mention: Mention = NOBODY, *, attach: bool = False, style: Style = Style.TEXT) -> PlanTarget:
    return PlanTarget(number, str(number), "wecom", style, mention=mention, attach_original=attach)


def planned(desk: Desk, targets: Sequence[PlanTarget], channels: Mapping[str, Channel] = CHANNELS, **how: Any) -> Plan:
    stored = desk.take_in(issue_text()).stored
    resolution = Resolution((), (), (), (), (), {t.recipient_id: ListKind.SEND for t in targets}, ())
    renderer = Renderer(channels, desk.app.publisher.renderer.wording, None)

    def of(ids: Sequence[str]) -> Iterator[PlanTarget]:
        return (t for t in targets if t.recipient_id in ids)

    return make_plan(stored, resolution, of, renderer, **how)


def sent(plan: Plan) -> list[list[tuple[PlannedDelivery, PlannedMessage]]]:
    """By target, its deliveries with their messages."""
    found: dict[int, list[tuple[PlannedDelivery, PlannedMessage]]] = {}
    for one in plan.deliveries:
        found.setdefault(one.target_id, []).append((one, plan.messages[one.message]))
    return list(found.values())


def test_messages_are_rendered_once_for_each_look_and_not_for_each_recipient(desk: Desk) -> None:
    wecom: Any = Counting()
    many = [target(n, mention) for n, mention in enumerate([NOBODY, ALL, ZHANG] * 20)]
    plan = planned(desk, [*many, target(99, style=Style.MARKDOWN)], {"wecom": wecom})
    assert len(list(plan.deliveries)) == 61
    looks = [(Style.TEXT, NOBODY), (Style.TEXT, ALL), (Style.TEXT, ZHANG), (Style.MARKDOWN, NOBODY)]
    assert wecom.asked == looks


def test_each_target_mentions_whom_it_names_and_nobody_else(desk: Desk) -> None:
    plan = planned(desk, [target(1), target(2, ALL), target(3, ZHANG)])
    bodies = [json.loads(parts[0][1].body)["text"] for parts in sent(plan)]
    assert [body.get("mentioned_list") for body in bodies] == [None, ["@all"], ["zhangsan"]]


def test_the_original_is_one_more_part_after_the_card(desk: Desk) -> None:
    plain, attached = sent(planned(desk, [target(1), target(2, attach=True)], original=FILE))
    assert [(one.part, one.parts) for one, _ in plain] == [(1, 1)]
    assert [(one.part, one.parts) for one, _ in attached] == [(1, 2), (2, 2)]
    card, file = (message for _, message in attached)
    assert card is plain[0][1], "the card itself is shared with those who want no file"
    assert json.loads(file.body) == {"msgtype": "file", "file": {"media_id": MEDIA_TOKEN}}
    assert (card.original_id, file.original_id) == (None, FILE.id)


@pytest.mark.parametrize("size", [6, 20_000_000])
def test_a_file_of_a_size_the_platform_takes_is_attached(desk: Desk, size: int) -> None:
    (parts,) = sent(planned(desk, [target(1, attach=True)], original=ReceivedFile(1, size)))
    assert [message.original_id for _, message in parts] == [None, 1]


@pytest.mark.parametrize(
    ("original", "note"),
    [
        (ReceivedFile(1, 20_000_001), "原文未附上：原文件 20.0 MB，平台最大 20 MB"),
        (ReceivedFile(1, 5), "原文未附上：原文件只有 5 字节，平台不收"),
        (None, "原文未附上：没有保存原文件"),
    ],
)
def test_a_file_that_cannot_go_is_a_note_and_no_part(desk: Desk, original: ReceivedFile | None, note: str) -> None:
    plain, wanting = sent(planned(desk, [target(1), target(2, attach=True)], original=original))
    ((one, message),) = wanting
    assert (one.parts, message.notes[-1]) == (1, note)
    assert note not in plain[0][1].notes
    assert message.body == plain[0][1].body


def test_a_platform_that_takes_no_files_gets_a_note(desk: Desk) -> None:
    elsewhere = replace(target(1, attach=True), channel="dingtalk")
    (((_, message),),) = sent(planned(desk, [elsewhere], original=FILE))
    assert message.notes[-1] == "原文未附上：该平台的群机器人不能发文件"
    assert "dingtalk" not in FILES


def test_a_correction_carries_the_new_file_and_a_reminder_none(desk: Desk) -> None:
    (correction,) = sent(planned(desk, [target(1, attach=True)], original=FILE, kind=CardKind.CORRECTION))
    (reminder,) = sent(planned(desk, [target(1, ALL, attach=True)], kind=CardKind.REMINDER, reminder=1))
    assert len(correction) == 2
    ((one, message),) = reminder
    assert (one.parts, message.notes) == (1, ())
    assert json.loads(message.body)["text"]["mentioned_list"] == ["@all"]
