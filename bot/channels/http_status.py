"""What an HTTP status means when the body gives no verdict. One table for every channel.

Source: the shared wire reference, section 1 (policy; RFC 9110 for Retry-After).
"""

from __future__ import annotations

import datetime as dt
import email.utils
import re
from collections.abc import Mapping
from typing import NamedTuple

from bot.domain.delivery import OutcomeClass, Reason, Replied, Verdict

MAX_RETRY_AFTER_S = 86_400.0
"""No answer may silence a target for longer than a day: a wrong header must not lose an issue."""

_SECONDS = re.compile(r"\s*(\d{1,12})(\.\d+)?\s*")


class Outcome(NamedTuple):
    """A row of an OUTCOMES table; `wait_s` is the vendor's cool-down in seconds."""

    outcome: OutcomeClass
    reason: Reason
    wait_s: float = 0.0


BY_STATUS: Mapping[int, Outcome] = {
    **dict.fromkeys((300, 301, 302, 303, 307, 308), Outcome(OutcomeClass.PERMANENT_CONFIG, Reason.REDIRECTED)),
    **dict.fromkeys((400, 405, 415, 422), Outcome(OutcomeClass.PERMANENT_CONTENT, Reason.BAD_PARAMETER)),
    **dict.fromkeys((401, 403, 404, 407, 410), Outcome(OutcomeClass.PERMANENT_CONFIG, Reason.HTTP_REFUSED)),
    **dict.fromkeys((408, 425), Outcome(OutcomeClass.RETRY_LATER, Reason.BUSY)),
    413: Outcome(OutcomeClass.PERMANENT_CONTENT, Reason.TOO_LONG),
    429: Outcome(OutcomeClass.RETRY_LATER, Reason.RATE_LIMITED),
    **dict.fromkeys((500, 502, 503), Outcome(OutcomeClass.RETRY_LATER, Reason.SERVER_ERROR)),
    504: Outcome(OutcomeClass.UNKNOWN, Reason.GATEWAY_TIMEOUT),
}


def is_redirect(status: int) -> bool:
    """Redirects are never followed, whatever their body says."""
    return 300 <= status < 400


def by_status(reply: Replied, at: dt.datetime, *, otherwise: Reason) -> Verdict:
    """The verdict from the status alone. Any 2xx, and any status not in the table, is `UNKNOWN` for `otherwise`."""
    status = 302 if is_redirect(reply.status) else reply.status
    row = BY_STATUS.get(status, Outcome(OutcomeClass.UNKNOWN, otherwise))
    return row_verdict(row, reply, at)


def row_verdict(
    row: Outcome, reply: Replied, at: dt.datetime, *, code: str | None = None, message: str | None = None
) -> Verdict:
    """`row` as a verdict; when the class is to try later, a longer Retry-After wins over the row's wait."""
    wait = row.wait_s
    if row.outcome is OutcomeClass.RETRY_LATER:
        wait = max(wait, retry_after_s(reply.headers, at))
    return Verdict(row.outcome, row.reason, reply.status, code, message, wait)


def retry_after_s(headers: Mapping[str, str], at: dt.datetime) -> float:
    """Retry-After in seconds from `at`: a number, or an HTTP date; 0 when absent, past or unreadable."""
    text = next((v for k, v in headers.items() if k.lower() == "retry-after"), "")
    if number := _SECONDS.fullmatch(text):
        return min(float(number[1] + (number[2] or "")), MAX_RETRY_AFTER_S)
    try:
        until = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    if until.tzinfo is None:
        until = until.replace(tzinfo=dt.UTC)
    return min(max((until - at).total_seconds(), 0.0), MAX_RETRY_AFTER_S)
