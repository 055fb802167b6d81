"""The robots of the sandbox: who they are, what they remember, and the clock they live by.

A robot's settings are a frozen value; its memory (rate window, uploaded media, used ids) is kept beside it.
Nothing here sleeps: time is always an argument, and the clock can be moved.
"""

from __future__ import annotations

import ipaddress
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.exchange import words

STATES = ("active", "stopped", "removed")
MOST_RULES: Mapping[tuple[str, str], int] = {
    ("dingtalk", "keywords"): 10,
    ("feishu", "keywords"): 10,
    ("feishu", "ips"): 10,
}
"""How many the vendor's settings take, by channel and field; where none is stated, any number."""
LATEST = 253_370_764_800
"""The clock's last moment, 9999-01-01 UTC in Unix seconds; its first is 0.

The pages show dates in China, and a clock may run on: a year is left to the last date Python can show.
"""
PROFILES = words("observed_limits long_errmsg code_410100 safe_limits legacy_reply")


class Clock:
    """Unix seconds from `source`, which can be moved on, or stopped at a moment."""

    def __init__(self, source: Callable[[], float] = time.time) -> None:
        self._source = source
        self._offset = 0.0
        self._stopped_at: float | None = None

    @property
    def stopped(self) -> bool:
        """Whether the clock stands still until it is moved."""
        return self._stopped_at is not None

    def now(self) -> float:
        """The sandbox's time in Unix seconds."""
        return self._source() + self._offset if self._stopped_at is None else self._stopped_at

    def stop_at(self, moment: float) -> None:
        """Stand still at `moment` (Unix seconds from 0 to `LATEST`, else ValueError)."""
        self._stopped_at = _shown(moment)

    def advance(self, seconds: float) -> None:
        """Move on by `seconds`, whether standing or running; ValueError where that leaves 0 to `LATEST`."""
        # Checked by itself first: a whole number of 400 digits cannot be added to a float.
        _shown(abs(seconds))
        _shown(self.now() + seconds)
        if self._stopped_at is None:
            self._offset += seconds
        else:
            self._stopped_at += seconds

    def resume(self) -> None:
        """Show the source's time again and run."""
        self._offset, self._stopped_at = 0.0, None


def _shown(moment: float) -> float:
    if not 0 <= moment <= LATEST:  # so written, it refuses NaN too
        raise ValueError(f"the clock shows Unix seconds from 0 to {LATEST}, the years 1970 to 9998")
    return float(moment)


