"""List phrases to recipients: exact, never guessed, nothing dropped; against the real lists of ../shared."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.directory import Loaded, load
from bot.domain.directory import Directory, Group, Recipient, RecipientKind, Target
from bot.domain.issue import Issue, ListKind, Lists
from bot.domain.resolver import Resolver, Via, normal
from bot.domain.secret import Secret

CHANNELS = {"wecom": "企业微信", "dingtalk": "钉钉", "feishu": "飞书"}
ROBOT = (Target("wecom", Secret("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=none")),)


def unit(id_: str, name: str, *aliases: str, **more: Any) -> Recipient:
    return Recipient(id_, name, aliases=aliases, **{"targets": ROBOT, **more})


SMALL = Directory(
    (
        unit("jiangnan", "江南区人民政府", "江南区", "江南"),
        unit("jiangbei", "江北县人民政府", "江北县"),
        unit("zhujian", "江市住房和城乡建设局", "市住建局", "住建局"),
        unit("caizheng", "江市财政局", "市财政局", "局里", targets=()),
        unit("gongan", "江市公安局", "市公安局", "局里", enabled=False),
    ),
    (
        Group("counties", "各县（市、区）人民政府", ("各县、市、区人民政府",), ("jiangnan", "jiangbei")),
        Group("departments", "市直有关单位", ("各单位", "江南"), ("zhujian", "caizheng", "gongan")),
        Group("works", "改造领导小组成员单位", ("各成员单位",), ("zhujian", "caizheng")),
        Group("rivers", "河长制成员单位", ("各成员单位",), ("zhujian",)),
        Group("works-too", "改造办成员单位", ("市政府各部门、各直属机构", "改造组"), ("caizheng", "zhujian")),
        Group("works-three", "改造三组", ("改造组",), ("zhujian", "caizheng")),
    ),
)
RESOLVER = Resolver(SMALL)


def issue(send: str = "", copy: str = "", report: str = "", exclude: str = "") -> Issue:
    """An issue with these lists; items are written with | between them."""

    def items(text: str) -> tuple[str, ...]:
        return tuple(text.split("|")) if text else ()

    return Issue("简报", lists=Lists(items(report), items(send), items(copy)), exclusions=items(exclude))


def sent(**lists: str) -> list[str]:
    return list(RESOLVER.resolve(issue(**lists)).recipients)


@pytest.mark.parametrize(
    ("text", "via", "ids"),
    [
        ("江南区人民政府", Via.NAME, ("jiangnan",)),
        ("江南区", Via.ALIAS, ("jiangnan",)),
        ("各单位", Via.GROUP, ("zhujian", "caizheng", "gongan")),
        ("市直有关单位", Via.GROUP, ("zhujian", "caizheng", "gongan")),
        ("别的单位", Via.NONE, ()),
        ("", Via.NONE, ()),
        ("。", Via.NONE, ()),
    ],
)
def test_a_phrase_is_a_name_an_alias_a_group_or_nothing(text: str, via: Via, ids: tuple[str, ...]) -> None:
    found = RESOLVER.phrase(text)
    assert (found.text, found.via, found.recipients) == (text, via, ids)


@pytest.mark.parametrize(
    "text",
    [
        "各县(市、区)人民政府",
        "各县（市，区）人民政府",
        "各县(市,区)人民政府",
        "各县（市；区）人民政府",
        "各县［市、区］人民政府",
        "各县〔市、区〕人民政府",
        "各县【市、区】人民政府",
        "各县﹙市､区﹚人民政府",
        "各县 （市、 区） 人民政府",
        "各\u3000县（市、区）\n人民政府",
        "各县\u200b（市、区）人民\ufeff政府",
        "各县（市、区）人民政府。",
        "各县（市、区）人民政府：",
        "、各县（市、区）人民政府；",
    ],
)
def test_width_brackets_spaces_and_list_punctuation_do_not_matter(text: str) -> None:
    assert RESOLVER.phrase(text).via is Via.GROUP


@given(st.text(alphabet="各县市区（）()[]、，,；;。. \u3000\u200b局Ａa１1：", max_size=20))
def test_normalising_twice_is_normalising_once(text: str) -> None:
    assert normal(normal(text)) == normal(text)


@pytest.mark.parametrize(
    "near_miss", ["江南区人民政俯", "市住建", "市住建局财务科", "各县人民政府", "江南区人民政府办", "单位"]
)
def test_a_near_match_is_never_taken(near_miss: str) -> None:
    assert RESOLVER.phrase(near_miss).recipients == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("市住建委", "zhujian"),
        ("市住建局财务科", "zhujian"),
        ("江市住建局", "zhujian"),
        ("江南区人民政俯", "jiangnan"),
        ("各县市区人民政府", "counties"),
        ("市直各有关单位", "departments"),
    ],
)
def test_the_first_suggestion_is_what_a_person_would_think_of(text: str, expected: str) -> None:
    assert RESOLVER.phrase(text).suggestions[0] == expected


def test_a_flood_of_unknown_phrases_is_shown_whole_without_a_suggestion_for_each() -> None:
    resolution = RESOLVER.resolve(issue(send="|".join(["市住建委"] * 1000)))
    assert len(resolution.unresolved()) == 1000
    assert (bool(resolution.send[0].suggestions), bool(resolution.send[-1].suggestions)) == (True, False)


def test_nothing_is_suggested_where_nothing_is_near() -> None:
    assert RESOLVER.phrase("王晖").suggestions == ()


@pytest.mark.parametrize(
    ("text", "both"),
    [
        ("局里", ("caizheng", "gongan")),
        ("各成员单位", ("rivers", "works")),
        ("江南", ("departments", "jiangnan")),
    ],
)
def test_a_word_with_two_meanings_is_not_guessed_but_both_are_suggested(text: str, both: tuple[str, ...]) -> None:
    found = RESOLVER.phrase(text)
    assert (found.via, found.recipients, found.suggestions) == (Via.NONE, (), both)


def test_two_groups_of_the_same_units_are_no_ambiguity() -> None:
    assert set(RESOLVER.phrase("改造组").recipients) == {"zhujian", "caizheng"}


def test_a_full_name_wins_over_another_units_alias() -> None:
    directory = Directory((unit("a", "江市水务局"), unit("b", "江市水利局", "江市水务局")))
    assert Resolver(directory).phrase("江市水务局").recipients == ("a",)


@pytest.mark.parametrize(
    "send",
    [
        "各县|市|区人民政府",
        "江南区|各县|市|区人民政府|市住建局",
        "市政府各部门|各直属机构",
        "别的单位|市政府各部门|各直属机构",
    ],
)
def test_a_phrase_cut_at_its_own_comma_is_read_whole(send: str) -> None:
    """The parser cuts lists at 、 outside brackets; a phrase of the directory may hold one."""
    resolution = RESOLVER.resolve(issue(send=send))
    assert [p.text for p in resolution.send] == send.split("|"), "every item stays, as printed"
    assert set(resolution.unresolved()) <= {"别的单位"}
    assert resolution.recipients


def test_items_that_stand_alone_are_not_joined() -> None:
    directory = Directory(SMALL.recipients, (Group("two", "两家", ("江南区、江北县",), ("jiangnan", "jiangbei")),))
    found = Resolver(directory).resolve(issue(send="江南区|江北县")).send
    assert [(p.via, p.recipients) for p in found] == [(Via.ALIAS, ("jiangnan",)), (Via.ALIAS, ("jiangbei",))]


def test_everyone_gets_one_card_in_printed_order() -> None:
    assert sent(send="市住建局|各县（市、区）人民政府|江南区|市住建局", copy="市直有关单位|江北县") == [
        "zhujian",
        "jiangnan",
        "jiangbei",
        "caizheng",
        "gongan",
    ]


def test_a_unit_on_two_lists_stands_on_the_higher() -> None:
    resolution = RESOLVER.resolve(issue(send="市住建局", copy="市直有关单位"))
    assert resolution.recipients["zhujian"] is ListKind.SEND
    assert resolution.recipients["caizheng"] is ListKind.COPY


def test_the_report_list_is_recorded_and_delivered_only_on_request() -> None:
    paper = issue(report="江南区", send="江北县")
    assert list(RESOLVER.resolve(paper).recipients) == ["jiangbei"]
    assert RESOLVER.resolve(paper).report[0].recipients == ("jiangnan",)
    assert RESOLVER.resolve(paper, deliver=ListKind).recipients["jiangnan"] is ListKind.REPORT


def test_an_exclusion_takes_a_unit_off_its_group() -> None:
    resolution = RESOLVER.resolve(issue(send="各县（市、区）人民政府", exclude="江北县"))
    assert list(resolution.recipients) == ["jiangnan"]
    assert resolution.send[0].recipients == ("jiangnan",)
    assert resolution.excluded == ("jiangbei",)


def test_an_exclusion_may_name_a_group() -> None:
    resolution = RESOLVER.resolve(issue(send="市直有关单位", exclude="改造领导小组成员单位"))
    assert list(resolution.recipients) == ["gongan"]
    assert set(resolution.excluded) == {"zhujian", "caizheng"}


def test_an_excluded_unit_that_is_also_named_gets_its_card() -> None:
    resolution = RESOLVER.resolve(issue(send="市直有关单位", copy="市住建局", exclude="市住建局"))
    assert resolution.recipients["zhujian"] is ListKind.COPY
    assert resolution.excluded == ()


@pytest.mark.parametrize("name", ["湖寮镇", "局里", "各成员单位"])
def test_an_exclusion_nobody_can_be_sure_of_is_told(name: str) -> None:
    resolution = RESOLVER.resolve(issue(send="市直有关单位", exclude=name))
    assert resolution.unresolved_exclusions == (name,)
    assert resolution.excluded == ()


def test_recipients_without_a_working_robot_are_told() -> None:
    assert RESOLVER.resolve(issue(send="市直有关单位")).without_target == ("caizheng", "gongan")


def test_a_word_of_letters_and_digits_is_read_as_it_is_among_other_signs() -> None:
    """Such words are not looked through for what printing adds; nothing of it is a letter."""
    letters = [chr(code) for code in range(0x30000) if chr(code).isalnum()]
    assert [c for c in letters if f"({normal(c)}" != normal(f"（{c}")] == []


def test_an_unknown_phrase_is_shown_and_stops_nothing_else() -> None:
    resolution = RESOLVER.resolve(issue(send="别的单位|江南区", copy="王晖"))
    assert resolution.unresolved() == ("别的单位", "王晖")
    assert resolution.unresolved([ListKind.SEND]) == ("别的单位",)
    assert list(resolution.recipients) == ["jiangnan"]


def test_the_contracted_shape() -> None:
    found = RESOLVER.resolve(issue(send="各县（市、区）人民政府|江北|乙", copy="市财政局", exclude="江北县")).to_dict()
    send: Any = found["send"]
    assert send[0] == {
        "text": "各县（市、区）人民政府",
        "via": "group",
        "recipients": ["jiangnan"],
        "suggestions": [],
    }
    assert {key: value for key, value in found.items() if key not in ("report", "send", "copy")} == {
        "unresolved": ["江北", "乙"],
        "unresolved_exclusions": [],
        "excluded": ["jiangbei"],
        "without_target": ["caizheng"],
        "recipients": ["jiangnan", "caizheng"],
    }


# The real lists


def meizhou(shared: Path) -> Directory:
    """meizhou_directory.json as a directory: each collective phrase that stands for someone is a group."""
    data = json.loads((shared / "bulletins" / "meizhou_directory.json").read_text(encoding="utf-8"))
    members: dict[str, list[str]] = data["groups"]
    groups = []
    for number, phrase in enumerate(data["collective_phrases"]):
        names = phrase.get("groups") or [g for g in [phrase["group"]] if g]
        if names:
            ids = dict.fromkeys(member for name in names for member in members[name])
            groups.append(Group(f"phrase-{number}", phrase["phrase"], tuple(phrase["variants"]), tuple(ids)))
    units = (
        Recipient(e["id"], e["name"], RecipientKind(e["kind"]), tuple(e["aliases"]), targets=ROBOT)
        for e in data["entries"]
    )
    return Directory(tuple(units), tuple(groups))


def labels(shared: Path) -> Iterator[tuple[str, Issue]]:
    for path in sorted((shared / "bulletins").glob("*.json")):
        data = json.loads(path.read_text(encoding="utf-8"))
        if "lists" in data:
            lists = Lists(**{kind.value: tuple(data["lists"][kind.value]) for kind in ListKind})
            yield path.stem, Issue(data["masthead"] or "", lists=lists, exclusions=tuple(data["exclusions"]))


def test_every_name_alias_and_phrase_of_the_prefecture_finds_its_own(shared: Path) -> None:
    directory = meizhou(shared)
    resolver = Resolver(directory)
    for recipient in directory.recipients:
        for word in (recipient.name, *recipient.aliases):
            assert resolver.phrase(word).recipients == (recipient.id,), word
    for group in directory.groups:
        for word in (group.name, *group.phrases):
            if word != "各成员单位":
                assert set(resolver.phrase(word).recipients) == set(group.members), word


KNOWN = {
    "docx-jiuqu-05": (["市委", "市政府有关领导"], 16),
    "docx-shengtai-09": (["区委", "区政府", "区直有关单位", "各镇街"], 0),
    "docx-xiangcun-jingyan-31": (["省委农办", "各县（市、区）委书记", "县（市、区）长"], 45),
    "docx-zhengwu-neican-02": (["县委办", "县人大办", "县政协办", "县纪委监委"], 1),
    "html-jiuqu-2022-04": (["市委", "市政府分管领导同志", "本局：各科室", "各直属单位"], 50),
    "html-jiuye-lianhe-02": (["市就业工作领导小组成员单位", "各镇（街道）"], 0),
    "meizhou-2022-01": (["正勇", "王晖", "陈亮", "钟优同志"], 49),
    "txt-hezhang-2021-03": (["省河长制办公室", "市总河长", "副总河长"], 23),
}
"""By bulletin: the phrases a prefecture's directory cannot know, in printed order, and how many get a card."""


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_the_lists_of_real_bulletins(shared: Path, name: str) -> None:
    resolution = Resolver(meizhou(shared)).resolve(dict(labels(shared))[name])
    assert (list(resolution.unresolved()), len(resolution.recipients)) == KNOWN[name]


