"""Asking a website politely: one request at a time, a pause before each, robots.txt, back-off, limits, known hosts."""

from __future__ import annotations

import asyncio
import datetime as dt
import email.utils
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urldefrag, urljoin, urlsplit
from urllib.robotparser import RobotFileParser

import httpx

from bot import __version__

from .addresses import ForbiddenAddress, GuardedTransport
from .website_options import WebsiteOptions

USER_AGENT = f"Jianbao/{__version__} (bulletin delivery; one request at a time)"
"""What the site sees in its log, and the name its robots.txt may address: `Jianbao`."""

_REDIRECTS = 5
_TRIES = 3
_LONGEST_WAIT_S = 60.0
"""A site that asks for more is left alone until then, rather than waited for."""
_ROBOTS_BYTES = 500_000
_ROBOTS_KEPT = dt.timedelta(hours=24)
_TOTAL_FACTOR = 6
"""An answer may trickle in for this many time-outs in all."""

Sleep = Callable[[float], Awaitable[None]]


class Unavailable(Exception):  # noqa: N818 - said of the page
    """The page could not be had; the message is Chinese, without a full stop."""


class Busy(Unavailable):
    """The site asks to be left alone until `until`."""

    def __init__(self, message: str, until: dt.datetime) -> None:
        self.until = until
        super().__init__(message)


class Elsewhere(Unavailable):
    """The address, or where it leads, is on no host that the configuration names, or closed by robots.txt."""


@dataclass(frozen=True, slots=True)
class Page:
    """A whole answer. `data` is None when it is unchanged (304). `url` is where redirects ended."""

    url: str
    data: bytes | None
    content_type: str
    disposition: str
    validators: Mapping[str, str]
    """`etag` and `modified`, as the next request hands them back; empty when the site gives none."""


