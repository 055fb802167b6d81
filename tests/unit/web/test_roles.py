"""Roles x endpoints, generated from the routes: a new one cannot be forgotten."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import APIRouter
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from bot.domain.people import Role
from bot.web.access import Needs
from bot.web.api import app as api
from bot.web.api.caller import ApiNeeds
from bot.web.app import ROUTERS

from .conftest import Site, form

pytestmark = pytest.mark.slow

PUBLIC_PATHS = {
    "/login",
    "/login/oidc",
    "/login/oidc/callback",
    "/setup/{token}",
    "/r/{token}",
    "/r/{token}/opened",
    "/r/{token}/sign",
    "/r/{token}/original",
    "/cover/{token}.png",
    "/emblem/{token}.png",
}
"""What anybody may ask for; each guards itself by a token or a password."""
API_ROUTERS = api.ROUTERS


def routes(routers: tuple[APIRouter, ...]) -> Iterator[tuple[str, str, Role | None]]:
    for router in routers:
        for route in router.routes:
            assert isinstance(route, APIRoute)
            for method in sorted(route.methods or ()):
                yield method, route.path, role_of(route.dependant)


def role_of(dependant: Dependant) -> Role | None:
    for inner in dependant.dependencies:
        if isinstance(inner.call, Needs | ApiNeeds):
            return inner.call.role
    return None


PAGES = [(m, p, r) for m, p, r in routes(ROUTERS) if p not in PUBLIC_PATHS]
CALLS = list(routes(API_ROUTERS))


def filled(path: str) -> str:
    """The path with things that are not there, so that no act of the test does anything."""
    path = path.replace("{act}", "approve").replace("{name}", "receipts.csv").replace("{row_id}", "999")
    return re.sub(r"\{\w+\}", "99999", path)


def test_every_route_names_the_role_it_needs_or_is_known_to_be_public() -> None:
    bare = {path for _, path, role in routes(ROUTERS) if role is None}
    assert bare == PUBLIC_PATHS
    assert all(role is not None for _, _, role in CALLS)


def test_nobody_gets_in_without_signing_in(site: Site) -> None:
    browser = site.client()
    for method, path, _ in PAGES:
        answer = browser.request(method, filled(path))
        assert answer.status_code == 303, (method, path)
        assert answer.headers["location"].startswith("/login"), (method, path)
    for method, path, _ in CALLS:
        answer = browser.request(method, f"/api/v1{filled(path)}", json={})
        assert answer.status_code in (401, 422), (method, path)
        assert answer.json().keys() == {"error"}


@pytest.mark.parametrize("role", Role)
def test_a_role_may_what_it_may_and_nothing_else(site: Site, role: Role) -> None:
    browser = site.client(role)
    token = form(browser, "/me")
    for method, path, needed in PAGES:
        if path in ("/logout", "/me/password", "/receipts/{issue_id}/live"):
            continue
        assert needed is not None
        answer = browser.request(method, filled(path), data=token if method == "POST" else None)
        denied = "没有权限" in answer.text
        assert denied == (not role.may(needed)), (method, path, role, answer.status_code)
        assert answer.status_code != 500, (method, path)


@pytest.mark.parametrize("role", Role)
def test_a_token_may_what_its_owner_may(site: Site, role: Role) -> None:
    browser = site.client()
    browser.headers["Authorization"] = f"Bearer {site.token(role)}"
    bodies: dict[str, Any] = {"act": "cancel", "why": "x", "name": "甲", "url": "https://x.test/"}
    for method, path, needed in CALLS:
        assert needed is not None
        answer = browser.request(method, f"/api/v1{filled(path)}", json=bodies if method != "GET" else None)
        if answer.status_code == 422:
            continue
        assert (answer.status_code == 403) == (not role.may(needed)), (method, path, role, answer.text)
        assert answer.status_code < 500, (method, path)


def test_a_token_without_the_scope_is_refused_whatever_the_role(site: Site) -> None:
    site.person(Role.ADMINISTRATOR)
    found = site.people.store.credentials("administrator")
    assert found is not None
    browser = site.client()
    browser.headers["Authorization"] = f"Bearer {site.people.add_token(found.account, 'x', ['read'], days=1)}"
    assert browser.get("/api/v1/issues").status_code == 200
    assert browser.get("/api/v1/history").status_code == 403
    site.clock.move(days=2)
    assert browser.get("/api/v1/issues").status_code == 401


@pytest.mark.parametrize("wrong", ["", "0" * 64])
def test_no_form_is_taken_without_the_token_of_its_session(site: Site, wrong: str) -> None:
    browser = site.client(Role.ADMINISTRATOR)
    for method, path, _ in PAGES:
        if method == "POST":
            answer = browser.post(filled(path), data={"csrf": wrong})
            assert answer.status_code == 403, path
            assert "页面已过期" in answer.text, path
