"""The API: the same acts, one error shape, pages of items, answers given once, and no call that breaks it."""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import replace
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from bot.domain.delivery import DeliveryState
from bot.domain.directory import Directory
from bot.domain.people import Role
from bot.web.api.app import ROUTERS

from .conftest import ISSUE, Site

pytestmark = pytest.mark.slow

API = "/api/v1"


def caller(site: Site, role: Role = Role.ADMINISTRATOR) -> httpx.Client:
    client = site.client()
    client.headers["Authorization"] = f"Bearer {site.token(role)}"
    return client


def upload(client: httpx.Client, text: str = ISSUE, **headers: str) -> httpx.Response:
    return client.post(f"{API}/issues", files={"file": ("5.txt", text.encode())}, headers=headers)


def test_an_issue_goes_all_the_way_by_the_api(site: Site) -> None:
    api = caller(site)
    issue = upload(api).json()
    assert (issue["state"], issue["label"]) == ("scheduled", "2026年第5期 总第72期")
    path = f"{API}/issues/{issue['id']}"
    assert api.get(f"{path}/content").json()["articles"][0]["paragraphs"] == 2
    assert len(api.get(f"{path}/recipients").json()["recipients"]) == 8
    assert api.post(f"{path}/hold", json={"why": "等一等"}).json()["state"] == "held"
    assert api.post(f"{path}/approve", json={"revision_id": issue["revision_id"]}).json()["state"] == "scheduled"
    assert api.post(f"{path}/release", json={"revision_id": 999}).status_code == 409
    released = api.post(f"{path}/release", json={"why": "到时"}).json()
    assert (released["state"], released["new_deliveries"]) == ("released", 8)
    assert len(api.get(f"{path}/deliveries").json()["items"]) == 8
    assert len(api.get(f"{path}/signoffs").json()) == 8


def test_an_issue_that_was_held_for_the_directory_goes_on_when_it_is_looked_at_again(site: Site) -> None:
    api = caller(site)
    held = upload(api, ISSUE.replace("发送：", "发送：市气象台，")).json()
    assert held["state"] == "held"
    path = f"{API}/issues/{held['id']}/reassess"
    assert api.post(path).json()["state"] == "held"
    roster = site.app.store.directory()
    unit = next(one for one in roster.recipients if one.targets)
    mended = replace(unit, aliases=(*unit.aliases, "市气象台"))
    site.app.store.import_directory(Directory((mended,)), who="test", why="", now=site.clock())
    assert api.post(path).json()["state"] == "scheduled"
    assert caller(site, Role.VIEWER).post(path).status_code == 403


def test_lists_come_in_pages_that_miss_and_repeat_nothing(site: Site) -> None:
    api = caller(site)
    issue_id = site.released()
    found: list[int] = []
    cursor: int | None = 0
    while cursor is not None:
        page = api.get(f"{API}/issues/{issue_id}/deliveries", params={"cursor": cursor, "limit": 3}).json()
        found += [item["id"] for item in page["items"]]
        cursor = page["next"]
    assert found == [row.id for row in site.app.store.receipts(issue_id)]
    names = [api.get(f"{API}/recipients", params={"cursor": n, "limit": 10}).json() for n in (0, 10)]
    assert len({item["id"] for page in names for item in page["items"]}) == 20


def test_a_repeated_post_is_answered_and_not_acted_on_again(site: Site) -> None:
    api = caller(site)
    body = {"name": "梅州市气象局", "kind": "municipal_department"}
    first = api.post(f"{API}/recipients", json=body, headers={"Idempotency-Key": "k1"})
    again = api.post(f"{API}/recipients", json=body, headers={"Idempotency-Key": "k1"})
    assert first.json() == again.json()
    assert again.headers["idempotency-replayed"] == "true"
    other = api.post(f"{API}/recipients", json=body | {"name": "别的局"}, headers={"Idempotency-Key": "k1"})
    assert (other.status_code, other.json()["error"]["code"]) == (422, "idempotency_mismatch")
    assert api.post(f"{API}/recipients", json=body).status_code == 409
    files = [upload(api, **{"Idempotency-Key": "k2"}) for _ in range(2)]
    assert files[0].json() == files[1].json()


def test_a_refused_post_leaves_its_key_free(site: Site) -> None:
    api = caller(site)
    taken = site.app.store.directory().recipients[0].name
    key = {"Idempotency-Key": "k"}
    assert api.post(f"{API}/recipients", json={"name": taken}, headers=key).status_code == 409
    assert api.post(f"{API}/recipients", json={"name": "新的局"}, headers=key).status_code == 200


