"""The sandbox's pages: the wall of groups, each group's chat as on a phone, and the stream that keeps them live.

Rendered on the server; without JavaScript a reload shows the same. Nothing inline, so the content policy can forbid it.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from bot.sandbox.endpoint import Sandbox
from bot.sandbox.exchange import read_object
from bot.sandbox.messages import Group, Message
from bot.sandbox.platforms import PLATFORMS
from bot.sandbox.preview import HERE, environment, excerpt, render_html, render_raw
from bot.sandbox.shown import cut

CHINA = dt.timezone(dt.timedelta(hours=8))
GROUPS_PER_PAGE = 60
MESSAGES_PER_PAGE = 40
POLL_SECONDS = 0.3
POLLS_PER_HEARTBEAT = 50
MAX_RAW_CHARS = 20_000

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; "
        "img-src 'self' data: http: https:; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

VERDICTS = {"accepted": "已收下", "refused": "已拒绝", "unprocessed": "未处理"}
FAULTS: Mapping[str, str] = {
    "delay": "延迟应答",
    "drop_before_reading": "读取请求前断开",
    "drop_after_accepting": "收下后断开",
    "close_after_answer": "应答后断开",
    "half_answer": "只应答一半",
    "slow_body": "应答逐字节发出",
    "hang": "一直不应答",
    "status": "HTTP 错误状态",
    "html": "应答是网页",
    "no_content": "空应答 204",
    "redirect": "重定向",
    "answer": "指定应答",
    "bom": "应答带 BOM",
    "truncated_json": "应答 JSON 被截断",
    "code_as_string": "错误码是字符串",
    "warning": "应答带 Warning",
    "rate_limit": "限流",
    "refuse": "指定错误码",
    "ip_throttle": "按 IP 限流",
}


@dataclass(frozen=True, slots=True)
class Tile:
    """One group on the wall."""

    channel: str
    label: str
    name: str
    href: str
    total: int
    accepted: int
    refused: int
    unprocessed: int
    excerpt: str
    time: str
    verdict: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One message in a chat."""

    id: int
    time: str
    verdict: str
    said: str
    detail: str
    fault: str
    answered: bool
    size: str
    picture: Markup
    raw: str
    status: int | None
    reply: str


def routes(sandbox: Sandbox) -> list[BaseRoute]:
    """The routes of the pages."""
    pages = Pages(sandbox)
    return [
        Route("/", pages.wall),
        Route("/g/{channel}/{key:path}", pages.group),
        Route("/_sandbox/events", pages.events),
        Mount("/_sandbox/static", StaticFiles(directory=HERE / "static")),
    ]


