"""One try to one robot, and what it came to: what deliveries, alerts and test messages have in common."""

from __future__ import annotations

import datetime as dt

from bot.domain.channel import Channel, UnfitSecret
from bot.domain.delivery import Exchange, MaybeArrived, NotSent, OutcomeClass, Reason, Replied, Verdict
from bot.domain.secret import Secret

from .ports import Sender

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


def judge(exchange: Exchange, channel: Channel, at: dt.datetime) -> Verdict:
    """One HTTP try as a verdict; only the channel may call a reply a success."""
    match exchange:
        case Replied():
            return channel.read_reply(exchange, at)
        case NotSent(reason=Reason.FORBIDDEN_ADDRESS | Reason.BAD_SIGNATURE):
            return Verdict(OutcomeClass.PERMANENT_CONFIG, exchange.reason, vendor_message=exchange.detail or None)
        case NotSent():
            return Verdict(OutcomeClass.RETRY_LATER, exchange.reason, vendor_message=exchange.detail or None)
        case MaybeArrived():
            return Verdict(OutcomeClass.UNKNOWN, exchange.reason, vendor_message=exchange.detail or None)
