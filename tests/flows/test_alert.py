"""A wave of troubles is one message to those in charge; nothing is told twice, nothing forgotten."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import httpx
import pytest

from bot.bootstrap import App, open_app
from bot.channels import CHANNELS
from bot.domain.delivery import DeliveryState
from bot.domain.directory import Directory, Mention
from bot.domain.pages import Settling
from bot.flows.alert import MASTHEAD, TURN, TURN_FOR, alert_card, send_alerts
from bot.flows.failing import news

from .conftest import Desk, issue_text

pytestmark = pytest.mark.slow

ALERT = 'alert = ["unit-2"]'


async def telling(app: App) -> int:
    async with app.sender() as sender:
        return await send_alerts(app.publisher, app.store, sender, CHANNELS, app.renderer.wording(MASTHEAD))


def tell(desk: Desk) -> int:
    return asyncio.run(telling(desk.app))


@pytest.mark.parametrize("publication_lines", [ALERT])
def test_two_dead_robots_and_a_held_issue_are_one_alert(desk: Desk) -> None:
    tell(desk)
    with httpx.Client(base_url=desk.sandbox, trust_env=False) as client:
        client.delete("/_sandbox/robots")
        client.post("/_sandbox/robots", json=[{"channel": "feishu", "key": "key-00002"}]).raise_for_status()
    desk.take_in(issue_text("2026年2月13日"))
    desk.clock.set("2026-02-13 09:00")
    desk.tick()
    desk.clock.advance(hours=30)
    desk.take_in(issue_text("2026年2月14日", number=7))
    desk.clock.advance(days=5)
    desk.tick()
    before = len(desk.messages())

    assert tell(desk) == 1
    assert tell(desk) == 0

    (alert,) = desk.messages()[before:]
    assert alert["key"] == "key-00002"
    assert "第0局" in alert["body"]
    assert "第1局" in alert["body"]
    assert "到时没有发布" in alert["body"]


@pytest.mark.parametrize("publication_lines", [ALERT])
def test_a_source_that_keeps_failing_is_told_once(desk: Desk) -> None:
    tell(desk)
    for _ in range(5):
        desk.app.store.source_failed("inbox-a", "收件箱不见了", now=desk.clock(), alert_after=3)
    assert tell(desk) == 1
    assert tell(desk) == 0
    assert "收件箱不见了" in desk.messages()[-1]["body"]


@pytest.mark.parametrize("publication_lines", [ALERT])
def test_deliveries_that_failed_are_told_once_and_with_their_number(desk: Desk) -> None:
    """No robot is to blame and none is stopped: without this they would only be found by whoever looks."""
    tell(desk)
    with httpx.Client(base_url=desk.sandbox, trust_env=False) as client:
        for key in ("key-00000", "key-00001"):
            script = {"fault": "drop_after_accepting", "key": key, "times": 1}
            client.post("/_sandbox/faults", json=script).raise_for_status()
    desk.take_in(issue_text("2026年2月13日"))
    desk.clock.set("2026-02-13 09:00")
    desk.tick()
    assert tell(desk) == 1
    assert "第5期" in desk.messages()[-1]["body"]
    assert "2 条存疑" in desk.messages()[-1]["body"]
    doubtful = [row.id for row in desk.app.store.receipts(states=[DeliveryState.IN_DOUBT])]
    desk.app.store.settle_delivery(doubtful[0], Settling.ARRIVED, who="张三", why="", now=desk.clock())
    assert tell(desk) == 0
    assert tell(desk.reopen()) == 0


D = DeliveryState


@pytest.mark.parametrize(
    ("states", "told", "is_news", "known"),
    [
        pytest.param({D.ACCEPTED: 9}, 0, False, 0, id="all is well"),
        pytest.param({D.IN_DOUBT: 2, D.SENDING: 1}, 0, False, 0, id="the first sending is not over"),
        pytest.param({D.IN_DOUBT: 2, D.PENDING: 1}, 0, False, 0, id="nor is it where some have not begun"),
        pytest.param({D.IN_DOUBT: 2, D.RETRYING: 7}, 0, True, 2, id="it is over, others are retried for hours"),
        pytest.param({D.IN_DOUBT: 2, D.EXHAUSTED: 3, D.RETRYING: 4}, 2, False, 2, id="retries end one by one"),
        pytest.param({D.IN_DOUBT: 2, D.EXHAUSTED: 7}, 2, True, 9, id="the last has ended"),
        pytest.param({D.IN_DOUBT: 2, D.EXHAUSTED: 7}, 9, False, 9, id="known already"),
        pytest.param({D.REFUSED: 1}, 9, False, 1, id="people have put eight right"),
        pytest.param({D.REFUSED: 3}, 1, True, 3, id="and two more failed"),
    ],
)
def test_failures_are_news_once_when_the_sending_is_over_and_once_when_the_retries_are(
    states: dict[DeliveryState, int], told: int, is_news: bool, known: int
) -> None:
    before = {"7": told} if told else {}
    assert news({7: states}, before) == ([7] if is_news else [], {"7": known} if known else {})


def test_a_large_wave_is_counted_not_listed(desk: Desk) -> None:
    card = alert_card([f"第{i}件" for i in range(300)], desk.clock(), desk.app.settings.zone)
    assert len(card.items) == 21
    assert "另有 280 件" in card.items[-1].title


@pytest.mark.parametrize("publication_lines", [ALERT])
def test_an_alert_calls_whom_its_target_mentions(desk: Desk) -> None:
    def changed(roster: Directory) -> Directory:
        *rest, last = roster.recipients
        robot = replace(last.targets[0], mention=Mention(everyone=True))
        return replace(roster, recipients=(*rest, replace(last, targets=(robot,))))

    desk.app.store.edit_directory(changed, who="张三", why="", now=desk.clock())
    tell(desk)
    for _ in range(3):
        desk.app.store.source_failed("inbox-a", "收件箱不见了", now=desk.clock(), alert_after=3)
    assert tell(desk) == 1
    assert "<at id=all></at>" in desk.messages()[-1]["body"]


@pytest.mark.parametrize("publication_lines", [ALERT])
def test_two_schedulers_that_look_at_the_same_moment_tell_it_once(desk: Desk) -> None:
    tell(desk)
    for _ in range(3):
        desk.app.store.source_failed("inbox-a", "收件箱不见了", now=desk.clock(), alert_after=3)
    with httpx.Client(base_url=desk.sandbox, trust_env=False) as client:
        client.post("/_sandbox/faults", json={"fault": "delay", "seconds": 0.3}).raise_for_status()
    other = open_app(desk.app.settings, clock=desk.clock)
    before = len(desk.messages())

    async def main() -> tuple[int, int]:
        return await asyncio.gather(telling(desk.app), telling(other))

    assert sorted(asyncio.run(main())) == [0, 1]
    other.close()
    assert tell(desk) == 0
    assert len(desk.messages()) == before + 1


@pytest.mark.parametrize("publication_lines", [ALERT])
def test_what_one_scheduler_died_over_is_told_by_the_next(desk: Desk) -> None:
    tell(desk)
    for _ in range(3):
        desk.app.store.source_failed("inbox-a", "收件箱不见了", now=desk.clock(), alert_after=3)
    assert desk.app.store.take_turn(TURN, now=desk.clock(), until=desk.clock() + TURN_FOR)
    assert tell(desk) == 0
    desk.clock.advance(seconds=TURN_FOR.total_seconds())
    assert tell(desk) == 1


@pytest.mark.parametrize("publication_lines", [ALERT])
def test_a_clock_set_back_silences_no_alert(desk: Desk) -> None:
    tell(desk)
    assert desk.app.store.take_turn(TURN, now=desk.clock(), until=desk.clock() + TURN_FOR)
    desk.clock.advance(days=-1)
    for _ in range(3):
        desk.app.store.source_failed("inbox-a", "收件箱不见了", now=desk.clock(), alert_after=3)
    assert tell(desk) == 1
