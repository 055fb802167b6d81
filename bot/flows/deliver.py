"""The dispatcher: deliveries -> attempts -> receipts.

One coroutine owns the ledger and works in turns. A turn is one durable transaction: write what has come back,
claim what may go out next. Only what a turn has claimed (state and attempt row on disk) is sent. Whoever kills the
process at any instant leaves at most the claimed ones `sending`, and recovery settles those as `in_doubt`.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping

from bot.channels.files import FILES
from bot.domain.attachment import Files
from bot.domain.card import LINK_TOKEN
from bot.domain.channel import Channel
from bot.domain.delivery import OutcomeClass, Reason, Verdict, settle
from bot.domain.errors import DiskFull, StoreError
from bot.domain.faultpoints import Hook, Point, pass_by
from bot.domain.pacing import Ceiling
from bot.domain.plan import Claimed, Settled, StoredMessage, Turn

from .ports import Clock, Ledger, Sender
from .sending import judge, send_once
from .uploading import Uploads

log = logging.getLogger(__name__)

GROUP = 48
"""Receipts worth a transaction of their own; fewer wait up to LINGER_S for company. Of 100 in flight it is half:
while one half is being written, the other keeps the connections busy."""
LINGER_S = 0.02
IDLE_S = 1.0
"""The longest sleep: other processes may have released, re-enabled or died in the meantime."""
RECOVER_S = 10.0
LATE_S = 2.0
"""A request that has waited for its answer for so long gives up its place: nobody else waits behind a slow platform."""
STOP_GRACE_S = 10.0
STORE_PATIENCE_S = 30.0
MESSAGES_KEPT = 256
"""Message bodies kept at hand; 20 KB each at most."""

NO_CEILINGS: Mapping[str, Ceiling] = {}

_MARK = LINK_TOKEN.encode()


class Dispatcher:
    """Sends what is due, never faster than the paces allow, and writes down what came of it."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        sender: Sender,
        channels: Mapping[str, Channel],
        clock: Clock,
        worker: str,
        token: Callable[[int], str],
        files: Mapping[str, Files] = FILES,
        ceilings: Mapping[str, Ceiling] = NO_CEILINGS,
        max_in_flight: int = 200,
        resend_in_doubt: bool = False,
        late_s: float = LATE_S,
        stop_grace_s: float = STOP_GRACE_S,
        on_settled: Callable[[Settled], None] | None = None,
        on_turn: Callable[[Turn, int, dt.datetime], None] | None = None,
        hook: Hook = pass_by,
    ) -> None:
        """`token`: a delivery's id to its reader token, as long as LINK_TOKEN. `files`: the channels that take files.
        `max_in_flight`: requests at once; up to as many again may wait for a late answer. `on_turn`: what a turn gave,
        how many receipts it wrote, when it began. `hook` is called at the fault points.
        """
        self._ledger = ledger
        self._sender = sender
        self._channels = channels
        self._paces = {name: channel.PACE for name, channel in channels.items()}
        self._ceilings = ceilings
        self._clock = clock
        self._worker = worker
        self._token = token
        self._max_in_flight = max_in_flight
        self._resend_in_doubt = resend_in_doubt
        self._late_s = late_s
        self._stop_grace_s = stop_grace_s
        self._on_settled = on_settled
        self._on_turn = on_turn
        self._hook = hook
        self._messages: dict[int, StoredMessage] = {}
        self._uploads = Uploads(ledger, sender, files, clock)
        self._in_flight: dict[asyncio.Task[None], tuple[float, str]] = {}
        self._settled: list[Settled] = []
        self._stirred = asyncio.Event()
        self._stopping = False

    def wake(self) -> None:
        """Something may be due now: a release, a re-enabled target."""
        self._stirred.set()

    def stop(self) -> None:
        """Claim nothing more; `run` returns when what is in flight has ended, or after the grace."""
        self._stopping = True
        self._stirred.set()

    async def run(self, done: Callable[[], Awaitable[bool]] | None = None) -> None:
        """Work until `stop`, or until `done` says so at a moment when nothing is in flight.

        Raises (in an ExceptionGroup) StoreError when the database stays out of reach for STORE_PATIENCE_S.
        """
        await self._ledger.enlist(self._worker, now=self._clock(), resend=self._resend_in_doubt)
        try:
            async with asyncio.TaskGroup() as group:
                keeper = group.create_task(self._keep_alive())
                await self._work(done)
                keeper.cancel()
        finally:
            await self._wind_up()
            await self._ledger.retire(self._worker)

    async def _work(self, done: Callable[[], Awaitable[bool]] | None) -> None:
        await self._recover()
        loop = asyncio.get_running_loop()
        while True:
            self._stirred.clear()
            turn = await self._turn(*self._places())
            began = loop.time()
            for claimed in turn.claimed:
                task = loop.create_task(self._attempt(claimed))
                self._in_flight[task] = began, claimed.channel
                task.add_done_callback(self._ended)
            if self._stopping:
                return
            if not self._in_flight and not self._settled and done is not None and await done():
                return
            await self._pause(turn.next_due)

    def _places(self) -> tuple[int, Collection[str]]:
        """How many more may go out, and the channels to be passed over: those whose late answers alone take up half of
        the places."""
        late: Counter[str] = Counter()
        before = asyncio.get_running_loop().time() - self._late_s
        for began, channel in self._in_flight.values():  # the oldest first
            if began > before:
                break
            late[channel] += 1
        spare = min(late.total(), self._max_in_flight)
        hanging = [channel for channel, count in late.items() if 2 * count >= self._max_in_flight]
        return self._max_in_flight - len(self._in_flight) + spare, hanging

    async def _turn(self, limit: int, passed_over: Collection[str] = ()) -> Turn:
        """One ledger transaction. Receipts leave memory only when they are on disk, however often it takes."""
        deadline = self._clock() + dt.timedelta(seconds=STORE_PATIENCE_S)
        while True:
            settled, began = tuple(self._settled), self._clock()
            try:
                turn = await self._ledger.turn(
                    settled,
                    worker=self._worker,
                    now=self._clock(),
                    limit=0 if self._stopping else limit,
                    paces=self._paces,
                    ceilings=self._ceilings,
                    passed_over=passed_over,
                )
            except DiskFull:
                # What has come back is kept in memory for as long as it takes: the platforms will not say it again.
                if self._stopping:
                    raise
                await asyncio.sleep(IDLE_S)
            except StoreError as error:
                if self._stopping or self._clock() >= deadline:
                    raise
                log.error("%s; nothing is sent until the database can be written again", error)
                await asyncio.sleep(IDLE_S)
            else:
                del self._settled[: len(settled)]
                if self._on_turn is not None:
                    self._on_turn(turn, len(settled), began)
                return turn

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._in_flight[task]
        if not self._in_flight:
            self._stirred.set()

    async def _pause(self, next_due: dt.datetime | None) -> None:
        """Until enough receipts are in for a turn of their own, something falls due, or IDLE_S has passed."""
        if not self._settled:
            wait = IDLE_S
            if next_due is not None and self._places()[0] > 0:
                wait = min(wait, max(0.0, (next_due - self._clock()).total_seconds()))
            await self._stir(wait)
        if self._settled and self._in_flight and len(self._settled) < GROUP and not self._stopping:
            self._stirred.clear()
            await self._stir(LINGER_S)

    async def _stir(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stirred.wait(), seconds)
        except TimeoutError:
            return

    async def _attempt(self, claimed: Claimed) -> None:
        started = self._clock()
        try:
            verdict = await self._send(claimed, started)
        except asyncio.CancelledError:
            # Only _wind_up cancels, when the grace is over: the request may be out there.
            verdict = Verdict(OutcomeClass.UNKNOWN, Reason.INTERRUPTED)
        except Exception:
            log.exception("delivery %s attempt %s failed inside Jianbao", claimed.delivery_id, claimed.number)
            verdict = Verdict(OutcomeClass.UNKNOWN, Reason.INTERRUPTED)
        finished = self._clock()
        settlement = settle(
            verdict,
            delivery_id=claimed.delivery_id,
            number=claimed.number,
            now=finished,
            resend_in_doubt=self._resend_in_doubt,
        )
        settled = Settled(claimed, started, finished, verdict, settlement)
        self._settled.append(settled)
        if len(self._settled) == 1 or len(self._settled) >= GROUP:
            self._stirred.set()
        if self._on_settled is not None:
            self._on_settled(settled)

    async def _send(self, claimed: Claimed, at: dt.datetime) -> Verdict:
        channel = self._channels.get(claimed.channel)
        if channel is None:
            return Verdict(OutcomeClass.PERMANENT_CONFIG, Reason.UNSUPPORTED_TYPE)
        message = self._messages.get(claimed.message_id) or await self._load(claimed.message_id)
        body = message.body.replace(_MARK, self._token(claimed.delivery_id).encode())
        if message.original_id is not None:
            uploaded = await self._uploads.message(claimed, channel, message.original_id)
            if isinstance(uploaded, Verdict):
                return uploaded
            body, at = uploaded, self._clock()
        self._hook(Point.SENDING)
        name, ca_file = f"jb-{claimed.delivery_id}", claimed.ca_file
        exchange = await send_once(
            self._sender, channel, claimed.url, claimed.secret, body, at, message_id=name, ca_file=ca_file
        )
        self._hook(Point.ANSWERED)
        return judge(exchange, channel, self._clock(), claimed.url, claimed.secret)

    async def _load(self, message_id: int) -> StoredMessage:
        """Nothing is sent before the bytes are at hand, so a database out of reach is waited for, not a doubt."""
        while True:
            try:
                message = await self._ledger.message(message_id)
                break
            except StoreError as error:
                log.error("%s; message %s is not sent until it can be read", error, message_id)
                await asyncio.sleep(IDLE_S)
        if len(self._messages) >= MESSAGES_KEPT:
            self._messages.pop(next(iter(self._messages)))
        self._messages[message_id] = message
        return message

    async def _keep_alive(self) -> None:
        """Tell the others that this worker lives, and take up what dead ones left."""
        judges_from = self._clock()
        while True:
            await asyncio.sleep(RECOVER_S / 2)
            try:
                await self._ledger.heartbeat(self._worker, now=self._clock())
                if self._clock() >= judges_from:
                    await self._recover()
            except StoreError as error:
                # How long a database out of reach is borne with is for the turns to say: they hold receipts.
                log.error("%s; no sign of life could be given", error)
                # Nor could the others give any: their silence says nothing until they have had the time.
                judges_from = self._clock() + dt.timedelta(seconds=RECOVER_S)

    async def _recover(self) -> None:
        if count := await self._ledger.recover(now=self._clock(), resend=self._resend_in_doubt):
            log.warning("%s deliveries were interrupted; they are in doubt until a person settles them", count)

    async def _wind_up(self) -> None:
        """Let what is in flight end, then write its receipts; what outlasts the grace is in doubt."""
        self._stopping = True
        if self._in_flight:
            _, late = await asyncio.wait(self._in_flight, timeout=self._stop_grace_s)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)
        if self._settled:
            await self._turn(0)
