"""Senders for loopback servers; time-outs are short so that no test waits."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.transport.guard import AddressGuard
from bot.transport.sender import HttpSender, Timeouts

QUICK = Timeouts(pool_s=0.1, dns_s=1.0, connect_s=2.0, silence_s=0.1, total_s=3.0)


@pytest.fixture
def guard() -> AddressGuard:
    return AddressGuard(frozenset({"qyapi.weixin.qq.com"}), ["127.0.0.1", "localhost", "nowhere.invalid"])


@pytest.fixture
async def sender(guard: AddressGuard) -> AsyncIterator[HttpSender]:
    async with HttpSender(guard, timeouts=QUICK) as sender:
        yield sender
