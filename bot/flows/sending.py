"""One try to one robot, and what it came to: what deliveries, alerts and test messages have in common."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from urllib.parse import parse_qsl, quote, urlsplit

from bot.domain.channel import Channel, UnfitSecret
from bot.domain.delivery import Exchange, MaybeArrived, NotSent, OutcomeClass, Reason, Replied, Verdict
from bot.domain.secret import Secret

from .ports import Sender

SHORTEST = 6
"""Shorter values of an address are words (`type=file`), not credentials."""
MASK = "•••"

_HEADERS = {"Content-Type": "application/json; charset=utf-8"}


async def send_once(
    sender: Sender,
    channel: Channel,
    url: Secret,
    secret: Secret | None,
    body: bytes,
    at: dt.datetime,
    *,
    message_id: str,
    ca_file: str | None = None,
) -> Exchange:
    """Sign for this attempt and POST. A signature is good for minutes, so it is made anew at every attempt.

    `message_id`: the same on every retry of one message, as `Channel.sign` wants it. `ca_file`: as `Sender.send`.
    """
    try:
        signature = channel.sign(secret, at, message_id=message_id, body=body)
    except UnfitSecret as unfit:
        return NotSent(Reason.BAD_SIGNATURE, str(unfit))
    headers = {**_HEADERS, **signature.headers} if signature.headers else _HEADERS
    signed = signature.signed_url(url.reveal())
    return await sender.send(signed, signature.signed_body(body), headers, ca_file=ca_file)


def judge(exchange: Exchange, channel: Channel, at: dt.datetime, url: Secret, secret: Secret | None) -> Verdict:
    """One HTTP try as a verdict; only the channel may call a reply a success. `url`, `secret`: what it was sent with,
    which no receipt repeats, whatever the platform says."""
    match exchange:
        case Replied():
            verdict = channel.read_reply(exchange, at)
            said = verdict.vendor_message
            if said is None or len(said) < SHORTEST:
                return verdict
            return replace(verdict, vendor_message=_without(said, url, secret))
        case NotSent(reason=Reason.FORBIDDEN_ADDRESS | Reason.BAD_SIGNATURE):
            return Verdict(OutcomeClass.PERMANENT_CONFIG, exchange.reason, vendor_message=exchange.detail or None)
        case NotSent():
            return Verdict(OutcomeClass.RETRY_LATER, exchange.reason, vendor_message=exchange.detail or None)
        case MaybeArrived():
            return Verdict(OutcomeClass.UNKNOWN, exchange.reason, vendor_message=exchange.detail or None)


def _without(said: str, url: Secret, secret: Secret | None) -> str:
    """A channel takes out what looks like a credential; here the very ones are known, however they look."""
    parts = urlsplit(url.reveal())
    values = [value for _, value in parse_qsl(parts.query)] or parts.path.split("/")[-1:]
    values += [] if secret is None else secret.reveal().split(",")
    for value in sorted(values, key=len, reverse=True):
        for form in (value, quote(value, safe="")):
            if len(form) >= SHORTEST:
                said = said.replace(form, MASK)
    return said
