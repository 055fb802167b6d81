"""The ceilings of the settings, from the file to the wire."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.bootstrap import App, open_app
from bot.domain.errors import ConfigError
from bot.settings import Settings

from .conftest import Desk, issue_text

pytestmark = pytest.mark.slow


def send_what_may_go(app: App) -> int:
    """Until nothing is under way and nothing may go at this moment; how many have been accepted by then."""

    async def quiet() -> bool:
        return True

    async def main() -> None:
        async with app.dispatcher() as dispatcher:
            await dispatcher.run(quiet)

    asyncio.run(main())
    return sum(row.state == "accepted" for row in app.store.receipts())


@pytest.mark.parametrize(
    "ceiling", [{"max_sends_per_minute": 1}, {"channel_sends_per_minute": ("wecom=1", "dingtalk=1", "feishu=1")}]
)
def test_no_more_goes_out_than_the_setting_allows_and_a_restart_changes_nothing(
    desk: Desk, ceiling: dict[str, object]
) -> None:
    at_once = 1 if "max_sends_per_minute" in ceiling else 3
    desk.leave_busy_instant()
    for number in (5, 6):
        taken = desk.take_in(issue_text(number=number), f"{number}.txt")
        desk.app.publisher.release_now(taken.stored.id, who="张三", why="试")
    settings = desk.app.settings.model_copy(update=ceiling)
    for sent in (at_once, 2 * at_once):
        for _ in range(2):
            app = open_app(settings, clock=desk.clock)
            assert send_what_may_go(app) == sent
            app.close()
        desk.clock.advance(minutes=1)


def test_a_ceiling_for_a_platform_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    settings = Settings.model_validate({"data_dir": tmp_path, "channel_sends_per_minute": ("wecon=5",)})
    with pytest.raises(ConfigError, match="没有平台 wecon。可写 wecom"):
        open_app(settings)
