"""Pictures at public addresses, for the cards that show one. A chat client has no session: the token is the key."""

from __future__ import annotations

import hashlib

from fastapi import APIRouter, Request
from starlette.responses import Response

from bot.domain.cover import Shape

from .access import TheOffice
from .office import Office

router = APIRouter()
KEPT = "public, max-age=31536000, immutable"
"""A revision never changes, and neither does its picture."""


@router.api_route("/cover/{token}.png", methods=["GET", "HEAD"])
def cover(request: Request, office: TheOffice, token: str) -> Response:
    """The wide picture over a card."""
    return _picture(request, office, token, Shape.COVER)


@router.api_route("/emblem/{token}.png", methods=["GET", "HEAD"])
def emblem(request: Request, office: TheOffice, token: str) -> Response:
    """The square one."""
    return _picture(request, office, token, Shape.EMBLEM)


def _picture(request: Request, office: Office, token: str, shape: Shape) -> Response:
    data = office.covers.picture(token, shape)
    if data is None:
        return Response(status_code=404)
    # Web clients of the platforms show it on their own pages; the other headers of safety.py hold for it too.
    headers = {
        "Cache-Control": KEPT,
        "ETag": f'"{hashlib.sha256(data).hexdigest()[:32]}"',
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(data, media_type="image/png", headers=headers)
