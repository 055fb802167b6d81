"""The original document as a WeCom file message: upload, media_id, message, all by the sandbox's reading."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import httpx
import pytest

from bot.channels import wecom
from bot.domain.delivery import OutcomeClass, Reason, Replied
from bot.sandbox.exchange import Request
from bot.sandbox.platforms import PLATFORMS
from bot.sandbox.robots import Registry, Robot

from .sandboxed import AT

URL = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa"
NOW = AT.timestamp()


@pytest.fixture
def robot() -> Robot:
    found = Registry({"wecom": PLATFORMS["wecom"].RATE}, open_mode=True, rate_limits=False).find("wecom", "K")
    assert found is not None
    return found


def upload(robot: Robot, data: bytes) -> Replied:
    """As an HTTP client builds it, answered as the platform does."""
    call = httpx.Request("POST", wecom.upload_url(URL), files={"media": ("第18期.pdf", data)})
    where = urlsplit(str(call.url))
    request = Request("POST", where.path, where.query, call.headers["content-type"], call.read())
    return Replied(200, {}, json.dumps(PLATFORMS["wecom"].judge(robot, request, NOW).body).encode())


def test_the_upload_address_is_the_robots_own() -> None:
    assert wecom.upload_url(URL) == (
        "https://qyapi.weixin.qq.com/cgi-bin/webhook/upload_media?key=693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa&type=file"
    )
    private = "https://wx.example.gov.cn:8443/qy/cgi-bin/webhook/send?key=a"
    assert wecom.upload_url(private) == "https://wx.example.gov.cn:8443/qy/cgi-bin/webhook/upload_media?key=a&type=file"


def test_an_uploaded_file_can_be_sent_by_its_robot_and_no_other(robot: Robot) -> None:
    media_id = wecom.uploaded(upload(robot, b"%PDF-1.7 ..."))
    assert media_id is not None
    where = urlsplit(URL)
    sending = Request("POST", where.path, where.query, "application/json", wecom.file_message(media_id).body)
    assert PLATFORMS["wecom"].judge(robot, sending, NOW).accepted
    other = Registry({"wecom": PLATFORMS["wecom"].RATE}, open_mode=True, rate_limits=False).find("wecom", "L")
    assert PLATFORMS["wecom"].judge(other, sending, NOW).code == 40007
    expired = PLATFORMS["wecom"].judge(robot, sending, NOW + wecom.LIMITS["max_file_days"] * 86_400)
    assert expired.code == 40007


def test_the_size_bounds_are_those_of_the_platform(robot: Robot) -> None:
    least, most = wecom.LIMITS["min_file_bytes"], wecom.LIMITS["max_file_bytes"]
    assert [wecom.read_reply(upload(robot, bytes(size)), AT).outcome for size in (least, most)] == [OutcomeClass.OK] * 2
    refused = wecom.read_reply(upload(robot, bytes(least - 1)), AT)
    assert (refused.outcome, refused.reason) == (OutcomeClass.PERMANENT_CONTENT, Reason.BAD_MEDIA)
    assert wecom.uploaded(upload(robot, bytes(least - 1))) is None


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"<html>", b'{"errcode":0,"errmsg":"ok"}', b'{"media_id":1}', b'{"media_id":""}']
)
def test_an_answer_without_a_media_id_gives_none(body: bytes) -> None:
    assert wecom.uploaded(Replied(200, {}, body)) is None