def test_a_robot_is_added_masked_changed_tested_and_removed(site: Site) -> None:
    api = caller(site)
    unit = api.post(f"{API}/recipients", json={"name": "梅州市气象局"}).json()["id"]
    key = "00000000-aaaa-bbbb-cccc-00000000ffff"
    url = f"{site.sandbox.url}/cgi-bin/webhook/send?key={key}"
    answer = api.post(f"{API}/recipients/{unit}/targets", json={"url": url, "secret": "SECRET-TEXT"})
    (robot,) = answer.json()["targets"]
    assert (robot["channel"], robot["has_secret"]) == ("wecom", True)
    assert key not in answer.text
    assert "SECRET-TEXT" not in answer.text
    assert api.post(f"{API}/targets/{robot['id']}/test").json()["reason"] == "bad_key"
    changed = api.put(f"{API}/targets/{robot['id']}", json={"label": "新名", "drop_secret": True}).json()
    assert (changed["label"], changed["has_secret"]) == ("新名", False)
    assert api.delete(f"{API}/targets/{robot['id']}").json() == {"count": 1}
    assert api.delete(f"{API}/targets/{robot['id']}").status_code == 404


def test_a_doubtful_delivery_is_settled_by_the_api(site: Site) -> None:
    api = caller(site)
    issue_id = site.released()
    row = next(r for r in site.app.store.receipts(issue_id) if r.state is DeliveryState.IN_DOUBT)
    settled = api.post(f"{API}/deliveries/{row.id}/settle", json={"act": "arrived"}).json()
    assert settled["delivery"]["state"] == "accepted"
    assert settled["attempts"][0]["outcome"] == "unknown"
    history = api.get(f"{API}/history", params={"limit": 1}).json()
    assert history["items"][0]["action"] == "delivery.settled"
    assert "接口“测试”" in history["items"][0]["who"]


@pytest.mark.parametrize(
    "path", ["/issues/7", "/nothing", "/deliveries/7", "/recipients/x", "/issues/x", "/issues?limit=0"]
)
def test_every_error_has_the_one_shape(site: Site, path: str) -> None:
    answer = caller(site).get(API + path)
    assert answer.status_code in (404, 422)
    assert answer.json().keys() == {"error"}
    assert answer.json()["error"].keys() == {"code", "message"}


def test_the_description_names_every_route_its_errors_and_how_to_sign_in(site: Site) -> None:
    api: dict[str, Any] = site.client().get(f"{API}/openapi.json").json()
    known = {
        (m.lower(), r.path)
        for router in ROUTERS
        for r in router.routes
        if isinstance(r, APIRoute)
        for m in r.methods or ()
    }
    described = {(method, path) for path, methods in api["paths"].items() for method in methods}
    assert described == known
    for path, methods in api["paths"].items():
        for method, operation in methods.items():
            assert {"200", "401", "403", "404", "409", "422"} <= set(operation["responses"]), (method, path)
            assert operation["security"] == [{"HTTPBearer": []}]
    page = site.client().get(f"{API}/docs").text
    assert all(f"/api/v1{path}" in page for path in api["paths"])


def test_an_address_that_no_route_can_match_is_told_in_the_same_shape(site: Site) -> None:
    answer = caller(site).post(f"{API}/recipients/a%0Ab/targets", json={"url": ""})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def test_a_method_that_is_not_there_is_answered_with_those_that_are(site: Site) -> None:
    answer = caller(site).request("OPTIONS", f"{API}/targets/1")
    assert (answer.status_code, answer.headers["allow"]) == (405, "DELETE, PUT")
    assert answer.json()["error"]["code"] == "method_not_allowed"


def test_too_large_a_body_is_told_in_the_same_shape(site: Site) -> None:
    answer = caller(site).post(f"{API}/recipients", content=b" " * (2 * 2**20 + 1))
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    ("act", "body"),
    [
        ("hold", {}),
        ("cancel", {"why": " "}),
        ("reschedule", {"why": "x"}),
        ("reschedule", {"at": 1782867600}),
        ("reschedule", {"at": "2026-07-01T09:00:00"}),
        ("approve", {"at": "2026-07-01T09:00:00Z"}),
        ("approve", {"revision_id": "1"}),
    ],
)
def test_a_decision_is_taken_only_as_it_is_described(site: Site, act: str, body: dict[str, Any]) -> None:
    answer = caller(site).post(f"{API}/issues/{site.issue()}/{act}", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid")


def test_a_word_is_not_a_boolean(site: Site) -> None:
    robot = site.app.store.targets([site.app.store.directory().recipients[0].id])[0]
    answer = caller(site).put(f"{API}/targets/{robot.id}", json={"drop_secret": "yes"})
    assert answer.status_code == 422


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "2206-07-01T09:00:00Z", "9999-12-31T23:59:59-14:00"])
def test_a_moment_beyond_all_sense_is_refused(site: Site, at: str) -> None:
    answer = caller(site).post(f"{API}/issues/{site.issue()}/reschedule", json={"at": at})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "conflict")


