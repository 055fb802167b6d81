"""OpenTelemetry traces, when a collector is named by the standard variables; otherwise no SDK is even imported.

All spans of one issue are one trace, whichever process made them: its id follows from the issue's. Spans carry ids,
channels and outcomes; never an address, a key, a reader link or a word of the document. They leave in a thread of their
own, from a bounded queue that drops what the collector does not take: delivery never waits for it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from starlette.types import ASGIApp, Message, Receive, Scope, Send

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
FAREWELL_S = 2.0
"""The longest that a stopping process waits for the collector to take what is left."""

Value = str | int | float | bool


class Tracer(Protocol):
    def record(
        self, name: str, began: dt.datetime, ended: dt.datetime, *, issue: int | None = None, **attributes: Value
    ) -> None:
        """A span that is over, of the issue's trace when one is named."""
        ...

    def web(self, app: ASGIApp) -> ASGIApp:
        """`app` with a span around each request."""
        ...

    def close(self) -> None: ...


class NoTracer:
    """Where no collector is named."""

    def record(
        self, name: str, began: dt.datetime, ended: dt.datetime, *, issue: int | None = None, **attributes: Value
    ) -> None:
        return

    def web(self, app: ASGIApp) -> ASGIApp:
        return app

    def close(self) -> None:
        return


def make_tracer(installation: str) -> Tracer:
    """`installation` tells traces of one from those of another."""
    named = any(os.environ.get(name) for name in ENDPOINTS)
    if not named or os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return NoTracer()
    return OtelTracer(installation)


class OtelTracer:
    def __init__(self, installation: str) -> None:
        # They take a quarter of a second to import.
        from opentelemetry import trace  # noqa: PLC0415
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

        # A collector that is down is the collector's news; the exporter would repeat it, with its URL.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
        os.environ.setdefault("OTEL_SERVICE_NAME", "jianbao")
        self._provider = TracerProvider(resource=Resource.create(), shutdown_on_exit=False)
        self._exporter: Any = OTLPSpanExporter()
        self._provider.add_span_processor(BatchSpanProcessor(self._exporter))
        self._tracer = self._provider.get_tracer("jianbao")
        self._trace: Any = trace
        self._installation = installation

    def record(
        self, name: str, began: dt.datetime, ended: dt.datetime, *, issue: int | None = None, **attributes: Value
    ) -> None:
        context = None if issue is None else self._of_issue(issue)
        given = {f"jianbao.{key}": value for key, value in attributes.items()}
        if issue is not None:
            given["jianbao.issue"] = issue
        span = self._tracer.start_span(name, context=context, attributes=given, start_time=_nanos(began))
        span.end(end_time=_nanos(ended))

    def web(self, app: ASGIApp) -> ASGIApp:
        return _Requests(app, self._tracer, self._trace)

    def close(self) -> None:
        # In a thread that is not waited for: the collector may be down, and the process is to stop.
        farewell = threading.Thread(target=self._provider.shutdown, daemon=True, name="traces")
        farewell.start()
        farewell.join(FAREWELL_S)
        if farewell.is_alive():
            # Else it would try on for half a minute, in a process that may well have something else to do.
            self._exporter.shutdown()

    def _of_issue(self, issue: int) -> Any:
        digest = hashlib.sha256(f"jianbao/{self._installation}/issue/{issue}".encode()).digest()
        parent = self._trace.SpanContext(
            trace_id=int.from_bytes(digest[:16], "big"),
            span_id=int.from_bytes(digest[16:24], "big"),
            is_remote=True,
            trace_flags=self._trace.TraceFlags(self._trace.TraceFlags.SAMPLED),
        )
        return self._trace.set_span_in_context(self._trace.NonRecordingSpan(parent))


class _Requests:
    """A span a request, named by its route: the path itself may hold a reader link's token."""

    def __init__(self, app: ASGIApp, tracer: Any, trace: Any) -> None:
        self._app = app
        self._tracer = tracer
        self._kind = trace.SpanKind.SERVER

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with self._spanned(scope) as span:

            async def watched(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                await send(message)

            await self._app(scope, receive, watched)

    @contextmanager
    def _spanned(self, scope: Scope) -> Iterator[Any]:
        method = str(scope["method"])
        span = self._tracer.start_span(method, kind=self._kind, attributes={"http.request.method": method})
        try:
            yield span
        finally:
            route = getattr(scope.get("route"), "path", None)
            if isinstance(route, str):
                span.set_attribute("http.route", route)
                span.update_name(f"{method} {route}")
            span.end()


def _nanos(at: dt.datetime) -> int:
    return int(at.timestamp() * 1_000_000) * 1000
