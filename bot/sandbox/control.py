"""The sandbox's own interface under `/_sandbox/`: what arrived, robots, faults, the clock (docs/sandbox.md)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.sandbox.endpoint import Sandbox
from bot.sandbox.messages import Outcome
from bot.sandbox.wecom import MEDIA_SECONDS

DEFAULT_LIMIT = 10_000


def routes(sandbox: Sandbox) -> list[Route]:
    """The routes under `/_sandbox/`."""
    control = Control(sandbox)
    return [
        Route("/_sandbox/messages", control.list_messages, methods=["GET"]),
        Route("/_sandbox/messages", control.clear_messages, methods=["DELETE"]),
        Route("/_sandbox/robots", control.list_robots, methods=["GET"]),
        Route("/_sandbox/robots", control.add_robots, methods=["POST"]),
        Route("/_sandbox/robots", control.clear_robots, methods=["DELETE"]),
        Route("/_sandbox/faults", control.list_faults, methods=["GET"]),
        Route("/_sandbox/faults", control.add_faults, methods=["POST"]),
        Route("/_sandbox/faults", control.clear_faults, methods=["DELETE"]),
        Route("/_sandbox/clock", control.show_clock, methods=["GET"]),
        Route("/_sandbox/clock", control.set_clock, methods=["POST"]),
    ]


class Control:
    """The handlers; a wrong request is answered 400 with `{"error": sentence}` and changes nothing."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    async def list_messages(self, request: Request) -> Response:
        """What arrived, in order; `summary=1` counts by robot, `count=1` only counts."""
        query = request.query_params
        if query.get("summary") == "1":
            return JSONResponse(self._summary())
        try:
            since, limit = (int(query.get(name, usual)) for name, usual in (("since", 0), ("limit", DEFAULT_LIMIT)))
        except ValueError:
            return _wrong("since and limit are whole numbers")
        found = self._sandbox.messages.find(
            channel=query.get("channel"), key=query.get("key"), verdict=query.get("verdict"), since=since
        )
        if query.get("count") == "1":
            return JSONResponse({"total": len(found), "latest": self._sandbox.messages.latest})
        page = found[: max(limit, 0)]
        return JSONResponse(
            {
                "total": len(found),
                "more": len(found) > len(page),
                "next_since": page[-1].id if page else since,
                "messages": [message.public() for message in page],
            }
        )

    def _summary(self) -> dict[str, Any]:
        groups = self._sandbox.messages.groups()
        totals: Counter[Outcome] = Counter()
        for group in groups:
            totals.update(group.counts)
        return {
            "total": len(self._sandbox.messages),
            **_counts(totals),
            "robots": [
                {"channel": group.channel, "key": group.key, "total": len(group.messages), **_counts(group.counts)}
                for group in groups
            ],
        }

    async def clear_messages(self, _: Request) -> Response:
        """Forget every message."""
        self._sandbox.messages.clear()
        return Response(status_code=204)

    async def list_robots(self, _: Request) -> Response:
        """Every robot; secrets are only said to be there."""
        return JSONResponse({"robots": [robot.settings.public() for robot in self._sandbox.robots]})

    async def add_robots(self, request: Request) -> Response:
        """Register one robot or a list."""
        expires = self._sandbox.clock.now() + MEDIA_SECONDS

        def register(entry: object) -> dict[str, Any]:
            return self._sandbox.robots.register(entry, media_expires=expires).settings.public()

        return await _each(request, register, "robots")

    async def clear_robots(self, _: Request) -> Response:
        """Forget every robot."""
        self._sandbox.robots.clear()
        return Response(status_code=204)

    async def list_faults(self, _: Request) -> Response:
        """Every script with its counts."""
        return JSONResponse({"faults": [fault.public() for fault in self._sandbox.faults]})

    async def add_faults(self, request: Request) -> Response:
        """Set one script or a list."""
        return await _each(request, lambda entry: self._sandbox.faults.add(entry).public(), "faults")

    async def clear_faults(self, request: Request) -> Response:
        """Drop scripts, all or those of `channel` and `key`."""
        self._sandbox.faults.clear(request.query_params.get("channel"), request.query_params.get("key"))
        return Response(status_code=204)

    async def show_clock(self, _: Request) -> Response:
        """The sandbox's time."""
        clock = self._sandbox.clock
        return JSONResponse({"now": clock.now(), "stopped": clock.stopped})

    async def set_clock(self, request: Request) -> Response:
        """`{"at": s}` stops the clock at a Unix second, `{"advance": s}` moves it, `{"real": true}` lets it go."""
        try:
            self._move_clock(_read(await request.body()))
        except ValueError as wrong:
            return _wrong(str(wrong))
        return await self.show_clock(request)

    def _move_clock(self, entry: object) -> None:
        fields = {"at", "advance", "real"}
        if not isinstance(entry, dict) or len(entry) != 1 or not fields.issuperset(entry):
            raise ValueError("one of at, advance (numbers of seconds) or real (true) is needed")
        ((name, value),) = entry.items()
        if name == "real":
            if value is not True:
                raise ValueError("real is true; at or advance move the clock away from the wall clock")
            self._sandbox.clock.resume()
        elif not isinstance(value, int | float) or isinstance(value, bool):
            raise ValueError(f"{name} is a number of seconds")
        elif name == "at":
            self._sandbox.clock.stop_at(value)
        else:
            self._sandbox.clock.advance(value)


_VERDICTS: tuple[Outcome, ...] = ("accepted", "refused", "unprocessed")


def _counts(counts: Counter[Outcome]) -> dict[str, int]:
    return {str(name): counts[name] for name in _VERDICTS}


async def _each(request: Request, add: Callable[[object], dict[str, Any]], name: str) -> Response:
    """Add one entry or a list of them; the entries before a wrong one stay."""
    try:
        entry = _read(await request.body())
    except ValueError as wrong:
        return _wrong(str(wrong))
    entries = entry if isinstance(entry, list) else [entry]
    added: list[dict[str, Any]] = []
    for number, item in enumerate(entries, 1):
        try:
            added.append(add(item))
        except ValueError as wrong:
            return _wrong(f"entry {number}: {wrong}")
        except RecursionError:  # a field nested almost as deep as `_read` can go, shown in the sentence about it
            return _wrong(f"entry {number}: nested too deep")
    return JSONResponse({name: added}, status_code=201)


def _read(body: bytes) -> object:
    """The JSON in `body`; ValueError where there is none that could be kept and shown again."""
    try:
        found: object = json.loads(body)
        # Python reads half a surrogate pair, but no answer and no page with one in it can be written.
        json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise ValueError(
            "the body must be a JSON object or a list of them; it is broken, nested too deep, or has a text that is "
            "no Unicode"
        ) from None
    return found


def _wrong(sentence: str) -> Response:
    return JSONResponse({"error": sentence}, status_code=400)
