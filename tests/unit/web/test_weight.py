"""With 5,000 units each page of the directory stays light, for somebody in a county on a phone: at most 100 KB with its
own style and script, uncompressed."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace

import httpx
import pytest

from bot.bootstrap.documents import dump_directory
from bot.domain.directory import Directory, Group, Recipient, RecipientKind, Target
from bot.domain.people import Role
from bot.domain.secret import Secret

from .conftest import ISSUE, START, Site, form
from .test_every_page import PATHS

pytestmark = pytest.mark.slow

LIMIT = 100_000
UNITS = 5_000
DAY = dt.date(2026, 7, 1)
"""The release day of the issue, on which the planned changes take effect."""


def everything(tail: str = "", groups: int = 120) -> Directory:
    """Long names, aliases and phrases, as they are in life; the first group is of all."""
    units = tuple(
        Recipient(
            f"unit-{n:05d}",
            f"梅州市第{n:05d}号街道办事处社区综合服务中心{tail}",
            RecipientKind.OTHER,
            (f"第{n:05d}号街道", f"{n:05d}街道综合服务中心"),
            targets=(
                Target("wecom", Secret(f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={n:036d}"), "工作群"),
            ),
        )
        for n in range(UNITS)
    )
    made = tuple(
        Group(
            f"group-{n}",
            f"第{n}批各街道",
            tuple(f"第{n}批各街道（第{m}种写法）" for m in range(20)),
            tuple(unit.id for unit in units[: UNITS if n == 0 else 2000]),
        )
        for n in range(groups)
    )
    return Directory(units, made)


@pytest.fixture
def crowded(site: Site) -> Site:
    """A directory of 5,000 units, changed as a whole in three ways: by file, by hand, and for a later day."""
    store = site.app.store
    store.import_directory(everything(), who="测试", why="", now=START)
    site.issue(
        ISSUE.replace("2026年6月30日", "2026年7月2日").replace("各县（市、区）人民政府", "第0批各街道、没有的局")
    )

    def halved(roster: Directory) -> Directory:
        first = next(g for g in roster.groups if g.id == "group-0")
        smaller = replace(first, members=tuple(u.id for u in roster.recipients if u.id > "unit-02500"))
        return replace(roster, groups=tuple(smaller if g.id == first.id else g for g in roster.groups))

    site.app.dated.enter(halved, DAY, who="测试", why="")
    return site


def weigh(browser: httpx.Client, answer: httpx.Response) -> int:
    """The page with the style and script it names."""
    files = re.findall(r'(?:<link rel="stylesheet" href|<script src)="([^"]+)"', answer.text)
    assert len(files) >= 2
    return len(answer.content) + sum(len(browser.get(path).content) for path in files)


def test_every_page_of_the_directory_is_light_with_5000_units(crowded: Site) -> None:
    browser = crowded.client(Role.ADMINISTRATOR)
    values = {"{unit_id}": "unit-00001", "{group_id}": "group-0", "{issue_id}": "1", "{key}": "x"}
    paths = [path for path in PATHS if path.startswith("/directory")]
    assert len(paths) >= 13
    paths += [f"{path}?on={DAY}" for path in ("/directory/units/{unit_id}/later", "/directory/groups/{group_id}")]
    paths += ["/audit", "/issues/{issue_id}", "/"]
    heavy = {}
    for route in paths:
        path = route
        for name, value in values.items():
            path = path.replace(name, value)
        weight = weigh(browser, browser.get(path))
        if weight > LIMIT:
            heavy[path] = weight
    assert heavy == {}


def test_the_answers_to_its_forms_are_light_too(crowded: Site) -> None:
    browser = crowded.client(Role.ADMINISTRATOR)
    group = "/directory/groups/group-0"
    many = {"dropped": [f"unit-{n:05d}" for n in range(500)], "do": "next", "name": "第0批各街道"}
    page = browser.post(group, data=form(browser, group, **many))
    assert "第 2 页" in page.text
    assert weigh(browser, page) <= LIMIT
    pasted = {"paste": "\n".join(f"没有的单位{n}" for n in range(500)), "do": "find"}
    refused = browser.post(group, data=form(browser, group, **pasted))
    assert "一共有 500 个名称认不出" in refused.text
    assert weigh(browser, refused) <= LIMIT
    file = dump_directory(everything("（新）", groups=1), "yaml", mask=False)
    compared = browser.post(
        "/directory/import",
        data=form(browser, "/directory/import"),
        files={"file": ("大名录.yaml", file)},
        timeout=120,
    )
    assert compared.status_code == 200
    assert "第 1 页" in compared.text
    assert weigh(browser, compared) <= LIMIT
    key = re.search(r'name="key" value="([^"]+)"', compared.text)
    assert key is not None
    last = browser.get(f"/directory/import/{key[1]}", params={"page": 50})
    assert "04999" in last.text
    assert weigh(browser, last) <= LIMIT
    assert (
        browser.post("/directory/import/confirm", data=form(browser, "/me", key=key[1]), timeout=120).status_code == 303
    )
    assert weigh(browser, browser.get("/directory/history")) <= LIMIT
