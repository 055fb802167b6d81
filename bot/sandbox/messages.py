"""Everything that arrived, in order, kept exactly as received.

The log stays quick with 100,000 messages: one list in order, one per robot, counts kept as messages come in, equal
bodies stored once.
"""

from __future__ import annotations

import base64
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Outcome = Literal["accepted", "refused", "unprocessed"]


@dataclass(slots=True)
class Message:
    """One call that reached the sandbox.

    `id` is the order number from 1, `time` the sandbox's Unix seconds. `verdict`: `accepted` and `refused` are the
    vendor's; `unprocessed` means a fault took the call before the vendor looked (body empty when it was not read).
    `code` and `text` are the vendor's, `status` and `reply` what was to be sent; `answered` is False where a fault
    kept the answer from going out whole.
    """

    id: int
    time: float
    channel: str
    key: str
    method: str
    path: str
    query: str
    content_type: str
    body: bytes
    verdict: Outcome
    code: int | str | None
    text: str
    status: int | None
    reply: bytes
    fault: str | None
    answered: bool

    def public(self) -> dict[str, Any]:
        """The message as JSON; a body that is not UTF-8 comes as `body_base64`."""
        shown: dict[str, Any] = {
            "id": self.id,
            "time": self.time,
            "channel": self.channel,
            "key": self.key,
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "content_type": self.content_type,
            "bytes": len(self.body),
            "verdict": self.verdict,
            "code": self.code,
            "message": self.text,
            "status": self.status,
            "reply": self.reply.decode(errors="replace"),
            "fault": self.fault,
            "answered": self.answered,
        }
        try:
            shown["body"] = self.body.decode()
        except UnicodeDecodeError:
            shown["body_base64"] = base64.b64encode(self.body).decode()
        return shown


@dataclass(slots=True)
class Group:
    """The chat of one robot: its messages in order and their counts by verdict."""

    channel: str
    key: str
    messages: list[Message] = field(default_factory=list)
    counts: Counter[Outcome] = field(default_factory=Counter)


class MessageLog:
    """Appends, finds and counts messages; order numbers go on after `clear`. `version` differs after every change."""

    def __init__(self) -> None:
        self._all: list[Message] = []
        self._groups: dict[tuple[str, str], Group] = {}
        self._bodies: dict[bytes, bytes] = {}
        self._latest = 0
        self.version = 0

    @property
    def latest(self) -> int:
        """The highest order number given so far, 0 before the first."""
        return self._latest

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Message]:
        return iter(self._all)

    def groups(self) -> list[Group]:
        """The groups that got something, the most recent first."""
        return sorted(self._groups.values(), key=lambda group: group.messages[-1].id, reverse=True)

    def group(self, channel: str, key: str) -> Group:
        """The chat of one robot, empty when nothing arrived."""
        return self._groups.get((channel, key)) or Group(channel, key)

    def append(
        self,
        *,
        time: float,
        channel: str,
        key: str,
        method: str,
        path: str,
        query: str,
        content_type: str,
        body: bytes,
        verdict: Outcome,
        code: int | str | None = None,
        text: str = "",
        status: int | None = None,
        reply: bytes = b"",
        fault: str | None = None,
        answered: bool = True,
    ) -> Message:
        """Keep one call."""
        self._latest += 1
        body = self._bodies.setdefault(body, body)
        message = Message(
            self._latest, time, channel, key, method, path, query, content_type, body, verdict, code, text, status,
            reply, fault, answered,
        )  # fmt: skip
        group = self._groups.setdefault((channel, key), Group(channel, key))
        group.messages.append(message)
        group.counts[verdict] += 1
        self._all.append(message)
        self.version += 1
        return message

    def clear(self) -> None:
        """Forget every message."""
        self._all.clear()
        self._groups.clear()
        self._bodies.clear()
        self.version += 1

    def find(
        self, *, channel: str | None = None, key: str | None = None, verdict: str | None = None, since: int = 0
    ) -> Sequence[Message]:
        """The messages with an order number above `since` that meet every filter given, in order."""
        source = self._all
        if channel is not None and key is not None:
            source = self.group(channel, key).messages
        tail = source[bisect_right(source, since, key=lambda message: message.id) :]
        if channel is None and key is None and verdict is None:
            return tail
        return [
            message
            for message in tail
            if (channel is None or message.channel == channel)
            and (key is None or message.key == key)
            and (verdict is None or message.verdict == verdict)
        ]
