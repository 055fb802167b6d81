"""The wall, live: what changed since the last look, as server-sent events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from bot.domain.delivery import DeliveryState
from bot.domain.pages import UnitState

from .access import Viewer
from .mosaic import TILES, mosaic
from .office import Office
from .overview import bar, standing

router = APIRouter()

LOOK_S = 1.0
LOOKS = 600
"""After so many looks the stream ends and the browser begins a new one, signed in or not as it then is."""


@router.get("/receipts/{issue_id}/live")
async def live(visit: Viewer, issue_id: int) -> StreamingResponse:
    headers = {"X-Accel-Buffering": "no"}
    return StreamingResponse(events(visit.office, issue_id), media_type="text/event-stream", headers=headers)


async def events(office: Office, issue_id: int) -> AsyncIterator[str]:
    """`data: {"counts": {…}, "bar": […], "mosaic": […], "tiles": {unit: state}, "settled": bool, "standing": "…"}`; the
    first has every tile, later ones those that changed. Nothing is sent when nothing changed but a comment that keeps
    the line open."""
    yield "retry: 3000\n\n"
    shown: dict[str, str] = {}
    seen: dict[DeliveryState, int] | None = None
    for _ in range(LOOKS):
        counts = dict(await run_in_threadpool(office.store.counts, issue_id))
        if counts != seen:
            seen = counts
            units = await run_in_threadpool(office.store.unit_states, issue_id)
            tiles = {unit.recipient_id: unit.state.value for unit in units}
            changed = {unit: state for unit, state in tiles.items() if shown.get(unit) != state}
            shown = tiles
            yield f"data: {json.dumps(_event(counts, units, changed), ensure_ascii=False)}\n\n"
        else:
            yield ": \n\n"
        await asyncio.sleep(LOOK_S)


def _event(counts: dict[DeliveryState, int], units: Sequence[UnitState], changed: dict[str, str]) -> dict[str, object]:
    return {
        "counts": {state.value: counts.get(state, 0) for state in DeliveryState},
        "bar": [(state.value, at, width) for state, _, at, width in bar(counts)],
        "mosaic": mosaic([unit.state for unit in units]) if len(units) > TILES else [],
        "tiles": changed,
        "settled": all(state.settled for state in counts),
        "standing": standing(counts),
    }
