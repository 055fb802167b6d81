"""Vendor markdown: only what a client renders is rendered, the rest stays text, and nothing gets out."""

from __future__ import annotations

import time

import pytest

from bot.sandbox.markup import (
    DINGTALK,
    FEISHU_1,
    FEISHU_2,
    PLAIN,
    WECOM,
    WECOM_V2,
    Dialect,
    link_target,
    render_markdown,
)

ALL = {"wecom": WECOM, "wecom_v2": WECOM_V2, "dingtalk": DINGTALK, "feishu_1": FEISHU_1, "feishu_2": FEISHU_2}

# construct -> (markdown, what stands in the HTML when it renders, the dialects that render it)
CONSTRUCTS: dict[str, tuple[str, str, set[str]]] = {
    "heading": ("## 标题", '<p class="pv-h pv-h2">标题</p>', {"wecom", "wecom_v2", "dingtalk", "feishu_2"}),
    "bold": ("**粗**", "<strong>粗</strong>", set(ALL)),
    "italic": ("*斜*", "<em>斜</em>", {"wecom_v2", "dingtalk", "feishu_1", "feishu_2"}),
    "strike": ("~~删~~", "<del>删</del>", {"feishu_1", "feishu_2"}),
    "link": ("[全文](https://a.cn/x)", '<a href="https://a.cn/x"', set(ALL)),
    "image": ("![图](https://a.cn/x.png)", '<img src="https://a.cn/x.png"', set(ALL) - {"wecom"}),
    "quote": ("> 引", "<blockquote>", {"wecom", "wecom_v2", "dingtalk", "feishu_2"}),
    "nested quote": ("> > 引", "<blockquote><blockquote>", {"wecom_v2", "feishu_2"}),
    "inline code": ("`码`", "<code>码</code>", {"wecom", "wecom_v2", "feishu_2"}),
    "code block": ("```\n码\n```", '<pre class="pv-code">码</pre>', {"wecom_v2", "feishu_1", "feishu_2"}),
    "list": ("- 一\n- 二", '<ul class="pv-list">', set(ALL) - {"wecom"}),
    "table": ("|a|b|\n|-|:-:|\n|1|2|", "<td>1</td><td>2</td>", {"wecom_v2", "feishu_2"}),
    "rule": ("---", "<hr>", {"wecom_v2", "feishu_2"}),
    "wecom font": ('<font color="info">绿</font>', '<span class="pv-font-info">绿</span>', {"wecom"}),
    "feishu font": ("<font color='red'>红</font>", '<span class="pv-font-red">红</span>', {"feishu_1", "feishu_2"}),
    "hex font": ('<font color="#ff0000">红</font>', '<font color="#ff0000">红</font>', {"dingtalk"}),
    "wecom mention": ("<@zhang>", '<span class="pv-at">@zhang</span>', {"wecom"}),
    "feishu mention": ("<at id=all></at>", '<span class="pv-at">@所有人</span>', {"feishu_1", "feishu_2"}),
}


@pytest.mark.parametrize("name", list(CONSTRUCTS))
@pytest.mark.parametrize("dialect", list(ALL))
def test_a_construct_renders_where_the_client_renders_it(name: str, dialect: str) -> None:
    markdown, html, renders = CONSTRUCTS[name]
    shown = render_markdown(markdown, ALL[dialect])
    assert (html in shown) == (dialect in renders)
    if dialect not in renders:
        assert markdown[0].replace("<", "&lt;").replace(">", "&gt;") in shown


def test_newlines_break_except_on_dingtalk() -> None:
    assert render_markdown("一\n二", WECOM) == "<p>一<br>二</p>"
    assert render_markdown("一\n二", DINGTALK) == "<p>一 二</p>"
    assert render_markdown("一\n\n二", DINGTALK) == "<p>一</p><p>二</p>"


def test_constructs_nest() -> None:
    shown = render_markdown('**[甲*乙*](https://a.cn)** <font color="info">**丙**</font>', WECOM)
    assert "<strong><a " in shown
    assert "甲*乙*</a></strong>" in shown
    assert '<span class="pv-font-info"><strong>丙</strong></span>' in shown


def test_feishu_entities_are_the_character_they_name() -> None:
    assert render_markdown("&#42;&lt;b&gt;", FEISHU_1) == "<p>*&lt;b&gt;</p>"
    assert render_markdown("&#42;", DINGTALK) == "<p>&amp;#42;</p>"


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "[x](javascript:alert(1))",
    "[x](https://a.cn/\" onclick=\"alert(1))",
    '![x](https://a.cn/"onerror="alert(1))',
    "![x](data:text/html,<script>alert(1)</script>)",
    '<font color="red;background:url(//e)">x</font>',
    '<font color="#fff" onclick="x">x</font>',
    "<at id=\"><script>\">x</at>",
    "<@\"><svg/onload=alert(1)>>",
    "`<script>`",
    "```\n</pre><script>\n```",
    "|<script>|\n|-|\n|</td><script>|",
    "https://a.cn/\"><script>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("dialect", [*ALL.values(), PLAIN], ids=[*ALL, "plain"])
def test_nothing_hostile_becomes_markup(text: str, dialect: Dialect) -> None:
    shown = str(render_markdown(text, dialect))
    for tag in ("<script", "<svg", "<img src=x", 'javascript:alert(1)"', '<font color="red'):
        assert tag not in shown
    for inside in shown.split("<")[1:]:
        attributes = inside.split(">")[0]
        assert "onerror=" not in attributes.replace("%22", '"') or '="https://a.cn/&#34;onerror=' in attributes
        assert " onclick=" not in attributes
        assert "style=" not in attributes


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://a.cn/x", "https://a.cn/x"),
        ("http://a.cn", "http://a.cn"),
        ("dingtalk://dingtalkclient/page/link?url=https%3A%2F%2Fa.cn%2Fx&pc_slide=false", "https://a.cn/x"),
        ("dingtalk://dingtalkclient/page/link?url=javascript%3Aalert(1)", None),
        ("javascript:alert(1)", None),
        (" https://a.cn", None),
        ("//a.cn", None),
        ("www.a.cn", None),
        ("https://", None),
    ],
)
def test_only_web_addresses_are_followed(url: str, target: str | None) -> None:
    assert link_target(url) == target


@pytest.mark.parametrize("piece", ["**", "*a", "[", "![](", "`", "<font color=a>", "> ", "|", "<at ", "~~", "- ", "#"])
@pytest.mark.parametrize("dialect", [WECOM, WECOM_V2, DINGTALK, FEISHU_2], ids=["wecom", "v2", "dingtalk", "feishu"])
@pytest.mark.slow
def test_a_long_repetition_is_quick(piece: str, dialect: Dialect) -> None:
    started = time.perf_counter()
    render_markdown(piece * 20_000, dialect)
    assert time.perf_counter() - started < 5


def test_a_very_long_text_is_cut_and_says_so() -> None:
    assert "共 50000 字，此处只显示开头" in render_markdown("简" * 50_000, WECOM)
