"""config/publications.toml: what it means, and what is said when it is wrong."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from bot.domain.errors import ConfigError
from bot.domain.issue import ListKind
from bot.domain.publication import DEFAULT, OTHER, Approval, DayRule, Publication, publication_for
from bot.flows.ports import Source
from bot.sources.inbox import Inbox
from bot.sources.kinds import make_source
from bot.sources.publications import load_publications
from bot.sources.website import Website
from bot.sources.website_options import Kind, WebsiteOptions

FULL = """\
[[publication]]
id = "laojiu"
name = "老旧小区改造"
mastheads = ["梅州市城镇老旧小区改造工作简报", "老旧小区改造快报"]
release_time = "08:30"
day_rule = "next_workday"
approval = "two_person"
deliver = ["report", "send"]
late_grace_hours = 1.5
remind_after_workdays = 3
remind_at_most = 1
alert = ["szb"]

[[publication.source]]
id = "laojiu-inbox"
kind = "inbox"
path = "var/inbox/laojiu"
every_seconds = 60

[[publication.source]]
id = "laojiu-web"
kind = "website"
list_pages = ["https://www.example.gov.cn/jianbao/"]
item = "ul.list > li"
body = "div.TRS_Editor"
documents = ["pdf", "html"]
since = 2026-01-01
alert_after_failures = 5

