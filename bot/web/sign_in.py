"""Signing in and out, one-time links, and single sign-on where it is set up."""

from __future__ import annotations

import hmac
import json
import secrets
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bot.domain.errors import ConfigError
from bot.domain.people import Account, SignInRefused

from . import pages
from .access import SESSION_COOKIE, FormExpired, NotFound, TheOffice, Viewer, local_path, secure
from .forms import Text
from .office import Office

router = APIRouter()

FORM_COOKIE = "jianbao_form"
SIGN_ON_COOKIE = "jianbao_sign_on"
_KEEP_S = 600


@router.get("/login")
def login_page(request: Request, office: TheOffice, next: str = "/") -> Response:  # noqa: A002 - the query's word
    if office.people.session(request.cookies.get(SESSION_COOKIE, "")) is not None:
        return RedirectResponse(local_path(next), status_code=303)
    return _form_page(request, office, "login.html", next=local_path(next), name="", problem="")


@router.post("/login")
def login(
    request: Request,
    office: TheOffice,
    name: Text = "",
    password: Text = "",
    code: Text = "",
    next: Text = "/",  # noqa: A002 - the form's word
    form: Text = "",
) -> Response:
    _check_form(request, form)
    try:
        session_id = office.people.sign_in(name.strip(), password, code)
    except SignInRefused as refusal:
        values = {"next": local_path(next), "name": name, "problem": str(refusal)}
        return _form_page(request, office, "login.html", status=403, **values)
    return _begin(request, session_id, local_path(next))


@router.post("/logout")
def logout(visit: Viewer) -> Response:
    visit.office.people.sign_out(visit.session_id)
    answer = RedirectResponse("/login", status_code=303)
    answer.delete_cookie(SESSION_COOKIE, path="/")
    return answer


@router.get("/setup/{token}")
def setup_page(request: Request, office: TheOffice, token: str) -> Response:
    found = office.people.invitation(token)
    if found is None:
        raise NotFound
    return _form_page(request, office, "setup.html", owner=found.account, token=token, name="", shown="", problem="")


@router.post("/setup/{token}")
def setup(
    request: Request,
    office: TheOffice,
    token: str,
    name: Text = "",
    shown: Text = "",
    password: Text = "",
    again: Text = "",
    form: Text = "",
) -> Response:
    _check_form(request, form)
    found = office.people.invitation(token)
    if found is None:
        raise NotFound
    try:
        if password != again:
            raise ConfigError("两次输入的密码不一样。")
        account = office.people.accept(token, name=name.strip(), shown=shown.strip(), password=password)
    except ConfigError as error:
        values = {"owner": found.account, "token": token, "name": name, "shown": shown, "problem": str(error)}
        return _form_page(request, office, "setup.html", status=400, **values)
    return _begin(request, office.people.begin_session(account), "/")


@router.get("/login/oidc")
async def sign_on(request: Request, office: TheOffice, next: str = "/") -> Response:  # noqa: A002 - the query's word
    if office.sign_on is None:
        raise NotFound
    address, kept = await office.sign_on.begin(_callback(request, office))
    answer = RedirectResponse(address, status_code=303)
    text = json.dumps({**kept, "next": local_path(next)})
    # Lax, for the browser comes back from the other site by a link.
    answer.set_cookie(
        SIGN_ON_COOKIE, text, max_age=_KEEP_S, httponly=True, samesite="lax", secure=secure(request), path="/login"
    )
    return answer


@router.get("/login/oidc/callback")
async def signed_on(request: Request, office: TheOffice) -> Response:
    if office.sign_on is None:
        raise NotFound
    try:
        kept: dict[str, str] = json.loads(request.cookies.get(SIGN_ON_COOKIE, ""))
        name = await office.sign_on.finish(_callback(request, office), dict(request.query_params), kept)
        account: Account | None = await run_in_threadpool(office.find, name)
        if account is None:
            raise SignInRefused("统一身份认证已通过，但这里没有您的账号，请联系管理员。")
    except (json.JSONDecodeError, SignInRefused) as refusal:
        said = str(refusal) if isinstance(refusal, SignInRefused) else "登录过程已过期，请重试。"
        values = {"next": "/", "name": "", "problem": said}
        return _form_page(request, office, "login.html", status=403, **values)
    session_id = await run_in_threadpool(office.people.begin_session, account)
    answer = _begin(request, session_id, local_path(kept.get("next", "/")))
    answer.delete_cookie(SIGN_ON_COOKIE, path="/login")
    return answer


def _callback(request: Request, office: Office) -> str:
    base = office.public_url or str(request.base_url).rstrip("/")
    return f"{base}/login/oidc/callback"


def _begin(request: Request, session_id: str, path: str) -> Response:
    """On to `path` in a session of its own: whatever id came with the request is forgotten."""
    answer = RedirectResponse(path, status_code=303)
    answer.set_cookie(SESSION_COOKIE, session_id, httponly=True, samesite="lax", secure=secure(request))
    answer.delete_cookie(FORM_COOKIE, path="/")
    return answer


def _form_page(request: Request, office: Office, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """A form for somebody without a session: what it carries must match a cookie that other sites cannot set."""
    token = request.cookies.get(FORM_COOKIE) or secrets.token_urlsafe(24)
    common = {"form": token, "sign_on": office.sign_on is not None}
    answer = pages.html(template, common | values, zone=office.zone, status=status)
    answer.set_cookie(FORM_COOKIE, token, httponly=True, samesite="strict", secure=secure(request))
    return answer


def _check_form(request: Request, given: str) -> None:
    kept = request.cookies.get(FORM_COOKIE, "")
    if not kept or not hmac.compare_digest(given.encode(), kept.encode()):
        raise FormExpired
