"""What a line of the history changed, in a clerk's words and of a bounded length: a group may have 5,000 members."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from bot.domain.pages import HistoryLine

from . import wording

MOST_NAMED = 12
LONGEST = 300
_HIDDEN = ("content_hash", "revision_id", "plan_id")
_IDS = ("members", "recipient")
Names = Mapping[str, str]
"""What the subjects of the history (`recipient:meijiang`) are called; in `called`, plain ids."""


def differing(line: HistoryLine, names: Names | None = None) -> list[tuple[str, str | None, str]]:
    """(field, before, after) of every field that is not as it was; before None where there was nothing before, and for
    lists, of which only what came and what went is told."""
    before, after, names = line.before or {}, line.after or {}, names or {}
    found: list[tuple[str, str | None, str]] = []
    for field in sorted(after or before, key=lambda field: field != "effective_on"):
        was, now = before.get(field), after.get(field)
        if was == now or field in _HIDDEN:
            continue
        word = wording.FIELDS.get(field, field)
        if field == "changes" and isinstance(now, list):
            # What a dated change will do, sentence by sentence.
            found += [(word, None, cut(str(sentence))) for sentence in now[:MOST_NAMED]]
            found += [(word, None, f"……共 {len(now)} 处")] if len(now) > MOST_NAMED else []
            continue
        if before and after and isinstance(was, list) and isinstance(now, list):
            found.append((word, None, _moved(was, now, field, names)))
        else:
            found.append((word, shown(was, field, names) if field in before else None, shown(now, field, names)))
    return found


def shown(value: object, field: str = "", names: Names | None = None) -> str:
    """A value of the history in a clerk's words."""
    match value:
        case None | "":
            return "（无）"
        case bool():
            return "是" if value else "否"
        case list() | tuple():
            return _several(value, field, names or {}) or "（无）"
        case dict():
            return cut(
                str(value["message"]) if "message" in value else "；".join(f"{k}：{shown(v)}" for k, v in value.items())
            )
        case str() if field in _IDS:
            return (names or {}).get(f"recipient:{value}", value)
        case str() if field == "effective_on":
            day = dt.date.fromisoformat(value)
            return f"{day.year}年{day.month}月{day.day}日零点"
        case str() if field in wording.VALUES:
            return wording.VALUES[field].get(value, value)
        case _:
            return cut(str(value))


def cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}……"


def _moved(was: Sequence[object], now: Sequence[object], field: str, names: Names) -> str:
    before, after = {str(x) for x in was}, {str(x) for x in now}
    come, gone = [x for x in now if str(x) not in before], [x for x in was if str(x) not in after]
    told = [f"{word} {_several(of, field, names)}" for word, of in (("增加", come), ("减少", gone)) if of]
    return "；".join(told) or "顺序有调整"


def _several(values: Sequence[object], field: str, names: Names) -> str:
    told = "、".join(shown(value, field, names) for value in values[:MOST_NAMED])
    return told if len(values) <= MOST_NAMED else f"{told} 等 {len(values)} 个"


def some(words: Sequence[str]) -> str:
    """A few of them, and how many there are."""
    return _several(words, "", {})


def called(ids: Sequence[str], names: Names) -> str:
    """A few units by name, and how many there are. `names` by id."""
    return _several([names.get(key, key) for key in ids], "", {})
