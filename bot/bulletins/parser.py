"""Blocks -> Issue: masthead, lists, headline list, asides, headings, paragraphs, in that order.

Each step gives roles to the pieces it explains and leaves the others to the next; nothing is read twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.bulletins import (
    articles,
    asides,
    attachments,
    foot,
    furniture,
    headlines,
    masthead,
    notes,
    outline,
    paragraphs,
)
from bot.bulletins.blocks import Block, Kind, Region
from bot.bulletins.doubts import Doubts
from bot.bulletins.issue_line import is_issue_line
from bot.bulletins.lists import starts_list
from bot.bulletins.refusals import refused
from bot.bulletins.roles import Piece, Role, pieces
from bot.bulletins.titles import essence
from bot.domain.issue import Article, Issue


def read(blocks: Sequence[Block]) -> tuple[Issue, list[Piece]]:
    """The Issue the blocks make, and the working sheet with the role and rule of every block.

    Raises DocumentRefused: `empty_document`, `not_a_bulletin`.
    """
    sheet = pieces(_page_frames(blocks))
    if not any(p.key for p in sheet):
        raise refused("empty_document")
    doubts = Doubts()
    furniture.strip(sheet)
    _page_frames_out(sheet)
    head = masthead.read(sheet)
    paragraphs.join_lines(sheet)
    tail = foot.Foot()
    after_lists = foot.read_front(sheet, head.end, tail)
    note = notes.read_front(sheet, after_lists)
    listed = headlines.read(sheet, after_lists)
    note = note or notes.read_front(sheet, listed.end)
    body = listed.end
    start, end = foot.find(sheet, body)
    attached = attachments.read(sheet[body:])
    foot.read(sheet, start, end, tail)
    titles = {essence(t) for t in listed.titles}
    asides.mark(sheet, body, start, titles)
    unsure = paragraphs.join_across(sheet, body, start, lambda p: len(p.key) <= 90 and essence(p.text) in titles)
    note = notes.read_inside(sheet, body, start) if note is None else note
    plan = outline.outline(sheet, body, start, listed.titles)
    _doubt_outline(sheet, plan, listed.titles, unsure, doubts)
    found = articles.build(sheet, body, start, plan, listed.titles)
    if end < len(sheet):  # a correction notice below the lists
        found += articles.build(sheet, end, len(sheet), outline.outline(sheet, end, len(sheet), []), [])
    if not (head.name or head.found_number or any(a.chars > 40 for a in found)):
        raise refused("not_a_bulletin")
    date = head.date or (None if head.bad_date else tail.date)
    year = head.number.year or (date.year if date else None)
    issue = Issue(
        masthead=head.name,
        issue=replace(head.number, year=year),
        issuer=tuple(head.issuers or tail.issuers),
        date=date,
        classification=head.classification,
        articles=tuple(found),
        lists=tail.lists.lists(),
        exclusions=tuple(tail.lists.excluded),
        print_count=tail.print_count,
        attachments=tuple(attached),
        editor_note=note,
    )
    _doubt_issue(issue, head, tail, sheet, found, doubts)
    return replace(issue, warnings=tuple(doubts.warnings)), sheet


def _page_frames(blocks: Sequence[Block]) -> list[Block]:
    """Page headers first, page footers last; they count only for what the text itself lacks."""
    order = {Region.HEADER: 0, Region.FOOTER: 2}
    return sorted(blocks, key=lambda b: order.get(b.region, 1))


def _page_frames_out(sheet: list[Piece]) -> None:
    main = [p for p in sheet if p.free and p.block.region not in (Region.HEADER, Region.FOOTER)]
    numbered = any(is_issue_line(p.text) for p in main)
    listed = any(starts_list(p.text, in_cell=p.block.cell is not None) for p in main)
    for piece in sheet:
        if not piece.free or piece.block.region not in (Region.HEADER, Region.FOOTER):
            continue
        header = piece.block.region is Region.HEADER
        if numbered if header else listed or not starts_list(piece.text, in_cell=piece.block.cell is not None):
            piece.give(Role.RUNNING_HEAD, "page_header" if header else "page_footer")


def _doubt_outline(
    sheet: list[Piece], plan: outline.Outline, headlines_: list[str], unsure: list[int], doubts: Doubts
) -> None:
    for n in plan.missing:
        if n == 0 and (len(headlines_) == 1 or plan.headings or len(plan.missing) == len(headlines_)):
            doubts.add("title_from_headlines", headlines_[0], where="要目")
        else:
            doubts.add("headline_without_article", headlines_[n], where="要目")
    for h in plan.headings:
        if h.listed is not None and essence(h.title) != essence(headlines_[h.listed]):
            doubts.add("headline_differs", headlines_[h.listed], h.title, where=sheet[h.places[0]].block.where)
    for i in plan.unlisted:
        doubts.add("article_not_in_headlines", sheet[i].text, where=sheet[i].block.where)
    for i in unsure:
        doubts.add("paragraph_rejoined", where=sheet[i].block.where)


def _doubt_issue(
    issue: Issue, head: masthead.Masthead, tail: foot.Foot, sheet: list[Piece], found: list[Article], doubts: Doubts
) -> None:
    if not issue.masthead:
        doubts.add("no_masthead", where="报头")
    if not head.found_number:
        doubts.add("no_number", where="报头")
    if head.bad_date:
        doubts.add("impossible_date", where="报头")
    elif issue.date is None:
        doubts.add("no_date", where="报头")
    if not issue.issuer:
        doubts.add("no_issuer", where="报头")
    if head.combined:
        doubts.add("combined_issue", head.number.label, where="报头")
    if not found:
        doubts.add("no_articles", where="报核")
    for article in found:
        if not article.title:
            doubts.add("article_without_title", article.first_sentence, where="报核")
        if not article.chars:
            doubts.add("article_without_text", article.title, where="报核")
    if not issue.lists:
        doubts.add("no_lists", where="报尾")
    for label in tail.empty:
        doubts.add("empty_list", label, where="报尾")
    for i in tail.leftovers:
        if sheet[i].role is Role.AFTER_FOOT and len(sheet[i].key) > 30:
            doubts.add("text_below_lists", sheet[i].text, where=sheet[i].block.where)
    for piece in sheet:
        if piece.block.kind is Kind.SCAN:
            doubts.add("scanned_page", where=piece.block.where)
    for piece in sheet:
        if "\ufffd" in piece.text and piece.role not in (Role.FURNITURE, Role.LAYOUT):
            doubts.add("lost_characters", where=piece.block.where)
            break