def test_no_item_of_any_bulletin_is_lost_and_nobody_gets_two_cards(shared: Path) -> None:
    resolver = Resolver(meizhou(shared))
    for name, paper in labels(shared):
        resolution = resolver.resolve(paper)
        for kind in ListKind:
            assert tuple(p.text for p in resolution.of(kind)) == paper.lists.of(kind), name
        ids = list(resolution.recipients)
        assert len(ids) == len(set(ids)), name


def test_a_towns_exclusion_that_the_prefecture_does_not_know_is_told(shared: Path) -> None:
    resolution = Resolver(meizhou(shared)).resolve(dict(labels(shared))["txt-zhengwu-38"])
    assert resolution.unresolved_exclusions == ("湖寮镇",)


@pytest.fixture(scope="module")
def sample() -> Loaded:
    path = Path(__file__).resolve().parents[2] / "samples" / "directory.yaml"
    return load(path.read_bytes(), path.name, channels=CHANNELS, check_target=lambda channel, url: None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("市住建局", "dept-zhujian"),
        ("市府办", "office-gov"),
        ("市委办", "office-party"),
        ("市人大办", "office-npc"),
        ("市发改局", "dept-fagai"),
        ("市文广旅局", "dept-wenlv"),
        ("梅州高新区管委会", "zone-gaoxin"),
        ("兴宁市府", "gov-xingning"),
    ],
)
def test_the_sample_knows_what_offices_call_each_other(sample: Loaded, text: str, expected: str) -> None:
    assert Resolver(sample.directory).phrase(text).recipients == (expected,)


def test_the_sample_reaches_some_forty_groups_with_the_lists_of_the_real_issue(sample: Loaded, shared: Path) -> None:
    resolution = Resolver(sample.directory).resolve(dict(labels(shared))["meizhou-2022-01"])
    assert len(resolution.recipients) == 42
    assert resolution.without_target == ()


def test_the_words_the_file_warns_of_are_those_the_resolver_does_not_decide(sample: Loaded) -> None:
    resolver = Resolver(sample.directory)
    assert [w.key for w in sample.warnings] == ["各成员单位"]
    assert all(resolver.phrase(w.key).via is Via.NONE for w in sample.warnings)
