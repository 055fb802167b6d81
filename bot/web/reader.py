"""The reader page: public, behind a signed link. Built for a phone, for print, and for people in a hurry."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bot.domain.errors import ConfigError, DiskFull
from bot.domain.signoff import ReaderView

from . import pages
from .access import TheOffice
from .office import Office

router = APIRouter(prefix="/r")
NO_ROOM = "系统磁盘已满，这次签收没有记下。请稍后再点“确认签收”；内容可以照常阅读。"
Text = Annotated[str, Form()]


@router.get("/{token}")
def read(office: TheOffice, token: str) -> HTMLResponse:
    """The issue. That it was asked for shows that the message arrived, not that a person saw it."""
    return _shown(office.reader.asked(token), office, token)


@router.post("/{token}/opened")
def opened(request: Request, office: TheOffice, token: str) -> Response:
    """The page's script says that a person has it before their eyes (docs/decisions/opened.md)."""
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin" or not office.reader.opened(token):
        return Response(status_code=404)
    return Response(status_code=204)


@router.post("/{token}/sign")
def sign(office: TheOffice, token: str, name: Text = "", office_name: Text = "", sure: Text = "") -> Response:
    """签收. The token in the address is the credential: no other site can know it, so the form carries no other."""
    try:
        if not sure:
            raise ConfigError("请先勾选“我已阅读本期内容”。")
        if office.reader.sign(token, name=name, office=office_name) is None:
            return _page(office, token)
    except ConfigError as error:
        return _page(office, token, status=400, problem=str(error), name=name, office_name=office_name)
    except DiskFull:
        return _page(office, token, status=503, problem=NO_ROOM, name=name, office_name=office_name)
    return RedirectResponse(f"/r/{token}#sign", status_code=303)


@router.get("/{token}/original")
def original(office: TheOffice, token: str) -> Response:
    """The file as it was received."""
    found = office.reader.original(token)
    return pages.download(found.data, found.name) if found is not None else _page(office, token)


def _page(office: Office, token: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    return _shown(office.reader.view(token), office, token, status=status, **values)


def _shown(view: ReaderView | None, office: Office, token: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    if view is None:
        return pages.html("reader_gone.html", {}, zone=office.zone, status=404)
    filled = {"problem": "", "name": "", "office_name": ""} | values
    return pages.html("reader.html", {"view": view, "token": token, **filled}, zone=office.zone, status=status)
