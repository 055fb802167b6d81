"""Signing in: the one-time link, lock-out, sessions, TOTP, and what an attacker tries."""

from __future__ import annotations

import re

import httpx
import pyotp
import pytest
import segno

from bot.domain.people import Role

from .conftest import PASSWORD, Site, form

pytestmark = pytest.mark.slow


def sign_in(client: httpx.Client, name: str, password: str, code: str = "", **more: str) -> httpx.Response:
    token = re.search(r'name="form" value="([^"]+)"', client.get("/login").text)
    assert token is not None
    return client.post("/login", data={"form": token[1], "name": name, "password": password, "code": code, **more})


def test_the_first_link_makes_the_administrator_and_works_once(site: Site) -> None:
    path = f"/setup/{site.people.setup_link()}"
    browser = site.client()
    token = re.search(r'name="form" value="([^"]+)"', browser.get(path).text)
    assert token is not None
    fields = {"form": token[1], "name": "zhang", "shown": "张三", "password": PASSWORD, "again": PASSWORD}
    assert browser.post(path, data=fields).headers["location"] == "/"
    assert browser.get("/people").status_code == 200
    assert site.client().get(path).status_code == 404
    assert site.people.setup_link() is None


def test_a_weak_password_is_refused_with_what_to_mend(site: Site) -> None:
    path = f"/setup/{site.people.setup_link()}"
    browser = site.client()
    token = re.search(r'name="form" value="([^"]+)"', browser.get(path).text)
    assert token is not None
    fields = {"form": token[1], "name": "zhang", "shown": "张三", "password": "short", "again": "short"}
    refused = browser.post(path, data=fields)
    assert refused.status_code == 400
    assert "密码至少 10 个字符" in refused.text


def test_a_session_id_from_outside_is_never_taken_over(site: Site) -> None:
    site.person(Role.VIEWER)
    browser = site.client()
    browser.cookies.set("jianbao_session", "chosen-by-an-attacker")
    answer = sign_in(browser, "viewer", PASSWORD)
    given = answer.cookies["jianbao_session"]
    assert given != "chosen-by-an-attacker"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    again = sign_in(site.client(), "viewer", PASSWORD)
    assert again.cookies["jianbao_session"] != given


def test_signing_out_ends_the_session_for_whoever_kept_its_id(site: Site) -> None:
    browser = site.client(Role.VIEWER)
    kept = browser.cookies["jianbao_session"]
    browser.post("/logout", data=form(browser, "/me"))
    thief = site.client()
    thief.cookies.set("jianbao_session", kept)
    assert thief.get("/").headers["location"].startswith("/login")


@pytest.mark.parametrize(
    "target", ["https://evil.test/", "//evil.test/", "/\\evil.test", "javascript:alert(1)", "/ok\r\nX-Evil: 1"]
)
def test_nobody_is_sent_to_another_site_after_signing_in(site: Site, target: str) -> None:
    site.person(Role.VIEWER)
    assert sign_in(site.client(), "viewer", PASSWORD, next=target).headers["location"] == "/"


def test_a_name_that_fails_too_often_is_locked_longer_each_time_known_or_not(site: Site) -> None:
    site.person(Role.VIEWER)
    said: dict[str, list[str]] = {}
    for name in ("viewer", "nobody"):
        browser = site.client()
        answers = [sign_in(browser, name, "wrong").text for _ in range(6)]
        said[name] = [m[1] for a in answers if (m := re.search(r'role="alert">([^<]+)<', a))]
    assert said["viewer"] == said["nobody"]
    assert "1 分钟后再试" in said["viewer"][5]
    assert sign_in(site.client(), "viewer", PASSWORD).status_code == 403
    site.clock.move(seconds=61)
    assert "密码" in sign_in(site.client(), "viewer", "wrong").text
    site.clock.move(seconds=61)
    assert "1 分钟后再试" in sign_in(site.client(), "viewer", PASSWORD).text
    site.clock.move(seconds=61)
    assert sign_in(site.client(), "viewer", PASSWORD).status_code == 303


def test_sessions_end_by_idleness_and_by_age(site: Site) -> None:
    browser = site.client(Role.VIEWER)
    for _ in range(11):
        site.clock.move(hours=1)
        assert browser.get("/").status_code == 200
    site.clock.move(hours=1)
    assert browser.get("/").status_code == 303
    other = site.client()
    other.cookies.set("jianbao_session", site.people.sign_in("viewer", PASSWORD))
    site.clock.move(hours=2, seconds=1)
    assert other.get("/").status_code == 303


def seed_of(page: str) -> str:
    """The secret as it is typed in by hand, blanks between its fours taken out."""
    found = re.search(r'<p class="code">([A-Z2-7 ]{39})</p>', page)
    assert found is not None
    return found[1].replace(" ", "")


