"""`jianbao serve`: web, scheduler, sources and dispatcher in one process under one supervisor."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
import signal
import socket
import threading
from collections.abc import Callable, Collection, Generator, Iterator, Mapping
from dataclasses import replace
from ipaddress import ip_address

import uvicorn

from bot.domain.errors import ConfigError, DiskFull, StoreError, WrongKey, os_reason
from bot.domain.plan import Settled
from bot.engines import local
from bot.engines.supervisor import Part, Supervisor, on
from bot.flows.people import People
from bot.flows.publish import Publisher
from bot.settings import Settings
from bot.web import Readiness, create_app, health_app

from .app import App, open_app
from .metrics import Metrics
from .office import make_office
from .roles import Role, check_roles, make_engine
from .tracing import make_tracer
from .wakes import Wakes
from .watch import Watch

log = logging.getLogger(__name__)

WATCH_EVERY_S = 2.0
"""A look at the key in force, and at the room on a full disk."""
STALE_S = 60.0
"""A scheduler that has not beaten for this long is not ready."""
FULL = "磁盘已满：只能查看，不发送、不保存，腾出空间后自动恢复"


class Service:
    """One running installation. `run` returns after `stop()` or a signal."""

    def __init__(
        self,
        app: App,
        listener: socket.socket,
        *,
        roles: Collection[Role] = tuple(Role),
        on_settled: Callable[[Settled], None] | None = None,
    ) -> None:
        """`roles`: what this process does; several may share the work where the engine spreads it (roles.py). Pages
        are served by the role `web` only, /healthz, /readyz and /metrics by all."""
        self._metrics = Metrics()
        self._metrics.ask(app.store, app.clock)
        self._tracer = make_tracer(app.store.vault.key_id.hex())
        self._watch = Watch(app.store, self._metrics, self._tracer, app.clock)
        self._app = app = replace(app, watch=self._watch)
        self._listener = listener
        self._on_settled = on_settled
        self._roles = roles
        self._engine = make_engine(app, self._settled)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wakes = Wakes(app, self._metrics, self._engine.wake)
        self._ended_by: WrongKey | None = None
        parts = [Part("web", self._web), Part("watch store", self._watch_store)]
        if Role.WORKER in roles:
            parts.append(Part("dispatcher", self._engine.work))
        if Role.SCHEDULER in roles:
            parts += [Part("scheduler", self._wakes.run), *self._engine.scheduled(), *self._wakes.watchers()]
        # Without these it is not ready. A folder that cannot be watched is a source's trouble.
        self._core = [part.name for part in parts if not part.name.startswith("watch ")]
        self._supervisor = Supervisor(
            parts,
            on_failure=lambda name, _error: self._metrics.restarts.labels(name).inc(),
        )
        for part in parts:
            self._metrics.restarts.labels(part.name)

    @property
    def publisher(self) -> Publisher:
        """The use cases as the service does them: watched."""
        return self._app.publisher

    def stop(self) -> None:
        self._supervisor.stop()

    def wake(self) -> None:
        """Something may be due; from whatever thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._engine.wake)

    async def beat(self, wake: str) -> None:
        """Do now what a wake of the scheduler does: `release`, `remind`, `alert`, `source <id>`."""
        await self._wakes.beat(wake)

    async def run(self, *, signals: bool = True) -> None:
        """`signals`: stop at SIGINT and SIGTERM; only a main thread can ask for that.

        WrongKey when another key has come into force: whoever started it starts it again, with that key.
        """
        loop = self._loop = asyncio.get_running_loop()
        if signals:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, self.stop)
        await self._supervisor.run()
        self._watch.tell()
        self._tracer.close()
        if self._ended_by is not None:
            raise self._ended_by

    @contextlib.contextmanager
    def in_thread(self) -> Iterator[None]:
        """Run beside the caller, and stop with the block."""
        thread = threading.Thread(target=lambda: local.run(self.run(signals=False)), name="jianbao-service")
        thread.start()
        try:
            yield
        finally:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self.stop)
            thread.join()

    def checks(self) -> Mapping[str, str | None]:
        """What /readyz shows; blocking (it reads the database)."""
        found: dict[str, str | None] = {}
        try:
            self._app.store.next_release()
            found["database"] = None
        except StoreError as error:
            found["database"] = str(error)
        found["disk"] = FULL if self._app.store.full else None
        for name in self._core:
            health = self._supervisor.health.get(name)
            running = health is not None and health.running
            found[name] = None if running else (health and health.last_error) or "尚未启动"
        beat = self._wakes.last_beat
        if found.get("scheduler", "") is None and (
            beat is None or self._app.clock() - beat > dt.timedelta(seconds=STALE_S)
        ):
            found["scheduler"] = "定时器没有按时运行"
        return found

    def _settled(self, one: Settled) -> None:
        self._watch.settled(one)
        if self._on_settled is not None:
            self._on_settled(one)

    async def _watch_store(self, stop: asyncio.Event) -> None:
        """Find room again where the disk was full. And a process that still has an old key opens nothing and must seal
        nothing: it ends."""
        store = self._app.store
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), WATCH_EVERY_S)
            # A database out of reach is told of by those who need it.
            with contextlib.suppress(StoreError):
                if store.full and await asyncio.to_thread(store.look_for_room, now=self._app.clock()):
                    self._engine.wake()
                await asyncio.to_thread(self._watch.tell)
                if await asyncio.to_thread(store.key_in_force) is None:
                    self._ended_by = WrongKey("主密钥已经更换，本进程所持的是旧的，现在退出：请用新密钥重新启动。")
                    log.error("the master key was changed; this process has the old one and ends")
                    self.stop()

    async def _web(self, stop: asyncio.Event) -> None:
        readiness = Readiness(self.checks, self._metrics.registry, full=lambda: self._app.store.full)
        pages = Role.WEB in self._roles
        app = create_app(readiness, make_office(self._app, wake=self.wake)) if pages else health_app(readiness)
        config = uvicorn.Config(
            self._tracer.web(app),
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            timeout_graceful_shutdown=5,
        )
        server = _Server(config)

        def end() -> None:
            server.should_exit = True

        async with asyncio.TaskGroup() as group:
            watch = group.create_task(on(stop, end))
            await server.serve(sockets=[self._listener])
            watch.cancel()


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers: the supervisor stops the parts."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


