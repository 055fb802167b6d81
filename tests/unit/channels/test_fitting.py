"""The one fitting algorithm, on a vendor invented here: its limit is a number of characters of one line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from bot.channels.cutting import joined, shorten, shorten_bytes
from bot.channels.fitting import Room, Sheet, fit, fit_one
from bot.domain.card import Card, CardItem, CardKind, Message

SENTENCES = ("第一句。", "第二句很长很长。", "第三句。")
ROOM = Room(lead_chars=100, head_chars=10, change_chars=10)


def card(*items: CardItem, link: str | None = None, changes: tuple[str, ...] = (), masthead: str = "简报") -> Card:
    return Card(CardKind.ISSUE, masthead, "", (), None, items, None, link, None, changes)


def build(sheet: Sheet) -> Mapping[str, Any]:
    values = sheet.values()
    items = [f"{'+' if i.continued else i.number}{i.title}:{i.lead}" for i in sheet.items]
    changes = [*sheet.card.changes, *([f"另{sheet.changes_left_out}"] if sheet.changes_left_out else [])]
    return {"text": "|".join([sheet.card.masthead, *changes, *items, str(values["mark"])])}


def fitted(shown: Card, most: int) -> tuple[Message, ...]:
    return fit(shown, build, lambda payload: len(payload["text"]) <= most, ROOM)


def texts(shown: Card, most: int) -> list[str]:
    return [str(m.payload["text"]) for m in fitted(shown, most)]


def test_all_of_it_when_there_is_room() -> None:
    (message,) = fitted(card(CardItem("甲", SENTENCES), CardItem("乙")), 100)
    assert message.payload["text"] == "简报|1甲:第一句。第二句很长很长。第三句。|2乙:|"
    assert message.notes == ()


def test_leads_are_shortened_by_whole_sentences_and_it_is_said() -> None:
    (message,) = fitted(card(CardItem("甲", SENTENCES), CardItem("乙", SENTENCES)), 30)
    assert message.payload["text"] == "简报|1甲:第一句。|2乙:第一句。|全文见原件"
    assert message.notes == ("各篇只登导语",)


def test_titles_only_when_no_sentence_fits() -> None:
    (message,) = fitted(card(CardItem("甲", SENTENCES), CardItem("乙"), link="https://a"), 18)
    assert message.payload["text"] == "简报|1甲:|2乙:|全文见链接"
    assert message.notes == ("第1篇只登标题",)


def test_the_notes_name_articles_by_their_numbers() -> None:
    items = (CardItem("甲"), *(CardItem("乙", SENTENCES) for _ in range(3)), CardItem("丙"), CardItem("丁", SENTENCES))
    assert fitted(card(*items), 45)[0].notes == ("第2-4、6篇只登标题",)


def test_parts_when_the_titles_do_not_fit() -> None:
    messages = fitted(card(*(CardItem(t * 3) for t in "甲乙丙丁")), 22)
    assert [m.payload["text"] for m in messages] == [
        "简报|1甲甲甲:|2乙乙乙:|全文见原件",
        "简报|3丙丙丙:|4丁丁丁:|全文见原件",
    ]
    assert [(m.part, m.parts) for m in messages] == [(1, 2), (2, 2)]
    assert messages[0].notes == ("只登标题", "分为2部分")


def test_a_title_longer_than_a_message_goes_on_in_the_next() -> None:
    assert texts(card(CardItem("一二三四五六七八九"), CardItem("乙")), 16) == [
        "简报|1一二三四五:|全文见原件",
        "简报|+六七八九:|全文见原件",
        "简报|2乙:|全文见原件",
    ]


@pytest.mark.parametrize(
    "character", ["e\u0301", "\U0001f44d\U0001f3fd", "\U0001f468\u200d\U0001f469", "\U0001f1e8\U0001f1f3", "☀\ufe0f"]
)
def test_a_cut_never_falls_inside_a_character(character: str) -> None:
    pieces = [text.split("|")[1][1:-1] for text in texts(card(CardItem(character * 20)), 19)]
    assert len(pieces) > 1
    assert all(piece.replace(character, "") == "" for piece in pieces)
    assert "".join(pieces) == character * 20


def test_changes_come_first_once_and_their_omission_is_said() -> None:
    shown = card(*(CardItem(t * 3) for t in "甲乙丙丁"), changes=("改一。", "改二。", "改三改三改三。"))
    first, *rest = texts(shown, 30)
    assert first.startswith("简报|改一。|改二。|另1|1甲")
    assert not any("改" in text or "另" in text for text in rest)


def test_a_masthead_beyond_reason_is_shortened_and_noted() -> None:
    (message,) = fitted(card(CardItem("甲"), masthead="很长的报头" * 9), 100)
    assert message.payload["text"] == "很长的报头很长的报…|1甲:|全文见原件"
    assert message.notes == ("报头过长，已缩短",)


@pytest.mark.parametrize("masthead", ["", " ", "\ufeff"])
def test_a_masthead_nobody_can_see_is_replaced_and_noted(masthead: str) -> None:
    (message,) = fitted(card(CardItem("甲"), masthead=masthead), 100)
    assert message.payload["text"] == "工作简报|1甲:|全文见原件"
    assert message.notes == ("没有报头，以“工作简报”代",)


def test_no_room_for_a_single_character_is_an_error() -> None:
    with pytest.raises(ValueError, match="no room"):
        fitted(card(CardItem("甲")), 5)
    with pytest.raises(ValueError, match="no room"):
        fitted(card(), 1)


def test_one_message_or_none() -> None:
    assert fit_one(card(CardItem("甲" * 30)), build, lambda p: len(p["text"]) < 20, ROOM) is None


def test_a_card_without_articles_is_still_a_message() -> None:
    assert texts(card(), 30) == ["简报|"]


def test_the_count_of_parts_may_have_more_digits_than_expected() -> None:
    messages = fitted(card(*(CardItem("甲" * 5) for _ in range(120))), 20)
    assert [m.parts for m in messages] == [120] * 120


def test_shorten_counts_characters_and_says_so() -> None:
    assert (shorten("云岭市简报", 5), shorten("云岭市简报", 4)) == ("云岭市简报", "云岭市…")
    assert (shorten("总第2026期简报", 5), shorten("202620262026", 5)) == ("总第…", "2026…")


def test_many_articles_share_the_room_for_leads_evenly() -> None:
    shown = card(*(CardItem("甲", ("一二三。", "四五六。")) for _ in range(300)))
    (message,) = fitted(shown, 10_000)
    assert str(message.payload["text"]).count("一二三。") == 300
    assert "四五六" not in str(message.payload["text"])


def test_a_subhead_is_kept_apart_from_what_follows() -> None:
    assert (
        joined(("一、提高认识", "各地行动。", "“好。”", "二、再接再厉", "甲。"))
        == "一、提高认识　各地行动。“好。”　二、再接再厉　甲。"
    )


@pytest.mark.parametrize(
    "text", ["简" * 60, "\U0001f468\u200d\U0001f469" * 20, "e\u0301" * 70, "A" * 200, "第2026期" * 20]
)
def test_shortening_by_bytes_never_passes_them_nor_cuts_a_character(text: str) -> None:
    for most in range(12, 130):
        cut = shorten_bytes(text, most)
        assert len(cut.encode()) <= most
        assert text.startswith(cut.removesuffix("…").rstrip())
    assert shorten_bytes(text, len(text.encode())) == text
