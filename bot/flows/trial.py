"""A test message to one robot: does it work, before anything depends on it?"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from bot.domain.card import Card, CardItem, CardKind, Style, Wording
from bot.domain.channel import Channel
from bot.domain.delivery import Verdict
from bot.domain.directory import Target

from .ports import Sender
from .sending import judge, send_once


def trial_card(unit: str) -> Card:
    return Card(
        kind=CardKind.ISSUE,
        masthead="简报系统测试",
        label="测试消息",
        issuer=(),
        date=None,
        items=(CardItem(f"“{unit}”的群机器人已接通", ("收到这条消息，说明今后的简报能发到本群。无需处理。",)),),
    )


async def try_target(
    target: Target, unit: str, *, channels: Mapping[str, Channel], wording: Wording, sender: Sender, at: dt.datetime
) -> Verdict:
    """Send one plain message now and read the answer. No delivery and no attempt row: it belongs to no issue.
    It mentions nobody: a test is nobody's business but the tester's."""
    channel = channels[target.channel]
    style = target.style if target.style in channel.STYLES else Style.TEXT
    message = channel.messages(trial_card(unit), style, wording)[0]
    name = f"jb-trial-{round(at.timestamp() * 1000)}"
    exchange = await send_once(
        sender, channel, target.url, target.secret, message.body, at, message_id=name, ca_file=target.ca_file
    )
    return judge(exchange, channel, at, target.url, target.secret)
