"""Senders for loopback servers; time-outs are short so that no test waits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping

import pytest
import uvloop

from bot.transport.guard import AddressGuard
from bot.transport.sender import HttpSender, Timeouts

QUICK = Timeouts(pool_s=0.1, dns_s=1.0, connect_s=2.0, silence_s=0.1, total_s=3.0)


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Both loops: they report lost connections differently, and the service runs on uvloop."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture
def guard() -> AddressGuard:
    return AddressGuard(frozenset({"qyapi.weixin.qq.com"}), ["127.0.0.1", "localhost", "nowhere.invalid"])


@pytest.fixture
async def sender(guard: AddressGuard) -> AsyncIterator[HttpSender]:
    async with HttpSender(guard, timeouts=QUICK) as sender:
        yield sender
