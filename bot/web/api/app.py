"""The API as an application of its own, so that its errors have one shape whatever raised them."""

from __future__ import annotations

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response
from starlette.routing import Match, Route

from bot import __version__
from bot.domain.errors import DocumentRefused, JianbaoError, StoreError
from bot.web import pages
from bot.web.office import Office
from bot.web.problem import problem

from . import directory, groups, issues
from .caller import ApiError
from .models import Problem

log = logging.getLogger(__name__)

ROUTERS = (issues.router, directory.router, groups.router)

_CODES = {400: "invalid", 404: "not_found", 405: "method_not_allowed", 413: "too_large"}
_SAID = {
    400: "请求看不懂：请检查请求体和 Content-Type。",
    404: "没有这个地址。",
    405: "这个地址不能这样访问，可以用的方法在 Allow 响应头里。",
}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "请求看不懂"},
    401: {"model": Problem, "description": "没有令牌，或令牌无效"},
    403: {"model": Problem, "description": "角色或令牌权限不够"},
    404: {"model": Problem, "description": "没有这一项"},
    409: {"model": Problem, "description": "现在不能这样做，说明里有原因"},
    413: {"model": Problem, "description": "请求太大"},
    422: {"model": Problem, "description": "内容不对：哪一项、怎样才对"},
    503: {"model": Problem, "description": "数据库暂时不可用"},
}


def create_api(office: Office) -> FastAPI:
    api = FastAPI(
        title="简报 API",
        version=__version__,
        description="网页上的操作都可以用 JSON 完成。令牌在“我的”页面新建，放在 Authorization: Bearer 请求头里。",
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        responses=_RESPONSES,
    )
    api.state.office = office
    for router in ROUTERS:
        api.include_router(router)

    @api.get("/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        """The OpenAPI document as a page, without anybody else's script."""
        return pages.html("api_docs.html", {"api": api.openapi()}, zone=office.zone)

    @api.exception_handler(ApiError)
    def refused(request: Request, error: ApiError) -> Response:
        return problem(error.status, error.code, str(error), error.headers)

    @api.exception_handler(DocumentRefused)
    def unreadable(request: Request, error: DocumentRefused) -> Response:
        return problem(422, error.code, str(error))

    @api.exception_handler(StoreError)
    def out_of_order(request: Request, error: StoreError) -> Response:
        log.error("the API could not use the database: %s", error)
        return problem(503, "store", str(error))

    @api.exception_handler(JianbaoError)
    def conflict(request: Request, error: JianbaoError) -> Response:
        return problem(409, "conflict", str(error))

    @api.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> Response:
        # What was sent is not repeated: it may hold a credential.
        places = [".".join(map(str, e["loc"])) + "：" + str(e["msg"]) for e in error.errors()[:5]]
        return problem(422, "invalid", "；".join(places))

    @api.exception_handler(HTTPException)
    def http(request: Request, error: HTTPException) -> Response:
        said = _SAID.get(error.status_code, str(error.detail))
        headers = {"Allow": _allowed(request)} if error.status_code == 405 else error.headers
        return problem(error.status_code, _CODES.get(error.status_code, "http"), said, headers)

    @api.exception_handler(Exception)
    def fault(request: Request, error: Exception) -> Response:
        # The server writes the trace to its log; the caller learns nothing of the inside.
        return problem(500, "fault", "程序出错，没有执行完。请稍后再试；仍然不行请联系管理员查看日志。")

    return api


def _allowed(request: Request) -> str:
    """Every method of this address, where the router names but those of its first route."""
    routes = (route for router in ROUTERS for route in router.routes if isinstance(route, Route))
    here = (route for route in routes if route.matches(request.scope)[0] is not Match.NONE)
    return ", ".join(sorted({method for route in here for method in route.methods or ()}))
