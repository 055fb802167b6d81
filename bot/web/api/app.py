"""The API as an application of its own, so that its errors have one shape whatever raised them."""

from __future__ import annotations

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, JSONResponse, Response

from bot import __version__
from bot.domain.errors import DocumentRefused, JianbaoError, StoreError
from bot.web import pages
from bot.web.office import Office

from . import directory, issues
from .caller import ApiError
from .models import Problem

log = logging.getLogger(__name__)

_CODES = {400: "invalid", 404: "not_found", 405: "method_not_allowed", 413: "too_large"}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "请求看不懂"},
    401: {"model": Problem, "description": "没有令牌，或令牌无效"},
    403: {"model": Problem, "description": "角色或令牌权限不够"},
    404: {"model": Problem, "description": "没有这一项"},
    409: {"model": Problem, "description": "现在不能这样做，说明里有原因"},
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
    api.include_router(issues.router)
    api.include_router(directory.router)

    @api.get("/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        """The OpenAPI document as a page, without anybody else's script."""
        return pages.html("api_docs.html", {"api": api.openapi()}, zone=office.zone)

    @api.exception_handler(ApiError)
    def refused(request: Request, error: ApiError) -> Response:
        return problem(error.status, error.code, str(error))

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
        return problem(error.status_code, _CODES.get(error.status_code, "http"), str(error.detail))

    return api


def problem(status: int, code: str, message: str) -> JSONResponse:
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return JSONResponse({"error": {"code": code, "message": message}}, status_code=status, headers=headers)
