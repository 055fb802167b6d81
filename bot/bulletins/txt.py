"""TXT: bytes in whatever encoding an office program saved -> printed lines."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from bot.bulletins.blocks import Block, Kind
from bot.bulletins.characters import columns, ends_clause, plain, printed
from bot.bulletins.limits import DEFAULT, Limits
from bot.bulletins.refusals import refused

_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_RULE = re.compile(r"^[\s\-=_*~—–―─━═＿﹍﹎-]{6,}$")
_LINE_END = re.compile(r"\r\n|[\n\r\x0b\x85\u2028\u2029]")

# Widest line, in columns, of a text that was wrapped by hand or by a printer driver (60 Chinese characters).
_WIDEST_WRAP = 120
# Line breaking rules keep 。，” off the start of a line and numbers whole: lines end up to this much short.
_RAGGED = 6


def decode(data: bytes) -> str:
    """Text of `data`: BOM, UTF-8, UTF-16 without BOM, GB18030, in that order.

    A stray byte in an otherwise Chinese text is shown as U+FFFD (the parser warns); bytes that are no text at
    all are refused as `unknown_format`.
    """
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return data.decode(encoding, errors="replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    if wide := utf16_without_bom(data):
        return data.decode(wide, errors="replace")
    readings = [data.decode(encoding, errors="replace") for encoding in ("gb18030", "utf-8", "big5")]
    text = min(readings, key=lambda t: t.count("\ufffd"))
    if text.count("\ufffd") > len(text) // 50 + 1:
        raise refused("unknown_format", "既不是 UTF-8 也不是 GB18030 文本")
    return text


def utf16_without_bom(data: bytes) -> str | None:
    """Line ends betray it: `\\n` is a zero byte beside 0x0A on one fixed side."""
    if len(data) % 2 or b"\x00" not in data:
        return None
    sample = data[:4000]
    for encoding, newline in (("utf-16-le", b"\n\x00"), ("utf-16-be", b"\x00\n")):
        if newline in sample and "\ufffd" not in sample.decode(encoding, errors="replace"):
            return encoding
    return None


def read(data: bytes, limits: Limits = DEFAULT) -> list[Block]:
    """Blocks of a text file, one a printed line; see `lines`."""
    if len(data) > limits.max_text_bytes:
        raise refused("too_large", f"文本 {len(data) // 1024} KB，上限 {limits.max_text_bytes // 1024} KB")
    text = decode(data)
    if "\x00" in text:
        raise refused("unknown_format", "文本里有二进制内容")
    return lines(text)


def lines(text: str) -> list[Block]:
    """One block a printed line: blank lines become gaps, form feeds page breaks, drawn lines rules.

    `indent` is counted from the left edge of the text as a whole, in characters (two columns).
    """
    rows = [
        (n, part, i > 0) for n, line in enumerate(_LINE_END.split(text), 1) for i, part in enumerate(line.split("\f"))
    ]
    shown = [r for _, r, _ in rows if r.strip()]
    margin = min((_lead(r) for r in shown), default=0)
    width = wrap_width(shown)
    blocks: list[Block] = []
    gap = True
    for n, row, breaks in rows:
        if breaks:
            blocks.append(Block(kind=Kind.PAGE_BREAK, line=n, open=True))
        body = printed(row.replace("\t", "  \t"))
        if not body:
            gap = True
        elif _RULE.match(plain(body)):
            blocks.append(Block(body, Kind.RULE, line=n, open=True))
            gap = True
        else:
            full = width > 0 and columns(row.rstrip()) >= width - _RAGGED
            indent = (_lead(row) - margin) / 2
            blocks.append(Block(body, line=n, indent=indent, open=True, full=full, gap=gap))
            gap = False
    return blocks


def _lead(row: str) -> int:
    return columns(row) - columns(row.lstrip())


def wrap_width(rows: Sequence[str]) -> int:
    """The column at which lines were wrapped by hand; 0 when lines are whole paragraphs.

    Wrapped text shows a wall: many lines end within a few columns of one width, most of them without a stop, and
    hardly any goes beyond.
    """
    long = [(columns(r), r) for row in rows if columns(r := row.rstrip()) >= 24]
    counts = Counter(w for w, _ in long)
    best = 0
    found = 0
    for wall in sorted((w for w in counts if w <= _WIDEST_WRAP), reverse=True):
        at = [r for w, r in long if wall - _RAGGED + 2 <= w <= wall]
        unfinished = sum(not ends_clause(r) for r in at)
        beyond = sum(c for w, c in counts.items() if w > wall + 2)
        if (
            len(at) > found
            and len(at) >= max(3, 0.2 * len(long))
            and 2 * unfinished >= len(at)
            and beyond <= 0.1 * len(long)
        ):
            best, found = wall, len(at)
    return best
