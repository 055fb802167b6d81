"""A text that speaks of tags stays a text; a page is one however it begins."""

from __future__ import annotations

import pytest

from bot.bulletins.detect import Format, detect

LINES = "\n".join(
    (
        "某市工作简报",
        "（2026年第5期）",
        "某市某局",
        "2026年2月13日",
        "一、推进重点工作",
        "正文第一段。",
        "正文第二段。",
        "发送：各县区。",
        "",
    )
)


@pytest.mark.parametrize(
    "text",
    [
        LINES + "推进<font color='warning'>重点</font>项目<b>建设</b><font>。\n",
        LINES + "网页中的<p>和<br>标签要规范使用。\n",
        "简报<html>\n" + LINES,
    ],
)
def test_a_text_with_tags_in_it_is_a_text(text: str) -> None:
    assert detect(text.encode()) is Format.TXT
    assert detect(text.encode("utf-16")) is Format.TXT


@pytest.mark.parametrize(
    "page",
    [
        "<p>某市工作简报</p>\n" + LINES + "<br>",
        "<!-- 由系统生成 --><div>\n" + LINES + "</div><p>",
        "HTTP 头留在了前面\n<html><body>\n" + LINES + "</body></html>",
        "首页 &gt; 简报 <div class='t'>某市工作简报</div><p>第5期</p><p>正文</p>",
        "\ufeff  <!DOCTYPE html>" + LINES,
    ],
)
def test_a_page_or_a_piece_of_one_is_a_page(page: str) -> None:
    assert detect(page.encode()) is Format.HTML
