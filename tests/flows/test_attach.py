"""The original after the card, all the way into the group: uploaded anew at each attempt, shown once."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import httpx
import pytest

from bot.domain.delivery import DeliveryState, Reason
from bot.domain.directory import Directory, Mention
from bot.domain.pages import Settling
from bot.domain.plan import ReceiptRow

from .conftest import Desk, issue_text

pytestmark = pytest.mark.slow

KEY = "key-00000"
NAME = "收件箱/简报?第5期.txt"
FIRST, AFTER_CARD, AFTER_UPLOAD = 0, 1, 2
"""Which of a robot's calls a fault is for: the card, the upload, the file message."""


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """Unit 0, on WeCom, is the only one on the list and wants the original."""
    change(desk, attach_original=True)
    desk.clock.step_s = 0.5  # a pace of 3.2 s between two messages would wait for ever on a clock that stands
    return desk


def change(desk: Desk, **options: object) -> None:
    def changed(roster: Directory) -> Directory:
        first, *rest = roster.recipients
        robot = replace(first.targets[0], **options)  # type: ignore[arg-type]  # whichever options the caller names
        return replace(roster, recipients=(replace(first, targets=(robot,)), *rest))

    desk.app.store.edit_directory(changed, who="张三", why="", now=desk.clock())


def fault(desk: Desk, kind: str, *, after: int, **how: object) -> None:
    script = {"fault": kind, "channel": "wecom", "key": KEY, "after": after, "times": 1, **how}
    httpx.post(f"{desk.sandbox}/_sandbox/faults", json=script, trust_env=False).raise_for_status()


def released(desk: Desk) -> int:
    text = issue_text(send="第0局")
    found = desk.app.publisher.take_in(text.encode(), NAME, source="收件箱", who="张三")
    return desk.app.publisher.release_now(found.stored.id, who="张三", why="").stored.id


def deliver(desk: Desk, issue_id: int) -> list[ReceiptRow]:
    """Until all that can be judged has been; the rows by part."""
    desk.app.deliver(issue_id, wait_s=None, on_settled=None)
    desk.app.deliver(issue_id, wait_s=None, on_settled=None)  # a part is armed by the one before it
    return sorted(desk.app.store.receipts(issue_id), key=lambda row: row.part)


def calls(desk: Desk, verdict: str = "accepted") -> list[tuple[str, Any]]:
    """What the platform took, in order: ("card", its type), ("upload", the form) or ("file", its media id)."""
    answer = httpx.get(f"{desk.sandbox}/_sandbox/messages?verdict={verdict}", trust_env=False).json()
    found: list[tuple[str, Any]] = []
    for message in answer["messages"]:
        if message["path"].endswith("upload_media"):
            body = message.get("body") or base64.b64decode(message["body_base64"]).decode()
            found.append(("upload", body))
        else:
            payload = json.loads(message["body"])
            kind = payload["msgtype"]
            found.append(("file", payload["file"]["media_id"]) if kind == "file" else ("card", kind))
    return found


def kinds(desk: Desk) -> list[str]:
    return [kind for kind, _ in calls(desk)]


def test_the_original_follows_the_card_under_a_name_fit_for_a_disk(desk: Desk) -> None:
    card, file = deliver(desk, released(desk))
    assert [(row.part, row.parts, row.state) for row in (card, file)] == [
        (1, 2, DeliveryState.ACCEPTED),
        (2, 2, DeliveryState.ACCEPTED),
    ]
    (_, style), (_, form), (_, media_id) = calls(desk)
    assert kinds(desk) == ["card", "upload", "file"]
    assert style == "template_card"
    assert 'name="media"; filename="简报_第5期.txt"' in form
    assert issue_text(send="第0局") in form
    assert media_id.startswith("3")


@pytest.mark.parametrize(
    ("kind", "how", "uploads"),
    [
        ("drop_before_reading", {}, 1),
        ("drop_after_accepting", {}, 2),
        ("half_answer", {}, 2),
        ("html", {}, 1),
        ("no_content", {}, 1),
        ("answer", {"body": {"errcode": 0, "errmsg": "ok"}}, 1),
        ("answer", {"body": {"errcode": 99999, "errmsg": "no such code"}}, 1),
        ("status", {"status": 504}, 2),
        ("warning", {}, 2),
    ],
)
def test_an_upload_that_came_to_nothing_is_tried_again_and_the_file_is_shown_once(
    desk: Desk, kind: str, how: dict[str, object], uploads: int
) -> None:
    fault(desk, kind, after=AFTER_CARD, **how)
    issue_id = released(desk)
    card, file = deliver(desk, issue_id)
    assert (card.state, file.state) == (DeliveryState.ACCEPTED, DeliveryState.RETRYING)
    assert file.reason is Reason.UPLOAD_FAILED
    assert "file" not in kinds(desk)
    desk.clock.advance(hours=1)
    desk.app.deliver(issue_id, wait_s=60, on_settled=None)
    assert {row.state for row in desk.app.store.receipts(issue_id)} == {DeliveryState.ACCEPTED}
    assert kinds(desk).count("upload") == uploads
    assert kinds(desk).count("card") == kinds(desk).count("file") == 1


