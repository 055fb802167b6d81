"""WeCom: keys, limits, uploads and the rate window, through the socket."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable

import httpx
import pytest

from tests.unit.sandbox.conftest import NOON, Caller

SendText = Callable[[str, str], int | str]
TEXT = {"msgtype": "text", "text": {"content": "简报"}}


@pytest.fixture(autouse=True)
def _robot(caller: Caller) -> None:
    caller.robot("wecom", "K")


def test_an_unknown_or_missing_key_is_93000(caller: Caller, send_text: SendText) -> None:
    assert send_text("wecom", "nobody") == 93000
    assert send_text("wecom", "") == 93000
    assert "from ip: 127.0.0.1, more info at" in caller.send("wecom", "nobody", TEXT)["errmsg"]


def test_a_stopped_robot_is_93004_and_a_removed_one_93000(caller: Caller, send_text: SendText) -> None:
    caller.robot("wecom", "stopped", state="stopped")
    caller.robot("wecom", "removed", state="removed")
    assert (send_text("wecom", "stopped"), send_text("wecom", "removed")) == (93004, 93000)


@pytest.mark.parametrize("body", [b"", b"a=b", b'{"msgtype":', b"[]", b"null", b'"\\ud83d"', b"\xff{}", b"[" * 99999])
def test_a_body_that_is_no_json_object_is_40008(caller: Caller, body: bytes) -> None:
    assert caller.post("wecom", "K", body).json()["errcode"] == 40008


def test_half_a_surrogate_pair_is_not_text(caller: Caller) -> None:
    assert caller.post("wecom", "K", b'{"msgtype":"text","text":{"content":"\\ud83d"}}').json()["errcode"] == 40008
    whole = rb'{"msgtype":"text","text":{"content":"\ud83d\ude00"}}'
    assert caller.post("wecom", "K", whole).json()["errcode"] == 0


def test_the_observed_profile_takes_5120_bytes_of_text(caller: Caller) -> None:
    caller.robot("wecom", "wide", profiles=["observed_limits"])
    for size, code in ((2049, 0), (5120, 0), (5121, 40058)):
        assert caller.send("wecom", "wide", {"msgtype": "text", "text": {"content": "x" * size}})["errcode"] == code


def test_get_is_refused_with_http_200(caller: Caller) -> None:
    reply = caller.client.get(f"{caller.server.url}/cgi-bin/webhook/send?key=K")
    assert (reply.status_code, reply.json()["errcode"]) == (200, 43002)


def test_the_21st_message_locks_the_robot_for_a_minute(caller: Caller, send_text: SendText) -> None:
    assert [send_text("wecom", "K") for _ in range(20)] == [0] * 20
    assert send_text("wecom", "K") == 45009
    caller.control("clock", {"advance": 59.9})
    assert send_text("wecom", "K") == 45009
    caller.control("clock", {"advance": 0.2})
    assert send_text("wecom", "K") == 0


def test_the_window_rolls(caller: Caller, send_text: SendText) -> None:
    for _ in range(40):
        assert send_text("wecom", "K") == 0
        caller.control("clock", {"advance": 3})


def test_refused_messages_count_in_the_window(caller: Caller, send_text: SendText) -> None:
    for _ in range(20):
        assert caller.post("wecom", "K", b"{}").json()["errcode"] == 40008
    assert send_text("wecom", "K") == 45009


def test_robots_do_not_share_a_window(caller: Caller, send_text: SendText) -> None:
    caller.robot("wecom", "other", per_minute=1)
    assert [send_text("wecom", "other") for _ in range(2)] == [0, 45009]
    assert send_text("wecom", "K") == 0


def upload(caller: Caller, data: bytes, *, key: str = "K", kind: str = "file", part: str = "media") -> httpx.Response:
    url = f"{caller.server.url}/cgi-bin/webhook/upload_media?key={key}&type={kind}"
    return caller.client.post(url, files={part: ("简报.docx", data, "application/octet-stream")})


def file_code(caller: Caller, key: str, media_id: str) -> int:
    code: int = caller.send("wecom", key, {"msgtype": "file", "file": {"media_id": media_id}})["errcode"]
    return code


def test_an_uploaded_file_is_good_for_its_key_and_three_days(caller: Caller) -> None:
    caller.robot("wecom", "other")
    answer = upload(caller, b"123456").json()
    assert (answer["errcode"], answer["type"], answer["created_at"]) == (0, "file", str(int(NOON)))
    assert file_code(caller, "K", answer["media_id"]) == 0
    assert file_code(caller, "other", answer["media_id"]) == 40007
    caller.control("clock", {"advance": 3 * 24 * 3600})
    assert file_code(caller, "K", answer["media_id"]) == 40007


def test_uploads_are_measured(caller: Caller) -> None:
    assert upload(caller, b"").json()["errcode"] == 44001
    assert upload(caller, b"12345").json()["errcode"] == 40006
    assert upload(caller, b"0" * (20 * 1024 * 1024)).json()["errcode"] == 0
    assert upload(caller, b"0" * (20 * 1024 * 1024 + 1)).json()["errcode"] == 45001
    assert upload(caller, b"0" * (2 * 1024 * 1024 + 1), kind="voice").json()["errcode"] == 45001


def test_an_upload_needs_key_type_and_a_media_part(caller: Caller) -> None:
    assert upload(caller, b"123456", key="nobody").json()["errcode"] == 93000
    assert upload(caller, b"123456", kind="film").json()["errcode"] == 40004
    assert upload(caller, b"123456", part="file").json()["errcode"] == 44001
    url = f"{caller.server.url}/cgi-bin/webhook/upload_media?key=K&type=file"
    assert caller.client.post(url, content=b"123456").json()["errcode"] == 44001


CARD = {
    "card_type": "text_notice",
    "main_title": {"title": "简报"},
    "card_action": {"type": 1, "url": "https://gov.example.cn/"},
}
NEWS = {**CARD, "card_type": "news_notice", "card_image": {"url": "https://gov.example.cn/c.png"}}
BROKEN_CARDS = {
    "another card type": {**CARD, "card_type": "button_interaction"},
    "no main_title": {"card_type": "text_notice", "card_action": CARD["card_action"], "sub_title_text": "简报"},
    "neither title nor sub title": {**CARD, "main_title": {"desc": "x"}},
    "news without title": {**NEWS, "main_title": {}, "sub_title_text": "简报"},
    "action type 0": {**CARD, "card_action": {"type": 0, "url": "https://x/"}},
    "action without url": {**CARD, "card_action": {"type": 1}},
    "mini program without appid": {**CARD, "card_action": {"type": 2, "url": "https://x/"}},
    "row without keyname": {**CARD, "horizontal_content_list": [{"value": "x"}]},
    "row link without url": {**CARD, "horizontal_content_list": [{"keyname": "x", "type": 1}]},
    "row member without userid": {**CARD, "horizontal_content_list": [{"keyname": "x", "type": 3}]},
    "four jumps": {**CARD, "jump_list": [{"title": "x"}] * 4},
    "quote link without url": {**CARD, "quote_area": {"type": 1}},
    "five vertical rows": {**NEWS, "vertical_content_list": [{"title": "x"}] * 5},
    "narrow cover": {**NEWS, "card_image": {"url": "https://x/", "aspect_ratio": 1.2}},
    "wide cover": {**NEWS, "card_image": {"url": "https://x/", "aspect_ratio": 2.26}},
    "picture area without picture": {**NEWS, "image_text_area": {"title": "x"}},
}


@pytest.mark.parametrize("name", list(BROKEN_CARDS))
def test_a_broken_card_is_refused(name: str, caller: Caller) -> None:
    reply = caller.send("wecom", "K", {"msgtype": "template_card", "template_card": BROKEN_CARDS[name]})
    assert reply["errcode"] == 40058
    assert "template_card." in reply["errmsg"]


@pytest.mark.parametrize(
    "card",
    [
        CARD,
        NEWS,
        {**CARD, "main_title": {}, "sub_title_text": "简报"},
        {**CARD, "horizontal_content_list": [{"keyname": "长" * 80}] * 6, "jump_list": [{"title": "x"}] * 3},
        {**NEWS, "vertical_content_list": [{"title": "x"}] * 4, "card_image": {"url": "u", "aspect_ratio": 2.25}},
    ],
)
def test_a_card_at_its_limits_is_accepted(card: object, caller: Caller) -> None:
    assert caller.send("wecom", "K", {"msgtype": "template_card", "template_card": card})["errcode"] == 0


def test_a_card_attachment_must_have_been_uploaded(caller: Caller) -> None:
    row = {"keyname": "原文", "type": 2, "value": "简报.docx", "media_id": upload(caller, b"123456").json()["media_id"]}
    for media_id, code in ((row["media_id"], 0), ("never", 40007)):
        card = {**CARD, "horizontal_content_list": [{**row, "media_id": media_id}]}
        assert caller.send("wecom", "K", {"msgtype": "template_card", "template_card": card})["errcode"] == code


def test_what_arrived_is_kept_to_the_byte(caller: Caller) -> None:
    body = json.dumps(TEXT, indent=3).encode()
    caller.post("wecom", "K", body)
    caller.post("wecom", "nobody", b"\xff\xfe")
    first, second = caller.messages()
    assert (first["body"].encode(), first["verdict"], first["code"], first["time"]) == (body, "accepted", 0, NOON)
    assert (second["body_base64"], second["verdict"], second["key"]) == ("//4=", "refused", "nobody")


def test_a_picture_of_two_mebibytes_is_the_largest(caller: Caller) -> None:
    for size, code in ((2 * 1024 * 1024, 0), (2 * 1024 * 1024 + 1, 40009)):
        raw = b"\x89PNG\r\n\x1a\n".ljust(size, b"x")
        image = {"base64": base64.b64encode(raw).decode(), "md5": hashlib.md5(raw, usedforsecurity=False).hexdigest()}
        assert caller.send("wecom", "K", {"msgtype": "image", "image": image})["errcode"] == code


def test_a_picture_must_be_one_and_have_its_own_digest(caller: Caller) -> None:
    png, gif = b"\x89PNG\r\n\x1a\nx", b"GIF89a"
    for raw, digested, prefix in ((gif, gif, ""), (png, gif, ""), (png, png, "data:image/png;base64,")):
        digest = hashlib.md5(digested, usedforsecurity=False).hexdigest()
        image = {"base64": prefix + base64.b64encode(raw).decode(), "md5": digest}
        assert caller.send("wecom", "K", {"msgtype": "image", "image": image})["errcode"] == 40058
