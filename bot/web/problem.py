"""The one shape of every error under /api/, whoever raised it."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import JSONResponse


def of_api(path: str) -> bool:
    """Is this address asked for by programs?"""
    return path.startswith("/api/")


def problem(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": {"code": code, "message": message}}, status_code=status, headers=headers)
