"""Around every request: the headers that keep a page to itself, and a bound on what is taken in."""

from __future__ import annotations

from collections.abc import Callable

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .pages import NOTICE
from .problem import of_api, problem

CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
FORM_BYTES = 2 * 1024 * 1024
FILE_BYTES = 64 * 1024 * 1024
FILE_PATHS = ("/issues/upload", "/directory/import", "/api/v1/issues")


class Headers:
    """Adds HEADERS, and keeps pages out of caches, unless a handler says otherwise."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self._app = app
        self._fixed = HEADERS | ({"Strict-Transport-Security": "max-age=31536000"} if https else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._fixed.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)


class Notice:
    """Has `said` shown on top of every page, as long as there is something to say."""

    def __init__(self, app: ASGIApp, *, said: Callable[[], str]) -> None:
        self._app = app
        self._said = said

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        token = NOTICE.set(self._said())
        try:
            await self._app(scope, receive, send)
        finally:
            NOTICE.reset(token)


class BodyLimit:
    """Refuses a body that is too large, by its announced length or as it comes in."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = FILE_BYTES if scope["path"] in FILE_PATHS else FORM_BYTES
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        said = f"太大：最多 {most // 2**20} MB。"
        refusal: Response = PlainTextResponse(f"{said}\n", status_code=413)
        if of_api(scope["path"]):
            refusal = problem(413, "too_large", said)
        if not announced.isdigit() or int(announced) > most:
            await refusal(scope, receive, send)
            return
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > most:
                raise TooLarge
            return message

        try:
            await self._app(scope, counted, send)
        except TooLarge:
            await refusal(scope, receive, send)


class TooLarge(Exception):  # noqa: N818 - said of the body
    """More came in than was announced or allowed."""
