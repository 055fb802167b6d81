"""报核: the paragraphs under each heading -> articles."""

from __future__ import annotations

from bot.bulletins.blocks import Kind
from bot.bulletins.characters import printed
from bot.bulletins.labels import CORRECTION_INLINE
from bot.bulletins.outline import Outline
from bot.bulletins.paragraphs import join, text_of
from bot.bulletins.roles import Piece, Role
from bot.domain.issue import Article

# ---- with a headline list


# ---- without a headline list


# ---- bodies


def build(sheet: list[Piece], start: int, end: int, result: Outline, headlines: list[str]) -> list[Article]:
    """Articles of the body; gives TITLE and BODY roles."""
    starts = {h.places[0]: h for h in result.headings}
    inside = {p for h in result.headings for p in h.places}
    articles: list[tuple[str, list[str]]] = []
    first = min(starts, default=end)
    if any(sheet[i].free and i not in inside for i in range(start, first)):
        title = headlines[result.missing[0]] if result.missing and result.missing[0] == 0 else ""
        articles.append((title, []))
    for i in range(start, end):
        piece = sheet[i]
        if i in starts:
            articles.append((starts[i].title, []))
            inline = CORRECTION_INLINE.match(piece.key)
            _mark_title(sheet, i)
            if inline:
                text = printed(text_of(sheet, i))
                articles[-1][1].append(text[min(n for n in (text.find("："), text.find(":")) if n >= 0) + 1 :].strip())
        elif i in inside:
            _mark_title(sheet, i)
        elif piece.free and piece.block.kind is Kind.TEXT:
            piece.give(Role.BODY, "continues_paragraph" if piece.runs_on else "paragraph")
            if piece.runs_on and articles[-1][1]:
                articles[-1][1][-1] = join(articles[-1][1][-1], printed(piece.text))
            else:
                articles[-1][1].append(printed(piece.text))
    return [Article(title, tuple(body)) for title, body in articles]


def _mark_title(sheet: list[Piece], i: int) -> None:
    sheet[i].give(Role.TITLE, "heading")
    for piece in sheet[i + 1 :]:
        if piece.runs_on:
            piece.give(Role.TITLE, "heading_goes_on")
        elif piece.role not in (Role.PAGE_NUMBER, Role.RUNNING_HEAD):
            break
