"""The comparison of shared/bulletins/README.md: NFKC, no white space, list items without a trailing stop."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

_SPACE = re.compile(r"[\s\u200b\u200c\u200d\ufeff\u00ad]+")


def same_text(text: str | None) -> str | None:
    return None if text is None else _SPACE.sub("", unicodedata.normalize("NFKC", text))


def item(text: str) -> str:
    return (same_text(text) or "").rstrip("。.;；,，、")


def differences(label: dict[str, Any], out: dict[str, Any]) -> list[str]:
    """The labelled fields in which `out` differs; [] when the reading is right."""
    wrong = [
        f"{name}: {label[name]!r} != {out[name]!r}"
        for name in ("masthead", "classification")
        if same_text(label[name]) != same_text(out[name])
    ]
    wrong.extend(
        f"issue.{name}: {label['issue'][name]} != {out['issue'][name]}"
        for name in ("year", "number", "total")
        if label["issue"][name] != out["issue"][name]
    )
    wrong.extend(
        f"{name}: {label[name]} != {out[name]}"
        for name in ("date", "release_date", "print_count")
        if label[name] != out[name]
    )
    groups = {name: (label[name], out[name]) for name in ("issuer", "exclusions", "attachments")}
    groups |= {kind: (label["lists"][kind], out["lists"][kind]) for kind in ("report", "send", "copy")}
    wrong.extend(f"{name}: {a} != {b}" for name, (a, b) in groups.items() if [*map(item, a)] != [*map(item, b)])
    readings = [label["articles"], *label.get("articles_alt", [])]
    if not any(_same_articles(reading, out["articles"]) for reading in readings):
        wrong.append(f"articles: {[a['title'] for a in out['articles']]}")
    text = same_text("".join(p for a in out["articles"] for p in a["body"])) or ""
    wrong.extend(f"contains {s}" for s in label["must_not_contain"] if (same_text(s) or "") in text)
    return wrong


def _same_articles(label: list[dict[str, Any]], out: list[dict[str, Any]]) -> bool:
    return [_article(a) for a in label] == [_article(a) for a in out]


def _article(article: dict[str, Any]) -> tuple[Any, ...]:
    body = tuple(map(same_text, article["body"]))
    return same_text(article["title"]), body, article["paragraphs"], article["chars"]


def expected_differences(expected: dict[str, Any], out: dict[str, Any]) -> list[str]:
    """As `differences`, over the fields that `expected` names."""
    wrong = []
    for name, value in expected.items():
        got = out[name]
        if name == "issue":
            got = {k: got[k] for k in value}
        elif name == "articles":
            value = [(same_text(a["title"]), [*map(same_text, a["body"])]) for a in value]  # noqa: PLW2901
            got = [(same_text(a["title"]), [*map(same_text, a["body"])]) for a in got]
        elif name == "lists":
            value = {k: [*map(item, v)] for k, v in value.items()}  # noqa: PLW2901
            got = {k: [*map(item, v)] for k, v in got.items()}
        elif isinstance(value, list):
            value, got = [*map(item, value)], [*map(item, got)]  # noqa: PLW2901
        elif isinstance(value, str):
            value, got = same_text(value), same_text(got)  # noqa: PLW2901
        if value != got:
            wrong.append(f"{name}: {value} != {got}")
    return wrong
