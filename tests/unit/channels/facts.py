"""What the suites must know of each channel to test it from outside: its answers, its unit and where its text stands.

Written from the wire reference, not from the modules: a limit here is a second reading of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.domain.card import Message
from bot.domain.delivery import Replied

Payload = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Facts:
    """`ok`: the answer that means accepted. `coded`: an answer refusing with a code. `texts`: every text shown.

    `size` and `most` are in the vendor's unit. `speaks_json`: whether the answer's body carries the verdict.
    `is_data`: the message is for a program, not marked up for people.
    """

    ok: Replied
    coded: Callable[[int | str], Replied]
    texts: Callable[[Payload], str]
    size: Callable[[Message], int]
    most: Callable[[Payload], int]
    unknown_code: int | str = 987654321
    speaks_json: bool = True
    is_data: bool = False
    url: str = ""


def answer(body: object, status: int = 200) -> Replied:
    return Replied(status, {"Content-Type": "application/json"}, json.dumps(body, ensure_ascii=False).encode())


def _wecom_text(payload: Payload) -> str:
    kind = payload["msgtype"]
    if kind == "news":
        return "\n".join(article["title"] for article in payload["news"]["articles"])
    if kind != "template_card":
        return str(payload[kind]["content"])
    card = payload["template_card"]
    head = f"{card['main_title']['title']}\n{card['main_title']['desc']}\n"
    if card["card_type"] == "text_notice":
        return head + str(card["sub_title_text"])
    # A row's title is `1. title`, or `第1篇` with the title below it.
    rows = [
        f"{row['title'][1:-1]}. {row['desc']}" if row["title"].startswith("第") else f"{row['title']}\n{row['desc']}"
        for row in card["vertical_content_list"]
    ]
    return head + "\n".join([card.get("quote_area", {}).get("quote_text", ""), *rows])


def _wecom_size(message: Message) -> int:
    """The fullest field, in the unit of `_wecom_most`; a list with too many entries counts as more than any holds."""
    payload = message.payload
    if payload["msgtype"] == "news":
        articles = payload["news"]["articles"]
        return 10_000 if len(articles) > 8 else max(len(a["title"].encode()) for a in articles)
    if payload["msgtype"] != "template_card":
        return len(_wecom_text(payload).encode())
    card = payload["template_card"]
    if card["card_type"] == "text_notice":
        return len(card["sub_title_text"])
    rows = card["vertical_content_list"]
    if len(rows) > 4 or any(len(row["title"]) > 26 for row in rows):
        return 10_000
    return max(len(row["desc"]) for row in rows)


def _wecom_most(payload: Payload) -> int:
    most = {"text": 2048, "markdown": 4096, "markdown_v2": 4096, "template_card": 112, "news": 128}
    return most[payload["msgtype"]]


def _dingtalk_text(payload: Payload) -> str:
    if payload["msgtype"] == "feedCard":
        return "\n".join(link["title"] for link in payload["feedCard"]["links"])
    part = payload[payload["msgtype"]]
    return str(part.get("content") or part["text"])


def _feishu_text(payload: Payload) -> str:
    if payload["msg_type"] == "text":
        return str(payload["content"]["text"])
    if payload["msg_type"] == "post":
        lines = payload["content"]["post"]["zh_cn"]["content"]
        return "\n".join("".join(node.get("text", "") for node in line if node["tag"] == "text") for line in lines)
    card = payload["card"]
    elements = card["body"]["elements"] if card.get("schema") == "2.0" else card["elements"]
    return "\n".join(e["content"] for e in elements if e["tag"] == "markdown")


def _teams_text(payload: Payload) -> str:
    return "\n".join(block["text"] for block in payload["attachments"][0]["content"]["body"])


def _slack_text(payload: Payload) -> str:
    sections = [b["text"]["text"] for b in payload.get("blocks", ()) if b["type"] == "section"]
    return "\n".join(sections) or str(payload["text"])


def _slack_size(message: Message) -> int:
    """The fullest section, or more than any allows when there are too many blocks."""
    blocks = message.payload.get("blocks", ())
    if len(blocks) > 50:
        return 1_000_000
    return max([len(b["text"]["text"]) for b in blocks if b["type"] == "section"] or [len(message.payload["text"])])


def _webhook_text(payload: Payload) -> str:
    data = payload["data"]
    lines = [data["masthead"], data["label"]]
    for article in data["articles"]:
        again = "（接上一部分）" if article["continued"] else ""
        lines += [f"{article['number']}. {again}{article['title']}".replace("\n", " "), article["lead"]]
    return "\n".join(lines)


def body_size(message: Message) -> int:
    return len(message.body)


FACTS: dict[str, Facts] = {
    "wecom": Facts(
        ok=answer({"errcode": 0, "errmsg": "ok"}),
        coded=lambda code: answer({"errcode": code, "errmsg": "x"}),
        texts=_wecom_text,
        size=_wecom_size,
        most=_wecom_most,
        url="https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa",
    ),
    "dingtalk": Facts(
        ok=answer({"errcode": 0, "errmsg": "ok"}),
        coded=lambda code: answer({"errcode": code, "errmsg": "x"}),
        texts=_dingtalk_text,
        size=body_size,
        most=lambda _: 20_000,
        url="https://oapi.dingtalk.com/robot/send?access_token=66ab0000000000000000",
    ),
    "feishu": Facts(
        ok=answer({"code": 0, "msg": "success", "data": {}}),
        coded=lambda code: answer({"code": code, "msg": "x"}),
        texts=_feishu_text,
        size=lambda message: len(message.body) + len('"timestamp":"1700000000","sign":"",') + 44,
        most=lambda _: 20_000,
        url="https://open.feishu.cn/open-apis/bot/v2/hook/0000-1111-2222-3333",
    ),
    "lanxin": Facts(
        ok=answer({"errCode": 0, "errMsg": "ok", "data": {"msgId": "678590-x"}}),
        coded=lambda code: answer({"errCode": code, "errMsg": "x"}),
        texts=lambda payload: str(payload["msgData"]["text"]["content"]),
        size=lambda message: len(message.payload["msgData"]["text"]["content"].encode()),
        most=lambda _: 2_000,
        url="https://lanxin.example.gov.cn:8443/open/apigw/v1/bot/hook/messages/create?hook_token=0000-1111",
    ),
    "welink": Facts(
        ok=answer({"code": "0", "data": "success", "message": "ok"}),
        coded=lambda code: answer({"code": str(code), "message": "x"}),
        texts=lambda payload: str(payload["content"]["text"]),
        size=lambda message: len(message.payload["content"]["text"].encode("utf-16-be")) // 2,
        most=lambda _: 500,
        url="https://open.welink.huaweicloud.com/api/werobot/v1/webhook/send?token=00001111&channel=standard",
    ),
    "teams": Facts(
        ok=Replied(202, {}, b""),
        coded=lambda status: Replied(int(status), {}, b""),
        texts=_teams_text,
        size=body_size,
        most=lambda _: 28_000,
        unknown_code=418,
        speaks_json=False,
        url="https://prod-1.westeurope.logic.azure.com:443/workflows/00/triggers/manual/paths/invoke?api-version=1&sig=x",
    ),
    "slack": Facts(
        ok=Replied(200, {}, b"ok"),
        coded=lambda word: Replied(400, {}, str(word).encode()),
        texts=_slack_text,
        size=_slack_size,
        most=lambda _: 3_000,
        unknown_code="new_word",
        speaks_json=False,
        url="https://hooks.slack.com/services/T00/B00/XXXX",
    ),
    "webhook": Facts(
        ok=Replied(204, {}, b""),
        coded=lambda status: Replied(int(status), {}, b""),
        texts=_webhook_text,
        size=body_size,
        most=lambda _: 20_000,
        unknown_code=418,
        speaks_json=False,
        is_data=True,
        url="https://oa.example.gov.cn/hooks/bulletin",
    ),
}
