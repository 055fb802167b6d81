"""Whose hosts a target may point at: its own platform's, and what the installation names."""

from __future__ import annotations

import pytest

from bot.channels import CHANNELS
from bot.transport import AddressGuard

from .facts import FACTS

CHATS = [name for name, channel in CHANNELS.items() if channel.HOSTS]


@pytest.mark.parametrize("name", CHANNELS)
def test_only_a_platform_with_hosts_of_its_own_needs_no_setting(name: str) -> None:
    host = FACTS[name].url.split("/")[2]
    assert (AddressGuard(CHANNELS[name].HOSTS, []).check_url(FACTS[name].url) is None) == (name in CHATS)
    assert AddressGuard(CHANNELS[name].HOSTS, [host]).check_url(FACTS[name].url) is None


@pytest.mark.parametrize("chat", CHATS)
def test_a_webhook_may_not_point_at_a_chat_whose_refusals_it_would_take_for_receipts(chat: str) -> None:
    assert AddressGuard(CHANNELS["webhook"].HOSTS, []).check_url(FACTS[chat].url) is not None
