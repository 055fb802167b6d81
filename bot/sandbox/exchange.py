"""The two values every platform module speaks in: what was asked, and what the vendor answers.

A platform module is a function of (robot, request, now); it opens nothing and reads no clock.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

# No vendor's message comes near; what walks a payload may do so by recursion.
MAX_DEPTH = 60


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP call as it arrived: `query` is the raw, undecoded query string, `client` the caller's address."""

    method: str
    path: str
    query: str
    content_type: str
    body: bytes
    client: str = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the vendor decides.

    `code` and `message` are the vendor's own (also inside `body`); `status` is the HTTP status, which the
    vendors leave at 200 for a refusal. `accepted` says whether the message would appear in the group.
    """

    accepted: bool
    code: int | str
    message: str
    body: Mapping[str, Any]
    status: int = 200

    def encoded(self) -> bytes:
        """The answer's body as bytes: JSON, UTF-8, non-ASCII characters unescaped."""
        return json.dumps(self.body, ensure_ascii=False, separators=(",", ":")).encode()


def read_object(body: bytes) -> dict[str, Any] | None:
    """The JSON object in `body`, or None where a strict UTF-8 JSON reader would not find one.

    A half surrogate pair (`\\ud83d` alone) is no character and counts as broken; so does nesting beyond `MAX_DEPTH`.
    """
    try:
        found = json.loads(body.decode())
        if b"\\u" in body:
            json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and not _is_too_deep(found) else None


def _is_too_deep(value: object) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [inner for item in level if isinstance(item, dict | list) for inner in _inside(item)]
        if not level:
            return False
    return True


def _inside(item: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return item.values() if isinstance(item, dict) else item


def query_values(raw: str) -> dict[str, str]:
    """The parameters of a raw query string, percent-decoded exactly once, `+` being a space.

    Of several with one name the first counts.
    """
    values: dict[str, str] = {}
    for pair in raw.split("&"):
        name, _, value = pair.partition("=")
        values.setdefault(unquote_plus(name), unquote_plus(value))
    return values


def words(text: str) -> frozenset[str]:
    """The words of `text` as a set."""
    return frozenset(text.split())


def mapping(value: object) -> Mapping[str, Any]:
    """`value` when it is a JSON object, an empty one otherwise."""
    return value if isinstance(value, dict) else {}


def filled(value: object) -> bool:
    """Whether `value` is a text with something in it."""
    return isinstance(value, str) and bool(value)
