"""账号: for administrators everybody's, for everybody one's own: password, TOTP, API tokens."""

from __future__ import annotations

import io
from typing import Annotated, Any

import segno
from fastapi import APIRouter, Form
from starlette.responses import HTMLResponse, Response

from bot.domain.errors import ConfigError
from bot.domain.people import Role

from .access import SESSION_COOKIE, Administrator, NotFound, Viewer, Visit, secure
from .forms import Text

router = APIRouter()


@router.get("/people")
def people(visit: Administrator) -> HTMLResponse:
    return _people(visit)


def _people(visit: Visit, *, status: int = 200, **values: Any) -> HTMLResponse:
    filled = {"link": "", "link_of": "", "problem": "", "name": "", "shown": ""} | values
    accounts = visit.office.people.store.accounts()
    return visit.page("people.html", status=status, accounts=accounts, roles=tuple(Role), **filled)


@router.post("/people")
def add_person(visit: Administrator, name: Text = "", shown: Text = "", role: Text = "viewer") -> Response:
    """A new account; its owner sets the password by a one-time link, which is shown once, here."""
    name, shown = name.strip(), shown.strip()
    try:
        token = visit.office.people.add_account(name, shown, _role(role), who=visit.who)
    except ConfigError as error:
        return _people(visit, status=400, problem=str(error), name=name, shown=shown)
    return _people(visit, link=_link(visit, token), link_of=shown)


@router.post("/people/{account_id}/role")
def set_role(visit: Administrator, account_id: int, role: Text) -> Response:
    visit.office.people.amend(account_id, role=_role(role), who=visit.who)
    return visit.go("/people", "角色已改；对方需要重新登录。")


@router.post("/people/{account_id}/standing")
def set_standing(visit: Administrator, account_id: int, disabled: Text = "") -> Response:
    visit.office.people.amend(account_id, disabled=bool(disabled), who=visit.who)
    return visit.go("/people", "账号已停用。" if disabled else "账号已启用。")


@router.post("/people/{account_id}/invite")
def invite(visit: Administrator, account_id: int) -> Response:
    """A one-time link to set a new password, for somebody who has none yet or has forgotten it."""
    account = visit.office.people.store.account(account_id)
    if account is None:
        raise NotFound
    token = visit.office.people.invite(account_id, who=visit.who)
    return _people(visit, link=_link(visit, token), link_of=account.shown)


@router.post("/people/{account_id}/totp-off")
def lost_phone(visit: Administrator, account_id: int) -> Response:
    account = visit.office.people.store.account(account_id)
    if account is None:
        raise NotFound
    visit.office.people.second_factor.end(account, who=visit.who)
    return visit.go("/people", f"{account.shown} 的动态口令已停用。")


def _role(word: str) -> Role:
    if word not in list(Role):
        raise ConfigError("请选择角色。")
    return Role(word)


def _link(visit: Visit, token: str) -> str:
    base = visit.office.public_url or str(visit.request.base_url).rstrip("/")
    return f"{base}/setup/{token}"


# one's own


@router.get("/me")
def me(visit: Viewer) -> HTMLResponse:
    return _me(visit)


def _me(visit: Visit, *, status: int = 200, **values: Any) -> HTMLResponse:
    seed = visit.office.people.second_factor.seed(visit.account)
    filled = {"problem": "", "seed": seed.reveal() if seed else "", "token": ""} | values
    mine = [role for role in Role if visit.account.role.may(role)]
    tokens = [t for t in visit.office.people.store.tokens(visit.account.id) if t.revoked_at is None]
    return visit.page("me.html", status=status, tokens=tokens, roles=mine, **filled)


@router.post("/me/password")
def change_password(visit: Viewer, old: Text = "", password: Text = "", again: Text = "") -> Response:
    try:
        if password != again:
            raise ConfigError("两次输入的新密码不一样。")
        session_id = visit.office.people.change_password(visit.account, old=old, new=password)
    except ConfigError as error:
        return _me(visit, status=400, problem=str(error))
    answer = visit.go("/me", "密码已修改，其他地方的登录已退出。")
    answer.set_cookie(SESSION_COOKIE, session_id, httponly=True, samesite="lax", secure=secure(visit.request))
    return answer


@router.post("/me/totp")
def begin_totp(visit: Viewer) -> Response:
    visit.office.people.second_factor.begin(visit.account)
    return visit.go("/me#totp")


@router.get("/me/totp.svg")
def totp_picture(visit: Viewer) -> Response:
    """The seed for the camera of a phone, while its owner sets it up. Not kept by any cache, as no page is."""
    address = visit.office.people.second_factor.address(visit.account)
    if address is None:
        raise NotFound
    picture = io.BytesIO()
    segno.make(address.reveal(), error="m").save(picture, kind="svg", scale=6, border=4, dark="#000", light="#fff")
    return Response(picture.getvalue(), media_type="image/svg+xml")


@router.post("/me/totp/confirm")
def confirm_totp(visit: Viewer, code: Text = "") -> Response:
    try:
        visit.office.people.second_factor.confirm(visit.account, code)
    except ConfigError as error:
        return _me(visit, status=400, problem=str(error))
    return visit.go("/me", "动态口令已启用，下次登录时需要输入。")


@router.post("/me/totp/cancel")
def give_up_totp(visit: Viewer) -> Response:
    visit.office.people.second_factor.give_up(visit.account)
    return visit.go("/me#totp", "没有启用动态口令。")


@router.post("/me/totp/off")
def end_totp(visit: Viewer, password: Text = "") -> Response:
    try:
        visit.office.people.check_password(visit.account, password)
    except ConfigError as error:
        return _me(visit, status=400, problem=str(error))
    visit.office.people.second_factor.end(visit.account, who=visit.who)
    return visit.go("/me", "动态口令已停用。")


@router.post("/me/tokens")
def add_token(
    visit: Viewer,
    name: Text = "",
    scopes: Annotated[list[str], Form()] = [],  # noqa: B006 - FastAPI copies it
    days: Annotated[int, Form(ge=0, le=3650)] = 365,
) -> Response:
    """A new API token; its text is shown once, here."""
    try:
        token = visit.office.people.add_token(visit.account, name[:60], scopes, days=days or None)
    except ConfigError as error:
        return _me(visit, status=400, problem=str(error))
    return _me(visit, token=token)


@router.post("/me/tokens/{token_id}/revoke")
def revoke_token(visit: Viewer, token_id: int) -> Response:
    visit.office.people.revoke_token(visit.account, token_id)
    return visit.go("/me", "令牌已作废。")
