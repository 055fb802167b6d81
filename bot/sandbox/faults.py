"""Scripted faults: what can go wrong between a vendor and its caller, told in advance for a robot.

A script is given by `POST /_sandbox/faults` (docs/sandbox.md). Scripts stand in line: a call is offered to each in
turn, `delay` lets it pass on to the next, any other kind that fires keeps it. So "reset once, then 504 once" is two
scripts with `times: 1`.
"""

from __future__ import annotations

import json
import math
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from bot.sandbox.exchange import Verdict, words
from bot.sandbox.platforms import PLATFORMS

HTML = "text/html; charset=utf-8"
JSON = "application/json; charset=utf-8"
DENIED = {"status": 1111, "wait": 5, "source": "x5", "punish": "deny", "uuid": "a3f1c90be5d24f7c8d1e6b7a90c2d4e8"}


class Manner(StrEnum):
    """How an answer leaves: whole, whole and then gone, byte by byte, half and then gone, not at all, or never."""

    WHOLE = "whole"
    LAST = "last"
    DRIP = "drip"
    HALF = "half"
    DROP = "drop"
    HANG = "hang"


@dataclass(frozen=True, slots=True)
class Answer:
    """The bytes that go out and the manner in which they do."""

    status: int
    body: bytes
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()
    manner: Manner = Manner.WHOLE


# kind -> does the vendor take the message in before the fault shows? None: the script may say (default no).
KINDS: Mapping[str, bool | None] = {
    "delay": True,
    "drop_before_reading": False,
    "drop_after_accepting": True,
    "close_after_answer": True,
    "half_answer": True,
    "slow_body": True,
    "hang": None,
    "status": None,
    "html": None,
    "no_content": None,
    "redirect": None,
    "answer": None,
    "bom": True,
    "truncated_json": True,
    "code_as_string": True,
    "warning": True,
    "rate_limit": False,
    "refuse": False,
    "ip_throttle": False,
}
_MOSTLY_ACCEPTED = frozenset({"hang"})


@dataclass(slots=True)
class Fault:
    """One script. Numbers of calls are counted from the moment it is set; see docs/sandbox.md for every field."""

    id: int
    kind: str
    channel: str = "*"
    key: str = "*"
    times: int | None = None
    after: int = 0
    probability: float = 1.0
    seed: int = 0
    accept: bool = False
    how: Literal["reset", "close"] = "reset"
    seconds: float | None = None
    status: int = 200
    content_type: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    bytes: int | None = None
    code: int = 0
    message: str = ""
    seen: int = 0
    fired: int = 0
    dice: random.Random = field(default_factory=random.Random)

    def offered(self, channel: str, key: str) -> bool:
        """Whether the script fires for this call; counts the call when it is meant for it."""
        if self.channel not in ("*", channel) or self.key not in ("*", key):
            return False
        if self.times is not None and self.fired >= self.times:
            return False
        self.seen += 1
        if self.seen <= self.after or self.dice.random() >= self.probability:
            return False
        self.fired += 1
        return True

    def public(self) -> dict[str, Any]:
        """The script as JSON with its counts."""
        names = ("id", "channel", "key", "times", "after", "probability", "seed", "accept", "seen", "fired")
        return {"fault": self.kind, **{name: getattr(self, name) for name in names}}


