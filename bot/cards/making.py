"""Issue -> Card: what a recipient is shown, before any vendor's format or limit."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.card import Card, CardItem, CardKind, Pictures
from bot.domain.issue import Article, Issue, ListKind, sentences


def make_card(
    issue: Issue,
    *,
    kind: CardKind,
    list_kind: ListKind | None,
    link: str | None,
    sign_link: str | None = None,
    changes: Sequence[str] = (),
    pictures: Pictures | None = None,
) -> Card:
    """The card of `issue` for a recipient who stands on `list_kind`.

    `link` opens the full text and holds `LINK_TOKEN` where the delivery's own token will go; None when there is
    no public address. `sign_link` likewise, for signing. `changes` are shown on a correction, one sentence each.
    Every article's lead is its whole text in sentences: how much of it is shown is for the channel to decide,
    which alone knows the room, and only so can it say truthfully whether anything was left out.
    """
    return Card(
        kind=kind,
        masthead=issue.masthead,
        label=issue.label,
        issuer=issue.issuer,
        date=issue.date,
        items=tuple(CardItem(article.title, _lead(article)) for article in issue.articles),
        list_kind=list_kind,
        link=link,
        sign_link=sign_link,
        changes=tuple(changes),
        pictures=pictures,
    )


def _lead(article: Article) -> tuple[str, ...]:
    return tuple(s for paragraph in article.body for s in sentences(paragraph) if s)