@pytest.mark.parametrize(
    ("code", "state", "reason"),
    [
        (45001, DeliveryState.REFUSED, Reason.BAD_MEDIA),
        (93000, DeliveryState.REFUSED, Reason.BAD_KEY),
        (-1, DeliveryState.RETRYING, Reason.BUSY),
        (45009, DeliveryState.RETRYING, Reason.RATE_LIMITED),
    ],
)
def test_an_upload_the_platform_refuses_is_judged_by_the_platforms_own_table(
    desk: Desk, code: int, state: DeliveryState, reason: Reason
) -> None:
    fault(desk, "answer", after=AFTER_CARD, body={"errcode": code, "errmsg": "said so"})
    _, file = deliver(desk, released(desk))
    assert (file.state, file.reason, file.vendor_code) == (state, reason, str(code))
    assert kinds(desk) == ["card"]


def test_a_file_message_that_may_have_arrived_is_in_doubt_and_goes_out_again_only_by_a_person(desk: Desk) -> None:
    fault(desk, "drop_after_accepting", after=AFTER_UPLOAD)
    issue_id = released(desk)
    _, file = deliver(desk, issue_id)
    assert (file.state, file.reason) == (DeliveryState.IN_DOUBT, Reason.CONNECTION_LOST)
    desk.clock.advance(days=2)
    deliver(desk, issue_id)
    assert kinds(desk) == ["card", "upload", "file"]
    desk.app.store.settle_delivery(file.id, Settling.RESEND, who="张三", why="群里没有", now=desk.clock())
    _, file = deliver(desk, issue_id)
    assert file.state is DeliveryState.ACCEPTED
    assert kinds(desk) == ["card", "upload", "file", "upload", "file"]


def test_a_media_id_that_has_expired_meanwhile_is_never_used(desk: Desk) -> None:
    """The file message was put off; four days later what it was uploaded as is good for nothing."""
    fault(desk, "answer", after=AFTER_UPLOAD, body={"errcode": -1, "errmsg": "system busy"})
    issue_id = released(desk)
    _, file = deliver(desk, issue_id)
    assert (file.state, file.reason) == (DeliveryState.RETRYING, Reason.BUSY)
    httpx.post(f"{desk.sandbox}/_sandbox/clock", json={"advance": 4 * 86400}, trust_env=False).raise_for_status()
    desk.clock.advance(days=4)
    desk.app.deliver(issue_id, wait_s=60, on_settled=None)
    assert kinds(desk) == ["card", "upload", "upload", "file"]
    assert calls(desk, "refused") == []
    assert desk.app.store.counts(issue_id) == {DeliveryState.ACCEPTED: 2}


def test_without_the_card_there_is_no_file(desk: Desk) -> None:
    fault(desk, "answer", after=FIRST, body={"errcode": 40058, "errmsg": "no"})
    card, file = deliver(desk, released(desk))
    assert (card.state, file.state, file.attempts) == (DeliveryState.REFUSED, DeliveryState.PENDING, 0)
    assert kinds(desk) == []


def test_the_card_mentions_and_the_file_says_nothing(desk: Desk) -> None:
    change(desk, mention=Mention(members=("zhangsan",)))
    deliver(desk, released(desk))
    assert kinds(desk) == ["card", "upload", "file"]


def test_the_delivery_page_knows_the_file_and_why_there_is_none(desk: Desk) -> None:
    card, file = deliver(desk, released(desk))
    for row, is_file in ((card, False), (file, True)):
        found = desk.app.store.delivery(row.id)
        assert found is not None
        assert (found.is_file, found.notes) == (is_file, ())
    change(desk, channel="dingtalk")
    seen = desk.take_in(issue_text(send="第0局", number=6))
    issue_id = desk.app.publisher.release_now(seen.stored.id, who="张三", why="").stored.id
    (row,) = desk.app.store.receipts(issue_id)
    found = desk.app.store.delivery(row.id)
    assert found is not None
    assert found.notes == ("原文未附上：该平台的群机器人不能发文件",)
