"""Whole numbers as bulletins print them: 12, １２, 十二, 一百零三, 二〇二二, 廿一."""

from __future__ import annotations

ZERO = "〇零○Oo"
DIGITS = {**dict.fromkeys(ZERO, 0), **{c: i for i, c in enumerate("一二三四五六七八九", 1)}, "两": 2}
DIGITS |= {c: i for i, c in enumerate("壹贰叁肆伍陆柒捌玖", 1)}
UNITS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
TENS = {"廿": "二十", "卅": "三十"}

CHINESE = r"[〇零○一二三四五六七八九两十百千廿卅壹贰叁肆伍陆柒捌玖拾佰仟]"
NUMBER = rf"(?:\d+|{CHINESE}+)"


def number(text: str) -> int | None:
    """The value of a numeral without spaces; None when the characters make no number.

    Written by place (`二〇二二`) or by unit (`一百零三`); ASCII digits may stand among them (`二00八`).
    """
    if text.isascii() and text.isdigit():
        return int(text)
    for short, long in TENS.items():
        text = text.replace(short, long)
    if not any(c in UNITS for c in text):
        return _by_place(text)
    total, digit = 0, None
    for c in text:
        if c in UNITS:
            total += (1 if digit is None else digit) * UNITS[c]
            digit = None
        elif c in DIGITS and (digit in (None, 0)):
            digit = DIGITS[c]
        else:
            return None
    return total + (digit or 0)


def _by_place(text: str) -> int | None:
    digits = [DIGITS.get(c, int(c) if c.isascii() and c.isdigit() else -1) for c in text]
    if not digits or -1 in digits:
        return None
    return int("".join(map(str, digits)))


def chinese(value: int) -> str:
    """1 to 9999 by unit: 12 is 十二, 103 is 一百零三."""
    names = "零一二三四五六七八九"
    out, zero = "", False
    for unit, word in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = value // unit % 10
        if digit:
            out += ("零" if zero and out else "") + names[digit] + word
            zero = False
        else:
            zero = True
    return out.removeprefix("一") if out.startswith("一十") else out
