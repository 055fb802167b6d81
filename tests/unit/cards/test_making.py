"""Issue -> Card."""

from __future__ import annotations

import datetime as dt

from bot.cards import make_card
from bot.domain.card import CardKind
from bot.domain.issue import Article, Issue, IssueNumber, ListKind

ISSUE = Issue(
    masthead="云岭市乡村振兴工作简报",
    issue=IssueNumber(2026, 18, None, "2026年第18期"),
    issuer=("云岭市乡村振兴局", "云岭市农业农村局"),
    date=dt.date(2026, 7, 29),
    articles=(
        Article("有正文的一篇", ("一、提高认识", "各地迅速行动。“成效明显。”群众满意")),
        Article("只有标题的一篇"),
    ),
)


def test_a_card_carries_the_issue_verbatim() -> None:
    card = make_card(ISSUE, kind=CardKind.ISSUE, list_kind=ListKind.COPY, link="https://a.example/r/x")
    assert (card.masthead, card.label, card.issuer) == (ISSUE.masthead, "2026年第18期", ISSUE.issuer)
    assert (card.date, card.list_kind, card.link) == (ISSUE.date, ListKind.COPY, "https://a.example/r/x")
    assert [item.title for item in card.items] == ["有正文的一篇", "只有标题的一篇"]


def test_leads_are_whole_sentences_of_the_whole_article_in_order() -> None:
    card = make_card(ISSUE, kind=CardKind.ISSUE, list_kind=None, link=None)
    assert card.items[0].lead == ("一、提高认识", "各地迅速行动。", "“成效明显。”", "群众满意")
    assert card.items[1].lead == ()


def test_changes_and_sign_link_are_carried() -> None:
    card = make_card(
        ISSUE, kind=CardKind.CORRECTION, list_kind=None, link="https://a.example", sign_link="b", changes=["改了。"]
    )
    assert (card.kind, card.sign_link, card.changes) == (CardKind.CORRECTION, "b", ("改了。",))
