"""What would break the sandbox is refused by its control interface, which goes on as if nothing had been asked."""

from __future__ import annotations

import json

import pytest

from tests.unit.sandbox.conftest import NOON, SEND, Caller

BODY = b'{"msgtype":"text","text":{"content":"x"}}'
DEEP = "[" * 900 + "]" * 900

CLOCK: list[str | bytes] = [
    '{"at": 1e999}',
    '{"at": NaN}',
    '{"at": -1}',
    '{"at": 1e12}',
    '{"at": %s}' % ("9" * 400),
    '{"advance": NaN}',
    '{"advance": -1e999}',
    '{"advance": 1e12}',
    '{"advance": -1e11}',
    '{"advance": %s}' % ("9" * 400),
    '{"real": false}',
    '{"real": 1}',
    '{"real": null}',
]
ROBOTS: list[str | bytes] = [
    r'{"channel": "wecom", "key": "\ud800"}',
    r'{"channel": "wecom", "key": "k", "name": "\ud800"}',
    r'{"channel": "\ud800", "key": "k"}',
    r'{"channel": "wecom", "key": "k", "\ud800": 1}',
    r'{"channel": "dingtalk", "key": "k", "keywords": ["\udfff"]}',
    b'{"channel": "wecom", "key": "\xed\xa0\x80"}',
    b'{"channel": "wecom", "key": "\xff"}',
    '{"channel": []}',
    '{"channel": {}, "key": "k"}',
    '{"channel": ' + DEEP + ', "key": "k"}',
    '{"channel": "wecom", "key": "k", "state": []}',
    "[" * 100_000,
    "{",
    "",
]
FAULTS: list[str | bytes] = [
    '{"fault": "html", "times": 1e999}',
    '{"fault": "html", "times": NaN}',
    '{"fault": "html", "times": 1.5}',
    '{"fault": "html", "times": %s}' % ("9" * 400),
    '{"fault": "html", "after": 1e999}',
    '{"fault": "html", "seed": 0.5}',
    '{"fault": "half_answer", "bytes": NaN}',
    '{"fault": "html", "probability": NaN}',
    '{"fault": "html", "probability": 1.01}',
    '{"fault": "html", "probability": -0.1}',
    '{"fault": "delay"}',
    '{"fault": "delay", "seconds": null}',
    '{"fault": "delay", "seconds": NaN}',
    '{"fault": "delay", "seconds": 1e999}',
    '{"fault": "delay", "seconds": %s}' % ("9" * 400),
    '{"fault": "status", "status": 599.5}',
    '{"fault": "status", "status": 100}',
    '{"fault": "status", "status": 600}',
    '{"fault": "status", "status": 1e999}',
    '{"fault": "status", "status": 204, "body": "x"}',
    '{"fault": "answer", "status": 304, "body": {}}',
    r'{"fault": "status", "headers": {"X-A": "1\r\nX-B: 2"}}',
    r'{"fault": "status", "headers": {"X-A\n": "1"}}',
    '{"fault": "status", "headers": {"简报": "1"}}',
    '{"fault": "status", "headers": {"X-A": "简报"}}',
    '{"fault": "status", "headers": {"X-A": []}}',
    '{"fault": "status", "headers": {"": "1"}}',
    '{"fault": "status", "headers": {"Content-Length": "1"}}',
    '{"fault": "status", "headers": {"transfer-encoding": "gzip"}}',
    '{"fault": "redirect", "location": "http://x/简报"}',
    r'{"fault": "redirect", "location": "/\r\nX: 1"}',
    '{"fault": "redirect", "location": null}',
    r'{"fault": "answer", "content_type": "text/html\n"}',
    '{"fault": "answer", "content_type": "简报"}',
    '{"fault": "answer", "content_type": 1}',
    r'{"fault": "status", "retry_after": "1\n"}',
    '{"fault": "status", "retry_after": NaN}',
    r'{"fault": "answer", "body": "\ud800"}',
    '{"fault": "answer", "body": %s}' % ("[" * 100_000),
    '{"fault": "html", "accept": "no"}',
    '{"fault": "html", "accept": 1}',
    '{"fault": "bom", "accept": 1}',
    '{"fault": "html", "channel": "icq"}',
    '{"fault": "html", "channel": []}',
    '{"fault": "html", "key": 1}',
    '{"fault": []}',
    '{"fault": ' + DEEP + "}",
    '{"fault": "hang", "how": []}',
]
ENTRIES = [
    (name, entry) for name, entries in (("clock", CLOCK), ("robots", ROBOTS), ("faults", FAULTS)) for entry in entries
]
SHOWN = ("", "_sandbox/clock", "_sandbox/robots", "_sandbox/messages", "_sandbox/faults")


