"""The issue line (期号): 2022年第1期 总第20期, 第十二期, 〔2022〕3号, 增刊第2期, 第5、6期合刊, 总第47期."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.bulletins import dates
from bot.bulletins.characters import key, plain
from bot.bulletins.labels import CLASSIFICATION, COPY_NUMBER, SIGNER, UNIT_SUFFIX, URGENCY, WEEKDAY
from bot.bulletins.numerals import NUMBER, number
from bot.domain.issue import IssueNumber

_SPECIAL = r"(?:增刊|专刊|特刊|专报|专辑|特辑|号外|副刊|合刊|试刊|创刊号|专期|快报|简讯|要情|特急)"
_YEAR_DIGITS = r"(?:(?:19|20)\d\d|[一二][〇零○Oo0一二三四五六七八九0-9]{3})"
_MANY = rf"{NUMBER}(?:[、,\-—–~至和及/.]{NUMBER})*"
# Tried in this order at every place; each consumes what it explains.
_TOTAL = re.compile(rf"(?:累计|总)第?(?P<total>{_MANY})[期号辑]|总期数[::]?(?P<total2>{NUMBER})")
_NUMBER = re.compile(
    rf"(?:(?P<year>{_YEAR_DIGITS})年?度?|[(〔\[【〈<［](?P<year2>{_YEAR_DIGITS})年?度?[)〕\]】〉>］])?"
    rf"[(]?(?P<kind>{_SPECIAL})?[)]?[·.\-—]?[(]?第?(?P<number>{_MANY})[)]?(?P<unit>期|号|辑)"
)
_NUMBER_AFTER = re.compile(
    rf"(?P<kind>{_SPECIAL})[(]?(?:第)?(?P<number>{NUMBER})[)]?$|(?:期号|期数|NO\.?|No\.?|№)[::.]?(?P<plain>{NUMBER})$",
    re.IGNORECASE,
)
_YEAR = re.compile(rf"[(〔\[【]?(?P<year>{_YEAR_DIGITS})(?:年度?)?[)〕\]】]?|(?P<year2>{_YEAR_DIGITS})年")
_SPECIAL_ONLY = re.compile(_SPECIAL)
_FILLING = re.compile(r"[()〔〕\[\]【】〈〉<>《》,、.;:·|/\-—–_*★☆~]+")
_MARKS = r"、,.;:·|/\-—–_*★☆~"
_BEFORE_NUMBER = re.compile(rf"^[)〕\]】〉>》{_MARKS}]+|[(〔\[【〈<《{_MARKS}]+$")


@dataclass(frozen=True, slots=True)
class IssueLine:
    """What one line says of the number; `name` and `rest` are the words before and after it."""

    number: int | None
    total: int | None
    year: int | None
    special: str
    name: str
    rest: str
    combined: bool = False

    @property
    def alone(self) -> bool:
        """Nothing but the number stands on the line."""
        return not self.name and not self.rest


def read(text: str) -> IssueLine | None:
    """The issue line in `text`, None when it is something else.

    A number inside a sentence or a title is no issue line (`举办第3期培训班`): after it only brackets, a date, an
    issuer, a handling note or the end may follow.
    """
    line = key(text)
    if not line or len(line) > 90:
        return None
    total_match = _TOTAL.search(line)
    total = _first(total_match["total"] or total_match["total2"]) if total_match else None
    without_total = _TOTAL.sub("", line, count=1)
    match = _first_number(without_total)
    if match is None:
        return _without_number(line, total_match, total, without_total)
    groups = match.groupdict()
    printed = groups.get("number") or groups.get("plain") or ""
    name = _name(without_total[: match.start()])
    after = without_total[match.end() :]
    rest = _rest(after)
    if rest is None:
        return None
    year = groups.get("year") or groups.get("year2")
    special = groups.get("kind") or ("合刊" if "合刊" in after else "")
    if not year:
        year, name = _year_before(without_total[: match.start()], name)
    if not year and (later := re.match(rf"[(]({_YEAR_DIGITS})年?[)]$", after)):
        year = later[1]
    if name and not special and (found := _SPECIAL_ONLY.fullmatch(name)):
        special, name = found[0], ""
    value = _first(printed)
    if value is None or value > 9999:
        return None
    return IssueLine(
        value,
        total,
        number(year) if year else None,
        special,
        name,
        rest,
        bool(re.search(r"\D", printed) and _first(printed) != number(printed)),
    )


def _first_number(line: str) -> re.Match[str] | None:
    for match in _NUMBER.finditer(line):
        # 8月15日 and 3号楼 are no numbers of an issue: 号 needs its year in brackets or 第 before it.
        if match["unit"] == "号" and not (match["year2"] or "第" in match[0]):
            continue
        return match
    return _NUMBER_AFTER.search(line)


def _without_number(line: str, total_match: re.Match[str] | None, total: int | None, rest: str) -> IssueLine | None:
    """A running number alone, or a special issue that prints none (增刊)."""
    special = _SPECIAL_ONLY.search(rest)
    year = _YEAR.search(_SPECIAL_ONLY.sub("", rest))
    left = _FILLING.sub("", _YEAR.sub("", _SPECIAL_ONLY.sub("", rest, count=1), count=1))
    if total_match:
        if re.sub(r"第?期?", "", left) and _rest(line[total_match.end() :]) is None:
            return None
        found = year and number(year["year"] or year["year2"])
        return IssueLine(None, total, found or None, "", _name(line[: total_match.start()]), "")
    if (
        special
        and not left
        and (year or line in ("增刊", "(增刊)", "专刊", "(专刊)", "特刊", "创刊号", "(创刊号)", "号外"))
    ):
        return IssueLine(None, None, number(year["year"] or year["year2"]) if year else None, special[0], "", "")
    return None


def _year_before(before: str, name: str) -> tuple[str | None, str]:
    """The year printed apart from the number (`2023年增刊第3期`, `〔2022〕 第3期`), and the name without it."""
    if dates.find(before):
        return None, name
    match = re.search(rf"[(〔\[【]?({_YEAR_DIGITS})(?:年度?)?[)〕\]】]?(?:{_SPECIAL})?[(]?$", before)
    if not match:
        return None, name
    return match[1], _name(before[: match.start()])


def _name(before: str) -> str:
    """The words before the number, without dates, handling notes and brackets."""
    name = re.sub(r"\s", "", CLASSIFICATION.sub("", dates.without(before)))
    name = _BEFORE_NUMBER.sub("", name)
    return name.replace("(", "（").replace(")", "）")


def _rest(after: str) -> str | None:
    """What follows the number: "" for brackets and handling notes, issuer or date as text, None for other words."""
    after = re.sub(rf"^[、,和及-]第?{NUMBER}[期号]", "", after)
    after = re.sub(r"^[(]?(?:合刊|增刊|专刊|特刊|合订)[)]?", "", after)
    left = _FILLING.sub(" ", SIGNER.sub(" ", CLASSIFICATION.sub(" ", WEEKDAY.sub(" ", dates.without(after))))).strip()
    left = re.sub(rf"^{_YEAR_DIGITS}年?$|^第?\d+版$|^共?\d+[页版]$", "", left).strip()
    words = [w for w in left.split() if not URGENCY.match(w) and not COPY_NUMBER.match(w)]
    if not words:
        return after if dates.find(plain(after)) else ""
    if all(UNIT_SUFFIX.search(re.sub(r"(?:编印|主办|编|印)$", "", w)) for w in words):
        return after
    return None


def _first(printed: str) -> int | None:
    """Of a combined issue (第5、6期合刊) the first number."""
    match = re.match(NUMBER, printed)
    return number(match[0]) if match else None


def is_issue_line(text: str) -> bool:
    """Whether `text` is an issue line and little else (a name may stand before it)."""
    line = read(text)
    return line is not None and (line.alone or len(line.name) <= 40)


def label(line: IssueNumber, special: str, as_printed: str) -> str:
    """The issue line for people: `2022年第1期 总第20期`, from what is printed."""
    clean = re.sub(r"\s+", "", plain(as_printed))
    total = _TOTAL.search(clean)
    head = _TOTAL.sub("", clean).replace("()", "").strip("、,;·| ")
    match = _first_number(head)
    if match:
        combined = re.match(r"[(]?合刊[)]?", head[match.end() :])
        head = head[match.start() : match.end()] + (combined[0] if combined else "")
    head = head[1:-1] if re.fullmatch(r"[(\[【][^()]*[)\]】]", head) else head
    if head.count("(") != head.count(")"):
        head = head.strip("()") if head[0] in "()" else f"{head})"
    if not head and line.number is not None:
        head = f"{special}第{line.number}期"
    return " ".join(filter(None, (head, total[0] if total else "")))