def test_totp_is_asked_for_and_a_code_opens_once(site: Site) -> None:
    browser = site.client(Role.VIEWER)
    browser.post("/me/totp", data=form(browser, "/me"))
    totp = pyotp.TOTP(seed_of(browser.get("/me").text))
    refused = browser.post("/me/totp/confirm", data=form(browser, "/me", code="000000"))
    assert "动态口令不对" in refused.text
    assert sign_in(site.client(), "viewer", PASSWORD).status_code == 303, "it does not count before it is confirmed"
    code = totp.at(site.clock())
    assert browser.post("/me/totp/confirm", data=form(browser, "/me", code=code)).status_code == 303
    assert sign_in(site.client(), "viewer", PASSWORD, code).status_code == 403, "the code was used for the proof"
    site.clock.move(minutes=5)
    assert sign_in(site.client(), "viewer", PASSWORD).status_code == 403
    code = totp.at(site.clock())
    assert sign_in(site.client(), "viewer", PASSWORD, code).status_code == 303
    assert sign_in(site.client(), "viewer", PASSWORD, code).status_code == 403


def modules(svg: str) -> list[list[bool]]:
    """The dark squares of a QR code drawn as horizontal strokes (`M x y h n m …`), read back from the picture."""
    found = re.search(r'<path [^>]*stroke="#000" d="([^"]+)"', svg)
    assert found is not None
    dark: set[tuple[int, int]] = set()
    x = y = 0.0
    for act, numbers in re.findall(r"([Mmh])([^Mmh]*)", found[1]):
        values = [float(v) for v in re.findall(r"-?[\d.]+", numbers)]
        if act == "h":
            dark |= {(int(x) + step, int(y)) for step in range(int(values[0]))}
            x += values[0]
        else:
            x, y = (values[0], values[1]) if act == "M" else (x + values[0], y + values[1])
    size = max(column for column, _ in dark) + 1
    return [[(column, row) in dark for column in range(size)] for row in range(size)]


def test_the_picture_is_the_typed_secret_and_is_seen_by_its_owner_alone_while_setting_up(site: Site) -> None:
    browser, other = site.client(Role.VIEWER), site.client(Role.EDITOR)
    assert browser.get("/me/totp.svg").status_code == 404
    browser.post("/me/totp", data=form(browser, "/me"))
    page = browser.get("/me").text
    seed = seed_of(page)
    picture = browser.get("/me/totp.svg")
    assert picture.headers["content-type"] == "image/svg+xml"
    assert picture.headers["cache-control"] == "no-store"
    assert "<script" not in picture.text
    wanted = segno.make(pyotp.TOTP(seed).provisioning_uri(name="viewer", issuer_name="简报"), error="m")
    assert modules(picture.text) == [
        [bool(cell) for cell in (*[0] * 4, *row)] for row in (*[[0] * len(wanted.matrix)] * 4, *wanted.matrix)
    ]
    assert page.count(seed) == 0, "the secret stands in the page in fours only, in no form and no address"
    assert other.get("/me/totp.svg").status_code == 404
    assert site.client().get("/me/totp.svg").status_code == 303
    site.clock.move(minutes=16)
    assert browser.get("/me/totp.svg").status_code == 404
    late = browser.post("/me/totp/confirm", data=form(browser, "/me", code=pyotp.TOTP(seed).at(site.clock())))
    assert "请重新开始" in late.text


def test_a_second_factor_that_is_given_up_leaves_everything_as_it_was(site: Site) -> None:
    browser = site.client(Role.VIEWER)
    browser.post("/me/totp", data=form(browser, "/me"))
    browser.post("/me/totp/cancel", data=form(browser, "/me"))
    assert browser.get("/me/totp.svg").status_code == 404
    assert sign_in(site.client(), "viewer", PASSWORD).status_code == 303


def test_a_form_without_its_cookie_is_refused(site: Site) -> None:
    site.person(Role.VIEWER)
    forged = site.client().post("/login", data={"form": "x", "name": "viewer", "password": PASSWORD})
    assert forged.status_code == 403
    assert "jianbao_session" not in forged.cookies


def test_a_new_password_ends_every_other_session(site: Site) -> None:
    browser, elsewhere = site.client(Role.VIEWER), site.client()
    elsewhere.cookies.set("jianbao_session", site.people.sign_in("viewer", PASSWORD))
    new = "另一个更长的密码 7788"
    fields = form(browser, "/me", old=PASSWORD, password=new, again=new)
    answer = browser.post("/me/password", data=fields)
    assert answer.status_code == 303
    assert elsewhere.get("/").status_code == 303
    assert browser.get("/").status_code == 200
