"""What an attacker sends: markup, formulas, headers, paths, sizes, other people's ids."""

from __future__ import annotations

import csv
import io
import json
import re
import statistics
import time

import httpx
import pytest

from bot.domain.people import Role
from bot.domain.reader_token import reader_token
from bot.web.safety import CSP, FORM_BYTES

from .conftest import ISSUE, Site, form

pytestmark = pytest.mark.slow

EVIL = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&"
FORMULA = "=HYPERLINK(1)"


def test_every_answer_carries_the_headers_that_keep_it_to_itself(site: Site) -> None:
    for path in ("/login", "/nope", "/r/x", "/api/v1/issues", "/static/pages.css", "/healthz"):
        headers = site.client().get(path).headers
        assert headers["content-security-policy"] == CSP, path
        assert headers["x-frame-options"] == "DENY", path
        assert headers["x-content-type-options"] == "nosniff", path
        assert headers["referrer-policy"] == "same-origin", path
    assert "unsafe" not in CSP
    assert "frame-ancestors 'none'" in CSP


def test_no_page_has_script_or_style_in_its_text(site: Site) -> None:
    issue_id = site.released()
    browser = site.client(Role.ADMINISTRATOR)
    for path in (*PAGES, f"/issues/{issue_id}", f"/receipts/{issue_id}", f"/issues/{issue_id}/cards"):
        text = browser.get(path).text
        assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son[a-z]+=", text), path


PAGES = (
    "/",
    "/issues",
    "/directory",
    "/directory/groups",
    "/directory/import",
    "/receipts",
    "/people",
    "/me",
    "/audit",
)


def test_markup_in_documents_names_and_file_names_stays_text(site: Site) -> None:
    issue_id = site.issue(ISSUE.replace("梅江区老旧小区改造提前完工", f"改造{EVIL}完工"), f"{EVIL}.txt")
    browser = site.client(Role.ADMINISTRATOR)
    browser.post("/directory/new", data=form(browser, "/directory/new", name=f"甲{EVIL}", aliases=EVIL, kind="other"))
    unit = site.app.store.recipient_lines(search="甲<")[0][0].id
    paths = ("/", "/issues", f"/issues/{issue_id}", f"/issues/{issue_id}/reading", f"/issues/{issue_id}/correct")
    for path in (*paths, f"/issues/{issue_id}/cards", f"/directory/units/{unit}", "/directory", "/directory/history"):
        text = browser.get(path).text
        assert "<script>alert" not in text, path
        assert "<img src=x" not in text, path
    assert "&lt;script&gt;" in browser.get("/directory").text


def test_a_search_or_a_flash_with_markup_stays_text(site: Site) -> None:
    browser = site.client(Role.VIEWER)
    assert "<script>" not in browser.get("/issues", params={"q": '"><script>alert(1)</script>'}).text
    browser.cookies.set("jianbao_flash", "%3Cscript%3Ealert(1)%3C/script%3E")
    assert "<script>alert" not in browser.get("/").text


def test_what_a_platform_answers_stays_text(site: Site) -> None:
    body = json.dumps({"errcode": 40058, "errmsg": EVIL, "code": 40058, "msg": EVIL})
    script = {"fault": "answer", "body": body, "times": 40}
    httpx.post(f"{site.sandbox.url}/_sandbox/faults", json=[script]).raise_for_status()
    issue_id = site.released()
    evil = [row for row in site.app.store.receipts(issue_id) if row.vendor_message and "script" in row.vendor_message]
    assert evil
    browser = site.client(Role.VIEWER)
    for row in evil:
        page = browser.get(f"/deliveries/{row.id}").text
        assert "<script>alert" not in page
        assert "&lt;script&gt;" in page


def test_no_address_and_no_secret_is_on_any_page(site: Site) -> None:
    issue_id = site.released()
    secrets = {t.url.reveal() for r in site.app.store.directory().recipients for t in r.targets}
    secrets |= {t.secret.reveal() for r in site.app.store.directory().recipients for t in r.targets if t.secret}
    keys = {s.rsplit("=", 1)[-1].rsplit("/", 1)[-1] for s in secrets}
    browser = site.client(Role.ADMINISTRATOR)
    unit = site.app.store.directory().recipients[0].id
    more = (f"/issues/{issue_id}", f"/receipts/{issue_id}/list", f"/directory/units/{unit}", "/directory/history")
    texts = [browser.get(path).text for path in (*PAGES, *more, "/audit/export")]
    masked = browser.post("/directory/export", data=form(browser, "/directory/import", form="yaml")).text
    assert not [key for key in keys for text in (*texts, masked) if key in text]
    clear = browser.post("/directory/export", data=form(browser, "/directory/import", form="yaml", clear="1")).text
    assert any(key in clear for key in keys)


