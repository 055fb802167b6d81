"""The text column of a page: the smallest element that holds all running text, the issue line and the lists."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from bs4 import Tag

from bot.bulletins import txt
from bot.bulletins.blocks import Block, Region
from bot.bulletins.characters import columns, key
from bot.bulletins.issue_line import is_issue_line
from bot.bulletins.labels import WEB_FURNITURE
from bot.bulletins.lists import starts_list

_DISCLAIMER = re.compile(r"版权|免责|转载|本网站?|网站|浏览器|声明")


@dataclass(frozen=True, slots=True)
class Found:
    """A block with the element it came from; `linked`: nearly all of its text is a link to another page."""

    block: Block
    tag: Tag
    linked: bool = False


def with_regions(found: list[Found], page: Tag) -> list[Block]:
    """Mark what stands beside the text column, and lines that reach its right margin."""
    keys = [key(f.block.text) for f in found]
    paths = [_path(f.tag, page) for f in found]
    prose = [p for p, k in zip(paths, keys, strict=True) if len(k) >= 40 and "。" in k and not _is_disclaimer(k)]
    narrow = column = _common(prose)
    for wanted in (is_issue_line, starts_list):
        places = [
            p
            for p, f, k in zip(paths, found, keys, strict=True)
            if not WEB_FURNITURE.search(k) and wanted(f.block.text)
        ]
        if places and not any(_within(p, column) for p in places):
            column = max((_common((column, p)) for p in places), key=len)
    wall = txt.wrap_width([f.block.text for f in found if f.block.open])
    blocks = []
    for f, path in zip(found, paths, strict=True):
        outside = not _within(path, column) or (f.linked and not _within(path, narrow))
        full = f.block.open and wall > 0 and columns(f.block.text) + 2 * f.block.indent >= wall - 6
        blocks.append(replace(f.block, region=Region.OUTSIDE if outside else Region.MAIN, full=full))
    return blocks


def _is_disclaimer(text: str) -> bool:
    return len(text) < 200 and bool(_DISCLAIMER.search(text))


def _path(tag: Tag, page: Tag) -> tuple[int, ...]:
    """The elements around a block from the page inwards, as identities."""
    path = [id(tag)]
    for parent in tag.parents:
        path.append(id(parent))
        if parent is page:
            break
    return tuple(reversed(path))


def _common(paths: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
    paths = list(paths)
    if not paths:
        return ()
    first, last = min(paths), max(paths)
    for i, step in enumerate(first):
        if i >= len(last) or last[i] != step:
            return first[:i]
    return first


def _within(path: tuple[int, ...], column: tuple[int, ...]) -> bool:
    return path[: len(column)] == column
