"""Keeps webhook keys out of the logs.

`RedactingFormatter` stands between every handler and its output: whatever a logger, ours or a library's, puts into a
record, it is the finished text that is cleaned, so nothing can slip past in a field nobody thought of.
"""

from __future__ import annotations

import logging
import re
from urllib.parse import parse_qsl, quote, quote_plus, urlsplit

from bot.domain.secret import Secret

MASK = "•••"

MIN_SECRET_CHARS = 8
"""Shorter texts are not looked for: they would turn up by chance everywhere. No vendor's key is shorter than 16."""

_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    # user:password@ in a URL
    (re.compile(r"(?<=://)[^/?#\s@]+@"), f"{MASK}@"),
    # every query value, of whole URLs and of bare request targets
    (re.compile(r"(?<=[?&])([\w.\[\]-]+)=[^&#\s\"'<>\\]+"), rf"\1={MASK}"),
    # what follows the hook in the path: Feishu, Slack, Discord, Mattermost and their like
    (re.compile(r"(/(?:hooks?|webhooks|services)/)[^?#\s\"'<>\\]+"), rf"\1{MASK}"),
    # any other path segment that is long enough for a credential: reader and sign-off links
    (re.compile(r"(?<=/)[\w~=-]{24,}(?=[/?#\s\"'<>)\],\\]|$)"), MASK),
    # name = value, "name": "value", Authorization: Bearer value
    (
        re.compile(
            r"(?i)\b((?:access_?token|hook_?token|token|secret|sign(?:ature)?|passw(?:or)?d|authorization)[\"']?\s*[=:]\s*)"
            r"(?:(?:bearer|basic)\s+)?[bu]?[\"']?[^\s\"'&,;)}\]]{6,}"
        ),
        rf"\1{MASK}",
    ),
)


class Redactor:
    """Rubs out credentials: registered ones literally, others by the shapes they come in."""

    def __init__(self) -> None:
        # The first characters of each secret lead to it, so that the cost of a line does not grow with their number.
        self._by_head: dict[str, tuple[str, ...]] = {}

    def register(self, secret: Secret) -> None:
        """From now on `secret` is rubbed out wherever it stands; of a URL, its query values and last path segment."""
        text = secret.reveal()
        parts = urlsplit(text)
        values = [text]
        if parts.scheme in ("http", "https"):
            values += [value for _, value in parse_qsl(parts.query)]
            values += [segment for segment in parts.path.split("/")[-1:] if len(segment) >= 16]
        for value in values:
            for form in {value, quote(value, safe=""), quote_plus(value)}:
                if len(form) >= MIN_SECRET_CHARS:
                    head = form[:MIN_SECRET_CHARS]
                    known = {*self._by_head.get(head, ()), form}
                    self._by_head[head] = tuple(sorted(known, key=len, reverse=True))

    def scrub(self, text: str) -> str:
        """`text` without credentials; equal to `text` when there were none."""
        text = self._without_registered(text)
        for pattern, replacement in _RULES:
            text = pattern.sub(replacement, text)
        return text

    def _without_registered(self, text: str) -> str:
        if not self._by_head:
            return text
        kept: list[str] = []
        start = at = 0
        while at <= len(text) - MIN_SECRET_CHARS:
            forms = self._by_head.get(text[at : at + MIN_SECRET_CHARS], ())
            found = next((form for form in forms if text.startswith(form, at)), None)
            if found is None:
                at += 1
                continue
            kept += (text[start:at], MASK)
            start = at = at + len(found)
        return "".join(kept) + text[start:]


class RedactingFormatter(logging.Formatter):
    """Formats with `inner` and scrubs what comes out: message, arguments, extra fields, traceback and stack alike."""

    def __init__(self, inner: logging.Formatter, redactor: Redactor | None = None) -> None:
        super().__init__()
        self._inner = inner
        self._scrub = (redactor or _PROCESS).scrub

    def format(self, record: logging.LogRecord) -> str:
        try:
            text = self._inner.format(record)
        except Exception as exc:  # left to itself, logging prints the record's arguments to stderr as they are
            text = f"{record.name}: this record could not be formatted ({type(exc).__name__}): {record.msg!r}"
        return self._scrub(text)


# One for the process, as logging itself is: a secret that one part knows must not come out in another's log line.
_PROCESS = Redactor()


def redact(text: str) -> str:
    """`text` without credentials, those given to `register_secret` included."""
    return _PROCESS.scrub(text)


def register_secret(secret: Secret) -> None:
    """Rub `secret` out of all that `redact` and the formatters see from now on."""
    _PROCESS.register(secret)


def silence_http_logs() -> None:
    """No request lines, also with debug logging on: they hold whole URLs. Warnings still come through."""
    for name in ("httpx", "httpcore", "aiohttp", "aiohttp.access", "aiohttp.client", "aiohttp.internal", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)
