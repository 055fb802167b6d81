"""The manual and the API's page say what the program does."""

from __future__ import annotations

import re
from pathlib import Path

from bot.domain.people import Role
from bot.flows.people import FREE_FAILURES, SESSION_IDLE, SESSION_LIFE, SHORTEST_PASSWORD

from .test_roles import CALLS

DOCS = Path(__file__).parents[3] / "docs"
MANUAL = (DOCS / "manual.zh-CN.md").read_text(encoding="utf-8")
API = (DOCS / "api.md").read_text(encoding="utf-8")


def test_every_picture_of_the_manual_is_there_and_none_is_left_over() -> None:
    shown = set(re.findall(r"\(pictures/([\w.-]+)\)", MANUAL))
    # The folder robots is of docs/channels.
    assert shown == {path.name for path in (DOCS / "pictures").iterdir() if path.is_file()}
    assert all(re.search(rf"!\[[^\]]+\]\(pictures/{re.escape(name)}\)", MANUAL) for name in shown)


def test_the_manual_names_the_roles_as_the_pages_do() -> None:
    for role in Role:
        assert f"| {role.chinese} | {role.promise} |" in MANUAL


def test_the_manual_tells_the_limits_of_signing_in() -> None:
    assert f"密码至少 {SHORTEST_PASSWORD} 个字符" in MANUAL
    assert f"连续输错 {FREE_FAILURES} 次" in MANUAL
    assert (SESSION_IDLE.total_seconds(), SESSION_LIFE.total_seconds()) == (2 * 3600, 12 * 3600)
    assert "两小时不操作，或登录满 12 小时" in MANUAL


def test_the_page_of_the_api_names_every_call() -> None:
    named: set[tuple[str, str]] = set()
    for cell in re.findall(r"^\| (`(?:GET|POST|PUT|DELETE) .*?) \|", API, flags=re.MULTILINE):
        method, stem = "", ""
        for word in re.findall(r"`([^`]+)`", cell):
            verb, _, path = word.rpartition(" ")
            if verb:
                method, stem = verb, path
                named.add((method, path))
            else:
                named.add((method, stem.rpartition("/")[0] + word))
    assert named == {(method, re.sub(r"\{\w+\}", "{id}", path)) for method, path, _ in CALLS}


def test_the_page_of_the_api_names_every_scope() -> None:
    for role in Role:
        assert f"| `{role.scope}` | {role.chinese} {role.value} |" in API
