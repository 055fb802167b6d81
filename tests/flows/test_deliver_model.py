"""Random sequences of events against a small model of the delivery states: the ledger and the model never part."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bot.domain.delivery import DeliveryState, OutcomeClass, Reason, Verdict
from bot.domain.errors import ConfigError
from bot.domain.pacing import Pace
from bot.domain.pages import Settling
from bot.domain.plan import Claimed
from bot.domain.retry import SCHEDULE_S
from bot.store import Store
from tests.unit.store.samples import (
    BAD_KEY,
    BUSY,
    LIMITED,
    LOST,
    NOW,
    OK,
    SECOND,
    answer,
    bulletin,
    opened,
    released,
    turn,
)

pytestmark = pytest.mark.slow

S = DeliveryState
PACE = Pace(per_window=3, window_s=60, gap_s=1)
BAD_CARD = Verdict(OutcomeClass.PERMANENT_CONTENT, Reason.BAD_CARD, 200, "45008", "bad card")
AFTER: dict[OutcomeClass, DeliveryState] = {
    OutcomeClass.OK: S.ACCEPTED,
    OutcomeClass.RETRY_LATER: S.RETRYING,
    OutcomeClass.PERMANENT_CONFIG: S.REFUSED,
    OutcomeClass.PERMANENT_CONTENT: S.REFUSED,
    OutcomeClass.UNKNOWN: S.IN_DOUBT,
}
"""contracts.md, "Delivery states"."""
AGAIN = (S.REFUSED, S.EXHAUSTED)
ALLOWED = {
    Settling.ARRIVED: (S.IN_DOUBT,),
    Settling.RESEND: (*AGAIN, S.IN_DOUBT),
    Settling.CANCEL: (*AGAIN, S.IN_DOUBT, S.PENDING, S.RETRYING),
}
UNITS = ("u0", "u1", "u2")


@dataclass
class Delivery:
    """The model: one delivery, as simply as it can be said."""

    issue: int
    target: int
    part: int
    state: DeliveryState = S.PENDING
    attempts: int = 0


@cache
def _empty() -> Path:
    """An installation without anything in it, made once: creating the tables takes longer than a whole run."""
    folder = Path(tempfile.mkdtemp())
    opened(f"sqlite:///{folder / 'jianbao.db'}", folder).close()
    return folder


class Deliveries(RuleBasedStateMachine):
    @initialize()
    def open(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        shutil.copytree(_empty(), self.folder, dirs_exist_ok=True)
        self.store: Store = opened(f"sqlite:///{self.folder / 'jianbao.db'}", self.folder)
        self.loop = asyncio.Runner()
        self.now = NOW
        self.life = 0
        self.issues: list[int] = []
        self.model: dict[int, Delivery] = {}
        self.in_flight: dict[int, Claimed] = {}
        self.suspended: set[int] = set()
        self.loop.run(self.store.ledger().enlist("w0", now=self.now))

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self._drain()
            self.loop.close()
            self.store.close()
            shutil.rmtree(self.folder)

    # --- events ----------------------------------------------------------------------------------------------------

    @precondition(lambda self: len(self.issues) < 4)
    @rule(units=st.integers(1, 3), parts=st.integers(1, 3))
    def release(self, units: int, parts: int) -> None:
        stored = released(
            self.store, *UNITS[:units], parts=parts, issue=bulletin(number=len(self.issues) + 1), now=self.now
        )
        self.issues.append(stored.id)
        for row in self._rows():
            if row.issue == stored.id:
                self.model[row.id] = Delivery(stored.id, row.target, row.part)

    @rule(limit=st.integers(1, 4))
    def claim(self, limit: int) -> None:
        got = self.loop.run(turn(self.store, worker=f"w{self.life}", now=self.now, limit=limit, pace=PACE))
        assert len(got.claimed) <= limit
        self._took(got.claimed)

    @precondition(lambda self: self.in_flight)
    @rule(data=st.data(), verdict=st.sampled_from([OK, OK, BUSY, LIMITED, BAD_KEY, BAD_CARD, LOST]))
    def answered(self, data: st.DataObject, verdict: Verdict) -> None:
        claimed = self.in_flight.pop(data.draw(st.sampled_from(sorted(self.in_flight))))
        self._answer(claimed, verdict)

    @rule(seconds=st.sampled_from([1, 7, 61, 400, 40_000]))
    def wait(self, seconds: int) -> None:
        self.now += seconds * SECOND

    @rule()
    def crash(self) -> None:
        ledger = self.store.ledger()
        self.loop.run(ledger.retire(f"w{self.life}"))
        assert self.loop.run(ledger.recover(now=self.now)) == len(self.in_flight)
        assert self.loop.run(ledger.recover(now=self.now)) == 0, "recovering twice changes nothing"
        for key in self.in_flight:
            self.model[key].state = S.IN_DOUBT
        self.in_flight.clear()
        self.life += 1
        self.loop.run(ledger.enlist(f"w{self.life}", now=self.now))

    @precondition(lambda self: self.model)
    @rule(data=st.data(), act=st.sampled_from(Settling))
    def a_person_settles(self, data: st.DataObject, act: Settling) -> None:
        key = data.draw(st.sampled_from(sorted(self.model)))
        one = self.model[key]
        stopped = act is Settling.RESEND and one.target in self.suspended
        if one.state not in ALLOWED[act] or stopped:
            with pytest.raises(ConfigError):
                self.store.settle_delivery(key, act, who="张三", why="", now=self.now)
            return
        self.store.settle_delivery(key, act, who="张三", why="", now=self.now)
        match act:
            case Settling.ARRIVED:
                one.state = S.ACCEPTED
            case Settling.CANCEL:
                one.state = S.CANCELLED
            case Settling.RESEND:
                self._again(one)

    @precondition(lambda self: self.issues)
    @rule(data=st.data())
    def the_failed_are_sent_again(self, data: st.DataObject) -> None:
        issue = data.draw(st.sampled_from(self.issues))
        failed = [d for d in self.model.values() if d.issue == issue and self._failed(d)]
        assert self.store.resend_failed(issue, who="张三", why="", now=self.now) == len(failed)
        for one in failed:
            self._again(one)

    @precondition(lambda self: self.suspended)
    @rule(data=st.data(), replay=st.booleans())
    def a_robot_is_mended(self, data: st.DataObject, replay: bool) -> None:
        self._mend(data.draw(st.sampled_from(sorted(self.suspended))), replay=replay)

    # --- what must hold --------------------------------------------------------------------------------------------

    @invariant()
    def ledger_and_model_agree(self) -> None:
        if not hasattr(self, "store"):
            return
        rows = {row.id: row for row in self._rows()}
        assert rows.keys() == self.model.keys()
        for key, one in self.model.items():
            assert (rows[key].state, rows[key].attempts) == (one.state, one.attempts)
        for issue in self.issues:
            states = [d.state for d in self.model.values() if d.issue == issue]
            assert self.store.counts(issue) == {state: states.count(state) for state in S if state in states}

    # --- the model -------------------------------------------------------------------------------------------------

    def _took(self, claimed: tuple[Claimed, ...]) -> None:
        busy = {c.target_id for c in self.in_flight.values()}
        for c in claimed:
            one = self.model[c.delivery_id]
            assert one.state in (S.PENDING, S.RETRYING), f"{one} was taken"
            assert one.target not in self.suspended, "a suspended robot was sent to"
            assert one.target not in busy, "two at once to one robot"
            assert self._turn_has_come(one), "a part overtook the one before it"
            busy.add(one.target)
            one.state, one.attempts = S.SENDING, one.attempts + 1
            assert c.number == one.attempts
            self.in_flight[c.delivery_id] = c

    def _answer(self, claimed: Claimed, verdict: Verdict) -> None:
        got = self.loop.run(
            turn(self.store, [answer(claimed, verdict, self.now)], worker=f"w{self.life}", now=self.now, limit=0)
        )
        assert got.claimed == ()
        one = self.model[claimed.delivery_id]
        used_up = verdict.outcome is OutcomeClass.RETRY_LATER and one.attempts > len(SCHEDULE_S)
        one.state = S.EXHAUSTED if used_up else AFTER[verdict.outcome]
        if verdict.suspends:
            self.suspended.add(one.target)

    def _again(self, one: Delivery) -> None:
        one.state = S.RETRYING if one.attempts else S.PENDING

    def _failed(self, one: Delivery) -> bool:
        return one.state in AGAIN and one.target not in self.suspended

    def _mend(self, target: int, *, replay: bool) -> None:
        self.suspended.discard(target)
        mine = [d for d in self.model.values() if d.target == target]
        latest = max(d.issue for d in mine)
        again = [d for d in mine if replay and d.issue == latest and self._failed(d)]
        assert self.store.revive_target(target, replay=replay, who="张三", why="", now=self.now) == len(again)
        for one in again:
            self._again(one)

    def _turn_has_come(self, one: Delivery) -> bool:
        return one.part == 1 or any(
            (d.issue, d.target, d.part, d.state) == (one.issue, one.target, one.part - 1, S.ACCEPTED)
            for d in self.model.values()
        )

    def _drain(self) -> None:
        """From wherever it stands: robots mended and platforms well, everything that may go goes."""
        for target in sorted(self.suspended):
            self._mend(target, replay=False)
        for key in sorted(self.in_flight):
            self._answer(self.in_flight.pop(key), OK)
        idle = 0
        while idle < 3:
            self.now += 40_000 * SECOND
            self.claim(4)
            idle = 0 if self.in_flight else idle + 1
            for key in sorted(self.in_flight):
                self._answer(self.in_flight.pop(key), OK)
        self.ledger_and_model_agree()
        left = [d for d in self.model.values() if not d.state.settled and self._turn_has_come(d)]
        assert not left, f"never sent: {left}"
        assert self.store.verify_history() is None

    def _rows(self) -> list[_Row]:
        query = "SELECT id, issue_id, target_id, part, state, attempts FROM delivery"
        with self.store.db.read() as connection:
            rows = connection.exec_driver_sql(query).all()
        return [_Row(r.id, r.issue_id, r.target_id, r.part, S(r.state), r.attempts) for r in rows]


@dataclass(frozen=True, slots=True)
class _Row:
    id: int
    issue: int
    target: int
    part: int
    state: DeliveryState
    attempts: int


def test_the_ledger_and_the_model_never_part() -> None:
    run_state_machine_as_test(
        Deliveries,
        settings=settings(
            max_examples=30, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