@pytest.mark.parametrize(("name", "entry"), ENTRIES, ids=[f"{name} {entry[:60]!r}" for name, entry in ENTRIES])
def test_a_breaking_entry_is_refused_and_changes_nothing(name: str, entry: str | bytes, caller: Caller) -> None:
    caller.robot("wecom", "K")
    caller.post("wecom", "K", BODY)
    places = [f"{caller.server.url}/{path}" for path in SHOWN]
    before = [caller.client.get(place).text for place in places]
    reply = caller.client.post(f"{caller.server.url}/_sandbox/{name}", content=entry)
    assert reply.status_code == 400
    assert " " in reply.json()["error"]
    after = [caller.client.get(place) for place in places]
    assert [answer.status_code for answer in after] == [200] * len(places)
    assert [answer.text for answer in after] == before
    assert caller.post("wecom", "K", BODY).json()["errcode"] == 0


@pytest.mark.parametrize("moment", [0, 253_370_764_800])
def test_the_pages_show_the_first_and_the_last_moment(moment: int, caller: Caller) -> None:
    caller.robot("wecom", "K")
    caller.control("clock", {"at": moment})
    caller.post("wecom", "K", BODY)
    assert caller.client.get(f"{caller.server.url}/").status_code == 200
    assert caller.client.get(f"{caller.server.url}/g/wecom/K").status_code == 200
    assert caller.control("clock", {"at": NOON})["now"] == NOON


@pytest.mark.parametrize("kind", ["status", "html", "redirect", "answer"])
@pytest.mark.parametrize("status", [204, 304])
def test_a_status_that_has_no_body_goes_out_without_one(kind: str, status: int, caller: Caller) -> None:
    caller.fault(kind, channel="*", status=status, times=1.0)
    reply = caller.post("wecom", "K", BODY)
    assert (reply.status_code, reply.content) == (status, b"")


def test_headers_go_out_as_told(caller: Caller) -> None:
    caller.fault("answer", headers={"X-A": "a b\té", "X-N": 1.5, "X-E": ""}, body="x")
    reply = caller.post("wecom", "K", BODY)
    assert [reply.headers[name] for name in ("x-a", "x-n", "x-e")] == ["a b\té", "1.5", ""]


@pytest.mark.parametrize("channel", list(SEND))
def test_a_slash_too_many_is_no_vendors_path(channel: str, caller: Caller) -> None:
    path, mark, query = SEND[channel].format(key="K").partition("?")
    assert caller.client.post(f"{caller.server.url}{path}/{mark}{query}", content=BODY).status_code == 404


def test_entries_before_a_wrong_one_are_kept(caller: Caller) -> None:
    entries = [{"channel": "wecom", "key": "A"}, {"channel": [], "key": "B"}, {"channel": "wecom", "key": "C"}]
    reply = caller.client.post(f"{caller.server.url}/_sandbox/robots", content=json.dumps(entries))
    assert reply.json()["error"].startswith("entry 2: ")
    listed = caller.client.get(f"{caller.server.url}/_sandbox/robots").json()["robots"]
    assert [robot["key"] for robot in listed] == ["A"]
