"""Settings in, a working installation out."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

from bot import bulletins
from bot.channels import CHANNELS
from bot.domain.dated import DatedState
from bot.domain.delivery import Verdict
from bot.domain.directory import Directory
from bot.domain.errors import DiskFull, WrongKey
from bot.domain.faultpoints import Hook, pass_by
from bot.domain.plan import Settled, StoredTarget
from bot.domain.publication import Publication
from bot.domain.reader_token import reader_token
from bot.domain.retention import Kept, Retention
from bot.domain.secret import Secret
from bot.engines import local
from bot.flows.dated import Dated
from bot.flows.deliver import Dispatcher
from bot.flows.observer import SILENT
from bot.flows.plan import Renderer
from bot.flows.ports import Ledger
from bot.flows.publish import SCHEDULER, Policy, Publisher
from bot.flows.reassess import reassess
from bot.flows.trial import try_target
from bot.settings import Settings
from bot.sources.workdays import is_workday
from bot.store import Store, open_store
from bot.transport import AddressGuard, Authorities, HttpSender, Timeouts

from . import keys
from .documents import address_guard, ceilings, check_directory, publications, renderer
from .keys import secret_key
from .logs import configure_logging
from .watch import Watch

log = logging.getLogger(__name__)

TRIAL_MASTHEAD = "简报"


def utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def retention(settings: Settings) -> Retention:
    return Retention(tuple((Kept(word), days) for word, days in settings.kept_days.items()))


@dataclass(frozen=True)
class App:
    """One installation, put together. Close it."""

    settings: Settings
    store: Store
    guard: AddressGuard
    key: Secret
    clock: Callable[[], dt.datetime] = utc_now
    hook: Hook = pass_by
    watch: Watch | None = None
    """Who hears of what happens: that of the service, see watch.py."""

    @property
    def reader_key(self) -> bytes:
        """What new reader links are signed with; `store.reader_keys()` are those that verify."""
        return self.store.vault.reader_key

    @cached_property
    def renderer(self) -> Renderer:
        return renderer(self.settings, lambda: self.reader_key)

    @cached_property
    def publications(self) -> tuple[Publication, ...]:
        return publications(self.settings)

    @cached_property
    def publisher(self) -> Publisher:
        policy = Policy(
            zone=self.settings.zone,
            release_time=self.settings.release_time,
            late_grace=self.settings.late_grace,
            is_workday=is_workday,
            publications=self.publications,
        )
        return Publisher(self.store, bulletins.parse_guarded, self.renderer, self.clock, policy, self.watch or SILENT)

    @cached_property
    def dated(self) -> Dated:
        return Dated(self.store, self.clock, self.settings.zone)

    def keep_up(self) -> None:
        """Carry out the dated changes of the directory whose day has come, then look at what waits for its release
        anew. Whichever process notices first does it, so that nobody works with yesterday's directory."""
        done = self.dated.apply_due()
        for change_id, state in done:
            log.info("dated change %s is %s", change_id, state.value)
        if any(state is DatedState.APPLIED for _, state in done):
            reassess(self.publisher, self.store, who=SCHEDULER)

    def load_directory(self, path: Path) -> Directory:
        return check_directory(self.settings, path)[0]

    def sender(self) -> HttpSender:
        return HttpSender(
            self.guard,
            authorities=Authorities(self.settings.effective_ca_dir),
            timeouts=Timeouts(silence_s=self.settings.send_timeout_seconds),
            # What waits for a late answer gives up its place with the dispatcher, not its connection.
            max_in_flight=2 * self.settings.max_in_flight,
        )

    async def try_target(self, stored: StoredTarget) -> Verdict:
        """Send a harmless message to this robot now; what the platform answered."""
        wording = self.renderer.wording(TRIAL_MASTHEAD)
        async with self.sender() as sender:
            return await try_target(
                stored.target, stored.recipient.name, channels=CHANNELS, wording=wording, sender=sender, at=self.clock()
            )

    @asynccontextmanager
    async def dispatcher(
        self, on_settled: Callable[[Settled], None] | None = None, *, ledger: Ledger | None = None
    ) -> AsyncIterator[Dispatcher]:
        """`ledger`: what it may claim from; everything that is due where none is given."""
        async with self.sender() as sender:
            yield Dispatcher(
                ledger=ledger or self.store.ledger(),
                sender=sender,
                channels=CHANNELS,
                clock=self.clock,
                worker=secrets.token_hex(8),
                token=partial(reader_token, self.reader_key),
                ceilings=ceilings(self.settings),
                max_in_flight=self.settings.max_in_flight,
                resend_in_doubt=self.settings.in_doubt == "resend",
                on_settled=on_settled,
                on_turn=self.watch.turn if self.watch is not None else None,
                hook=self.hook,
            )

    def doubt_again(self, issue_id: int, *, who: str) -> None:
        """What is in doubt of an issue that somebody publishes once more goes out again where the setting says so, also
        when it came into doubt before the setting did."""
        if self.settings.in_doubt == "resend":
            self.store.resend_doubtful(issue_id, who=who, why="设置 in_doubt = resend", now=self.clock())

    def deliver(self, issue_id: int, *, wait_s: float | None, on_settled: Callable[[Settled], None] | None) -> None:
        """Send what is due until every delivery of the issue has its first verdict; with `wait_s`, until all are
        settled or so many seconds have passed: nothing more goes out then, and what is under way ends as at a stop."""

        async def main() -> None:
            ledger = self.store.ledger()

            async def done() -> bool:
                unjudged, unsettled = await ledger.unsettled(issue_id)
                return (unjudged if wait_s is None else unsettled) == 0

            @asynccontextmanager
            async def timed() -> AsyncIterator[Dispatcher]:
                async with self.dispatcher(on_settled) as dispatcher:
                    if wait_s is not None:
                        asyncio.get_running_loop().call_later(wait_s, dispatcher.stop)
                    yield dispatcher

            await local.deliver(timed, done)

        local.run(main())

    def close(self) -> None:
        self.store.close()


def open_app(settings: Settings, *, clock: Callable[[], dt.datetime] = utc_now, hook: Hook = pass_by) -> App:
    """Open (and on first start create) the installation that `settings` describe. `hook`: see domain/faultpoints.py."""
    configure_logging(settings)
    ceilings(settings)  # a wrong one is told of now, not at the first send
    keys.make_folder(settings.data_dir)
    had_key = keys.has_key(settings)
    key = secret_key(settings)
    opened = partial(open_store, settings.effective_database_url, data_dir=settings.data_dir, hook=hook)
    try:
        store = opened(secret_key=key)
    except WrongKey:
        # A rotation is at its last step, or was cut off before it; or it ended after this process had read the file.
        following = keys.next_key(settings) or secret_key(settings)
        if following == key:
            if had_key:
                raise
            raise keys.unmake(settings, key) from None
        key, store = following, opened(secret_key=following)
        with keys.alone(settings):
            keys.adopt_next_key(settings, key)
    app = App(settings, store, address_guard(settings), key, clock, hook)
    # With a full disk there is still much to see; the scheduler tries again.
    with suppress(DiskFull):
        app.keep_up()
    return app
