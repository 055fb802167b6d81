"""Keeps webhook keys out of every log line.

`protect_logs` is called once, before anything is logged. It works where records are made, not where they are shown, so
no logger, handler or formatter, ours or a library's, ever holds a record with a key in it. With structlog,
`Redactor.processor` goes last in the chain but for the renderer, behind the one that formats exceptions.
"""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Mapping, MutableMapping
from types import TracebackType
from typing import Any
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
    (re.compile(r"(?<=/)[\w~=-]{24,}(?=[/?#\s\"'<>)\]]|$)"), MASK),
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

    def scrub_value(self, value: object) -> object:
        """`value` with every text in it scrubbed; an object whose repr tells a credential becomes its scrubbed repr."""
        match value:
            case None | bool() | int() | float():
                return value
            case str():
                return self.scrub(value)
            case Mapping():
                return {self.scrub(str(key)): self.scrub_value(item) for key, item in value.items()}
            case list() | tuple() | set() | frozenset():
                return [self.scrub_value(item) for item in value]
        shown = repr(value)
        clean = self.scrub(shown)
        return value if clean == shown else clean

    def processor(self, logger: object, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """A structlog processor."""
        return {key: self.scrub_value(value) for key, value in event.items()}

    def clean(self, record: logging.LogRecord) -> None:
        """Make `record` safe to be shown by any handler: message, arguments, traceback and stack."""
        try:
            message = record.getMessage()
        except (TypeError, ValueError):
            # logging would print the arguments themselves to stderr
            message = f"{record.msg} (its arguments do not fit)"
        if record.exc_info and record.exc_info[0] is not None:
            # into the message, because formatters differ in which of the other fields they show
            message += "\n" + "".join(traceback.format_exception(*record.exc_info)).rstrip()
        record.msg, record.args = self.scrub(message), None
        record.exc_info = record.exc_text = None
        if record.stack_info:
            record.stack_info = self.scrub(record.stack_info)

    def traceback(self, exc: BaseException) -> str:
        """The traceback as Python would print it, scrubbed."""
        return self.scrub("".join(traceback.format_exception(exc)))

    def excepthook(self, kind: type[BaseException], exc: BaseException, trace: TracebackType | None) -> None:
        """For `sys.excepthook`: an error nobody caught is logged, which scrubs it."""
        logging.getLogger("jianbao").critical("unexpected error", exc_info=(kind, exc, trace))

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


def protect_logs(redactor: Redactor) -> None:
    """Scrub every record of every logger from now on, and silence the HTTP libraries' own request logs."""
    make = logging.getLogRecordFactory()

    def make_clean(*args: Any, **fields: Any) -> logging.LogRecord:
        record = make(*args, **fields)
        redactor.clean(record)
        return record

    logging.setLogRecordFactory(make_clean)
    silence_http_logs()


def silence_http_logs() -> None:
    """No request lines, also with debug logging on: they hold whole URLs. Warnings still come through."""
    for name in ("httpx", "httpcore", "aiohttp", "aiohttp.access", "aiohttp.client", "aiohttp.internal", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)
