"""The sandbox as one Starlette application."""

from __future__ import annotations

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from bot.sandbox import control, pages
from bot.sandbox.endpoint import Sandbox, VendorEndpoint
from bot.sandbox.platforms import PLATFORMS
from bot.sandbox.robots import Clock, Registry


def create_app(
    *, open_mode: bool = False, rate_limits: bool = True, clock: Callable[[], float] | None = None
) -> Starlette:
    """The simulated platforms, their control interface and pages.

    `open_mode`: any key is a robot. `rate_limits=False`: no robot is throttled unless registered with its own
    `per_minute`. `clock`: Unix seconds; the wall clock when None. `app.state.sandbox` is the `Sandbox` behind it.
    Faults of the connection work only under `SandboxServer` or `run`.
    """
    policies = {channel: platform.RATE for channel, platform in PLATFORMS.items()}
    sandbox = Sandbox(
        Clock(clock) if clock is not None else Clock(),
        Registry(policies, open_mode=open_mode, rate_limits=rate_limits),
    )
    vendors: list[Route] = []
    for channel, platform in PLATFORMS.items():
        endpoint: ASGIApp = VendorEndpoint(channel, platform, sandbox)
        # Private deployments put a prefix before the vendor's path.
        vendors += [Route(prefix + path, endpoint) for path in platform.ROUTES for prefix in ("", "/{prefix:path}")]
    # The vendor's answer to a wrong path below open-apis, seen with the retired v1 hook.
    vendors.append(Route("/open-apis/{rest:path}", _no_resource, methods=["GET", "POST"]))
    app = Starlette(routes=[*vendors, *control.routes(sandbox), *pages.routes(sandbox)])
    # A slash too many is a wrong address to every vendor; the framework would redirect it to the right one.
    app.router.redirect_slashes = False
    app.state.sandbox = sandbox
    return app


async def _no_resource(_: Request) -> Response:
    return JSONResponse({"code": 99991201, "msg": "resource not find"}, status_code=404)
