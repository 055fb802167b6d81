"""The simulated platforms by channel name. A new one is a module and a line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from bot.sandbox import dingtalk, feishu, lanxin, wecom, welink
from bot.sandbox.exchange import Request, Verdict
from bot.sandbox.robots import RatePolicy, Robot


class Platform(Protocol):
    """What a platform module offers; `EXPLANATIONS` maps a code (as text) to a Chinese sentence for the pages."""

    @property
    def LABEL(self) -> str:  # noqa: N802 - module constants
        """The platform's Chinese name."""

    @property
    def ROUTES(self) -> tuple[str, ...]:  # noqa: N802
        """The vendor's paths."""

    @property
    def RATE(self) -> RatePolicy:  # noqa: N802
        """The published rate."""

    @property
    def EXPLANATIONS(self) -> Mapping[str, str]:  # noqa: N802
        """Code to Chinese sentence."""

    def key_of(self, request: Request, /) -> str:
        """The robot's key in a call, empty when there is none."""

    def judge(self, robot: Robot | None, request: Request, now: float, /) -> Verdict:
        """The vendor's answer."""

    def refusal(self, code: int, text: str, request: Request, now: float, /) -> Verdict:
        """The vendor's refusal with `code`, in its own shape, whatever was sent."""

    def throttled(self, request: Request, now: float, /) -> Verdict:
        """The vendor's answer to a call over the rate."""


PLATFORMS: Mapping[str, Platform] = {
    "wecom": wecom,
    "dingtalk": dingtalk,
    "feishu": feishu,
    "lanxin": lanxin,
    "welink": welink,
}