class Pages:
    """The handlers."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    async def wall(self, request: Request) -> Response:
        """Every group, those with the latest messages first; `q` filters by name or key, `channel` by platform."""
        wanted, channel = request.query_params.get("q", "").strip(), request.query_params.get("channel", "")
        groups = self._groups(wanted, channel)
        number = request.query_params.get("page", "1")
        pages = max(-(-len(groups) // GROUPS_PER_PAGE), 1)
        page = min(int(number[:6]) if number.isdecimal() and int(number[:6]) else 1, pages)
        shown = groups[(page - 1) * GROUPS_PER_PAGE : page * GROUPS_PER_PAGE]
        return self._page(
            "wall.html",
            tiles=[self._tile(group) for group in shown],
            channels={name: platform.LABEL for name, platform in PLATFORMS.items()},
            channel=channel,
            wanted=wanted,
            found=len(groups),
            page=page,
            pages=pages,
            total=len(self._sandbox.messages),
        )

    async def group(self, request: Request) -> Response:
        """The chat of one group, newest at the foot; `before` shows what came before that order number."""
        channel, key = request.path_params["channel"], request.path_params["key"]
        if channel not in PLATFORMS:
            return self._page("missing.html", status=404)
        group = self._sandbox.messages.group(channel, key)
        before = request.query_params.get("before", "")
        past = [message for message in group.messages if message.id < int(before[:15])] if before.isdecimal() else None
        messages = group.messages if past is None else past
        shown = messages[-MESSAGES_PER_PAGE:]
        return self._page(
            "group.html",
            tile=self._tile(group),
            key=key,
            entries=[_entry(message) for message in reversed(shown)],
            older=shown[0].id if len(messages) > len(shown) else None,
            past=past is not None,
            tiles=[self._tile(other) for other in self._groups("", "")[:GROUPS_PER_PAGE]],
        )

    async def events(self, _: Request) -> Response:
        """A stream of server-sent events: one whenever something arrived or was cleared."""
        return StreamingResponse(self._changes(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})

    async def _changes(self) -> AsyncIterator[str]:
        seen, quiet = -1, 0
        while True:
            if self._sandbox.messages.version != seen:
                seen, quiet = self._sandbox.messages.version, 0
                yield f"data: {seen}\n\n"
            elif quiet == POLLS_PER_HEARTBEAT:
                quiet = 0
                yield ": still here\n\n"
            quiet += 1
            # Polling also gathers a burst of messages into one event.
            await asyncio.sleep(POLL_SECONDS)

    def _groups(self, wanted: str, channel: str) -> list[Group]:
        """Groups with messages, the latest first, then the robots nobody has written to."""
        groups = self._sandbox.messages.groups()
        active = {(group.channel, group.key) for group in groups}
        idle = [Group(robot.settings.channel, robot.settings.key) for robot in self._sandbox.robots]
        groups += [group for group in idle if (group.channel, group.key) not in active]
        return [
            group
            for group in groups
            if (not channel or group.channel == channel)
            and (not wanted or wanted in group.key or wanted in self._name(group))
        ]

    def _name(self, group: Group) -> str:
        robot = self._sandbox.robots.get(group.channel, group.key)
        if robot is not None and robot.settings.name:
            return robot.settings.name
        return cut(group.key, 24) or "（没有密钥）"

    def _tile(self, group: Group) -> Tile:
        last = group.messages[-1] if group.messages else None
        return Tile(
            channel=group.channel,
            label=PLATFORMS[group.channel].LABEL,
            name=self._name(group),
            href=f"/g/{group.channel}/{quote(group.key, safe='')}",
            total=len(group.messages),
            accepted=group.counts["accepted"],
            refused=group.counts["refused"],
            unprocessed=group.counts["unprocessed"],
            excerpt=_excerpt(last) if last is not None else "还没有消息",
            time=self._when(last.time) if last is not None else "",
            verdict=last.verdict if last is not None else "",
        )

    def _when(self, moment: float) -> str:
        """The time of day, or the date when it was another day than now."""
        then, now = (dt.datetime.fromtimestamp(at, CHINA) for at in (moment, self._sandbox.clock.now()))
        return then.strftime("%H:%M" if then.date() == now.date() else "%m-%d")

    def _page(self, template: str, *, status: int = 200, **values: object) -> Response:
        version = self._sandbox.messages.version
        html = environment.get_template(template).render(version=version, verdicts=VERDICTS, **values)
        return HTMLResponse(html, status_code=status, headers=HEADERS)


def _entry(message: Message) -> Entry:
    said = VERDICTS[message.verdict]
    # What WeCom adds (hint, address, link) stands in the answer below.
    detail = message.text.partition(", hint:")[0] if message.verdict == "refused" else ""
    if message.verdict == "refused":
        explained = PLATFORMS[message.channel].EXPLANATIONS.get(str(message.code), "")
        said = f"{said} {message.code}" + (f"：{explained}" if explained else "")
    return Entry(
        id=message.id,
        time=_clock(message.time),
        verdict=message.verdict,
        said=said,
        detail=detail,
        fault=FAULTS[message.fault] if message.fault is not None else "",
        answered=message.answered,
        size=f"{len(message.body):,} 字节",
        picture=Markup(_picture(message)),  # noqa: S704 - the preview escapes what it is given
        raw=_raw(message),
        status=message.status,
        reply=cut(message.reply.decode(errors="replace"), MAX_RAW_CHARS),
    )


def _picture(message: Message) -> str:
    payload = read_object(message.body)
    if message.path.endswith("/upload_media"):
        return render_raw(message.channel, "上传文件，供之后的消息引用")
    if payload is not None:
        return render_html(message.channel, payload)
    if not message.body:
        return render_raw(message.channel, "（请求体没有读取，或是空的）")
    return render_raw(message.channel, message.body.decode(errors="replace"))


def _excerpt(message: Message) -> str:
    if message.path.endswith("/upload_media"):
        return "[上传文件]"
    payload = read_object(message.body)
    return (excerpt(message.channel, payload) if payload is not None else "") or "[无法显示的内容]"


def _raw(message: Message) -> str:
    payload = read_object(message.body)
    if payload is None:
        return cut(message.body[: 4 * MAX_RAW_CHARS].decode(errors="replace"), MAX_RAW_CHARS)
    return cut(json.dumps(payload, ensure_ascii=False, indent=2), MAX_RAW_CHARS)


def _clock(moment: float) -> str:
    return dt.datetime.fromtimestamp(moment, CHINA).strftime("%m-%d %H:%M:%S")