class Robots:
    """robots.txt of each site, kept for a day. 4xx means there is none; unreachable means do not enter (RFC 9309)."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[dt.datetime, RobotFileParser]] = {}

    def known(self, origin: str, now: dt.datetime) -> RobotFileParser | None:
        at, rules = self._known.get(origin, (None, None))
        return rules if at is not None and abs(now - at) < _ROBOTS_KEPT else None

    def learn(self, origin: str, lines: list[str], now: dt.datetime) -> RobotFileParser:
        rules = RobotFileParser()
        rules.parse(lines)
        self._known[origin] = (now, rules)
        return rules


class Fetcher:
    """The requests of one look at the site; an async context manager."""

    def __init__(
        self, options: WebsiteOptions, robots: Robots, *, tls: ssl.SSLContext, sleep: Sleep, now: dt.datetime
    ) -> None:
        self._options = options
        self._robots = robots
        self._sleep = sleep
        self._now = now
        self._hosts = {_place(url) for url in options.list_pages} | set(options.hosts)
        self._asked = False
        self._delay = options.delay_seconds
        self._client = httpx.AsyncClient(
            transport=GuardedTransport(httpx.AsyncHTTPTransport(verify=tls), intranet=options.intranet),
            headers={"User-Agent": USER_AGENT, "Accept-Language": "zh-CN,zh;q=0.9"},
            timeout=options.timeout_seconds,
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    def is_ours(self, url: str) -> bool:
        """Is `url` http(s) on a host the configuration names?"""
        return url.lower().startswith(("http://", "https://")) and _place(url) in self._hosts

    async def get(self, url: str, validators: Mapping[str, str], *, max_bytes: int) -> Page:
        """The page, following redirects within the named hosts. `validators`, if any, make the request conditional.

        Raises Unavailable (Busy, Elsewhere).
        """
        names = {"etag": "If-None-Match", "modified": "If-Modified-Since"}
        headers = {names[name]: value for name, value in validators.items()}
        seen = [url]
        while True:
            if not self.is_ours(seen[-1]):
                raise Elsewhere(f"跳转到了 {_place(seen[-1])}，不是设置里写明的主机；可能要求登录，或栏目已迁移")
            await self._enter(seen[-1])
            page = await self._ask(seen[-1], headers, max_bytes)
            if isinstance(page, Page):
                return page
            seen.append(urldefrag(urljoin(seen[-1], page)).url)
            if seen[-1] in seen[:-1] or len(seen) > _REDIRECTS:
                raise Unavailable("跳转绕圈，打不开")

    async def _enter(self, url: str) -> None:
        """Read the site's robots.txt first. Raises Elsewhere where it closes `url`."""
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        rules = self._robots.known(origin, self._now)
        if rules is None:
            lines = await self._rules(f"{origin}/robots.txt")
            rules = self._robots.learn(origin, lines, self._now)
        self._delay = max(self._options.delay_seconds, min(float(rules.crawl_delay(USER_AGENT) or 0), 60.0))
        if not rules.can_fetch(USER_AGENT, url):
            raise Elsewhere("网站的 robots.txt 不允许自动访问；请与网站管理员商定，或改用收件箱")

    async def _rules(self, url: str) -> list[str]:
        for _ in range(_REDIRECTS):
            try:
                answer = await self._ask(url, {}, _ROBOTS_BYTES)
            except _Missing:
                return []
            if isinstance(answer, Page):
                return (answer.data or b"").decode("utf-8", "replace").splitlines()
            url = urljoin(url, answer)
            if not self.is_ours(url):
                break
        return []  # as good as missing: RFC 9309, 2.3.1.2

    async def _ask(self, url: str, headers: Mapping[str, str], max_bytes: int) -> Page | str:
        """One answer, or the place it redirects to. Waits where the site asks for a little patience."""
        for attempt in range(_TRIES):
            wait = await self._once(url, headers, max_bytes)
            if not isinstance(wait, _Patience):
                return wait
            seconds = wait.seconds if wait.seconds is not None else 10.0 * 3**attempt
            if attempt + 1 == _TRIES or seconds > _LONGEST_WAIT_S:
                until = self._now + dt.timedelta(seconds=max(seconds, 600.0))
                raise Busy(f"网站忙或限制访问（HTTP {wait.status}），{_clock(until)} 之前不再访问", until)
            await self._sleep(seconds)
        raise AssertionError("the last attempt returns or raises")

    async def _once(self, url: str, headers: Mapping[str, str], max_bytes: int) -> Page | str | _Patience:
        if self._asked:
            await self._sleep(self._delay)
        self._asked = True
        try:
            async with (
                asyncio.timeout(self._options.timeout_seconds * _TOTAL_FACTOR),
                self._client.stream("GET", url, headers=headers) as response,
            ):
                return await self._read(response, url, max_bytes)
        except ForbiddenAddress as error:
            raise Elsewhere(f"{error} 指向内网地址；如确为内网网站，请设置 intranet = true") from error
        except (TimeoutError, httpx.TimeoutException) as error:
            raise Unavailable("网站没有按时回应") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise Unavailable("网站的安全证书无效或不受信任，请联系网站管理员") from error
            raise Unavailable(f"网站连接不上（{type(error).__name__}）") from error

    async def _read(self, response: httpx.Response, url: str, max_bytes: int) -> Page | str | _Patience:
        status = response.status_code
        if status in (301, 302, 303, 307, 308) and "location" in response.headers:
            return response.headers["location"]
        if status in (429, 503):
            return _Patience(status, _retry_after(response.headers.get("retry-after"), self._now))
        if status == 304:
            return Page(url, None, "", "", {})
        if status in (401, 403):
            raise _Missing(f"网站拒绝访问（HTTP {status}），可能要求登录")
        if 400 <= status < 500:
            raise _Missing(f"网页不存在（HTTP {status}）")
        if status != 200:
            raise Unavailable(f"网站出错（HTTP {status}）")
        data = bytearray()
        async for chunk in response.aiter_bytes(65_536):
            data += chunk
            if len(data) > max_bytes:
                raise Unavailable(f"超过 {max_bytes // 1_000_000} MB")
        named = {"etag": response.headers.get("etag"), "modified": response.headers.get("last-modified")}
        return Page(
            url,
            bytes(data),
            response.headers.get("content-type", ""),
            response.headers.get("content-disposition", ""),
            {name: value for name, value in named.items() if value and len(value) < 500},
        )


class _Missing(Unavailable):
    """4xx: for a robots.txt, that there is none."""


@dataclass(frozen=True, slots=True)
class _Patience:
    status: int
    seconds: float | None


def _retry_after(written: str | None, now: dt.datetime) -> float | None:
    """Seconds from Retry-After, which is seconds or a date; None when it is neither."""
    if written is None:
        return None
    if written.strip().isdecimal():
        return float(min(int(written), 7 * 86_400))
    try:
        at = email.utils.parsedate_to_datetime(written)
    except ValueError:
        return None
    return min(max((at - now).total_seconds(), 0.0), 7 * 86_400.0) if at.tzinfo else None


def _place(url: str) -> str:
    """`host`, or `host:port` where the port is not the scheme's own; "" when the address makes no sense."""
    try:
        parts: Any = urlsplit(url)
        usual = {"http": 80, "https": 443}.get(parts.scheme)
        host = parts.hostname or ""
        host = f"[{host}]" if ":" in host else host
        return host if parts.port in (None, usual) else f"{host}:{parts.port}"
    except ValueError:
        return ""


def _clock(moment: dt.datetime) -> str:
    """For office staff: Beijing time, whatever the zone of the machine."""
    return moment.astimezone(dt.timezone(dt.timedelta(hours=8))).strftime("%m月%d日 %H:%M")
