"""Changes of layout that change nothing a bulletin says."""

from __future__ import annotations

import random
import re

from bot.bulletins.numerals import chinese
from tests.unit.bulletins.rendering import wrapped

_STOP = re.compile(r"[。；！？]")
_NUMBER_IN_ISSUE_LINE = re.compile(r"(?<=第)\s*(\d{1,4})\s*(?=期)")


def with_page_breaks(text: str, seed: int) -> str:
    """Page numbers inside random sentences: `— 1 —` between two halves of a paragraph, a form feed now and then."""
    chance = random.Random(seed)
    out, page = [], 0
    for line in text.split("\n"):
        if len(line) < 80 or not _STOP.search(line) or re.match(r"\s*\S{1,4}[:：]", line) or chance.random() < 0.4:
            out.append(line)
            continue
        at = _inside_a_sentence(line, chance)
        page += 1
        mark = chance.choice((f"— {page} —", f"- {page} -", f"第{page}页", f"{page}"))
        feed = "\f" if chance.random() < 0.3 else ""
        gap = [""] if "\n\n" in text else []
        out += [line[:at], *gap, f"        {mark}{feed}", *gap, line[at:]]
    return "\n".join(out)


def _inside_a_sentence(line: str, chance: random.Random) -> int:
    """A place after which the sentence goes on, not inside a number and not before a mark no line begins with."""
    body = len(line) - len(line.lstrip())
    places = [
        i
        for i in range(body + 6, len(line) - 6)
        if not re.match(r"[\w.%％][\d.%％]|.[，。、；：！？”’）)》]|[。；！？”]", line[i - 1 : i + 1])
    ]
    return chance.choice(places)


def hard_wrapped(text: str, width: int) -> str:
    """Every paragraph in lines of `width` characters, as a printer driver or an old mail program leaves it."""
    out = []
    for line in text.split("\n"):
        in_columns = re.search(r"\S\s{3,}\S|…{2}|-{6}|─{6}|^\s{8,}", line)
        out += wrapped(line, width) if len(line) > width and not in_columns else [line]
    return "\n".join(out)


def other_width(text: str) -> str:
    """Digits and brackets in their other width, layout blanks full width."""
    table = {ord(c): 0xFF10 + i for i, c in enumerate("0123456789")}
    table |= {ord("("): ord("（"), ord(")"): ord("）"), ord(":"): ord("："), ord(" "): 0x3000}
    return text.translate(table)


def with_chinese_number(text: str) -> str:
    """第12期 -> 第十二期 in the issue line."""
    head, rest = text[:400], text[400:]
    return _NUMBER_IN_ISSUE_LINE.sub(lambda m: chinese(int(m[1])), head) + rest


def with_lists_reordered(text: str) -> str:
    """The first list line last; 送 and 发 make one list and keep their order."""
    lines = text.split("\n")
    places = [i for i, line in enumerate(lines) if re.match(r"(?:报|送|发|报送|抄报|主送|发送|抄送)[:：]", line)]
    moved = dict(zip(places, [lines[i] for i in (*places[1:], *places[:1])], strict=True))
    return "\n".join(moved.get(i, line) for i, line in enumerate(lines))


def with_layout_blanks(text: str) -> str:
    """Zero-width characters and non-breaking blanks strewn in, as pages copied from a browser have them."""
    return re.sub(r"(?<=[\u4e00-\u9fff])(?=[\u4e00-\u9fff])", lambda m: "\u200b" if m.start() % 7 == 0 else "", text)
