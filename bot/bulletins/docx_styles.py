"""What a DOCX paragraph or run looks like: its own formatting, its styles', the document's; and its number.

Only what a parser rule looks at is resolved: size, weight, alignment, first-line indent, heading level, hidden
text, automatic numbers (ECMA-376 part 1, 17.3, 17.7, 17.9).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from lxml import etree

from bot.bulletins.numerals import chinese

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_OFF = ("0", "false", "off", "none")
_DEEPEST_STYLE = 20  # styles based on each other in a ring end here
_CIRCLED = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"


@dataclass(frozen=True, slots=True)
class Look:
    """Resolved formatting; `size` in points, `indent` in characters."""

    size: float
    bold: bool
    hidden: bool
    align: str
    indent: float
    level: int
    marked: bool


class Styles:
    """Looks up formatting along run -> paragraph -> style -> based-on styles -> document defaults."""

    def __init__(self, styles: etree._Element | None, numbering: etree._Element | None) -> None:
        self._styles: dict[str, etree._Element] = {}
        self._chains: dict[str, list[etree._Element]] = {}
        self._default_style = ""
        self._defaults: etree._Element | None = None
        if styles is not None:
            for style in styles.iter(f"{W}style"):
                name = style.get(f"{W}styleId") or ""
                self._styles[name] = style
                if style.get(f"{W}type") == "paragraph" and style.get(f"{W}default") in ("1", "true"):
                    self._default_style = name
            self._defaults = styles.find(f"{W}docDefaults/{W}rPrDefault/{W}rPr")
        self._numbers = _Numbers(numbering)

    def paragraph(self, paragraph: etree._Element) -> Look:
        properties = paragraph.find(f"{W}pPr")
        chain = self._chain(_value(properties, "pStyle") or self._default_style)
        sources = [properties, *(s.find(f"{W}pPr") for s in chain)]
        runs = [*(s.find(f"{W}rPr") for s in chain), self._defaults]
        size = self._size(runs)
        return Look(
            size=size,
            bold=_on(runs, "b"),
            hidden=_on(runs, "vanish"),
            align=_align(_first(sources, "jc")),
            indent=_indent(sources, size),
            level=_level(sources, chain),
            marked=self._is_list(sources, chain),
        )

    def run(self, properties: etree._Element | None, look: Look) -> tuple[float, bool, bool]:
        """Size, weight and whether hidden, of a run in a paragraph that looks like `look`."""
        chain = [s.find(f"{W}rPr") for s in self._chain(_value(properties, "rStyle"))]
        sources = [properties, *chain]
        bold = _first(sources, "b")
        vanish = _first(sources, "vanish")
        size = self._size(sources, look.size)
        return size, look.bold if bold is None else _is_on(bold), look.hidden if vanish is None else _is_on(vanish)

    def number(self, paragraph: etree._Element) -> str:
        """The automatic number printed before a paragraph (`一、`, `1.`), "" for bullets and for none."""
        properties = paragraph.find(f"{W}pPr")
        chain = self._chain(_value(properties, "pStyle") or self._default_style)
        given = _first([properties, *(s.find(f"{W}pPr") for s in chain)], "numPr")
        return self._numbers.next(_value(given, "numId"), _value(given, "ilvl")) if given is not None else ""

    def _chain(self, name: str) -> list[etree._Element]:
        if name in self._chains:
            return self._chains[name]
        first = name
        chain: list[etree._Element] = []
        while name in self._styles and len(chain) < _DEEPEST_STYLE:
            chain.append(self._styles[name])
            name = _value(self._styles[name], "basedOn")
        self._chains[first] = chain
        return chain

    def _size(self, sources: list[etree._Element | None], otherwise: float = 10.5) -> float:
        found = _first(sources, "sz")
        text = found.get(f"{W}val", "") if found is not None else ""
        return int(text) / 2 if text.isdigit() else otherwise

    def _is_list(self, sources: list[etree._Element | None], chain: list[etree._Element]) -> bool:
        given = _first(sources, "numPr")
        return (given is not None and _value(given, "numId") not in ("", "0")) or any(
            _value(s, "name").lower().startswith(("list bullet", "list number")) for s in chain
        )


class _Numbers:
    """Counts automatic numbers as Word prints them."""

    def __init__(self, numbering: etree._Element | None) -> None:
        self._levels: dict[str, dict[int, tuple[str, str, int]]] = {}
        self._counts: defaultdict[str, dict[int, int]] = defaultdict(dict)
        if numbering is None:
            return
        abstract = {
            a.get(f"{W}abstractNumId"): {_integer(lv.get(f"{W}ilvl")): _level_format(lv) for lv in a.iter(f"{W}lvl")}
            for a in numbering.iter(f"{W}abstractNum")
        }
        for num in numbering.findall(f"{W}num"):
            self._levels[num.get(f"{W}numId") or ""] = abstract.get(_value(num, "abstractNumId"), {})

    def next(self, number: str, level: str) -> str:
        levels, at = self._levels.get(number, {}), _integer(level)
        if at not in levels:
            return ""
        counts = self._counts[number]
        counts[at] = counts.get(at, levels[at][2] - 1) + 1
        for deeper in [n for n in counts if n > at]:
            del counts[deeper]
        text, kind, _ = levels[at]
        if kind in ("bullet", "none"):
            return ""
        for n, (_, form, start) in levels.items():
            text = text.replace(f"%{n + 1}", _written(counts.get(n, start), form))
        return text


def _level_format(level: etree._Element) -> tuple[str, str, int]:
    start = _value(level, "start")
    return _value(level, "lvlText"), _value(level, "numFmt"), int(start) if start.isdigit() else 1


def _written(count: int, form: str) -> str:
    if form.startswith(("chinese", "ideograph", "japanese", "taiwanese")) and "Enclosed" not in form:
        return chinese(count) if 0 < count < 10_000 else str(count)
    if form in ("decimalEnclosedCircle", "decimalEnclosedCircleChinese") and 0 < count <= len(_CIRCLED):
        return _CIRCLED[count - 1]
    if form in ("lowerLetter", "upperLetter") and 0 < count <= 26:
        return chr((97 if form == "lowerLetter" else 65) + count - 1)
    return str(count)


def _integer(text: str | None) -> int:
    return int(text) if text and text.isdigit() else 0


def _value(parent: etree._Element | None, name: str) -> str:
    found = parent.find(f"{W}{name}") if parent is not None else None
    return (found.get(f"{W}val") or "") if found is not None else ""


def _first(sources: list[etree._Element | None], name: str) -> etree._Element | None:
    for source in sources:
        found = source.find(f"{W}{name}") if source is not None else None
        if found is not None:
            return found
    return None


def _is_on(element: etree._Element) -> bool:
    return (element.get(f"{W}val") or "1").lower() not in _OFF


def _on(sources: list[etree._Element | None], name: str) -> bool:
    found = _first(sources, name)
    return found is not None and _is_on(found)


def _align(jc: etree._Element | None) -> str:
    value = (jc.get(f"{W}val") or "") if jc is not None else ""
    return value if value in ("center", "right") else "right" if value == "end" else ""


def _indent(sources: list[etree._Element | None], size: float) -> float:
    for source in sources:
        ind = source.find(f"{W}ind") if source is not None else None
        if ind is None:
            continue
        for name, unit in (("firstLineChars", 100.0), ("firstLine", 20 * (size or 16))):
            text = ind.get(f"{W}{name}") or ""
            if text.isdigit() and int(text):
                return int(text) / unit
    return 0.0


def _level(sources: list[etree._Element | None], chain: list[etree._Element]) -> int:
    outline = _first(sources, "outlineLvl")
    value = outline.get(f"{W}val") if outline is not None else None
    if value and value.isdigit() and int(value) < 9:
        return int(value) + 1
    for style in chain:
        name = _value(style, "name").lower()
        if name.startswith("heading ") and name[8:].isdigit():
            return int(name[8:])
        if name in ("title", "标题"):
            return 1
    return 0
