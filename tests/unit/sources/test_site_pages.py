"""Reading list and article pages: pure cases the local site does not show."""

from __future__ import annotations

import pytest

from bot.sources.site_pages import NotUnderstood, decode, file_name, kind_of, read_article, read_list
from bot.sources.website_options import Kind, WebsiteOptions

OPTIONS = WebsiteOptions(("https://a.gov.cn/",), "li", "article", title="h3", date="i", next="a.next")
URL = "https://a.gov.cn/col/1.html"


def entries(html: str) -> list[tuple[str, str, str]]:
    return [(e.url, e.title, e.date) for e in read_list(html.encode(), URL, OPTIONS).entries]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
def test_text_is_read_by_content(encoding: str) -> None:
    assert decode("<p>简报　第１期</p>".encode(encoding)) == "<p>简报　第１期</p>"


@pytest.mark.parametrize(
    ("printed", "date"),
    [
        ("2026-01-05", "2026-01-05"),
        ("[2026/1/5]", "2026-01-05"),
        ("2026.01.05 10:30", "2026-01-05"),
        ("发布日期：2026年1月5日", "2026-01-05"),
        ("2026-02-30", ""),
        ("昨天", ""),
        ("12026-01-055", ""),
    ],
)
def test_dates_as_sites_print_them(printed: str, date: str) -> None:
    assert entries(f'<li><i>{printed}</i><a href="/x"><h3>题</h3></a></li>') == [("https://a.gov.cn/x", "题", date)]


def test_entries_without_a_usable_link_are_left_out() -> None:
    html = '<li><a href="x#top">甲</a></li><li>空</li><li><a href="javascript:go()">乙</a></li><li><a>丙</a></li>'
    assert [url for url, _, _ in entries(html)] == ["https://a.gov.cn/col/x"]


def test_items_without_any_link_are_not_understood() -> None:
    with pytest.raises(NotUnderstood, match="条目里找不到链接"):
        read_list(b"<li>1</li>", URL, OPTIONS)


@pytest.mark.parametrize("href", ["#", "javascript:void(0)", "1.html", ""])
def test_a_last_page_that_links_nowhere_or_to_itself_has_no_next(href: str) -> None:
    html = f'<li><a href="x">甲</a></li><a class="next" href="{href}">下一页</a>'
    assert read_list(html.encode(), URL, OPTIONS).next is None


def test_attachments_are_told_by_address_text_or_query() -> None:
    html = (
        '<article>文</article><a href="a.DOCX">甲</a><a href="down?id=1">简报.pdf（2MB）</a>'
        '<a href="down?f=b.zip">包</a><a href="b.html">页</a>'
    )
    found = read_article(html.encode(), URL, OPTIONS).attachments
    assert [(a.kind, a.url.rsplit("/", 1)[-1]) for a in found] == [
        (Kind.DOCX, "a.DOCX"),
        (Kind.PDF, "down?id=1"),
        (Kind.ZIP, "down?f=b.zip"),
    ]


def test_only_the_text_of_the_body_counts() -> None:
    one = read_article(b"<p>1</p><article><p>a  b</p></article>", URL, OPTIONS)
    other = read_article(b"<p>2</p><article class=x>a\n<b>b</b></article>", URL, OPTIONS)
    assert one.digest == other.digest


@pytest.mark.parametrize(
    ("disposition", "fallback", "name"),
    [
        ('attachment; filename="a.docx"', "x", "a.docx"),
        ("attachment; filename*=UTF-8''%E7%AE%80%E6%8A%A5.docx", "x", "简报.docx"),
        ("attachment; filename=%E7%AE%80%E6%8A%A5.docx", "x", "简报.docx"),
        ('attachment; filename="../../a.docx"', "x", "a.docx"),
        ("", "简报第1期", "简报第1期.docx"),
        ("", "简" * 300, "简" * 60 + ".docx"),
        ("", "..", "文件.docx"),
    ],
)
def test_names_are_plain_and_end_with_their_kind(disposition: str, fallback: str, name: str) -> None:
    assert file_name(disposition, fallback, Kind.DOCX) == name


@pytest.mark.parametrize("data", [b"", b"http://a.gov.cn/x.html", b"<?xml version='1.0'?><rss><item>1</item></rss>"])
def test_what_is_no_web_page_is_not_understood(data: bytes) -> None:
    with pytest.raises(NotUnderstood):
        read_list(data, URL, OPTIONS)


def test_an_xhtml_page_is_read() -> None:
    page = b'<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE html><html><li><a href="x">1</a></li></html>'
    assert read_list(page, URL, OPTIONS).entries[0].title == "1"


def test_the_last_ending_of_a_name_is_its_kind() -> None:
    assert kind_of("/a/简报.pdf.docx") is Kind.DOCX
    assert kind_of("/a/docx", "pdf 文件") is None
