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
    """

    ok: Replied
    coded: Callable[[int | str], Replied]
    texts: Callable[[Payload], str]
    size: Callable[[Message], int]
    most: Callable[[Payload], int]
    unknown_code: int | str = 987654321
    speaks_json: bool = True
    url: str = ""


def answer(body: object, status: int = 200) -> Replied:
    return Replied(status, {"Content-Type": "application/json"}, json.dumps(body, ensure_ascii=False).encode())


def _wecom_text(payload: Payload) -> str:
    if payload["msgtype"] != "template_card":
        return str(payload[payload["msgtype"]]["content"])
    card = payload["template_card"]
    return f"{card['main_title']['title']}\n{card['main_title']['desc']}\n{card['sub_title_text']}"


def _wecom_size(message: Message) -> int:
    text = _wecom_text(message.payload)
    if message.payload["msgtype"] == "template_card":
        return len(message.payload["template_card"]["sub_title_text"])
    return len(text.encode())


def _wecom_most(payload: Payload) -> int:
    return {"text": 2048, "markdown": 4096, "template_card": 112}[payload["msgtype"]]


def _dingtalk_text(payload: Payload) -> str:
    part = payload[payload["msgtype"]]
    return str(part.get("content") or part["text"])


def _feishu_text(payload: Payload) -> str:
    if payload["msg_type"] == "text":
        return str(payload["content"]["text"])
    card = payload["card"]
    elements = card["body"]["elements"] if card.get("schema") == "2.0" else card["elements"]
    return "\n".join(e["content"] for e in elements if e["tag"] == "markdown")


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
}
