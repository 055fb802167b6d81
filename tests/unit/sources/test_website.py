"""The website source against a local CMS: real HTTP, a moved clock, pauses that are counted instead of slept."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.domain.source import Poll, SourceFailed
from bot.sources.website import MAX_FOUND, Website
from bot.sources.website_options import Kind, WebsiteOptions
from tests.servers.certs import Authority
from tests.servers.cms import Cms

pytestmark = pytest.mark.slow

START = dt.datetime(2026, 2, 2, 1, 0, tzinfo=dt.UTC)


class Looker:
    """Looks as the service does: the state of one look, as JSON, is handed to the next."""

    def __init__(self, cms: Cms, **options: Any) -> None:
        usual: dict[str, Any] = {
            "list_pages": (cms.column,),
            "item": "ul.list > li",
            "date": "span.date",
            "next": "a.next",
            "body": "div.TRS_Editor",
            "intranet": True,
        }
        self.options = WebsiteOptions(**{**usual, **options})
        self.source = Website(self.options, sleep=self._sleep)
        self.now = START
        self.state: dict[str, Any] = {}
        self.slept: list[float] = []

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def restart(self) -> None:
        self.source = Website(self.options, sleep=self._sleep)

    async def look(self, *, after: dt.timedelta = dt.timedelta(minutes=10), keep: bool = True) -> Poll:
        self.now += after
        poll = await self.source.poll(self.state, now=self.now)
        if keep:
            self.state = json.loads(json.dumps(dict(poll.state)))
        return poll

    async def names(self, **how: Any) -> list[str]:
        return [found.name for found in (await self.look(**how)).found]


DAY = dt.timedelta(days=1)


@pytest.fixture
def cms() -> Iterator[Cms]:
    with Cms() as site:
        yield site


async def test_every_article_of_every_page_is_given_once(cms: Cms) -> None:
    for number in range(1, 13):
        cms.publish(f"简报第{number}期", f"2026-01-{number:02}")
    looker = Looker(cms)
    assert await looker.names() == [f"简报第{number}期.html" for number in range(12, 0, -1)]
    assert await looker.names() == []
    cms.publish("简报第13期", "2026-02-02")
    assert await looker.names() == ["简报第13期.html"]


async def test_a_page_becomes_a_document_as_it_is(cms: Cms) -> None:
    cms.encoding = "gb18030"
    post = cms.publish("简报", "2026-01-05", "各县（市、区）人民政府：")
    (found,) = (await Looker(cms).look()).found
    assert "各县（市、区）人民政府：" in found.data.decode("gb18030")
    assert found.origin == cms.address(post)


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ((Kind.DOCX, Kind.PDF, Kind.HTML), "简报.docx"),
        ((Kind.PDF, Kind.DOCX), "简报.pdf"),
        ((Kind.ZIP, Kind.HTML), "第1期.html"),
    ],
)
async def test_the_preferred_kind_is_taken(cms: Cms, wanted: tuple[Kind, ...], name: str) -> None:
    cms.publish("第1期", "2026-01-05", files={"简报.pdf": b"%PDF-1.7", "简报.docx": b"PK\x03\x04docx"})
    (found,) = (await Looker(cms, documents=wanted).look()).found
    assert found.name.endswith(name)


async def test_an_article_without_a_wanted_document_is_noted_until_it_has_one(cms: Cms) -> None:
    post = cms.publish("第1期", "2026-01-05")
    looker = Looker(cms, documents=(Kind.PDF,))
    poll = await looker.look()
    assert poll.notes == (f"《第1期》（{cms.address(post)}）：没有 pdf 附件，没有可取的文件。",)
    assert (await looker.look()).notes == poll.notes
    post.files["a.pdf"] = b"%PDF-1.7"
    post.body += "。"
    poll = await looker.look(after=DAY)
    assert ([found.data for found in poll.found], poll.notes) == ([b"%PDF-1.7"], ())


async def test_a_list_that_links_to_the_file_itself_needs_no_article(cms: Cms) -> None:
    cms.publish("第1期", "2026-01-05", files={"a.pdf": b"%PDF-1.7"})
    cms.extra = '<li><a href="files/1/a.pdf">直接下载</a></li>'
    poll = await Looker(cms).look()
    assert [(found.name, found.origin[-12:]) for found in poll.found][-1] == ("直接下载.pdf", "files/1/a.pdf"[-12:])


async def test_a_changed_page_is_given_again_and_a_new_counter_is_no_change(cms: Cms) -> None:
    cms.etags = False
    post = cms.publish("第1期", "2026-01-05", "旧")
    looker = Looker(cms)
    assert len(await looker.names()) == 1
    assert await looker.names(after=DAY) == []
    post.body = "新"
    (found,) = (await looker.look(after=DAY)).found
    assert "新" in found.data.decode()
    assert await looker.names(after=DAY) == []


async def test_a_file_replaced_under_an_unchanged_page_is_given_again(cms: Cms) -> None:
    post = cms.publish("第1期", "2026-01-05", files={"a.docx": b"PK1"})
    looker = Looker(cms)
    assert [found.data for found in (await looker.look()).found] == [b"PK1"]
    post.files["a.docx"] = b"PK2"
    assert [found.data for found in (await looker.look(after=DAY)).found] == [b"PK2"]
    assert await looker.names(after=DAY) == []


async def test_a_changed_title_on_the_list_brings_a_look_at_once(cms: Cms) -> None:
    post = cms.publish("第1期", "2026-01-05", "旧")
    looker = Looker(cms)
    await looker.look()
    post.title, post.body = "第1期（更正）", "新"
    assert await looker.names() == ["第1期（更正）.html"]


async def test_an_unchanged_column_costs_one_conditional_request(cms: Cms) -> None:
    for number in range(1, 13):
        cms.publish(f"第{number}期", "2026-01-05")
    looker = Looker(cms)
    await looker.look()
    cms.paths()
    await looker.look()
    assert cms.asked == [("/gkml/jianbao/index.html", 304)]


async def test_known_articles_are_asked_conditionally_and_not_for_ever(cms: Cms) -> None:
    cms.publish("第1期", "2026-01-05", files={"a.pdf": b"%PDF"})
    looker = Looker(cms)
    await looker.look()
    cms.paths()
    await looker.look(after=dt.timedelta(hours=7))
    assert [status for path, status in cms.asked if path != "/robots.txt"] == [304, 304, 304]
    cms.paths()
    await looker.look(after=31 * DAY)
    assert cms.paths() == ["/gkml/jianbao/index.html"]


async def test_requests_keep_their_distance_and_say_who_asks(cms: Cms) -> None:
    cms.robots = "User-agent: *\nCrawl-delay: 7\n"
    cms.publish("第1期", "2026-01-05")
    looker = Looker(cms, delay_seconds=2.0)
    await looker.look()
    assert looker.slept == [7.0, 7.0]
    assert len(cms.agents) == 1
    assert cms.agents.pop().startswith("Jianbao/")


async def test_robots_txt_is_asked_once_a_day(cms: Cms) -> None:
    looker = Looker(cms)
    cms.publish("第1期", "2026-01-05")
    for _ in range(3):
        await looker.look()
    assert sum(path == "/robots.txt" for path, _ in cms.asked) == 1
    await looker.look(after=2 * DAY)
    assert sum(path == "/robots.txt" for path, _ in cms.asked) == 2


@pytest.mark.parametrize("agent", ["*", "Jianbao"])
async def test_a_column_closed_by_robots_txt_is_not_entered(cms: Cms, agent: str) -> None:
    cms.robots = f"User-agent: {agent}\nDisallow: /gkml/\n"
    with pytest.raises(SourceFailed, match=r"robots\.txt 不允许"):
        await Looker(cms).look()
    assert cms.paths() == []


async def test_an_article_closed_by_robots_txt_is_noted(cms: Cms) -> None:
    post = cms.publish("第1期", "2026-01-05")
    cms.publish("第2期", "2026-01-06")
    cms.robots = f"User-agent: *\nDisallow: /gkml/jianbao/art/{post.id}.html\n"
    poll = await Looker(cms).look()
    assert [found.name for found in poll.found] == ["第2期.html"]
    assert "robots.txt" in poll.notes[0]


async def test_a_busy_site_is_waited_for_as_long_as_it_asks(cms: Cms) -> None:
    cms.publish("第1期", "2026-01-05")
    cms.status, cms.retry_after = 503, "20"
    looker = Looker(cms, delay_seconds=0)
    with pytest.raises(SourceFailed, match="网站忙或限制访问（HTTP 503）"):
        await looker.look()
    assert [wait for wait in looker.slept if wait] == [20, 20]


async def test_a_site_that_asks_for_an_hour_is_left_alone_for_an_hour(cms: Cms) -> None:
    cms.publish("第1期", "2026-01-05")
    cms.status, cms.retry_after = 429, "3600"
    looker = Looker(cms)
    with pytest.raises(SourceFailed, match="02月02日 10:10 之前不再访问"):
        await looker.look()
    cms.status = 200
    cms.paths()
    with pytest.raises(SourceFailed, match="之前不再访问"):
        await looker.look()
    assert cms.asked == []
    assert await looker.names(after=dt.timedelta(hours=1)) == ["第1期.html"]


async def test_a_time_of_day_in_retry_after_is_understood(cms: Cms) -> None:
    cms.publish("第1期", "2026-01-05")
    cms.status, cms.retry_after = 503, "Mon, 02 Feb 2026 01:10:30 GMT"
    looker = Looker(cms, delay_seconds=0)
    with pytest.raises(SourceFailed):
        await looker.look()
    assert [wait for wait in looker.slept if wait] == [30, 30]


async def test_a_site_that_turns_busy_in_between_goes_on_later(cms: Cms) -> None:
    posts = [cms.publish(f"第{number}期", "2026-01-05") for number in range(1, 4)]
    cms.broken = {f"/gkml/jianbao/art/{posts[1].id}.html": 429}
    looker = Looker(cms)
    poll = await looker.look()
    assert [found.name for found in poll.found] == ["第3期.html"]
    assert "其余下次再取" in poll.notes[0]
    cms.broken.clear()
    assert sorted(await looker.names(after=dt.timedelta(hours=1))) == ["第1期.html", "第2期.html"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"status": 500}, "网站出错（HTTP 500）"),
        ({"status": 404}, "网页不存在（HTTP 404）"),
        ({"status": 403}, "网站拒绝访问（HTTP 403），可能要求登录"),
        ({"login": True}, "返回的是登录页：网站要求登录后才能看"),
        ({"redesigned": True}, "找不到条目（item = ul.list > li），网站可能改版，请核对选择器"),
        ({"redirects": {"/gkml/jianbao/index.html": "/gkml/jianbao/index.html"}}, "跳转绕圈"),
        (
            {"redirects": {"/gkml/jianbao/index.html": "https://sso.example.gov.cn/login"}},
            "跳转到了 sso.example.gov.cn",
        ),
        ({"loop": "back"}, "翻页绕圈"),
        ({"loop": "forever"}, "翻页绕圈"),
    ],
)
async def test_a_site_in_trouble_fails_with_a_sentence_and_recovers(
    cms: Cms, change: dict[str, Any], said: str
) -> None:
    for number in range(1, 12):
        cms.publish(f"第{number}期", "2026-01-05")
    sound = {name: getattr(cms, name) for name in change}
    looker = Looker(cms)
    for name, value in change.items():
        setattr(cms, name, value)
    with pytest.raises(SourceFailed) as failed:
        await looker.look()
    assert said in str(failed.value)
    for name, value in sound.items():
        setattr(cms, name, value)
    assert len(await looker.names(after=DAY)) == 11


async def test_a_site_that_is_not_there_fails_with_a_sentence() -> None:
    with Cms() as gone:
        looker = Looker(gone)
    with pytest.raises(SourceFailed, match="网站连接不上"):
        await looker.look()


async def test_a_site_that_never_answers_is_given_up(cms: Cms) -> None:
    cms.stalled = {"/gkml/jianbao/index.html"}
    with pytest.raises(SourceFailed, match="没有按时回应"):
        await Looker(cms, timeout_seconds=0.2).look()


async def test_articles_that_changed_their_layout_fail_the_source(cms: Cms) -> None:
    cms.publish("第1期", "2026-01-05")
    looker = Looker(cms, item="ul > li")
    await looker.look()
    cms.redesigned = True
    cms.publish("第2期", "2026-01-06")
    with pytest.raises(SourceFailed, match=r"找不到正文（body = div\.TRS_Editor），网站可能改版"):
        await looker.look()
    cms.redesigned = False
    assert await looker.names() == ["第2期.html"]


async def test_one_odd_article_is_a_note_and_the_others_go_on(cms: Cms) -> None:
    cms.publish("第1期", "2026-01-05")
    looker = Looker(cms)
    await looker.look()
    odd = cms.publish("视频", "2026-01-06")
    cms.redirects = {f"/gkml/jianbao/art/{odd.id}.html": "/gkml/jianbao/index.html"}
    poll = await looker.look()
    assert "找不到正文" in poll.notes[0]
    cms.publish("第2期", "2026-01-07")
    assert await looker.names() == ["第2期.html"]


async def test_an_attachment_that_is_a_login_page_is_not_taken(cms: Cms) -> None:
    cms.publish("第1期", "2026-01-05")
    cms.publish("第2期", "2026-01-06", files={"a.docx": b"<!DOCTYPE html><html>login"})
    poll = await Looker(cms).look()
    assert [found.name for found in poll.found] == ["第1期.html"]
    assert "返回的是网页，可能要求登录" in poll.notes[0]


async def test_an_article_that_fails_is_tried_again_three_times_then_seldom(cms: Cms) -> None:
    post = cms.publish("第1期", "2026-01-05")
    path = f"/gkml/jianbao/art/{post.id}.html"
    cms.broken = {path: 500}
    looker = Looker(cms)
    asked = []
    for _ in range(5):
        poll = await looker.look()
        assert "网站出错（HTTP 500）" in poll.notes[0]
        asked.append(path in cms.paths())
    assert asked == [True, True, True, False, False]
    cms.broken.clear()
    assert await looker.names(after=DAY) == ["第1期.html"]


async def test_links_to_other_hosts_and_private_addresses_are_not_followed(cms: Cms) -> None:
    cms.publish("第1期", "2026-01-05")
    cms.extra = (
        '<li><a href="https://mp.weixin.qq.com/s/x">公众号</a></li><li><a href="http://169.254.169.254/">云</a></li>'
        '<li><a href="javascript:go()">脚本</a></li><li><a href="file:///etc/passwd">文件</a></li>'
        '<li><a href="http://[bad">坏</a></li>'
    )
    poll = await Looker(cms).look()
    assert [found.name for found in poll.found] == ["第1期.html"]
    assert [note[:5] for note in poll.notes] == ["《公众号》", "《云》（h"]


async def test_a_private_address_is_refused_unless_the_column_is_an_intranets(cms: Cms) -> None:
    with pytest.raises(SourceFailed, match="指向内网地址；如确为内网网站，请设置 intranet = true"):
        await Looker(cms, intranet=False).look()
    assert cms.asked == []


async def test_a_name_that_leads_to_a_private_address_is_refused(cms: Cms) -> None:
    column = cms.column.replace("127.0.0.1", "localhost")
    with pytest.raises(SourceFailed, match="指向内网地址"):
        await Looker(cms, list_pages=(column,), intranet=False).look()
    cms.publish("第1期", "2026-01-05")
    assert await Looker(cms, list_pages=(column,)).names() == ["第1期.html"]


async def test_https_asks_for_and_verifies_the_name_not_the_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", authority.ca_file)
    with Cms(authority.server("localhost")) as site:
        site.publish("第1期", "2026-01-05")
        with pytest.raises(SourceFailed, match="安全证书无效或不受信任"):
            await Looker(site).look()
        assert await Looker(site, list_pages=(site.column.replace("127.0.0.1", "localhost"),)).names() == ["第1期.html"]


async def test_a_withdrawn_article_is_noted_and_stops_nothing(cms: Cms) -> None:
    withdrawn = cms.publish("第1期", "2026-01-05")
    looker = Looker(cms)
    await looker.look()
    cms.posts.remove(withdrawn)
    cms.publish("第2期", "2026-01-06")
    poll = await looker.look(after=DAY)
    assert [found.name for found in poll.found] == ["第2期.html"]
    assert "网页不存在（HTTP 404）" in poll.notes[0]


async def test_a_redirect_to_a_named_host_is_followed_if_it_is_ours(cms: Cms) -> None:
    with Cms() as files:
        post = cms.publish("第1期", "2026-01-05", files={"a.pdf": b"%PDF-1.7"})
        files.publish("第1期", "2026-01-05", files={"a.pdf": b"%PDF-1.7"})
        cms.redirects = {f"/gkml/jianbao/files/{post.id}/a.pdf": f"{files.url}/gkml/jianbao/files/1/a.pdf"}
        assert "不是设置里写明的主机" in (await Looker(cms).look()).notes[0]
        assert await Looker(cms, hosts=(files.host,)).names() == ["附件：a.pdf"]


async def test_what_is_too_large_is_noted(cms: Cms) -> None:
    cms.publish("第1期", "2026-01-05", files={"a.pdf": b"%PDF" + b"x" * 1_000_000})
    cms.publish("第2期", "2026-01-05")
    poll = await Looker(cms, max_mb=1).look()
    assert [found.name for found in poll.found] == ["第2期.html"]
    assert "超过 1 MB" in poll.notes[0]


async def test_what_is_older_than_since_is_skipped_and_what_has_no_date_is_not(cms: Cms) -> None:
    for date in ("2025-12-31", "2026-01-01", "", "2026年1月2日"):
        cms.publish(f"简报{date}", date)
    looker = Looker(cms, since=dt.date(2026, 1, 1))
    assert await looker.names() == ["简报2026年1月2日.html", "简报.html", "简报2026-01-01.html"]


async def test_pages_older_than_since_are_not_turned_to(cms: Cms) -> None:
    for number in range(12):
        cms.publish(f"第{number}期", "2025-01-05")
    await Looker(cms, since=dt.date(2026, 1, 1)).look()
    assert cms.paths() == ["/gkml/jianbao/index.html"]


async def test_pages_are_turned_as_often_as_allowed(cms: Cms) -> None:
    for number in range(20):
        cms.publish(f"第{number}期", "2026-01-05")
    assert len(await Looker(cms, max_pages=2).names()) == 10


async def test_only_titles_with_the_words_are_taken(cms: Cms) -> None:
    cms.publish("老旧小区改造工作简报第1期", "2026-01-05")
    cms.publish("会议通知", "2026-01-06")
    assert await Looker(cms, title_contains=("简报", "专刊")).names() == ["老旧小区改造工作简报第1期.html"]


async def test_wider_words_bring_what_was_left_out_although_the_list_is_unchanged(cms: Cms) -> None:
    cms.publish("简报", "2026-01-05")
    cms.publish("专刊", "2026-01-06")
    looker = Looker(cms, title_contains=("简报",))
    await looker.look()
    looker.options = dataclasses.replace(looker.options, title_contains=())
    looker.restart()
    assert await looker.names() == ["专刊.html"]


async def test_a_long_backlog_comes_in_portions_and_whole(cms: Cms) -> None:
    cms.page_size = 7
    for number in range(MAX_FOUND * 2 + 3):
        cms.publish(f"第{number}期", "2026-01-05")
    looker = Looker(cms, max_pages=50)
    portions = [await looker.names() for _ in range(4)]
    assert [len(portion) for portion in portions] == [MAX_FOUND, MAX_FOUND, 3, 0]
    assert len({name for portion in portions for name in portion}) == MAX_FOUND * 2 + 3


async def test_a_crash_before_the_state_is_kept_finds_the_same_again(cms: Cms) -> None:
    cms.publish("第1期", "2026-01-05", files={"a.pdf": b"%PDF-1.7"})
    looker = Looker(cms)
    lost = await looker.look(keep=False)
    looker.restart()
    assert (await looker.look()).found == lost.found


async def test_a_base_element_and_pinned_entries_are_understood(cms: Cms) -> None:
    for number in range(1, 9):
        cms.publish(f"第{number}期", "2026-01-05")
    cms.pinned = [1]
    cms.base = f'<base href="{cms.url}/gkml/jianbao/">'
    looker = Looker(cms)
    assert len(await looker.names()) == 8
    cms.publish("第9期", "2026-01-06")
    assert await looker.names() == ["第9期.html"]


async def test_hostile_names_stay_plain_names(cms: Cms) -> None:
    cms.publish("../../etc/passwd\n:简报?", "2026-01-05")
    (name,) = await Looker(cms).names()
    assert name == "etc passwd 简报.html"
