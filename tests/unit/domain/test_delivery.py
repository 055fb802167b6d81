"""From a verdict to a state: the one rule, and the words people are shown."""

from __future__ import annotations

import datetime as dt

import pytest

from bot.domain.delivery import DeliveryState, OutcomeClass, Reason, Settlement, Verdict, settle
from bot.domain.retry import SCHEDULE_S

NOW = dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC)
LAST = len(SCHEDULE_S) + 1


def settled(outcome: OutcomeClass, number: int = 1, *, wait_s: float = 0.0, resend: bool = False) -> Settlement:
    verdict = Verdict(outcome, Reason.BUSY, wait_s=wait_s)
    return settle(verdict, delivery_id=7, number=number, now=NOW, resend_in_doubt=resend)


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (OutcomeClass.OK, DeliveryState.ACCEPTED),
        (OutcomeClass.PERMANENT_CONFIG, DeliveryState.REFUSED),
        (OutcomeClass.PERMANENT_CONTENT, DeliveryState.REFUSED),
        (OutcomeClass.UNKNOWN, DeliveryState.IN_DOUBT),
    ],
)
@pytest.mark.parametrize("number", [1, LAST])
def test_a_verdict_that_settles_leaves_no_next_try(outcome: OutcomeClass, state: DeliveryState, number: int) -> None:
    assert settled(outcome, number) == Settlement(state, None)
    assert state.settled


@pytest.mark.parametrize("number", range(1, LAST))
def test_what_certainly_did_not_arrive_is_tried_again(number: int) -> None:
    settlement = settled(OutcomeClass.RETRY_LATER, number)
    assert settlement.state is DeliveryState.RETRYING
    assert settlement.next_try_at is not None
    assert settlement.next_try_at > NOW


def test_after_the_last_try_it_is_exhausted() -> None:
    assert settled(OutcomeClass.RETRY_LATER, LAST) == Settlement(DeliveryState.EXHAUSTED, None)


def test_the_vendors_cool_down_is_honoured() -> None:
    due = settled(OutcomeClass.RETRY_LATER, wait_s=600).next_try_at
    assert due == NOW + dt.timedelta(seconds=600)


def test_doubt_is_resent_only_where_the_setting_says_so() -> None:
    assert settled(OutcomeClass.UNKNOWN).state is DeliveryState.IN_DOUBT
    assert settled(OutcomeClass.UNKNOWN, resend=True).state is DeliveryState.RETRYING


def test_doubt_that_ran_out_of_tries_stays_doubt() -> None:
    """`exhausted` says that it did not arrive, and nobody knows that."""
    assert settled(OutcomeClass.UNKNOWN, LAST, resend=True) == Settlement(DeliveryState.IN_DOUBT, None)


def test_the_setting_changes_nothing_but_doubt() -> None:
    for outcome in set(OutcomeClass) - {OutcomeClass.UNKNOWN}:
        assert settled(outcome, resend=True) == settled(outcome)


def test_only_a_target_that_must_be_mended_is_suspended() -> None:
    suspending = {o for o in OutcomeClass if Verdict(o, Reason.BAD_KEY).suspends}
    assert suspending == {OutcomeClass.PERMANENT_CONFIG}


def test_the_open_states_are_the_ones_a_machine_still_works_on() -> None:
    assert {s for s in DeliveryState if not s.settled} == {
        DeliveryState.PENDING,
        DeliveryState.SENDING,
        DeliveryState.RETRYING,
    }


@pytest.mark.parametrize("word", [*DeliveryState, *Reason], ids=str)
def test_every_state_and_reason_has_its_chinese(word: DeliveryState | Reason) -> None:
    assert word.chinese
    assert not word.chinese.isascii()


def test_every_state_says_in_a_sentence_what_it_promises() -> None:
    assert all(state.promise.endswith("。") for state in DeliveryState)
    assert len({state.chinese for state in DeliveryState}) == len(DeliveryState)