def test_only_an_administrator_gets_the_directory_with_its_addresses(site: Site) -> None:
    browser = site.client(Role.APPROVER)
    wanted = form(browser, "/directory/import", form="yaml", clear="1")
    assert browser.post("/directory/export", data=wanted).status_code == 403


@pytest.mark.parametrize(
    "name", ["a\r\nX-Evil: 1.txt", "../../etc/passwd", "C:\\a\\b.txt", 'x"; filename=evil.html', "a;b.txt"]
)
def test_a_file_name_writes_no_header_and_no_path(site: Site, name: str) -> None:
    issue_id = site.issue(name=name)
    answer = site.client(Role.VIEWER).get(f"/issues/{issue_id}/original")
    assert "x-evil" not in answer.headers
    assert re.fullmatch(r"attachment; filename\*=UTF-8''[\w.%~-]+", answer.headers["content-disposition"])
    assert "%2F" not in answer.headers["content-disposition"]
    assert answer.headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize(
    "path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2f..%2fapp.py", "/static//etc/passwd"]
)
def test_static_files_stay_in_their_folder(site: Site, path: str) -> None:
    assert site.client().get(path).status_code == 404


def test_too_large_a_form_is_refused_by_length_and_as_it_comes(site: Site) -> None:
    browser = site.client(Role.EDITOR)
    assert browser.post("/login", content=b"x" * (FORM_BYTES + 1)).status_code == 413

    def endless() -> object:
        for _ in range(FORM_BYTES // 2**16 + 2):
            yield b"x" * 2**16

    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    try:
        answer = browser.post("/login", content=endless(), headers=headers)  # type: ignore[arg-type]  # a generator of bytes
    except httpx.WriteError:
        return
    assert answer.status_code in (400, 413)


def test_a_file_that_is_no_document_is_refused_in_words(site: Site) -> None:
    browser = site.client(Role.EDITOR)
    files = [("files", ("a.txt", ISSUE.encode())), ("files", ("b.exe", b"MZ\x90\0\1\2\3" * 100))]
    page = browser.post("/issues/upload", data=form(browser, "/issues"), files=files).text
    assert "待发布" in page
    assert "b.exe" in page
    answer = browser.post(
        "/issues/upload", data=form(browser, "/issues"), files=files[1:], headers={"Accept": "application/json"}
    )
    assert [taken["ok"] for taken in answer.json()] == [False]


def test_no_cell_of_an_export_starts_a_formula(site: Site) -> None:
    issue_id = site.released()
    token = reader_token(site.app.reader_key, site.app.store.receipt_page(issue_id=issue_id)[-1].id)
    fields = {"name": FORMULA, "office_name": "@SUM(A1)", "sure": "1"}
    assert site.client().post(f"/r/{token}/sign", data=fields).status_code == 303
    browser = site.client(Role.ADMINISTRATOR)
    for path in (
        f"/receipts/{issue_id}/export/signoffs.csv",
        f"/receipts/{issue_id}/export/receipts.csv",
        "/audit/export",
    ):
        rows = list(csv.reader(io.StringIO(browser.get(path).text.lstrip("\ufeff"))))
        assert len(rows) > 1
        assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "@", "\t"))], path


def test_another_persons_token_and_comparison_are_out_of_reach(site: Site) -> None:
    mine, other = site.client(Role.EDITOR), site.client(Role.ADMINISTRATOR)
    mine.post("/me/tokens", data=form(mine, "/me", name="我的", scopes="read", days="1"))
    found = site.people.store.credentials("editor")
    assert found is not None
    (token,) = site.people.store.tokens(found.account.id)
    other.post(f"/me/tokens/{token.id}/revoke", data=form(other, "/me"))
    assert site.people.store.tokens(found.account.id)[0].revoked_at is None
    data = site.app.settings.data_dir / "directory.yaml"
    page = mine.post("/directory/import", data=form(mine, "/directory/import"), files={"file": data.read_bytes()}).text
    key = re.search(r'name="key" value="([^"]+)"', page)
    assert key is not None
    assert other.post("/directory/import/confirm", data=form(other, "/me", key=key[1])).status_code == 409
    assert mine.post("/directory/import/confirm", data=form(mine, "/me", key=key[1])).status_code == 303


def test_a_forged_link_takes_as_long_as_one_that_has_expired(site: Site) -> None:
    issue_id = site.released()
    good = reader_token(site.app.reader_key, site.app.store.receipt_page(issue_id=issue_id)[0].id)
    forged = good[:-4] + ("AAAA" if good[-4:] != "AAAA" else "BBBB")
    site.clock.move(days=400)
    reader = site.client()
    assert reader.get(f"/r/{good}").text == reader.get(f"/r/{forged}").text

    def median(token: str) -> float:
        times = []
        for _ in range(40):
            begin = time.perf_counter()
            assert reader.get(f"/r/{token}").status_code == 404
            times.append(time.perf_counter() - begin)
        return statistics.median(times)

    median(good)
    assert abs(median(good) - median(forged)) < 0.01
