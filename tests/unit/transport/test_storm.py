"""Whatever a server does, the three answers keep their word."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

import pytest

from bot.domain.delivery import MaybeArrived, NotSent, Replied
from bot.transport import AddressGuard, HttpSender, Timeouts
from tests.servers.raw import Conversation, RawServer, answer

pytestmark = pytest.mark.slow

TRICKS = ("answer", "answer", "answer", "answer and close", "reset", "close", "half", "hang", "stray", "hang up first")


@pytest.mark.parametrize("seed", range(4))
async def test_every_exchange_tells_the_truth_and_no_answer_goes_astray(guard: AddressGuard, seed: int) -> None:
    dice = random.Random(seed)

    async def moody(client: Conversation) -> None:
        while True:
            trick = dice.choice(TRICKS)
            if trick == "hang up first":
                return client.reset()
            request = await client.read_request()
            reply = answer(request.target)
            match trick:
                case "answer":
                    await client.write(reply)
                case "answer and close":
                    await client.write(reply)
                    return await client.close()
                case "stray":
                    await client.write(reply + reply)
                case "half":
                    await client.write(reply[: dice.randrange(1, len(reply))])
                    return await client.close()
                case "hang":
                    await client.hung_up()
                case "reset":
                    return client.reset()
                case "close":
                    return await client.close()

    timeouts = Timeouts(pool_s=5.0, silence_s=0.05)
    async with RawServer(moody) as server, HttpSender(guard, timeouts=timeouts, max_in_flight=8) as sender:
        targets = [f"/send?key=robot-{number}" for number in range(300)]
        exchanges = await asyncio.gather(*(sender.send(server.url(target), b"{}", {}) for target in targets))
    seen = Counter(request.target.decode() for request in server.seen)
    for target, exchange in zip(targets, exchanges, strict=True):
        match exchange:
            case Replied():
                assert seen[target] == 1
                assert exchange.body == target.encode()
            case NotSent():
                assert seen[target] == 0
            case MaybeArrived():
                assert seen[target] <= 1
    assert {type(exchange) for exchange in exchanges} >= {Replied, MaybeArrived}
