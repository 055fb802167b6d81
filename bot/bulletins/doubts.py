"""What the reader is not sure of: the fixed codes of an Issue's warnings. docs/reading.md lists the same.

A blocking doubt means the reading may be wrong enough that a person has to look before anything goes out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from bot.domain import issue


class Doubt(NamedTuple):
    """`message` is what a clerk reads; {0}, {1} are filled from the document."""

    message: str
    blocking: bool


DOUBTS = {
    "no_masthead": Doubt("没有读到简报名称。请核对报头。", True),
    "no_number": Doubt("没有读到期号。请核对报头，必要时补填期号。", True),
    "no_articles": Doubt("没有读到文章。请核对正文。", True),
    "no_lists": Doubt("没有读到报送、发送、抄送名单。请确认发给谁。", True),
    "empty_list": Doubt("“{0}”后面没有单位。请核对名单。", True),
    "no_date": Doubt("没有读到完整的日期，无法推算发布时间。请补填日期。", True),
    "impossible_date": Doubt("报头的日期不存在。请更正日期。", True),
    "no_issuer": Doubt("没有读到编发单位。", False),
    "article_without_title": Doubt("有一篇文章没有标题，以“{0}”开头。请补填标题。", True),
    "article_without_text": Doubt("“{0}”下面没有正文。请核对是否漏读。", True),
    "title_from_headlines": Doubt("第一篇正文上方没有标题，已取要目中的“{0}”。", False),
    "headline_without_article": Doubt("要目中的“{0}”在正文里找不到。请核对文章是否齐全。", True),
    "article_not_in_headlines": Doubt("文章“{0}”不在要目中。请核对它是文章还是小标题。", True),
    "headline_differs": Doubt("要目写作“{0}”，正文标题是“{1}”，以正文为准。", False),
    "paragraph_rejoined": Doubt("这一段在此处被空行断开，已与上文相连。", False),
    "text_below_lists": Doubt("名单之后还有文字，未计入文章：“{0}”。请核对。", True),
    "combined_issue": Doubt("合刊期号“{0}”，按第一个期号处理。", False),
    "scanned_page": Doubt("这一页是图片，读不出文字。请核对内容是否齐全。", True),
    "lost_characters": Doubt("文件中有无法显示的字符。请核对原文件编码。", True),
}


@dataclass(slots=True)
class Doubts:
    """Collects the warnings of one reading, in the order they came up."""

    warnings: list[issue.Warning] = field(default_factory=list)

    def add(self, code: str, *values: str, where: str = "") -> None:
        doubt = DOUBTS[code]
        self.warnings.append(issue.Warning(code, doubt.message.format(*map(_short, values)), where, doubt.blocking))


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:38] + "……"