[[publication]]
id = "qita"
name = "其他"
"""

INBOX_KEYS = "允许的键：id、kind、every_seconds、alert_after_failures、path、max_mb、settle_seconds、stuck_minutes。"

SITE = """\
[[publication]]
id = "a"
name = "A"
[[publication.source]]
id = "w"
kind = "website"
list_pages = ["https://example.gov.cn/"]
item = "li"
body = "article"
"""


def load(tmp_path: Path, text: str) -> tuple[Publication, ...]:
    path = tmp_path / "publications.toml"
    path.write_text(text, encoding="utf-8")
    return load_publications(path)


def complaints(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        load(tmp_path, text)
    return str(refused.value).replace(str(tmp_path / "publications.toml") + ": ", "").splitlines()


def test_every_key_arrives(tmp_path: Path) -> None:
    laojiu, qita = load(tmp_path, FULL)
    assert (laojiu.release_time, laojiu.day_rule) == (dt.time(8, 30), DayRule.NEXT_WORKDAY)
    assert (laojiu.approval, laojiu.deliver) == (Approval.TWO_PERSON, (ListKind.REPORT, ListKind.SEND))
    assert (laojiu.late_grace, laojiu.remind_after_workdays) == (dt.timedelta(hours=1.5), 3)
    assert (laojiu.remind_at_most, laojiu.alert) == (1, ("szb",))
    assert [(s.id, s.kind, s.every_s, s.alert_after_failures) for s in laojiu.sources] == [
        ("laojiu-inbox", "inbox", 60, 3),
        ("laojiu-web", "website", 600, 5),
    ]
    assert qita == Publication("qita", "其他")


def test_a_source_is_made_as_described(tmp_path: Path) -> None:
    inbox, website = load(tmp_path, FULL)[0].sources
    assert inbox.options["path"] == Path("var/inbox/laojiu")
    assert website.options["documents"] == (Kind.PDF, Kind.HTML)
    assert website.options["since"] == dt.date(2026, 1, 1)
    made: list[Source] = [make_source(inbox), make_source(website)]
    assert [type(source) for source in made] == [Inbox, Website]


def test_a_missing_key_means_the_default_the_class_has(tmp_path: Path) -> None:
    (spec,) = load(tmp_path, SITE)[0].sources
    assert WebsiteOptions(**spec.options) == WebsiteOptions(("https://example.gov.cn/",), "li", "article")


@pytest.mark.parametrize("text", ["", "# nothing yet\n"])
def test_an_empty_file_means_the_default_publication(tmp_path: Path, text: str) -> None:
    assert load(tmp_path, text) == (DEFAULT,)


def test_a_missing_file_means_the_default_publication(tmp_path: Path) -> None:
    assert load_publications(tmp_path / "absent.toml") == (DEFAULT,)
    assert DEFAULT.sources == ()


def test_a_masthead_is_found_however_it_is_spaced(tmp_path: Path) -> None:
    publications = load(tmp_path, FULL)
    assert publication_for("梅州市城镇老旧小区\n改造 工作简报", publications).id == "laojiu"
    assert publication_for("防汛专刊", publications).id == "qita"


def test_what_nobody_claims_waits_for_a_person(tmp_path: Path) -> None:
    publications = load(tmp_path, FULL.partition('[[publication]]\nid = "qita"')[0])
    assert publication_for("防汛专刊", publications) is OTHER
    assert OTHER.approval is Approval.ONE_PERSON
    assert publications[-1] is OTHER


def test_every_problem_is_told_at_once_with_line_and_key(tmp_path: Path) -> None:
    text = (
        FULL.replace("next_workday", "next_workdays").replace("08:30", "8点半").replace("every_seconds", "evry_seconds")
    )
    assert complaints(tmp_path, text) == [
        '第 5 行 publication[0].release_time：须是 HH:MM 形式的时刻，例如 "09:00"。',
        "第 6 行 publication[0].day_rule：只能是 as_dated、next_workday、previous_workday。您是不是想写 next_workday？",
        f"第 18 行 publication[0].source[0].evry_seconds：没有这个键。您是不是想写 every_seconds？{INBOX_KEYS}",
    ]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('id = "qita"', 'id = "laojiu"', "第 31 行 publication[1].id：刊物编号 laojiu 写了两次，第一次在第 2 行。"),
        ('id = "laojiu-web"', 'id = "laojiu-inbox"', "来源编号 laojiu-inbox 写了两次"),
        ('"其他"', '"其他"\nmastheads = ["老旧小区 改造快报"]', "报头 老旧小区改造快报 写了两次，第一次在第 4 行"),
        ('name = "其他"', "", "publication[1].name：必须写明"),
        ('id = "qita"', 'id = "其他"', "小写字母"),
        ('kind = "inbox"', 'kind = "inbx"', "只能是 inbox、website。您是不是想写 inbox？"),
        ('item = "ul.list > li"', 'item = "ul.list > "', "不是有效的 CSS 选择器"),
        ("https://www.example", "ftp://www.example", "http:// 或 https://"),
        ("https://www.example", "https://user@www.example", "http:// 或 https://"),
        ('"08:30"', '"24:30"', "HH:MM"),
        ('"08:30"', "08:30:00", ""),
        ("since = 2026-01-01", 'since = "2026-02-30"', "没有这一天"),
        ("since = 2026-01-01", "since = 2026-01-01T00:00:00", "YYYY-MM-DD"),
        ('["report", "send"]', '["报送"]', "只能是 report、send、copy"),
        ('["report", "send"]', '["send", "send"]', "重复"),
        ('["report", "send"]', "[]", "至少一项"),
        ("every_seconds = 60", "every_seconds = 1", "30 到 604800 的整数"),
        ("late_grace_hours = 1.5", "late_grace_hours = true", "0 到 8784 的数"),
        ("late_grace_hours = 1.5", "late_grace_hours = nan", "0 到 8784 的数"),
        ('path = "var/inbox/laojiu"', 'path = "{file}"', "须是文件夹"),
        ('path = "var/inbox/laojiu"', 'path = " "', "不能为空"),
        ('name = "其他"', 'name = "其他"\nsource = "inbox"', "须写成 [[publication.source]]"),
    ],
)
def test_what_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = FULL.replace(old, new.format(file=__file__), 1)
    if said:
        (complaint,) = complaints(tmp_path, text)
        assert said in complaint
    else:
        load(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('publication = "a"', "第 1 行 publication：须写成 [[publication]]，两对方括号。"),
        ("[publication]\nid = 'a'", "第 1 行 publication：须写成 [[publication]]"),
        ("[[publications]]\nid = 'a'", "第 1 行 publications：没有这个键。您是不是想写 publication？"),
        ("[[publication]\n", "不是有效的 TOML"),
        ("[[publication]]\nid = 'default'\nname = 'x'\nmastheads = ['x']", "default 留给"),
        ("[[publication]]\nid='a'\nname='x'\n[[publication]]\nid='b'\nname='y'", "mastheads 的刊物只能有一个"),
        ("x = " + "[" * 3000, "不是有效的 TOML"),
    ],
)
def test_the_shape_of_the_file(tmp_path: Path, text: str, said: str) -> None:
    assert said in "\n".join(complaints(tmp_path, text))


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_bytes("# 刊物".encode("gb18030"))
    with pytest.raises(ConfigError, match="UTF-8"):
        load_publications(path)


def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="打不开"):
        load_publications(tmp_path)


def test_two_sources_on_one_folder_are_refused(tmp_path: Path) -> None:
    second = '\n[[publication.source]]\nid = "b"\nkind = "inbox"\npath = "var/inbox/../inbox/laojiu"\n'
    (complaint,) = complaints(tmp_path, FULL + second)
    assert "文件夹" in complaint
    assert "写了两次" in complaint
