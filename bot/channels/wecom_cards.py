"""企业微信: the three messages that show an issue by its structure: text_notice, news_notice and news.

Each is made whole or not at all: where its titles would be cut, or it lacks an address or a picture it demands, the
answer is the reason in Chinese, and the channel sends what the style falls back to. Rules of a template card are
section 2.3 of the wire reference, of news 2.2. A client shows of a news list the titles only, so what must be seen
stands in them: masthead and label in the first, over the cover; what is left out, list, date and issuer in the last.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from bot.domain.card import Card, Message, Wording

from .cutting import shorten, shorten_bytes
from .escaping import TEXT
from .fields import Fields, fields
from .fitting import Room, Sheet, fit_one, titles_only

LIMITS: Mapping[str, int] = {
    "max_card_title_chars": 26,  # WC-DOC, advice: the client cuts beyond
    "max_card_desc_chars": 30,  # WC-DOC, advice
    "max_card_body_chars": 112,  # WC-DOC, advice, sub_title_text
    "max_card_source_chars": 13,  # WC-DOC, advice
    "max_card_rows": 6,  # WC-DOC
    "max_card_row_value_chars": 26,  # WC-DOC, advice
    "max_card_jumps": 3,  # WC-DOC
    "max_card_articles": 4,  # WC-DOC, vertical_content_list; its title 26 and desc 112 chars, advice
    "max_card_quote_chars": 112,  # ours: not stated
    "max_news_articles": 8,  # WC-DOC
    "max_news_title_bytes": 128,  # WC-DOC: truncated beyond
}
WIDEST_COVER = 2.25
"""WC-DOC: the greatest aspect ratio of a card's picture, a little less than that of the cover."""

NO_LINK, NO_COVER, NO_ROOM = "没有阅读链接", "没有封面图", "标题放不下"
CARD_ROOM = Room(lead_chars=100, head_chars=LIMITS["max_card_title_chars"], change_chars=60)
BARE_ROOM = titles_only(head_chars=LIMITS["max_card_title_chars"], change_chars=60)


def text_notice(card: Card, wording: Wording) -> Message | str:
    """A template card whose body lists the articles."""
    if card.link is None:
        return NO_LINK

    def build(sheet: Sheet) -> Mapping[str, Any]:
        said = _said(sheet, wording)
        body = wording(f"wecom/{card.kind}.card-body", sheet.card, escape=TEXT, **sheet.values())
        return _template_card("text_notice", card, said, {"sub_title_text": body})

    def fits(payload: Mapping[str, Any]) -> bool:
        return len(payload["template_card"]["sub_title_text"]) <= LIMITS["max_card_body_chars"]

    return fit_one(card, build, fits, CARD_ROOM) or NO_ROOM


def news_notice(card: Card, wording: Wording) -> Message | str:
    """A template card under the cover: a row for each article, its title above its lead.

    When one of the titles is too long for a row's title, all of them stand below their numbers, without leads.
    """
    if card.link is None:
        return NO_LINK
    if card.pictures is None:
        return NO_COVER
    image = {"url": card.pictures.cover, "aspect_ratio": WIDEST_COVER}

    def build(sheet: Sheet, *, headed: bool) -> Mapping[str, Any]:
        # The body's template without articles is what it says above and below them.
        about = {**sheet.values(), "items": ()}
        quote = wording(f"wecom/{card.kind}.card-body", sheet.card, escape=TEXT, **about)
        if headed:
            rows = [{"title": f"{i.number}. {TEXT(i.title)}", "desc": TEXT(i.lead)} for i in sheet.items]
        else:
            rows = [{"title": f"第{i.number}篇", "desc": TEXT(i.title)} for i in sheet.items]
        shown: dict[str, Any] = {"card_image": image, "vertical_content_list": rows}
        if quote:
            shown["quote_area"] = {"type": 0, "quote_text": quote}
        return _template_card("news_notice", card, _said(sheet, wording), shown)

    def fits(payload: Mapping[str, Any]) -> bool:
        shown = payload["template_card"]
        rows = shown["vertical_content_list"]
        return (
            len(rows) <= LIMITS["max_card_articles"]
            and all(len(row["title"]) <= LIMITS["max_card_title_chars"] for row in rows)
            and all(len(row["desc"]) <= LIMITS["max_card_body_chars"] for row in rows)
            and len(shown.get("quote_area", {}).get("quote_text", "")) <= LIMITS["max_card_quote_chars"]
        )

    return (
        fit_one(card, partial(build, headed=True), fits, CARD_ROOM)
        or fit_one(card, partial(build, headed=False), fits, BARE_ROOM)
        or NO_ROOM
    )


def news(card: Card, wording: Wording) -> Message | str:
    """A list of titles below the cover, each opening the full text; it needs no picture."""
    link, most = card.link, LIMITS["max_news_title_bytes"]
    if link is None:
        return NO_LINK

    def build(sheet: Sheet) -> Mapping[str, Any]:
        said = fields(wording(f"wecom/{card.kind}.news", sheet.card, escape=TEXT, **sheet.values()))
        articles = [{"title": shorten_bytes(said["title"], most), "url": link}]
        if card.pictures:
            articles[0]["picurl"] = card.pictures.cover
        articles += [{"title": f"{label}：{value}", "url": link} for label, value in said.rows]
        articles += [{"title": f"{item.number}. {TEXT(item.title)}", "url": link} for item in sheet.items]
        if said["foot"]:
            articles.append({"title": shorten_bytes(said["foot"], most), "url": card.sign_link or link})
        return {"msgtype": "news", "news": {"articles": articles}}

    def fits(payload: Mapping[str, Any]) -> bool:
        articles = payload["news"]["articles"]
        longest = max(len(article["title"].encode()) for article in articles)
        return len(articles) <= LIMITS["max_news_articles"] and longest <= most

    return fit_one(card, build, fits, titles_only(head_chars=20, change_chars=60)) or NO_ROOM


def _said(sheet: Sheet, wording: Wording) -> Fields:
    return fields(wording(f"wecom/{sheet.card.kind}.card", sheet.card, escape=TEXT, **sheet.values()))


def _template_card(card_type: str, card: Card, said: Fields, shown: Mapping[str, Any]) -> Mapping[str, Any]:
    """What both types of template card have in common, around what one of them has of its own."""
    rows = [{"keyname": key, "value": shorten(value, LIMITS["max_card_row_value_chars"])} for key, value in said.rows]
    jumps = [(said["open"], card.link), (said["sign"], card.sign_link)]
    return {
        "msgtype": "template_card",
        "template_card": {
            "card_type": card_type,
            "source": {"desc": shorten(said["source"], LIMITS["max_card_source_chars"]), "desc_color": 2},
            "main_title": {
                "title": shorten(said["title"], LIMITS["max_card_title_chars"]),
                "desc": shorten(said["desc"], LIMITS["max_card_desc_chars"]),
            },
            **shown,
            "horizontal_content_list": rows[: LIMITS["max_card_rows"]],
            "jump_list": [{"type": 1, "title": label, "url": url} for label, url in jumps if url],
            "card_action": {"type": 1, "url": card.link},
        },
    }
