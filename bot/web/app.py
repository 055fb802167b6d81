"""Puts the routers together, and turns whatever they raise into a page a person can act on."""

from __future__ import annotations

import logging
from urllib.parse import quote, urlsplit

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from bot.domain.errors import JianbaoError, StoreError

from . import (
    accounts,
    audit,
    covers,
    dated,
    groups,
    issue_acts,
    issues,
    live,
    overview,
    pages,
    reader,
    receipts,
    roster_pages,
    sign_in,
    units,
)
from .access import FormExpired, NotAllowed, NotFound, SignInNeeded, local_path
from .api import create_api
from .health import Readiness, health_router
from .office import Office
from .problem import of_api, problem
from .safety import BodyLimit, Headers, Notice

log = logging.getLogger(__name__)

ROUTERS = (
    sign_in.router,
    reader.router,
    covers.router,
    overview.router,
    issues.router,
    issue_acts.router,
    units.router,
    groups.router,
    dated.router,
    roster_pages.router,
    live.router,
    receipts.router,
    accounts.router,
    audit.router,
)
READ_ONLY = "磁盘已满，系统现在只能查看：不发送、不保存，签收和修改暂不可用。请管理员清理磁盘，腾出空间后自动恢复。"
_FOREVER = "public, max-age=31536000, immutable"


class Static(StaticFiles):
    """Static files; addresses carry a digest of the content, so they are kept for good."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        answer = await super().get_response(path, scope)
        answer.headers["Cache-Control"] = _FOREVER
        return answer


def create_app(readiness: Readiness, office: Office) -> FastAPI:
    """The ASGI application of the service."""
    https = (office.public_url or "").startswith("https://")
    app = FastAPI(
        title="简报",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        middleware=[
            Middleware(Headers, https=https),
            Middleware(GZipMiddleware, minimum_size=2000, compresslevel=5),
            Middleware(BodyLimit),
            Middleware(Notice, said=lambda: READ_ONLY if readiness.full() else ""),
        ],
    )
    app.state.office = office
    app.include_router(health_router(readiness))
    for router in ROUTERS:
        app.include_router(router)

    @app.get("/static/preview.css")
    def preview_css() -> Response:
        return FileResponse(office.preview_css, media_type="text/css", headers={"Cache-Control": "max-age=3600"})

    @app.get("/robots.txt")
    def robots() -> Response:
        """Nothing here is for search engines, reader links least of all."""
        return PlainTextResponse("User-agent: *\nDisallow: /\n")

    app.mount("/static", Static(directory=pages.STATIC))
    app.mount("/api/v1", create_api(office))
    _handlers(app, office)
    return app


def _handlers(app: FastAPI, office: Office) -> None:
    def page(request: Request, status: int, title: str, said: str) -> Response:
        values = {"title": title, "said": said, "back": _back(request)}
        return pages.html("problem.html", values, zone=office.zone, status=status)

    def nothing_there(request: Request) -> Response:
        if of_api(request.url.path):
            return problem(404, "not_found", "没有这个地址。")
        return page(request, 404, "没有这一页", "链接可能已失效，或内容已不在。")

    @app.exception_handler(SignInNeeded)
    def sign_in_needed(request: Request, _: SignInNeeded) -> Response:
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        target = here if request.method == "GET" else "/"
        return RedirectResponse(f"/login?next={quote(target, safe='')}", status_code=303)

    @app.exception_handler(NotAllowed)
    def not_allowed(request: Request, error: NotAllowed) -> Response:
        return page(request, 403, "没有权限", f"这一步需要“{error.needed.chinese}”角色。请联系管理员。")

    @app.exception_handler(FormExpired)
    def form_expired(request: Request, _: FormExpired) -> Response:
        return page(request, 403, "页面已过期", "请返回、刷新页面后再试一次。您的操作没有执行。")

    @app.exception_handler(NotFound)
    def not_found(request: Request, _: NotFound) -> Response:
        return nothing_there(request)

    @app.exception_handler(HTTPException)
    def http(request: Request, error: HTTPException) -> Response:
        if error.status_code == 404:
            return nothing_there(request)
        answer = page(request, error.status_code, "不能这样访问", "请从页面上的按钮进入。")
        answer.headers.update(error.headers or {})
        return answer

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> Response:
        if any(e["loc"][0] == "path" for e in error.errors()):
            return nothing_there(request)
        return page(request, 422, "填写不完整", "请返回检查后再提交。您的操作没有执行。")

    @app.exception_handler(StoreError)
    def out_of_order(request: Request, error: StoreError) -> Response:
        log.error("a page could not use the database: %s", error)
        return page(request, 503, "数据库暂时不可用", str(error))

    @app.exception_handler(JianbaoError)
    def refused(request: Request, error: JianbaoError) -> Response:
        return page(request, 409, "没有执行", str(error))

    @app.exception_handler(Exception)
    def fault(request: Request, _: Exception) -> Response:
        # The server writes the trace to its log; the page says nothing of the inside.
        return page(request, 500, "程序出错", "没有执行完。请返回重试；仍然不行请联系管理员查看日志。")


def _back(request: Request) -> str:
    """Where the person came from, when that was within this site."""
    came = urlsplit(request.headers.get("referer", ""))
    return local_path(came.path) if came.netloc == request.url.netloc else "/"
