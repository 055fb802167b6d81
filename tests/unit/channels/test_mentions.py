"""Mentions: the first part calls exactly whom the directory names; what a message cannot do is said."""

from __future__ import annotations

import pytest

from bot.channels import CHANNELS, objection_to_mention
from bot.domain.card import Card, Style
from bot.domain.directory import NOBODY, Mention
from bot.domain.issue import Article

from . import sandboxed
from .facts import FACTS
from .samples import CALLED, WORDING, a_card, enormous, many

STYLED = [(name, style) for name, module in CHANNELS.items() for style in sorted(module.STYLES)]
LONG = a_card(enormous(), *many(59), link=None)


def bodies(name: str, style: Style, card: Card, mention: Mention = NOBODY) -> list[str]:
    return [m.body.decode() for m in CHANNELS[name].messages(card, style, WORDING, mention)]


@pytest.mark.parametrize(("name", "style"), STYLED)
def test_every_member_is_called_in_the_first_part_alone_or_a_note_says_so(name: str, style: Style) -> None:
    mention = CALLED.get(name, Mention(everyone=True, members=("someone",)))
    for card in (a_card(), LONG):
        first, *later = CHANNELS[name].messages(card, style, WORDING, mention)
        left_out = [member for member in mention.members if member not in first.body.decode()]
        assert any(f"其中{len(left_out)}名" in note for note in first.notes) == bool(left_out)
        assert not any(member in m.body.decode() for m in later for member in mention.members)
        if name in sandboxed.JUDGED:
            assert sandboxed.verdict(name, first).accepted
        assert FACTS[name].size(first) <= FACTS[name].most(first.payload)


def test_wecom_text_names_members_and_everyone_in_its_own_lists() -> None:
    (message,) = CHANNELS["wecom"].messages(a_card(), Style.TEXT, WORDING, CALLED["wecom"])
    assert message.payload["text"]["mentioned_list"] == ["zhang.wei", "@all"]
    assert message.payload["text"]["mentioned_mobile_list"] == ["13800000001"]
    assert "@all" not in message.payload["text"]["content"]


def test_wecom_markdown_calls_by_userid_only_and_says_whom_not() -> None:
    (message,) = CHANNELS["wecom"].messages(a_card(), Style.MARKDOWN, WORDING, CALLED["wecom"])
    assert message.payload["markdown"]["content"].endswith("\n<@zhang.wei>")
    assert message.notes == ("这种消息不能@所有人，没有@", "这种消息不能@其中1名成员，没有@")


def test_dingtalk_names_members_in_the_text_and_beside_it() -> None:
    (message,) = CHANNELS["dingtalk"].messages(a_card(), Style.MARKDOWN, WORDING, CALLED["dingtalk"])
    assert message.payload["at"] == {"atMobiles": ["13800000001"], "atUserIds": ["manager4220"], "isAtAll": True}
    assert message.payload["markdown"]["text"].endswith("\n\n@manager4220 @13800000001")


def test_a_dingtalk_action_card_calls_nobody_and_says_so() -> None:
    (message,) = CHANNELS["dingtalk"].messages(a_card(), Style.CARD, WORDING, CALLED["dingtalk"])
    assert "at" not in message.payload
    assert message.notes == ("这种消息不能@所有人，没有@", "这种消息不能@其中2名成员，没有@")


@pytest.mark.parametrize(
    ("name", "style", "call"),
    [
        (
            "feishu",
            Style.TEXT,
            '<at user_id=\\"all\\"></at> <at user_id=\\"ou_18eac85d35a26f989317ad4f02e8bbbb\\"></at>',
        ),
        ("feishu", Style.CARD, "<at id=all></at> <at id=ou_18eac85d35a26f989317ad4f02e8bbbb></at>"),
        ("feishu", Style.MARKDOWN, "<at id=all></at> <at id=ou_18eac85d35a26f989317ad4f02e8bbbb></at>"),
        ("welink", Style.TEXT, '"isAt":true,"isAtAll":true,"atAccounts":["zhangwei@yunling"]}'),
        ("slack", Style.TEXT, "<!channel> <@U024BE7LH>"),
        ("slack", Style.CARD, "<!channel> <@U024BE7LH>"),
    ],
)
def test_each_vendor_is_asked_in_its_own_words(name: str, style: Style, call: str) -> None:
    assert call in bodies(name, style, a_card(), CALLED[name])[0]


def test_nobody_is_the_default() -> None:
    for name, style in STYLED:
        assert bodies(name, style, a_card()) == bodies(name, style, a_card(), NOBODY)


def test_a_document_cannot_mention() -> None:
    card = a_card(Article("@all <@zhangsan> <at id=all></at> <!channel>", ("@13800000001 请看。",)))
    for name, style in STYLED:
        if not FACTS[name].is_data:
            shown = "\n".join(bodies(name, style, card))
            assert not any(call in shown for call in ("@all", "<@", "<at", "<!", "@138")), (name, style)


@pytest.mark.parametrize(
    ("name", "mention", "said"),
    [
        ("teams", Mention(everyone=True), "不能@所有人"),
        ("lanxin", Mention(members=("zhangsan",)), "不能@成员"),
        ("webhook", Mention(everyone=True), "不能@所有人"),
        ("wecom", Mention(members=("张三",)), "应填成员 userid 或手机号"),
        ("slack", Mention(members=("@li",)), "Slack 成员编号"),
        ("welink", Mention(members=tuple(f"u{n}" for n in range(11))), "最多@10名成员，现有11名"),
        ("feishu", Mention(members=('x"></at><at id=all',)), "open_id"),
    ],
)
def test_what_a_vendor_does_not_have_is_refused_with_what_to_do(name: str, mention: Mention, said: str) -> None:
    assert said in (objection_to_mention(name, mention) or "")


def test_what_a_vendor_has_is_not_refused() -> None:
    assert [objection_to_mention(name, mention) for name, mention in CALLED.items()] == [None] * len(CALLED)
    assert all(objection_to_mention(name, NOBODY) is None for name in CHANNELS)


def test_an_id_that_is_none_is_left_out_and_said() -> None:
    (message,) = CHANNELS["feishu"].messages(a_card(), Style.CARD, WORDING, Mention(members=('x"></at><at id=all',)))
    assert "<at" not in message.body.decode()
    assert message.notes == ("这种消息不能@其中1名成员，没有@",)
