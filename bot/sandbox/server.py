"""Runs the sandbox: in a thread beside tests and the demo, or alone as a command."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

import uvicorn

from bot.sandbox.app import create_app
from bot.sandbox.endpoint import Sandbox
from bot.sandbox.wire import SandboxProtocol

_BACKLOG = 2048


class SandboxServer:
    """A sandbox listening in a background thread; a context manager.

    Listens on 127.0.0.1 and a free port unless told otherwise. `url` has no trailing slash. `sandbox` gives the
    robots, faults, clock and messages directly; read it from any thread, change it between calls only.
    Raises OSError when the address cannot be bound.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        open_mode: bool = False,
        rate_limits: bool = True,
        clock: Callable[[], float] | None = None,
    ) -> None:
        app = create_app(open_mode=open_mode, rate_limits=rate_limits, clock=clock)
        self.sandbox: Sandbox = app.state.sandbox
        self._socket = _listen(host, port)
        self.url = _url(self._socket)
        self._server = _Server(_config(app))
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="jianbao-sandbox", daemon=True
        )

    def start(self) -> Self:
        """Begin to serve. Calls made before the thread is ready wait in the socket's queue."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """End every connection and return when the thread has ended."""
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def run(
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    open_mode: bool = False,
    rate_limits: bool = True,
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Serve until the process is told to stop (SIGINT, SIGTERM).

    `on_ready` is called with the address once it is bound. Raises OSError when it cannot be.
    """
    app = create_app(open_mode=open_mode, rate_limits=rate_limits)
    with _listen(host, port) as listener:
        if on_ready is not None:
            on_ready(_url(listener))
        _Server(_config(app)).run(sockets=[listener])


class _Server(uvicorn.Server):
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Hanging calls and watching pages never end by themselves; each is waiting for its caller to leave.
        for connection in list(self.server_state.connections):
            if isinstance(connection, SandboxProtocol):
                connection.transport.abort()
        await super().shutdown(sockets)


def _config(app: object) -> uvicorn.Config:
    return uvicorn.Config(
        app,  # type: ignore[arg-type] # Starlette's application type and uvicorn's differ in name only
        http=SandboxProtocol,
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_keep_alive=60,
        timeout_graceful_shutdown=1,
    )


def _listen(host: str, port: int) -> socket.socket:
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    return socket.create_server(address[:2], family=family, backlog=_BACKLOG)


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
