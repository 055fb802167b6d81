"""A vendor's webhook endpoint: read the call, ask the platform, keep the message, answer as the faults say.

A plain ASGI application: the faults need the connection, and it must keep up with load tests.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from starlette.types import Message as Event
from starlette.types import Receive, Scope, Send

from bot.sandbox import wire
from bot.sandbox.exchange import Request, Verdict
from bot.sandbox.faults import Answer, Fault, FaultBook, Manner, answer_to
from bot.sandbox.messages import Message, MessageLog, Outcome
from bot.sandbox.platforms import Platform
from bot.sandbox.robots import Clock, Registry

# Room for the largest upload (20 MiB) and its multipart wrapping.
MAX_BODY_BYTES = 32 * 1024 * 1024
DRIP_SECONDS = 0.05
_SENT_WHOLE = (Manner.WHOLE, Manner.LAST, Manner.DRIP)


@dataclass(frozen=True, slots=True)
class Sandbox:
    """What one running sandbox knows: its clock, robots, scripted faults, and everything that arrived."""

    clock: Clock
    robots: Registry
    faults: FaultBook = field(default_factory=FaultBook)
    messages: MessageLog = field(default_factory=MessageLog)


class VendorEndpoint:
    """The ASGI application behind the paths of one platform."""

    def __init__(self, channel: str, platform: Platform, sandbox: Sandbox) -> None:
        self._channel = channel
        self._platform = platform
        self._sandbox = sandbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one call."""
        head = _head(scope)
        key = self._platform.key_of(head)
        delay, fault = self._sandbox.faults.take(self._channel, key)
        if fault is not None and fault.kind == "drop_before_reading":
            self._keep(head, key, None, fault, answered=False)
            await wire.drop(scope, receive, fault.how)
            return
        body = await _read(receive)
        if body is None:  # the caller left, or sent more than any vendor takes
            self._keep(head, key, None, None, answered=False)
            await _send(send, Answer(413, b"", "text/plain"))
            return
        request = Request(head.method, head.path, head.query, head.content_type, body, head.client)
        verdict = self._judge(request, key, fault)
        answer = answer_to(verdict, fault)
        message = self._keep(
            request, key, verdict, fault, delayed=delay > 0, answer=answer, answered=answer.manner in _SENT_WHOLE
        )
        if delay and not await wire.pause(receive, delay):
            message.answered = False
            return
        await self._answer(scope, receive, send, answer, fault)

    def _judge(self, request: Request, key: str, fault: Fault | None) -> Verdict | None:
        now = self._sandbox.clock.now()
        if fault is not None and fault.kind == "rate_limit":
            return self._platform.throttled(request, now)
        if fault is not None and fault.kind == "refuse":
            return self._platform.refusal(fault.code, fault.message, request, now)
        if fault is not None and not fault.accept:
            return None
        return self._platform.judge(self._sandbox.robots.find(self._channel, key), request, now)

    def _keep(
        self,
        request: Request,
        key: str,
        verdict: Verdict | None,
        fault: Fault | None,
        *,
        answered: bool,
        answer: Answer | None = None,
        delayed: bool = False,
    ) -> Message:
        outcome: Outcome = "unprocessed" if verdict is None else "accepted" if verdict.accepted else "refused"
        return self._sandbox.messages.append(
            time=self._sandbox.clock.now(),
            channel=self._channel,
            key=key,
            method=request.method,
            path=request.path,
            query=request.query,
            content_type=request.content_type,
            body=request.body,
            verdict=outcome,
            code=None if verdict is None else verdict.code,
            text="" if verdict is None else verdict.message,
            status=None if answer is None else answer.status,
            reply=b"" if answer is None else answer.body,
            fault=fault.kind if fault is not None else "delay" if delayed else None,
            answered=answered,
        )

    async def _answer(self, scope: Scope, receive: Receive, send: Send, answer: Answer, fault: Fault | None) -> None:
        if fault is None or answer.manner is Manner.WHOLE:
            await _send(send, answer)
        elif answer.manner is Manner.LAST:
            await _send(send, answer)
            await asyncio.sleep(0)  # the loop writes at its next turn; a reset now would throw the bytes away
            await wire.drop(scope, receive, fault.how)
        elif answer.manner is Manner.DRIP:
            await _drip(receive, send, answer, DRIP_SECONDS if fault.seconds is None else fault.seconds)
        elif answer.manner is Manner.HALF:
            size = len(answer.body) // 2 if fault.bytes is None else fault.bytes
            await send(_start(answer))
            await send({"type": "http.response.body", "body": answer.body[:size], "more_body": True})
            await asyncio.sleep(0)  # as above
            await wire.drop(scope, receive, fault.how)
        elif answer.manner is Manner.HANG:
            await wire.pause(receive, fault.seconds)
            await wire.drop(scope, receive, fault.how)
        else:
            await wire.drop(scope, receive, fault.how)


def _head(scope: Scope) -> Request:
    content_type = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
    client = scope.get("client")
    return Request(
        method=scope["method"],
        path=scope["path"],
        query=scope["query_string"].decode("latin-1"),
        content_type=content_type.decode("latin-1"),
        body=b"",
        client=client[0] if client else "127.0.0.1",
    )


async def _read(receive: Receive) -> bytes | None:
    parts: list[bytes] = []
    size = 0
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            return None
        parts.append(event.get("body", b""))
        size += len(parts[-1])
        if size > MAX_BODY_BYTES:
            return None
        if not event.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


def _start(answer: Answer) -> Event:
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
    if answer.status != 204:
        headers.append((b"content-type", answer.content_type.encode("latin-1")))
        headers.append((b"content-length", str(len(answer.body)).encode()))
    return {"type": "http.response.start", "status": answer.status, "headers": headers}


async def _send(send: Send, answer: Answer) -> None:
    await send(_start(answer))
    await send({"type": "http.response.body", "body": answer.body})


async def _drip(receive: Receive, send: Send, answer: Answer, seconds: float) -> None:
    await send(_start(answer))
    for position in range(len(answer.body)):
        await send({"type": "http.response.body", "body": answer.body[position : position + 1], "more_body": True})
        if not await wire.pause(receive, seconds):
            return
    await send({"type": "http.response.body", "body": b""})
