"""Channels: a Card as a vendor's messages, and the vendor's reply as a verdict. One module a vendor."""

from bot.domain.channel import Channel

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
