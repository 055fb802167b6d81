"""The control interface: what arrived, robots, the clock; and that it stays quick."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from bot.sandbox import SandboxServer
from bot.sandbox.messages import MessageLog
from tests.unit.sandbox.conftest import NOON, Caller

SendText = Callable[[str, str], int | str]


def test_messages_are_listed_in_order_and_filtered(caller: Caller, send_text: SendText) -> None:
    for channel, key in (("wecom", "A"), ("wecom", "B"), ("dingtalk", "A")):
        caller.robot(channel, key)
        send_text(channel, key)
    send_text("wecom", "nobody")
    ids = [message["id"] for message in caller.messages()]
    assert ids == list(range(ids[0], ids[0] + 4))
    assert [message["key"] for message in caller.messages(channel="wecom")] == ["A", "B", "nobody"]
    assert [message["channel"] for message in caller.messages(key="A")] == ["wecom", "dingtalk"]
    assert len(caller.messages(channel="wecom", key="A")) == 1
    assert [message["code"] for message in caller.messages(verdict="refused")] == [93000]
    assert [message["id"] for message in caller.messages(since=ids[1])] == ids[2:]


def test_messages_come_in_pages(caller: Caller, send_text: SendText) -> None:
    caller.robot("feishu", "T")
    for _ in range(5):
        send_text("feishu", "T")
    url = f"{caller.server.url}/_sandbox/messages"
    first = caller.client.get(url, params={"limit": 3}).json()
    rest = caller.client.get(url, params={"limit": 3, "since": first["next_since"]}).json()
    assert (first["total"], first["more"], len(first["messages"])) == (5, True, 3)
    assert (rest["total"], rest["more"], len(rest["messages"])) == (2, False, 2)
    assert caller.client.get(url, params={"count": 1}).json()["total"] == 5
    assert caller.client.get(url, params={"limit": "x"}).status_code == 400


def test_the_summary_counts_by_robot_and_verdict(caller: Caller, send_text: SendText) -> None:
    caller.robot("wecom", "A")
    caller.fault("html", key="A", after=1, times=1)
    send_text("wecom", "A")
    caller.post("wecom", "A", b"{}")
    caller.post("wecom", "A", b"{}")
    assert caller.client.get(f"{caller.server.url}/_sandbox/messages?summary=1").json() == {
        "total": 3,
        "accepted": 1,
        "refused": 1,
        "unprocessed": 1,
        "robots": [{"channel": "wecom", "key": "A", "total": 3, "accepted": 1, "refused": 1, "unprocessed": 1}],
    }


def test_deleting_messages_keeps_robots_and_order_numbers(caller: Caller, send_text: SendText) -> None:
    caller.robot("wecom", "A")
    send_text("wecom", "A")
    (before,) = caller.messages()
    assert caller.client.delete(f"{caller.server.url}/_sandbox/messages").status_code == 204
    assert caller.messages() == []
    assert send_text("wecom", "A") == 0
    assert caller.messages()[0]["id"] == before["id"] + 1


def test_robots_are_registered_in_one_call_and_secrets_stay_inside(caller: Caller) -> None:
    entries = [
        {"channel": "dingtalk", "key": "A", "secret": "SEC-hidden", "keyword": "简报", "per_minute": None},
        {"channel": "feishu", "key": "B", "label": "城管局"},
    ]
    caller.control("robots", entries)
    listed = caller.client.get(f"{caller.server.url}/_sandbox/robots")
    assert "SEC-hidden" not in listed.text
    assert [(robot["signed"], robot["name"], robot["keywords"]) for robot in listed.json()["robots"]] == [
        (True, "", ["简报"]),
        (False, "城管局", []),
    ]


@pytest.mark.parametrize(
    ("entry", "word"),
    [
        ({"channel": "icq", "key": "A"}, "icq"),
        ({"channel": "wecom"}, "key"),
        ({"channel": "wecom", "key": "A", "per_minute": 0}, "per_minute"),
        ({"channel": "wecom", "key": "A", "colour": "red"}, "colour"),
        ({"channel": "wecom", "key": "A", "state": "asleep"}, "asleep"),
        ({"channel": "wecom", "key": "A", "keywords": [1]}, "keywords"),
        ({"channel": "wecom", "key": "A", "profiles": ["lax"]}, "lax"),
        ({"channel": "wecom", "key": "A", "secret": 1}, "secret"),
        ({"channel": "feishu", "key": "A", "ips": ["10.0.0.0/99"]}, "10.0.0.0/99"),
        ({"channel": "dingtalk", "key": "A", "keywords": [str(n) for n in range(11)]}, "keywords are at most 10"),
        ({"channel": "feishu", "key": "A", "ips": [f"10.0.0.{n}" for n in range(11)]}, "ips are at most 10"),
        (None, "JSON object"),
    ],
)
def test_a_wrong_robot_is_refused_by_name(entry: object, word: str, caller: Caller) -> None:
    reply = caller.client.post(f"{caller.server.url}/_sandbox/robots", json=entry)
    assert reply.status_code == 400
    assert word in reply.json()["error"]


def test_the_clock_stops_moves_and_goes_on(caller: Caller) -> None:
    assert caller.control("clock", {"advance": 60}) == {"now": NOON + 60, "stopped": True}
    assert caller.control("clock", {"at": 5}) == {"now": 5.0, "stopped": True}
    assert caller.control("clock", {"real": True})["stopped"] is False
    assert abs(caller.control("clock", {"advance": 3600})["now"] - time.time() - 3600) < 60
    wrongs: list[object] = [{}, {"at": "noon"}, {"advance": True}, {"at": 1, "advance": 1}, []]
    for wrong in wrongs:
        assert caller.client.post(f"{caller.server.url}/_sandbox/clock", json=wrong).status_code == 400


def test_setting_the_clock_back_does_not_lock_robots(caller: Caller, send_text: SendText) -> None:
    caller.robot("dingtalk", "T")
    assert [send_text("dingtalk", "T") for _ in range(21)][-1] == 130101
    caller.control("clock", {"at": NOON - 86400})
    assert send_text("dingtalk", "T") == 0


def test_open_mode_takes_any_key_at_the_vendors_rate() -> None:
    with SandboxServer(open_mode=True, clock=lambda: NOON) as server, httpx.Client() as client:

        def code(key: str) -> int:
            reply = client.post(
                f"{server.url}/cgi-bin/webhook/send?key={key}", json={"msgtype": "text", "text": {"content": "x"}}
            )
            found: int = reply.json()["errcode"]
            return found

        assert [code("any") for _ in range(21)] == [0] * 20 + [45009]
        assert (code("other"), code("")) == (0, 93000)


def test_rate_limits_can_be_lifted_for_load_tests() -> None:
    with SandboxServer(open_mode=True, rate_limits=False) as server, httpx.Client() as client:
        for _ in range(120):
            reply = client.post(
                f"{server.url}/open-apis/bot/v2/hook/T", json={"msg_type": "text", "content": {"text": "x"}}
            )
            assert reply.json()["code"] == 0


def test_a_private_deployments_prefix_may_stand_before_the_path(caller: Caller) -> None:
    caller.robot("wecom", "K")
    url = f"{caller.server.url}/gov/wecom/cgi-bin/webhook/send?key=K"
    assert caller.client.post(url, json={"msgtype": "text", "text": {"content": "x"}}).json()["errcode"] == 0


def test_many_callers_at_once_each_get_an_answer_and_one_message(caller: Caller) -> None:
    caller.robot("wecom", "K", per_minute=10_000)
    with ThreadPoolExecutor(32) as pool:
        payloads = [{"msgtype": "text", "text": {"content": str(number)}} for number in range(200)]
        replies = list(pool.map(lambda payload: caller.send("wecom", "K", payload), payloads))
    assert [reply["errcode"] for reply in replies] == [0] * 200
    assert len({message["body"] for message in caller.messages()}) == 200


def test_a_hundred_thousand_messages_are_found_quickly() -> None:
    log = MessageLog()
    for number in range(100_000):
        log.append(
            time=0, channel="wecom", key=str(number % 500), method="POST", path="/", query="", content_type="",
            body=b"%d" % number, verdict="accepted",
        )  # fmt: skip
    started = time.perf_counter()
    assert len(log.find(channel="wecom", key="7")) == 200
    assert len(log.find(since=99_990)) == 10
    assert sum(group.counts["accepted"] for group in log.groups()) == 100_000
    assert len(log.find(verdict="refused")) == 0
    assert time.perf_counter() - started < 1


def test_stopping_ends_hanging_calls_and_watchers_quietly(caplog: pytest.LogCaptureFixture) -> None:
    with SandboxServer(open_mode=True) as server, httpx.Client(timeout=30) as client, ThreadPoolExecutor() as pool:
        client.post(
            f"{server.url}/_sandbox/faults", json=[{"fault": "hang", "times": 1}, {"fault": "delay", "seconds": 60}]
        )
        url = f"{server.url}/cgi-bin/webhook/send?key=K"
        calls = [pool.submit(httpx.post, url, json={}, timeout=30) for _ in range(2)]
        with client.stream("GET", f"{server.url}/_sandbox/events") as stream:
            lines = stream.iter_lines()
            while len(server.sandbox.messages) < 2:
                next(lines)
            server.stop()
        for call in calls:
            assert isinstance(call.exception(), httpx.RemoteProtocolError | httpx.ReadError)
    assert caplog.records == []
