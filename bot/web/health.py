"""`/healthz` (alive), `/readyz` (database, scheduler, dispatcher moving), `/metrics` (Prometheus)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fastapi import APIRouter, FastAPI
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, PlainTextResponse, Response


@dataclass(frozen=True, slots=True)
class Readiness:
    """What /readyz reports: each part's name to None (well) or to what is wrong with it."""

    checks: Callable[[], Mapping[str, str | None]]
    registry: CollectorRegistry
    full: Callable[[], bool] = lambda: False
    """Is the disk full? Then pages are shown, and nothing is written or sent."""


def health_router(readiness: Readiness) -> APIRouter:
    router = APIRouter(tags=["operation"])

    @router.get("/healthz")
    async def healthz() -> Response:
        """The process answers. Says nothing of the parts, so that a slow database does not get it killed."""
        return PlainTextResponse("ok\n")

    @router.get("/readyz")
    async def readyz() -> Response:
        """200 when every part is well, else 503 with what is wrong."""
        checks = await run_in_threadpool(readiness.checks)
        well = all(trouble is None for trouble in checks.values())
        parts = {name: trouble or "ok" for name, trouble in checks.items()}
        return JSONResponse({"ready": well, "parts": parts}, status_code=200 if well else 503)

    @router.get("/metrics")
    async def metrics() -> Response:
        # In a thread: some of them ask the database.
        text = await run_in_threadpool(generate_latest, readiness.registry)
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    return router


def health_app(readiness: Readiness) -> FastAPI:
    """For a process without pages: these three addresses and nothing else."""
    app = FastAPI(title="简报", docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(health_router(readiness))
    return app
