"""The simulated platforms, for the command line and the demo."""

from __future__ import annotations

from collections.abc import Callable

from bot import sandbox


def run_sandbox(
    host: str, port: int, *, open_mode: bool, rate_limits: bool, on_ready: Callable[[str], None] | None = None
) -> None:
    """Serve until stopped. Raises OSError when the address cannot be bound."""
    sandbox.run(host, port, open_mode=open_mode, rate_limits=rate_limits, on_ready=on_ready)


def sandbox_server(*, port: int = 0) -> sandbox.SandboxServer:
    """A sandbox in a thread of this process, as a context manager with `url`."""
    return sandbox.SandboxServer(port=port)
