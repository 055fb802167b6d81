"""Channels: a Card as a vendor's messages, and the vendor's reply as a verdict. One module a vendor."""

import datetime as dt

from bot.domain.card import COMMON_STYLES, Style
from bot.domain.channel import Channel, UnfitSecret
from bot.domain.directory import Mention
from bot.domain.secret import Secret

from . import dingtalk, feishu, lanxin, slack, teams, webhook, wecom, welink

CHANNELS: dict[str, Channel] = {
    wecom.NAME: wecom,
    dingtalk.NAME: dingtalk,
    feishu.NAME: feishu,
    lanxin.NAME: lanxin,
    teams.NAME: teams,
    slack.NAME: slack,
    welink.NAME: welink,
    webhook.NAME: webhook,
}
"""Every channel by the word that names it in directory files."""


def objection_to_secret(channel: str, secret: str) -> str | None:
    """None when `channel` can sign with `secret`, else one Chinese sentence, which does not hold it."""
    try:
        CHANNELS[channel].sign(Secret(secret), dt.datetime.fromtimestamp(0, dt.UTC), message_id="check", body=b"")
    except UnfitSecret as unfit:
        return str(unfit)
    return None


def objection_to_mention(channel: str, mention: Mention) -> str | None:
    """None when messages of `channel` can call whom `mention` names, else one Chinese sentence."""
    return CHANNELS[channel].MENTIONS.objection(mention)


def objection_to_style(channel: str, style: Style) -> str | None:
    """None when a target of `channel` may ask for `style`, else one Chinese sentence that names those it may."""
    allowed = COMMON_STYLES | CHANNELS[channel].STYLES
    if style in allowed:
        return None
    words = "、".join(f"{s.chinese}（{s.value}）" for s in Style if s in allowed)
    return f"{CHANNELS[channel].CHINESE}没有“{style.chinese}”样式，可用：{words}"
