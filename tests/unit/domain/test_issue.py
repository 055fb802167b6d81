"""An issue as data: sentences, derived fields, there and back, and its content hash."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import issue as domain
from bot.domain.issue import Article, Issue, IssueNumber, ListKind, Lists, sentences

ISSUE = Issue(
    masthead="江市城镇老旧小区改造工作简报",
    issue=IssueNumber(2022, 1, 20, "2022年第1期 总第20期"),
    issuer=("江市住房和城乡建设局",),
    date=dt.date(2022, 1, 5),
    classification="内部资料",
    articles=(Article("题一", ("第一句。第二句！", "一、小标题", "末段“引文。”")), Article("只有题目")),
    lists=Lists(("王晖",), ("各县（市、区）人民政府",), ("市直有关单位",)),
    exclusions=("江北县",),
    print_count=50,
    attachments=("进度表",),
    editor_note="编者按",
    warnings=(domain.Warning("no_number", "没有期号", "line 3", blocking=True), domain.Warning("odd", "有疑")),
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("一句。", ["一句。"]),
        ("一句。二句！三句？", ["一句。", "二句！", "三句？"]),
        ("他说：“好。”然后走了。", ["他说：“好。”", "然后走了。"]),
        ("（见附件。）完。", ["（见附件。）", "完。"]),
        ("什么？！真的。", ["什么？！", "真的。"]),
        ("没有句号", ["没有句号"]),
        ("有。没有", ["有。", "没有"]),
        ("约3.5万户。", ["约3.5万户。"]),
        ("。", ["。"]),
        (" 前后有空格。 ", ["前后有空格。"]),
    ],
)
def test_a_text_is_cut_into_sentences(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@given(st.text(alphabet="甲乙。！？”’）」 ，1", min_size=1))
def test_cutting_loses_nothing(text: str) -> None:
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())


def test_an_article_counts_paragraphs_and_characters_without_white_space() -> None:
    article = Article("题", ("甲 乙\u3000丙\n丁", "戊\u200b"))
    assert (article.paragraphs, article.chars) == (2, 5)


def test_first_and_last_sentence_come_from_first_and_last_paragraph() -> None:
    article = ISSUE.articles[0]
    assert (article.first_sentence, article.last_sentence) == ("第一句。", "末段“引文。”")
    assert (Article("题").first_sentence, Article("题").last_sentence) == ("", "")


@pytest.mark.parametrize("issue", [ISSUE, Issue("简报"), replace(ISSUE, date=None, print_count=None)])
def test_an_issue_survives_json(issue: Issue) -> None:
    assert Issue.from_dict(json.loads(json.dumps(issue.to_dict()))) == issue


def test_the_json_shape_is_the_contracted_one() -> None:
    data = ISSUE.to_dict()
    assert data["date"] == data["release_date"] == "2022-01-05"
    assert data["issue"] == {"year": 2022, "number": 1, "total": 20, "label": "2022年第1期 总第20期"}
    assert data["lists"] == {"report": ["王晖"], "send": ["各县（市、区）人民政府"], "copy": ["市直有关单位"]}
    assert data["articles"][1] == {
        "title": "只有题目",
        "body": [],
        "paragraphs": 0,
        "chars": 0,
        "first_sentence": "",
        "last_sentence": "",
    }
    assert data["warnings"][0] == {"code": "no_number", "message": "没有期号", "where": "line 3", "blocking": True}


CHANGES: list[dict[str, Any]] = [
    {"masthead": "别的"},
    {"issue": IssueNumber(2022, 2, 20, "x")},
    {"date": dt.date(2022, 1, 6)},
    {"articles": ISSUE.articles[:1]},
    {"articles": ISSUE.articles[::-1]},
    {"lists": Lists((), ISSUE.lists.send, ISSUE.lists.copy)},
    {"lists": Lists(ISSUE.lists.report, ISSUE.lists.copy, ISSUE.lists.send)},
    {"exclusions": ()},
    {"attachments": ()},
    {"classification": None},
]


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_a_reader_would_notice_changes_the_hash(change: dict[str, Any]) -> None:
    assert replace(ISSUE, **change).content_hash != ISSUE.content_hash


def test_our_own_warnings_do_not_change_the_hash() -> None:
    assert replace(ISSUE, warnings=()).content_hash == ISSUE.content_hash


def test_blocking_warnings_are_told_apart() -> None:
    assert [w.code for w in ISSUE.blocking] == ["no_number"]


def test_lists_are_empty_only_when_all_three_are() -> None:
    assert not Lists()
    assert all(Lists(**{kind.value: ("甲",)}) for kind in ListKind)
    assert [ISSUE.lists.of(kind)[0] for kind in ListKind] == ["王晖", "各县（市、区）人民政府", "市直有关单位"]


def test_derived_fields_agree_with_every_label(shared: Path) -> None:
    labels = [json.loads(path.read_text(encoding="utf-8")) for path in (shared / "bulletins").glob("*.json")]
    articles = [article for label in labels for article in label.get("articles", ())]
    assert articles
    for label in articles:
        article = Article(label["title"], tuple(label["body"]))
        assert (article.paragraphs, article.chars) == (label["paragraphs"], label["chars"]), article.title
        assert article.first_sentence == label["first_sentence"], article.title
        assert article.last_sentence == label["last_sentence"], article.title