def test_a_fault_of_the_program_has_the_same_shape_and_tells_nothing_of_the_inside(site: Site) -> None:
    issue_id = site.issue()
    with site.app.store.db.write() as connection:
        connection.exec_driver_sql("UPDATE revision SET content = '[]'")
    answer = caller(site).get(f"{API}/issues/{issue_id}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "fault")
    page = site.client(Role.VIEWER).get(f"/issues/{issue_id}")
    assert (page.status_code, "程序出错" in page.text) == (500, True)
    assert "Traceback" not in answer.text + page.text


JSON = {"Content-Type": "application/json"}
ODD: tuple[Any, ...] = (
    None,
    "",
    "\x00",
    "长" * 5000,
    -1,
    2**70,
    1.5,
    True,
    [],
    {},
    "'; DROP TABLE issue; --",
    "\ud800",
    "2026-13-45",
)


def test_no_odd_value_anywhere_breaks_it(site: Site) -> None:
    """Every operation, odd values in every field of body, path and query: an answer in the one shape."""
    site.released()
    api = caller(site)
    described: dict[str, Any] = api.get(f"{API}/openapi.json").json()
    shapes = described["components"]["schemas"]
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            for address, query in odd_places(path, operation):
                check(api.request(method, f"{API}{address}", params=query, json={} if method != "get" else None))
            reference = (
                operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
            )
            fields = shapes.get(reference.get("$ref", "").rpartition("/")[2], {}).get("properties", {})
            for field, odd in itertools.product(fields, ODD):
                check(
                    api.request(
                        method, API + re.sub(r"\{\w+\}", "1", path), content=json.dumps({field: odd}), headers=JSON
                    )
                )
            check(api.request(method, API + re.sub(r"\{\w+\}", "1", path), content=b"{not json", headers=JSON))


def odd_places(path: str, operation: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    names = [p["name"] for p in operation.get("parameters", ()) if p["in"] == "query"]
    places: list[tuple[str, dict[str, Any]]] = [
        (re.sub(r"\{\w+\}", odd, path), {}) for odd in ("0", "-1", "99999999999999999999", "x", "%00", "a%2Fb")
    ]
    filled = re.sub(r"\{\w+\}", "1", path)
    return [*places, *((filled, {name: odd}) for name in names for odd in ("", "-1", "x" * 300, "9" * 30, "\x00"))]


def check(answer: httpx.Response) -> None:
    place = f"{answer.request.method} {answer.request.url}"
    assert answer.status_code < 500, place
    if answer.status_code >= 400:
        assert answer.json().keys() == {"error"}, place


def test_a_targets_options_go_in_and_out_and_stay_when_they_are_not_named(site: Site) -> None:
    api = caller(site)
    unit = api.post(f"{API}/recipients", json={"name": "梅州市候鸟观测站"}).json()["id"]
    url = f"{site.sandbox.url}/cgi-bin/webhook/send?key=00000000-aaaa-bbbb-cccc-00000000eeee"
    options = {"mention": {"everyone": True, "members": ["zhangsan"]}, "attach_original": True}
    answer = api.post(f"{API}/recipients/{unit}/targets", json={"url": url, **options})
    (target,) = answer.json()["targets"]
    assert {name: target[name] for name in options} == options
    assert target["ca_file"] is None
    same = api.put(f"{API}/targets/{target['id']}", json={"label": "新群名"}).json()
    assert {name: same[name] for name in options} == options
    none = api.put(f"{API}/targets/{target['id']}", json={"mention": {}, "attach_original": False}).json()
    assert (none["mention"], none["attach_original"]) == ({"everyone": False, "members": []}, False)
    refused = api.put(f"{API}/targets/{target['id']}", json={"ca_file": "own.pem"})
    assert refused.status_code == 409
    assert "http 地址用不到证书文件" in refused.json()["error"]["message"]
