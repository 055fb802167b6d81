"""Reading a JSON reply: shared by every channel whose vendor answers with a code in the body.

These vendors refuse with HTTP 200. Success is only: 2xx, a JSON object, and the code 0. Whatever cannot be read as a
verdict is `UNKNOWN`, never success.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from bot.domain.delivery import OutcomeClass, Reason, Replied, Verdict

from .http_status import Outcome, by_status, is_redirect, row_verdict

MAX_MESSAGE_CHARS = 200
"""Of the vendor's text as much is kept as a person reads in a table."""

KNOWN, SHORT = 32, 256
"""So many answers are known again, none longer than this: a platform says yes in the same bytes every time, and reading
them anew costs as much as the reader token."""

_CODE = re.compile(r"0|-?[1-9][0-9]{0,11}")
_PRIVATE: Sequence[re.Pattern[str]] = (
    re.compile(r"[,;]?\s*more( info at|:)?\s*\[?\s*https?://[^\s\]]*\]?", re.IGNORECASE),
    re.compile(r"\b(link|链接)\s*[:：]\s*https?://[^\s;；]*", re.IGNORECASE),
    re.compile(r"https?://[^\s，。；、]+", re.IGNORECASE),
    re.compile(r",?\s*hint\s*:\s*\[[^\]]*\]?", re.IGNORECASE),
    re.compile(r",?\s*from ip\s*:\s*[^\s,]+", re.IGNORECASE),
    re.compile(r"\b\d{1,3}(\.\d{1,3}){3}\b"),
    re.compile(r"(?<![0-9A-Za-z:])([0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![0-9A-Za-z:])"),
    re.compile(r"\b(key|access_token|hook_token|token|sign|sig|secret)\s*=\s*[^\s,;&]+", re.IGNORECASE),
)

_KEY_LIKE = re.compile(r"[0-9A-Za-z_+/\-]{20,}={0,2}")


@dataclass(frozen=True, slots=True)
class ReplyTable:
    """How one vendor's reply is read.

    `code_fields`: in order of authority, the first that is present decides. `by_message`: for codes with more
    than one meaning, patterns tried on the vendor's text before `outcomes`. `ok_message`: when set, code 0 with
    any other text is accepted-with-a-warning, which is not a delivery.
    """

    outcomes: Mapping[int, Outcome]
    code_fields: Sequence[str]
    message_fields: Sequence[str]
    by_message: Mapping[int, Sequence[tuple[re.Pattern[str], Outcome]]] = field(default_factory=dict)
    ok_message: str | None = None

    def read(self, reply: Replied, at: dt.datetime) -> Verdict:
        """The verdict on `reply`, received at `at` (aware)."""
        body = None if is_redirect(reply.status) else json_object(reply.body)
        if body is None:
            return by_status(reply, at, otherwise=Reason.NOT_JSON)
        code = next((as_code(body[name]) for name in self.code_fields if name in body), None)
        said = next((body[name] for name in self.message_fields if isinstance(body.get(name), str)), "")
        if code is None:
            return by_status(reply, at, otherwise=Reason.NO_CODE)
        row = self._row(code, said, reply.status)
        return row_verdict(row, reply, at, code=str(code), message=clean_message(said) or None)

    def _row(self, code: int, said: str, status: int) -> Outcome:
        if code == 0:
            if not 200 <= status < 300:
                return Outcome(OutcomeClass.UNKNOWN, Reason.CODE_CONTRADICTS_STATUS)
            if self.ok_message is not None and said != self.ok_message:
                return Outcome(OutcomeClass.UNKNOWN, Reason.ACCEPTED_WITH_WARNING)
            return Outcome(OutcomeClass.OK, Reason.ACCEPTED)
        for pattern, row in self.by_message.get(code, ()):
            if pattern.search(said):
                return row
        return self.outcomes.get(code, Outcome(OutcomeClass.UNKNOWN, Reason.UNKNOWN_CODE))


def json_object(body: bytes) -> Mapping[str, Any] | None:
    """The body as a JSON object, a leading byte-order mark tolerated; None for anything else."""
    return _known_object(body) if len(body) <= SHORT else _object(body)


def _object(body: bytes) -> Mapping[str, Any] | None:
    try:
        parsed = json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict) else None


_known_object = lru_cache(maxsize=KNOWN)(_object)


def as_code(value: object) -> int | None:
    """A vendor's code: an integer, or the same written as a string. `true`, 0.0, "" and " 0" are not codes."""
    if isinstance(value, str):
        return int(value) if _CODE.fullmatch(value) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def clean_message(text: str) -> str:
    """The vendor's text fit to be kept and shown: no address of ours, no link, no key, one line, bounded."""
    return _known_clean(text) if len(text) <= SHORT else _clean(text)


def _clean(text: str) -> str:
    text = " ".join("".join(c if c.isprintable() else " " for c in text[: MAX_MESSAGE_CHARS * 10]).split())
    for pattern in _PRIVATE:
        text = pattern.sub("", text)
    text = _KEY_LIKE.sub(lambda found: "" if any(map(str.isdigit, found[0])) else found[0], text)
    text = " ".join(text.split()).strip(" ,;，；")
    return text if len(text) <= MAX_MESSAGE_CHARS else text[: MAX_MESSAGE_CHARS - 1] + "…"


_known_clean = lru_cache(maxsize=KNOWN)(_clean)
