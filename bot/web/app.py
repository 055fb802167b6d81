"""Puts the routers together."""

from __future__ import annotations

from fastapi import FastAPI

from .health import Readiness, health_router


def create_app(readiness: Readiness) -> FastAPI:
    """The ASGI application of the service."""
    app = FastAPI(title="简报", docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(health_router(readiness))
    return app
