"""Who is there and what they may do. Each route names the role it needs; a test insists that none forgets."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote, unquote

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bot.domain.people import Account, Role

from . import pages
from .office import Office

SESSION_COOKIE = "jianbao_session"
FLASH_COOKIE = "jianbao_flash"
_LOCAL = re.compile(r"/(?![/\\])[^\s\\]*")
_FORM_METHODS = ("POST", "PUT", "PATCH", "DELETE")


class SignInNeeded(Exception):  # noqa: N818 - said of the visit
    """Nobody is signed in; the handler sends the browser to the sign-in page."""


class NotAllowed(Exception):  # noqa: N818 - said of the visit
    """Signed in, but the role does not suffice; `needed` is the least that does."""

    def __init__(self, needed: Role) -> None:
        self.needed = needed
        super().__init__(needed.value)


class FormExpired(Exception):  # noqa: N818 - said of the form
    """The form does not carry this session's token: it is another site's, or older than the session."""


class NotFound(Exception):  # noqa: N818 - said of the address
    """There is nothing at this address."""


def the_office(request: Request) -> Office:
    office = request.app.state.office
    assert isinstance(office, Office)
    return office


def csrf_of(session_id: str, salt: str | None = None) -> str:
    """The token of a form of this session: 32 hex digits of salt and a MAC over it. It follows from the session id, not
    the other way round, and differs from page to page, so that compressing the page gives nothing away of it."""
    salt = salt if salt is not None else secrets.token_hex(16)
    return salt + hmac.digest(session_id.encode(), f"jianbao form {salt}".encode(), hashlib.sha256)[:16].hex()


def csrf_fits(session_id: str, given: object) -> bool:
    return isinstance(given, str) and hmac.compare_digest(given.encode(), csrf_of(session_id, given[:32]).encode())


def local_path(path: str) -> str:
    """`path` when it leads within this site, else `/`: no open redirect."""
    return path if _LOCAL.fullmatch(path) else "/"


def secure(request: Request) -> bool:
    """May cookies be kept from plain http? Yes when anybody reaches us by https."""
    public = the_office(request).public_url or ""
    return request.url.scheme == "https" or public.startswith("https://")


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of somebody signed in."""

    request: Request
    office: Office
    account: Account
    session_id: str

    @property
    def who(self) -> str:
        return self.account.who

    @property
    def wants_json(self) -> bool:
        return "application/json" in self.request.headers.get("accept", "")

    def page(self, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """The page, with what every page shows."""
        flash = unquote(self.request.cookies.get(FLASH_COOKIE, ""))
        common = {
            "account": self.account,
            "csrf": csrf_of(self.session_id),
            "path": self.request.url.path,
            "flash": flash,
            "channel_name": self.office.channel_name,
            "may": self.account.role.may,
        }
        answer = pages.html(template, common | values, zone=self.office.zone, status=status)
        if flash:
            answer.delete_cookie(FLASH_COOKIE, path="/")
        return answer

    def go(self, path: str, said: str = "") -> Response:
        """After a form: on to `path`, which shows `said` once."""
        answer = RedirectResponse(path, status_code=303)
        if said:
            answer.set_cookie(
                FLASH_COOKIE, quote(said), max_age=60, httponly=True, samesite="lax", secure=secure(self.request)
            )
        return answer


class Needs:
    """A dependency: the visit of somebody whose role suffices, with a form of their own session."""

    def __init__(self, role: Role) -> None:
        self.role = role

    async def __call__(self, request: Request) -> Visit:
        office = the_office(request)
        session_id = request.cookies.get(SESSION_COOKIE, "")
        account = await run_in_threadpool(office.people.session, session_id)
        if account is None:
            raise SignInNeeded
        if not account.role.may(self.role):
            raise NotAllowed(self.role)
        if request.method in _FORM_METHODS:
            form = await request.form()
            if not csrf_fits(session_id, form.get("csrf")):
                raise FormExpired
        return Visit(request, office, account, session_id)


Viewer = Annotated[Visit, Depends(Needs(Role.VIEWER))]
Editor = Annotated[Visit, Depends(Needs(Role.EDITOR))]
Approver = Annotated[Visit, Depends(Needs(Role.APPROVER))]
Administrator = Annotated[Visit, Depends(Needs(Role.ADMINISTRATOR))]
TheOffice = Annotated[Office, Depends(the_office)]
