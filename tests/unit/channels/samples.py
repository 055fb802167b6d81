"""Invented issues and the cards made of them, for the suites of this folder."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from bot.cards import TemplateWording, make_card
from bot.domain.card import LINK_TOKEN, Card, CardKind, Pictures
from bot.domain.directory import Mention
from bot.domain.issue import Article, Issue, IssueNumber, ListKind

ROOT = Path(__file__).resolve().parents[3]
WORDING = TemplateWording([ROOT / "templates"])

LINK = f"https://jianbao.example.gov.cn/r/{LINK_TOKEN}"
SIGN_LINK = f"{LINK}/sign"
PICTURES = Pictures(
    cover="https://jianbao.example.gov.cn/cover/AAAAAAAAAAEu8nXTzGKtQ3rZ7RnSnOQp.png",
    emblem="https://jianbao.example.gov.cn/emblem/AAAAAAAAAAEu8nXTzGKtQ3rZ7RnSnOQp.png",
)

FARMHOUSES = Article(
    "青溪县：党建引领盘活闲置农房312套，村集体增收486万元",
    (
        "今年以来，青溪县坚持党建引领，把盘活闲置农房作为壮大村集体经济的突破口。全县14个镇逐户摸清底数，明确“一房一策”。",
        "截至6月底，全县已盘活闲置农房312套，引进民宿、养老驿站等项目27个。村集体增收486万元，带动421户村民就近就业。",
    ),
)
FIELDS = Article(
    "临江县建成高标准农田2.3万亩（一期）",
    ("临江县整合涉农资金1.2亿元，集中连片推进高标准农田建设。一期2.3万亩已通过验收，亩均增产约80公斤。",),
)
CANALS = Article(
    "石门镇：老旧灌渠清淤41公里——“最后一公里”通水记",
    ("石门镇组织党员突击队12支，用48天完成灌渠清淤41公里。春灌用水得到保障。",),
)


def an_issue(*articles: Article, masthead: str = "云岭市乡村振兴工作简报") -> Issue:
    return Issue(
        masthead=masthead,
        issue=IssueNumber(2026, 18, 96, "2026年第18期 总第96期"),
        issuer=("云岭市乡村振兴局",),
        date=dt.date(2026, 7, 29),
        articles=articles or (FARMHOUSES, FIELDS, CANALS),
    )


def a_card(
    *articles: Article,
    kind: CardKind = CardKind.ISSUE,
    link: str | None = LINK,
    sign_link: str | None = None,
    changes: tuple[str, ...] = (),
    pictures: Pictures | None = PICTURES,
) -> Card:
    return make_card(
        an_issue(*articles),
        kind=kind,
        list_kind=ListKind.SEND,
        link=link,
        sign_link=sign_link,
        changes=changes,
        pictures=pictures if link else None,
    )


def many(count: int) -> tuple[Article, ...]:
    places = ("青溪县", "临江县", "石门镇", "云岭区", "白沙镇", "松口镇", "桃源县", "古城区")
    return tuple(
        Article(
            f"{places[n % len(places)]}：扎实推进农村人居环境整治第{n + 1}批示范村建设，惠及群众{(n + 1) * 37}户",
            (f"{places[n % len(places)]}坚持规划先行。第{n + 1}批示范村已全部开工，计划年底前完成。",),
        )
        for n in range(count)
    )


def enormous() -> Article:
    sentence = "全市上下认真贯彻落实会议精神，坚持问题导向、目标导向、结果导向相统一，推动各项工作落地见效。"
    return Article("关于2026年上半年乡村振兴重点工作进展情况的通报", (sentence * 40,) * 100)


CASES: dict[str, Card] = {
    "one": a_card(FARMHOUSES),
    "three": a_card(sign_link=SIGN_LINK),
    "many": a_card(*many(24)),
    "too-long": a_card(enormous(), *many(59)),
    "correction": a_card(
        kind=CardKind.CORRECTION,
        changes=("第1篇标题中“412套”更正为“312套”。", "第2篇正文有更正。"),
    ),
    "reminder": a_card(kind=CardKind.REMINDER, sign_link=SIGN_LINK),
    "no-link": a_card(FARMHOUSES, enormous(), link=None),
    "mention": a_card(FARMHOUSES),
    "no-picture": a_card(FARMHOUSES, pictures=None),
}
"""The golden cases, by the name of their files."""

CALLED: dict[str, Mention] = {
    "wecom": Mention(everyone=True, members=("zhang.wei", "13800000001")),
    "dingtalk": Mention(everyone=True, members=("manager4220", "13800000001")),
    "feishu": Mention(everyone=True, members=("ou_18eac85d35a26f989317ad4f02e8bbbb",)),
    "welink": Mention(everyone=True, members=("zhangwei@yunling",)),
    "slack": Mention(everyone=True, members=("U024BE7LH",)),
}
"""Whom the golden case `mention` calls, and the suites do; a channel not named here calls nobody."""
