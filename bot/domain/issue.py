"""An *issue* (期): one number of a bulletin (简报), as data.

Field meanings follow the conventions of 报头 (masthead), 报核 (articles) and 报尾 (the lists at the foot);
`docs/glossary.md` has the terms. Text is kept as printed: nothing is translated, expanded or repaired.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

_SPACE = re.compile(r"[\s\u200b\u200c\u200d\ufeff\u00ad]+")
_SENTENCE = re.compile(r"[^。！？]*[。！？]+[”’」』）)】〕》\"']*")


class ListKind(StrEnum):
    """The list a recipient stands on, in the order of rank."""

    REPORT = "report"
    SEND = "send"
    COPY = "copy"

    @property
    def chinese(self) -> str:
        """The fixed Chinese term: 报送, 发送, 抄送."""
        return {"report": "报送", "send": "发送", "copy": "抄送"}[self.value]


@dataclass(frozen=True, slots=True)
class Warning:  # noqa: A001 - the word of the outer surface (contracts: `warnings`)
    """Something the reader could not be sure of, with its place.

    `code` is a fixed word (documented in docs/reading.md), `where` a place a person can find
    (`line 12`, `page 3`, `报尾`), `blocking` means: hold the issue until a person has looked.
    """

    code: str
    message: str
    where: str = ""
    blocking: bool = False


@dataclass(frozen=True, slots=True)
class IssueNumber:
    """The issue line. Numbers are integers whatever their printed form; None when not printed."""

    year: int | None = None
    number: int | None = None
    total: int | None = None
    label: str = ""


@dataclass(frozen=True, slots=True)
class Article:
    """One article: its title without list marks, its paragraphs in order."""

    title: str
    body: tuple[str, ...] = ()

    @property
    def paragraphs(self) -> int:
        return len(self.body)

    @property
    def chars(self) -> int:
        """Characters of the body, white space not counted."""
        return sum(len(_SPACE.sub("", p)) for p in self.body)

    @property
    def first_sentence(self) -> str:
        """First sentence of the first paragraph; all of it when it has no stop; "" without a body."""
        return sentences(self.body[0])[0] if self.body else ""

    @property
    def last_sentence(self) -> str:
        return sentences(self.body[-1])[-1] if self.body else ""


@dataclass(frozen=True, slots=True)
class Lists:
    """The raw items of the three lists, in printed order."""

    report: tuple[str, ...] = ()
    send: tuple[str, ...] = ()
    copy: tuple[str, ...] = ()

    def of(self, kind: ListKind) -> tuple[str, ...]:
        return {ListKind.REPORT: self.report, ListKind.SEND: self.send, ListKind.COPY: self.copy}[kind]

    def __bool__(self) -> bool:
        return bool(self.report or self.send or self.copy)


@dataclass(frozen=True, slots=True)
class Issue:
    """A bulletin as read. `warnings` say what is not sure; everything else is the document's own text."""

    masthead: str
    issue: IssueNumber = field(default_factory=IssueNumber)
    issuer: tuple[str, ...] = ()
    date: dt.date | None = None
    classification: str | None = None
    articles: tuple[Article, ...] = ()
    lists: Lists = field(default_factory=Lists)
    exclusions: tuple[str, ...] = ()
    print_count: int | None = None
    attachments: tuple[str, ...] = ()
    editor_note: str | None = None
    warnings: tuple[Warning, ...] = ()

    @property
    def blocking(self) -> tuple[Warning, ...]:
        return tuple(w for w in self.warnings if w.blocking)

    @property
    def label(self) -> str:
        """The issue line for people, e.g. `2022年第1期 总第20期`."""
        return self.issue.label

    def to_dict(self) -> dict[str, Any]:
        """The shape of `jianbao parse --json` (see docs/reading.md)."""
        day = self.date.isoformat() if self.date else None
        return {
            "masthead": self.masthead,
            "issue": asdict(self.issue),
            "issuer": list(self.issuer),
            "date": day,
            "release_date": day,
            "classification": self.classification,
            "articles": [
                {
                    "title": a.title,
                    "body": list(a.body),
                    "paragraphs": a.paragraphs,
                    "chars": a.chars,
                    "first_sentence": a.first_sentence,
                    "last_sentence": a.last_sentence,
                }
                for a in self.articles
            ],
            "lists": {kind.value: list(self.lists.of(kind)) for kind in ListKind},
            "exclusions": list(self.exclusions),
            "print_count": self.print_count,
            "attachments": list(self.attachments),
            "editor_note": self.editor_note,
            "warnings": [asdict(w) for w in self.warnings],
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Issue:
        """The inverse of `to_dict`; derived fields (`chars`, …) are computed anew."""
        return cls(
            masthead=data["masthead"],
            issue=IssueNumber(**data["issue"]),
            issuer=tuple(data["issuer"]),
            date=dt.date.fromisoformat(data["date"]) if data["date"] else None,
            classification=data["classification"],
            articles=tuple(Article(a["title"], tuple(a["body"])) for a in data["articles"]),
            lists=Lists(**{kind.value: tuple(data["lists"][kind.value]) for kind in ListKind}),
            exclusions=tuple(data["exclusions"]),
            print_count=data["print_count"],
            attachments=tuple(data["attachments"]),
            editor_note=data.get("editor_note"),
            warnings=tuple(Warning(**w) for w in data.get("warnings", ())),
        )

    @property
    def content_hash(self) -> str:
        """SHA-256 (hex) of what a recipient would read. Warnings are ours and do not count."""
        data = self.to_dict()
        del data["warnings"]
        return hashlib.sha256(json.dumps(data, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def sentences(text: str) -> list[str]:
    """Split at 。！？ with any closing quotes or brackets right after; never empty for non-empty text."""
    found = _SENTENCE.findall(text)
    rest = text[sum(map(len, found)) :]
    if rest.strip():
        found.append(rest)
    return [s.strip() for s in found] or [text.strip()]