class FaultBook:
    """The scripts in the order they were set."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._next_id = 1

    def __iter__(self) -> Any:
        return iter(self._faults)

    def add(self, entry: object) -> Fault:
        """Set the script described by `entry`, a JSON object of `POST /_sandbox/faults`.

        Raises ValueError naming the field that is wrong.
        """
        fault = _read_fault(entry, self._next_id)
        self._next_id += 1
        self._faults.append(fault)
        return fault

    def clear(self, channel: str | None = None, key: str | None = None) -> None:
        """Drop the scripts of a channel and key, every one when neither is given."""
        self._faults = [
            fault
            for fault in self._faults
            if (channel is not None and fault.channel != channel) or (key is not None and fault.key != key)
        ]

    def take(self, channel: str, key: str) -> tuple[float, Fault | None]:
        """What happens to this call: seconds of delay, and the fault that takes it, None when nothing does."""
        delay = 0.0
        for fault in self._faults:
            if fault.offered(channel, key):
                if fault.kind != "delay":
                    return delay, fault
                delay += fault.seconds or 0.0
        return delay, None


def answer_to(verdict: Verdict | None, fault: Fault | None) -> Answer:
    """What goes out: the vendor's answer, or what `fault` makes of it; `verdict` is None where it never looked."""
    sound = Answer(verdict.status, verdict.encoded()) if verdict is not None else Answer(200, b"")
    if fault is None:
        return sound
    match fault.kind:
        case "drop_before_reading" | "drop_after_accepting":
            return Answer(sound.status, sound.body, manner=Manner.DROP)
        case "close_after_answer":
            return Answer(sound.status, sound.body, manner=Manner.LAST)
        case "half_answer":
            return Answer(sound.status, sound.body, manner=Manner.HALF)
        case "slow_body":
            return Answer(sound.status, sound.body, manner=Manner.DRIP)
        case "hang":
            return Answer(sound.status, sound.body, manner=Manner.HANG)
        case "status" | "html" | "redirect" | "answer":
            return Answer(fault.status, fault.body.encode(), fault.content_type, fault.headers)
        case "no_content":
            return Answer(204, b"")
        case "bom":
            return Answer(sound.status, b"\xef\xbb\xbf" + sound.body)
        case "truncated_json":
            return Answer(sound.status, sound.body[: len(sound.body) // 2])
        case "ip_throttle":
            if fault.content_type == HTML:
                return Answer(200, f"<html><body>{json.dumps(DENIED)}</body></html>".encode(), HTML)
            return Answer(200, json.dumps(DENIED, separators=(",", ":")).encode())
        case "code_as_string" | "warning":
            body = dict(verdict.body) if verdict is not None else {}
            return Answer(sound.status, json.dumps(_bend(fault.kind, body), ensure_ascii=False).encode())
        case _:  # rate_limit, refuse: the vendor's own answer
            return sound


def _bend(kind: str, body: dict[str, Any]) -> dict[str, Any]:
    if kind == "code_as_string":
        return {name: str(value) if name.lower() in _CODES else value for name, value in body.items()}
    return {name: "Warning: wrong json format." if name in _TEXTS else value for name, value in body.items()}


_CODES = frozenset({"errcode", "code", "statuscode"})
_TEXTS = frozenset({"errmsg", "errMsg", "msg", "message", "StatusMessage"})
_PAGE = "<!DOCTYPE html><html><head><title>login</title></head><body>请先登录网络</body></html>"
FIELDS = words(
    "fault channel key times after probability seed accept how seconds status content_type headers body location "
    "retry_after bytes code message"
)


def _read_fault(entry: object, number: int) -> Fault:
    if not isinstance(entry, dict):
        raise ValueError("a fault is a JSON object")
    if unknown := sorted(set(entry) - FIELDS):
        raise ValueError(f"unknown field {unknown[0]!r}; known: {', '.join(sorted(FIELDS))}")
    kind = str(entry.get("fault")).replace("-", "_").replace(" ", "_")
    if kind not in KINDS:
        raise ValueError(f"fault must be one of {', '.join(KINDS)}, not {entry.get('fault')!r}")
    channel = _whose(entry, "channel")
    if channel not in ("*", *PLATFORMS):
        raise ValueError(f"channel must be * or one of {', '.join(PLATFORMS)}, not {channel!r}")
    if kind == "delay" and entry.get("seconds") is None:
        raise ValueError("delay needs seconds")
    fault = Fault(
        id=number,
        kind=kind,
        channel=channel,
        key=_whose(entry, "key"),
        times=None if entry.get("times") is None else _whole(entry, "times"),
        after=_whole(entry, "after"),
        probability=_number(entry, "probability", most=1, default=1),
        seed=_whole(entry, "seed"),
        seconds=None if entry.get("seconds") is None else _number(entry, "seconds"),
        bytes=None if entry.get("bytes") is None else _whole(entry, "bytes"),
    )
    fault.dice.seed(fault.seed)
    # A reset can overtake the bytes before it: half an answer is only sure to be seen before a clean close.
    fault.how = entry.get("how", "close" if kind in ("half_answer", "close_after_answer") else "reset")
    if fault.how not in ("reset", "close"):
        raise ValueError(f"how must be reset or close, not {fault.how!r}")
    _read_answer(fault, entry)
    if kind == "refuse":
        fault.code, fault.message = _read_refusal(entry)
    fault.accept = _read_accept(fault, entry)
    return fault


def _whose(entry: Mapping[str, Any], name: str) -> str:
    value = entry.get(name)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{name} must be a text")
    return value or "*"


def _read_accept(fault: Fault, entry: Mapping[str, Any]) -> bool:
    decided = KINDS[fault.kind]
    usual = fault.kind in _MOSTLY_ACCEPTED or fault.status == 504
    accept = entry.get("accept", usual if decided is None else decided)
    if not isinstance(accept, bool):
        raise ValueError("accept must be true or false")
    if decided is not None and accept != decided:
        raise ValueError(f"accept is always {str(decided).lower()} for {fault.kind}")
    return accept


def _read_refusal(entry: Mapping[str, Any]) -> tuple[int, str]:
    code, message = entry.get("code"), entry.get("message", "refused by a script")
    if not isinstance(code, int) or isinstance(code, bool) or code == 0:
        raise ValueError("refuse needs code, a whole number of the vendor's other than 0")
    if not isinstance(message, str):
        raise ValueError("message must be a text")
    return code, message


def _read_answer(fault: Fault, entry: Mapping[str, Any]) -> None:
    usual = {"status": (503, "<html><body><h1>Service Unavailable</h1></body></html>"), "html": (200, _PAGE)}
    status, body = {**usual, "redirect": (302, "")}.get(fault.kind, (200, ""))
    fault.status = _whole(entry, "status", least=200, most=599, default=status)
    given = entry.get("body", "" if fault.status in _BODILESS else body)
    fault.body = given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)
    if fault.body and fault.status in _BODILESS:
        raise ValueError(f"an answer with status {fault.status} has no body")
    content_type = entry.get("content_type") or (JSON if fault.kind in ("answer", "ip_throttle") else HTML)
    if not isinstance(content_type, str):
        raise ValueError("content_type must be a text")
    fault.content_type = _header_value("content_type", content_type)
    headers = entry.get("headers", {})
    if not isinstance(headers, dict):
        raise ValueError("headers must be an object of names and values")
    headers = dict(headers)
    if fault.kind == "redirect":
        headers["Location"] = entry.get("location", "http://portal.example/login")
    if "retry_after" in entry:
        headers["Retry-After"] = entry["retry_after"]
    fault.headers = tuple((_header_name(name), _header_value(name, value)) for name, value in headers.items())


_BODILESS = (204, 304)
_FRAMING = ("content-length", "transfer-encoding")
# RFC 9110, 5.1 and 5.5: what the server would find wrong only when the answer is on its way.
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"([!-~\x80-\xff]+([ \t]+[!-~\x80-\xff]+)*)?")


def _header_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a header")
    if name.lower() in _FRAMING:
        raise ValueError(f"the header {name} follows from the body and cannot be told")
    return name


def _header_value(name: str, value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"{name} must be a text or a number")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{name} must be a finite number")
    if not _VALUE.fullmatch(str(value)):
        raise ValueError(f"{name} must be one line of latin-1 characters without spaces around it")
    return str(value)


# Every JSON reader keeps whole numbers up to this one as they are.
_MOST = 2**53


def _number(entry: Mapping[str, Any], name: str, *, most: int = _MOST, default: int = 0) -> float:
    value = entry.get(name, default)
    # So written, the comparison refuses NaN too.
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= most:
        raise ValueError(f"{name} must be a number from 0 to {most}")
    return value


def _whole(entry: Mapping[str, Any], name: str, *, least: int = 0, most: int = _MOST, default: int = 0) -> int:
    number = _number(entry, name, default=default)
    if not least <= number <= most or number != int(number):
        raise ValueError(f"{name} must be a whole number from {least} to {most}")
    return int(number)