@dataclass(frozen=True, slots=True)
class RatePolicy:
    """A vendor's published rate: at most `per_minute` calls in a rolling 60 s (and `per_second` in 1 s).

    One call more locks the robot for `lockout` seconds. None: the vendor publishes no figure.
    """

    per_minute: int | None = None
    per_second: int | None = None
    lockout: float = 0.0

    def with_per_minute(self, per_minute: int) -> RatePolicy:
        """The same policy at another rate; the limit per second grows along, so that it does not bite first."""
        per_second = self.per_second and max(self.per_second, per_minute // 20)
        return RatePolicy(per_minute, per_second, self.lockout)


class RateWindow:
    """Counts the calls of one robot. Calls turned away are not counted and do not prolong a lock-out."""

    def __init__(self, policy: RatePolicy) -> None:
        spans = ((policy.per_second, 1.0), (policy.per_minute, 60.0))
        self._windows = [(limit, span, deque[float]()) for limit, span in spans if limit is not None]
        self._lockout = policy.lockout
        self._locked_until = float("-inf")
        self._latest = float("-inf")

    def admit(self, now: float) -> bool:
        """Whether a call at `now` is within the limits; if so it is counted."""
        if now < self._latest:
            self._forget()  # the clock was set back: calls "in the future" must not lock the robot for ever
        self._latest = now
        if now < self._locked_until:
            return False
        for limit, span, calls in self._windows:
            while calls and now - calls[0] >= span:
                calls.popleft()
            if len(calls) >= limit:
                self._locked_until = now + self._lockout
                return False
        for _, _, calls in self._windows:
            calls.append(now)
        return True

    def _forget(self) -> None:
        self._locked_until = float("-inf")
        for _, _, calls in self._windows:
            calls.clear()


@dataclass(frozen=True, slots=True)
class Settings:
    """What a robot is set up with; the fields of `POST /_sandbox/robots` (docs/sandbox.md)."""

    channel: str
    key: str
    name: str = ""
    secret: str | None = None
    keywords: tuple[str, ...] = ()
    ips: tuple[str, ...] = ()
    per_minute: int | None = None
    state: str = "active"
    profiles: frozenset[str] = frozenset()

    def allows(self, client: str) -> bool:
        """Whether the IP list (addresses, `a.b.c.*`, CIDR; empty: everyone) lets `client` in."""
        return not self.ips or any(_matches(rule, client) for rule in self.ips)

    def has_keyword(self, text: str) -> bool:
        """Whether one of the keywords is in `text`; true when the robot asks for none."""
        return not self.keywords or any(word in text for word in self.keywords)

    def public(self) -> dict[str, Any]:
        """The settings as JSON, the secret only as present or not."""
        return {
            "channel": self.channel,
            "key": self.key,
            "name": self.name,
            "signed": self.secret is not None,
            "keywords": list(self.keywords),
            "ips": list(self.ips),
            "per_minute": self.per_minute,
            "state": self.state,
            "profiles": sorted(self.profiles),
        }


@dataclass(slots=True)
class Robot:
    """One group robot: its settings and what the vendor remembers of it.

    `media` maps a media id to the Unix second it expires at, `uuids` an id already used to the second it was.
    """

    settings: Settings
    rate: RateWindow
    media: dict[str, float] = field(default_factory=dict)
    uuids: dict[str, float] = field(default_factory=dict)


class Registry:
    """Every robot by channel and key.

    In open mode a robot comes into being when its key is first used. With `rate_limits=False` no robot is
    ever throttled unless it was registered with its own `per_minute`.
    """

    def __init__(self, policies: Mapping[str, RatePolicy], *, open_mode: bool, rate_limits: bool) -> None:
        self._policies = policies
        self._rate_limits = rate_limits
        self._robots: dict[tuple[str, str], Robot] = {}
        self.open_mode = open_mode

    def __iter__(self) -> Iterator[Robot]:
        return iter(self._robots.values())

    def get(self, channel: str, key: str) -> Robot | None:
        """The robot, None when nobody registered it; never creates one."""
        return self._robots.get((channel, key))

    def find(self, channel: str, key: str) -> Robot | None:
        """The robot a call with `key` reaches, None when the vendor would not know the key."""
        robot = self._robots.get((channel, key))
        if robot is None and self.open_mode and key:
            robot = self.add(Settings(channel, key))
        return robot

    def register(self, entry: object, *, media_expires: float) -> Robot:
        """Add or replace the robot described by `entry`, a JSON object of `POST /_sandbox/robots`.

        `media` in it lists ids taken as uploaded, good until `media_expires`.
        Raises ValueError naming the field that is wrong.
        """
        settings, media = _read_settings(entry, self._policies)
        robot = self.add(settings)
        robot.media.update(dict.fromkeys(media, media_expires))
        return robot

    def add(self, settings: Settings) -> Robot:
        """Add or replace a robot; a replaced one loses its memory."""
        policy = self._policies[settings.channel] if self._rate_limits else RatePolicy()
        if settings.per_minute is not None:
            policy = self._policies[settings.channel].with_per_minute(settings.per_minute)
        robot = self._robots[settings.channel, settings.key] = Robot(settings, RateWindow(policy))
        return robot

    def clear(self) -> None:
        """Forget every robot."""
        self._robots.clear()


def _matches(rule: str, client: str) -> bool:
    if rule.endswith(".*"):
        return client.startswith(rule[:-1])
    return ipaddress.ip_address(client) in ipaddress.ip_network(rule, strict=False)


FIELDS = words("channel key name label secret keyword keywords ips per_minute state profiles media")


def _read_settings(entry: object, channels: Mapping[str, RatePolicy]) -> tuple[Settings, tuple[str, ...]]:
    if not isinstance(entry, dict):
        raise ValueError("a robot is a JSON object")
    if unknown := sorted(set(entry) - FIELDS):
        raise ValueError(f"unknown field {unknown[0]!r}; known: {', '.join(sorted(FIELDS))}")
    channel, key, state = entry.get("channel"), entry.get("key"), entry.get("state", "active")
    if not isinstance(channel, str) or channel not in channels:
        raise ValueError(f"channel must be one of {', '.join(sorted(channels))}, not {channel!r}")
    if not isinstance(key, str) or not key:
        raise ValueError("key must be a text")
    if state not in STATES:
        raise ValueError(f"state must be one of {', '.join(STATES)}, not {state!r}")
    per_minute = entry.get("per_minute")
    if per_minute is not None and (not isinstance(per_minute, int) or isinstance(per_minute, bool) or per_minute < 1):
        raise ValueError("per_minute must be a whole number from 1, or null for the vendor's")
    profiles = frozenset(_texts(entry, "profiles"))
    if strange := sorted(profiles - PROFILES):
        raise ValueError(f"profiles are {', '.join(sorted(PROFILES))}, not {strange[0]!r}")
    settings = Settings(
        channel=channel,
        key=key,
        name=_text(entry, "name") or _text(entry, "label") or "",
        secret=_text(entry, "secret") or None,
        keywords=_texts(entry, "keywords") or _texts(entry, "keyword"),
        ips=_texts(entry, "ips"),
        per_minute=per_minute,
        state=str(state),
        profiles=profiles,
    )
    for (rule_channel, name), most in MOST_RULES.items():
        if rule_channel == channel and len(getattr(settings, name)) > most:
            raise ValueError(f"{name} are at most {most}")
    for rule in settings.ips:
        if not rule.endswith(".*"):
            ipaddress.ip_network(rule, strict=False)
    return settings, _texts(entry, "media")


def _text(entry: Mapping[str, Any], name: str) -> str | None:
    value = entry.get(name)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{name} must be a text or null")
    return value


def _texts(entry: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = entry.get(name)
    values = [] if value is None else [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(item, str) for item in values):
        raise ValueError(f"{name} must be a text or a list of texts")
    return tuple(item for item in values if item)
