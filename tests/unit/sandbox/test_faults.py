"""Every fault switch, seen by a raw socket: what leaves the sandbox, and what it kept."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from bot.sandbox.faults import KINDS, FaultBook
from bot.sandbox.platforms import PLATFORMS
from tests.unit.sandbox.conftest import SEND, Caller

SendText = Callable[[str, str], int | str]
BODY = json.dumps({"msgtype": "text", "text": {"content": "简报"}}, ensure_ascii=False).encode()
CLOSE = "Connection: close\r\n"
OK = {"errcode": 0, "errmsg": "ok"}


@pytest.fixture(autouse=True)
def _robot(caller: Caller) -> None:
    caller.robot("wecom", "K", per_minute=10_000)


def talk(
    caller: Caller, body: bytes = BODY, *, key: str = "K", announced: int | None = None, kept_alive: bool = False
) -> tuple[bytes, str]:
    """Post over a bare socket: the bytes that came back, and whether the end was a `close` (FIN) or a `reset` (RST)."""
    address = urlsplit(caller.server.url)
    head = (
        f"POST {SEND['wecom'].format(key=key)} HTTP/1.1\r\nHost: x\r\n{'' if kept_alive else CLOSE}"
        f"Content-Type: application/json\r\nContent-Length: {announced or len(body)}\r\n\r\n"
    )
    received = b""
    with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=10) as line:
        try:
            line.sendall(head.encode() + body)
            while part := line.recv(65536):
                received += part
        except (ConnectionResetError, BrokenPipeError):
            return received, "reset"
    return received, "close"


def reply(received: bytes) -> tuple[str, bytes]:
    head, _, body = received.partition(b"\r\n\r\n")
    return head.decode().lower(), body


def kept(caller: Caller) -> tuple[str, str | None, bool]:
    (message,) = caller.messages()
    return message["verdict"], message["fault"], message["answered"]


def test_without_a_fault_the_answer_is_whole(caller: Caller) -> None:
    received, end = talk(caller)
    head, body = reply(received)
    assert head.startswith("http/1.1 200 ")
    assert (json.loads(body), end) == (OK, "close")
    assert kept(caller) == ("accepted", None, True)


@pytest.mark.parametrize("how", ["reset", "close"])
def test_drop_before_reading(how: str, caller: Caller) -> None:
    caller.fault("drop_before_reading", key="K", how=how)
    # The body never comes: the sandbox drops the call on its head alone.
    assert talk(caller, b"", announced=len(BODY)) == (b"", how)
    assert kept(caller) == ("unprocessed", "drop_before_reading", False)
    assert caller.messages()[0]["body"] == ""


@pytest.mark.parametrize("how", ["reset", "close"])
def test_drop_after_accepting(how: str, caller: Caller) -> None:
    caller.fault("drop_after_accepting", key="K", how=how)
    assert talk(caller) == (b"", how)
    assert kept(caller) == ("accepted", "drop_after_accepting", False)
    assert caller.messages()[0]["body"].encode() == BODY


@pytest.mark.parametrize("how", ["reset", "close"])
def test_a_kept_alive_connection_is_ended_after_the_answer(how: str, caller: Caller) -> None:
    caller.fault("close_after_answer", key="K", how=how)
    received, end = talk(caller, kept_alive=True)
    head, body = reply(received)
    assert "connection: close" not in head
    assert (json.loads(body), end) == (OK, how)
    assert kept(caller) == ("accepted", "close_after_answer", True)


def test_half_an_answer(caller: Caller) -> None:
    caller.fault("half_answer", key="K")
    received, end = talk(caller)
    head, body = reply(received)
    whole = json.dumps(OK, separators=(",", ":")).encode()
    assert f"content-length: {len(whole)}" in head
    assert (body, end) == (whole[: len(whole) // 2], "close")
    assert kept(caller) == ("accepted", "half_answer", False)


def test_half_an_answer_of_a_given_size(caller: Caller) -> None:
    caller.fault("half_answer", key="K", bytes=3)
    assert reply(talk(caller)[0])[1] == b'{"e'


def test_slow_body_comes_in_pieces_and_whole(caller: Caller) -> None:
    caller.fault("slow_body", key="K", seconds=0.001)
    received, end = talk(caller)
    assert (json.loads(reply(received)[1]), end) == (OK, "close")
    assert kept(caller) == ("accepted", "slow_body", True)


def test_slow_body_outlasts_an_impatient_caller(caller: Caller) -> None:
    caller.fault("slow_body", key="K", seconds=60)
    with caller.client.stream("POST", caller.server.url + SEND["wecom"].format(key="K"), content=BODY) as answer:
        assert next(answer.iter_raw()) == b"{"
    assert kept(caller) == ("accepted", "slow_body", True)


def test_hang_says_nothing_until_the_caller_leaves(caller: Caller) -> None:
    caller.fault("hang", key="K")
    with pytest.raises(httpx.ReadTimeout):
        caller.client.post(caller.server.url + SEND["wecom"].format(key="K"), content=BODY, timeout=0.2)
    assert kept(caller) == ("accepted", "hang", False)


def test_hang_can_end_by_itself_and_not_accept(caller: Caller) -> None:
    caller.fault("hang", key="K", seconds=0.01, accept=False, how="close")
    assert talk(caller) == (b"", "close")
    assert kept(caller) == ("unprocessed", "hang", False)


def test_delay_holds_the_answer_back_and_lets_later_faults_act(caller: Caller) -> None:
    caller.fault("delay", key="K", seconds=60, times=1)
    with pytest.raises(httpx.ReadTimeout):
        caller.client.post(caller.server.url + SEND["wecom"].format(key="K"), content=BODY, timeout=0.2)
    assert caller.messages()[0]["verdict"] == "accepted"
    assert caller.messages()[0]["fault"] == "delay"
    caller.fault("delay", key="K", seconds=0.001)
    caller.fault("status", key="K", status=500)
    assert talk(caller)[0].startswith(b"HTTP/1.1 500 ")


Bodies = dict[str, tuple[dict[str, Any], str, bytes, str]]
ANSWERS: Bodies = {
    "503": ({"fault": "status"}, "http/1.1 503 ", b"<html>", "unprocessed"),
    "429": ({"fault": "status", "status": 429, "retry_after": 120}, "retry-after: 120", b"<html>", "unprocessed"),
    "502 empty": ({"fault": "status", "status": 502, "body": ""}, "http/1.1 502 ", b"", "unprocessed"),
    "504": ({"fault": "status", "status": 504}, "http/1.1 504 ", b"<html>", "accepted"),
    "html": ({"fault": "html"}, "content-type: text/html", b"<!DOCTYPE html>", "unprocessed"),
    "204": ({"fault": "no_content"}, "http/1.1 204 ", b"", "unprocessed"),
    "204 accepted": ({"fault": "no_content", "accept": True}, "http/1.1 204 ", b"", "accepted"),
    "redirect": ({"fault": "redirect"}, "location: http://portal.example/login", b"", "unprocessed"),
    "307": ({"fault": "redirect", "status": 307, "location": "/x"}, "location: /x", b"", "unprocessed"),
    "bom": ({"fault": "bom"}, "http/1.1 200 ", b'\xef\xbb\xbf{"errcode":0', "accepted"),
    "truncated": ({"fault": "truncated_json"}, "content-length: 13", b'{"errcode":0,', "accepted"),
    "string": ({"fault": "code_as_string"}, "http/1.1 200 ", b'{"errcode": "0"', "accepted"),
    "warning": ({"fault": "warning"}, "http/1.1 200 ", b'{"errcode": 0, "errmsg": "Warning: ', "accepted"),
    "rate": ({"fault": "rate_limit"}, "http/1.1 200 ", b'{"errcode":45009,', "refused"),
    "refuse": ({"fault": "refuse", "code": 45033}, "http/1.1 200 ", b'{"errcode":45033,"errmsg":"refused', "refused"),
    "x5": ({"fault": "ip_throttle"}, "application/json", b'{"status":1111,', "unprocessed"),
    "x5 page": (
        {"fault": "ip_throttle", "content_type": "text/html; charset=utf-8"},
        "text/html",
        b'<html><body>{"status": 1111,',
        "unprocessed",
    ),
    "answer": (
        {"fault": "answer", "body": {"errcode": -1}},
        "",
        b'{"errcode": -1',
        "unprocessed",
    ),
    "empty": ({"fault": "answer", "body": ""}, "content-length: 0", b"", "unprocessed"),
}


@pytest.mark.parametrize("name", list(ANSWERS))
def test_a_faulty_answer(name: str, caller: Caller) -> None:
    script, head, body, verdict = ANSWERS[name]
    caller.control("faults", {"channel": "wecom", "key": "K", **script})
    received, end = talk(caller)
    assert end == "close"
    assert head in reply(received)[0]
    assert reply(received)[1].startswith(body)
    assert bool(reply(received)[1]) == bool(body)
    assert kept(caller) == (verdict, script["fault"], True)


@pytest.mark.parametrize("channel", list(PLATFORMS))
def test_every_documented_code_can_be_had(channel: str, caller: Caller, vectors: Any) -> None:
    for code in (int(code) for code in vectors[channel]["error_codes"] if code.lstrip("-").isdecimal() and int(code)):
        caller.fault("refuse", channel=channel, key="R", code=code, message="as the vendor says it", times=1)
        reply = caller.send(channel, "R", {})
        assert str(reply.get("errcode", reply.get("errCode", reply.get("code")))) == str(code)
        assert "as the vendor says it" in json.dumps(reply)


def test_every_kind_is_seen_by_a_socket_in_this_file() -> None:
    answered = {script["fault"] for script, *_ in ANSWERS.values()}
    on_the_wire = {"delay", "drop_before_reading", "drop_after_accepting", "close_after_answer", "half_answer"}
    assert answered | on_the_wire | {"slow_body", "hang"} == set(KINDS)


def test_a_script_is_for_its_key_and_runs_out(caller: Caller, send_text: SendText) -> None:
    caller.robot("wecom", "other")
    caller.fault("rate_limit", channel="wecom", key="K", times=2)
    assert send_text("wecom", "other") == 0
    assert [send_text("wecom", "K") for _ in range(3)] == [45009, 45009, 0]


def test_scripts_stand_in_line(caller: Caller, send_text: SendText) -> None:
    caller.fault("rate_limit", key="K", times=1)
    caller.fault("answer", key="K", body={"errcode": -1}, times=1)
    assert [send_text("wecom", "K") for _ in range(3)] == [45009, -1, 0]


def test_a_script_can_start_later_and_last_for_ever(caller: Caller, send_text: SendText) -> None:
    caller.fault("rate_limit", key="*", after=2, times=None)
    assert [send_text("wecom", "K") for _ in range(5)] == [0, 0, 45009, 45009, 45009]


def test_chance_is_the_same_for_the_same_seed() -> None:
    def drawn(seed: int) -> list[bool]:
        book = FaultBook()
        book.add({"fault": "html", "probability": 0.5, "seed": seed, "times": None})
        return [book.take("wecom", "K")[1] is not None for _ in range(50)]

    assert drawn(7) == drawn(7) != drawn(8)
    assert 10 < sum(drawn(7)) < 40


def test_scripts_are_listed_with_counts_and_dropped(caller: Caller, send_text: SendText) -> None:
    caller.control("faults", [{"fault": "rate-limit", "key": "K", "times": 5}, {"fault": "html", "key": "other"}])
    send_text("wecom", "K")
    url = f"{caller.server.url}/_sandbox/faults"
    listed = caller.client.get(url).json()["faults"]
    assert [(fault["fault"], fault["seen"], fault["fired"]) for fault in listed] == [
        ("rate_limit", 1, 1),
        ("html", 0, 0),
    ]
    caller.client.delete(url, params={"key": "K"})
    assert [fault["fault"] for fault in caller.client.get(url).json()["faults"]] == ["html"]
    caller.client.delete(url)
    assert caller.client.get(url).json()["faults"] == []


@pytest.mark.parametrize(
    ("script", "word"),
    [
        ({"fault": "gremlin"}, "gremlin"),
        ({"fault": "html", "colour": "red"}, "colour"),
        ({"fault": "delay", "seconds": -1}, "seconds"),
        ({"fault": "delay", "seconds": "1"}, "seconds"),
        ({"fault": "html", "times": "once"}, "times"),
        ({"fault": "bom", "accept": False}, "accept"),
        ({"fault": "hang", "how": "softly"}, "softly"),
        ({"fault": "status", "headers": "none"}, "headers"),
        ({"fault": "refuse"}, "code"),
        ({"fault": "refuse", "code": 0}, "code"),
        ({"fault": "refuse", "code": 45033, "message": 1}, "message"),
        ("html", "JSON object"),
    ],
)
def test_a_wrong_script_is_refused_by_name(script: object, word: str, caller: Caller) -> None:
    reply = caller.client.post(f"{caller.server.url}/_sandbox/faults", json=script)
    assert reply.status_code == 400
    assert word in reply.json()["error"]