def listen(host: str, port: int) -> socket.socket:
    """A listening socket, bound before anything else starts. Raises ConfigError when it cannot be had."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=1024)
    except OSError as error:
        raise ConfigError(f"端口 {host}:{port} 不能用：{os_reason(error)}。请换一个 --port。") from error


def address_of(listener: socket.socket) -> str:
    """Where a browser on this machine finds it: a listener on every address is shown at loopback."""
    name, number = listener.getsockname()[:2]
    place = ip_address(name)
    if place.is_unspecified:
        place = ip_address("127.0.0.1" if place.version == 4 else "::1")
    return f"http://{place}:{number}" if place.version == 4 else f"http://[{place}]:{number}"


def setup_address(app: App, address: str) -> str | None:
    """While nobody can sign in: the one-time link that makes the administrator."""
    try:
        token = People(app.store, app.clock).setup_link()
    except DiskFull:
        return None
    return f"{address}/setup/{token}" if token else None


def serve(
    settings: Settings, host: str, port: int, *, role: Role | None = None, on_ready: Callable[[App, str], None]
) -> None:
    """Open the installation and run the service until a signal stops it.

    `role`: that one alone, which any number of processes may have; ConfigError on a database for one process.
    `on_ready` is given the installation and the address.
    """
    if role is not None:
        check_roles(settings)
    with listen(host, port) as listener:
        app = open_app(settings)
        try:
            on_ready(app, address_of(listener))
            local.run(Service(app, listener, roles=tuple(Role) if role is None else (role,)).run())
        finally:
            app.close()
