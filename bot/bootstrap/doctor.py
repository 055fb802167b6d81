"""Is this installation fit to publish? Each check says what it saw and what to mend."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import socket
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from bot.domain.directory import Directory
from bot.domain.errors import ConfigError, JianbaoError, os_reason
from bot.settings import CONFIG_VARIABLE, PREFIX, Settings, settings_file
from bot.transport import Authorities, UnfitAuthority

from .app import App, open_app, retention, utc_now
from .documents import renderer
from .fonts import cover_font
from .keys import KEY_FILE, NEXT_FILE, make_folder
from .roles import spreads

_LEAST_DISK = 1 << 30
_FULL_DISK = 16 << 20
"""With less, the next release does not fit."""
_SKEW = dt.timedelta(seconds=5)
"""Between two machines' clocks: who holds what, and what is due, is told by them."""
_CONNECT_S = 5.0
_SOON = dt.timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Finding:
    """`level`: ok, warn (it works, but) or fail (it will not)."""

    check: str
    level: Literal["ok", "warn", "fail"]
    message: str


def examine(settings: Settings) -> list[Finding]:
    """Every check, none hindering another; the database is opened (and migrated) as a command would."""
    findings = [
        *_settings(settings),
        *_clock(settings),
        *_disk(settings),
        *_fonts(settings),
        *_templates(settings),
        *_links(settings),
    ]
    try:
        app = open_app(settings)
    except JianbaoError as error:
        return [*findings, Finding("数据库", "fail", str(error))]
    try:
        checks = (_database, _engine, _key, _trail, _keeping, _directory)
        return [*findings, *(finding for check in checks for finding in _tried(check, app))]
    finally:
        app.close()


def _tried(check: Callable[[App], Iterator[Finding]], app: App) -> Iterator[Finding]:
    try:
        yield from check(app)
    except JianbaoError as error:
        yield Finding("数据库", "fail", str(error))


def _settings(settings: Settings) -> Iterator[Finding]:
    """Wrong ones have been refused before; this says where they come from, never what they are."""
    file = settings_file()
    variables = sorted(name for name in os.environ if name.startswith(PREFIX) and name != CONFIG_VARIABLE)
    sources = [*([str(file)] if file else []), *(["环境变量 " + "、".join(variables)] if variables else [])]
    yield Finding("设置", "ok", f"读自 {'，'.join(sources)}。" if sources else "全部是默认值。")


def _database(app: App) -> Iterator[Finding]:
    found, newest = app.store.schema()
    kind = "PostgreSQL" if spreads(app.settings) else "SQLite"
    yield Finding("数据库", "ok", f"{kind} 可以打开，表结构版本 {found}，与程序一致（{newest}）。")
    there = app.store.server_clock()
    if there is not None and abs(there - app.clock()) > _SKEW:
        apart = abs((there - app.clock()).total_seconds())
        yield Finding("时钟", "fail", f"本机与数据库所在机器的时间相差 {apart:.0f} 秒：请在两边启用校时（NTP）。")


def _engine(app: App) -> Iterator[Finding]:
    standing = app.store.standing(now=app.clock())
    if not spreads(app.settings):
        at_work = "服务正在运行。" if standing.workers else "服务没有运行：jianbao serve。"
        yield Finding("投递引擎", "ok", f"单进程。{at_work}")
        return
    if aside := app.store.batches_set_aside():
        numbers = "、".join(str(number) for number, _, _ in aside)
        yield Finding(
            "投递引擎", "warn", f"批次 {numbers} 多次没有进展，已搁置：请看日志，再用 jianbao batches 重新派发。"
        )
    if standing.workers:
        yield Finding("投递引擎", "ok", f"PgQueuer，{standing.workers} 个 worker 在工作。")
    else:
        yield Finding("投递引擎", "warn", "PgQueuer，没有 worker 在工作，不会发送：请启动 jianbao worker。")


def _key(app: App) -> Iterator[Finding]:
    """Who can read it, does it open everything, and what has a change of keys left lying about?"""
    settings = app.settings
    count = app.store.open_everything()
    generation = app.store.key_in_force()
    which = f"第 {generation.number} 把" if generation else "旧的一把"
    opens = f"{which}，库中 {count} 个加密值都能读出"
    if settings.secret_key is not None:
        yield Finding("密钥", "ok", f"由设置给出，{opens}；请确认另有备份。")
        return
    path = settings.data_dir / KEY_FILE
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        yield Finding("密钥", "fail", f"{path} 其他人可读（{mode:o}）：请运行 chmod 600 {path}。")
    else:
        yield Finding("密钥", "ok", f"{path} 仅本人可读，{opens}；请另行备份：丢失后机器人地址无法读出。")
    if old := sorted(str(file) for file in settings.data_dir.glob(f"{KEY_FILE}.*") if file.name != NEXT_FILE):
        yield Finding("密钥", "ok", f"旧密钥 {'、'.join(old)} 只有恢复换密钥以前的备份才用得到，届时可以删除。")


def _trail(app: App) -> Iterator[Finding]:
    broken = app.store.verify_history()
    if broken is None:
        yield Finding("审计", "ok", "审计记录完整，逐条校验一致。")
    else:
        yield Finding("审计", "fail", f"审计记录从第 {broken} 条起被改动或缺失：请保留现场，与备份核对。")


def _keeping(app: App) -> Iterator[Finding]:
    """What will be cleared, and when."""
    told = []
    for due in app.store.due(retention(app.settings), now=app.clock()):
        following = f"，下一批在 {due.next_at.astimezone(app.settings.zone):%Y-%m-%d}" if due.next_at else ""
        told.append(f"{due.kept.chinese}现有 {due.now} 条到期{following}")
    yield Finding("保存期限", "ok", f"{'；'.join(told)}；服务每小时清除一次。" if told else "全部一直保存。")


def _directory(app: App) -> Iterator[Finding]:
    roster = app.store.directory()
    yield from _roster(roster)
    yield from _authorities(app.settings, roster)
    yield from _hosts(roster)


def _clock(settings: Settings) -> Iterator[Finding]:
    now = utc_now()
    if now < dt.datetime(2024, 1, 1, tzinfo=dt.UTC):
        yield Finding("时钟", "fail", f"系统时间是 {now:%Y-%m-%d}，明显不对：签名会被平台拒绝，请校时。")
    else:
        yield Finding(
            "时钟", "ok", f"现在是 {now.astimezone(settings.zone):%Y-%m-%d %H:%M:%S}（{settings.timezone}），请核对。"
        )


def _disk(settings: Settings) -> Iterator[Finding]:
    try:
        make_folder(settings.data_dir)
    except ConfigError as error:
        yield Finding("磁盘", "fail", str(error))
        return
    free = shutil.disk_usage(settings.data_dir).free
    level: Literal["ok", "warn", "fail"] = "ok" if free >= _LEAST_DISK else "warn" if free >= _FULL_DISK else "fail"
    yield Finding("磁盘", level, f"{settings.data_dir.resolve()} 剩余 {free / (1 << 30):.1f} GiB，建议不少于 1 GiB。")


def _fonts(settings: Settings) -> Iterator[Finding]:
    try:
        font = cover_font(settings)
    except ConfigError as error:
        yield Finding("字体", "fail", str(error))
        return
    if font is not None:
        yield Finding("字体", "ok", f"封面图用 {font}。")
    else:
        remedy = "可安装 fonts-noto-cjk 或 fonts-wqy-zenhei，或设置 JIANBAO_COVER_FONT"
        yield Finding("字体", "warn", f"没有中文字体：卡片没有封面图，要图的样式会改用别的；{remedy}。")


def _templates(settings: Settings) -> Iterator[Finding]:
    own = settings.templates_dir
    if own is not None and not own.is_dir():
        yield Finding("模板", "fail", f"自定义模板目录不存在：{own}。")
        return
    try:
        renderer(settings)
    except ConfigError as error:
        yield Finding("模板", "fail", str(error))
        return
    yield Finding("模板", "ok", f"自带模板{f'，{own} 中的同名模板优先' if own else ''}。")


def _links(settings: Settings) -> Iterator[Finding]:
    if settings.public_url is None:
        yield Finding("阅读链接", "warn", "没有设置 JIANBAO_PUBLIC_URL：卡片不带阅读全文的链接。")
    elif settings.public_url.startswith("http://"):
        yield Finding("阅读链接", "warn", f"{settings.public_url} 不是 https，链接可能被截看。")
    else:
        yield Finding("阅读链接", "ok", settings.public_url)


def _roster(roster: Directory) -> Iterator[Finding]:
    without = [r.name for r in roster.recipients if not r.reachable]
    if not roster.recipients:
        yield Finding("名录", "warn", "名录是空的：请运行 jianbao directory import。")
    elif without:
        yield Finding("名录", "warn", f"没有可用群机器人：{'、'.join(without)}。")
    else:
        yield Finding("名录", "ok", "每个单位都有可用的群机器人。")


def _authorities(settings: Settings, roster: Directory) -> Iterator[Finding]:
    """The CA files that targets of private deployments name."""
    authorities = Authorities(settings.effective_ca_dir)
    for name in sorted({t.ca_file for r in roster.recipients for t in r.targets if t.ca_file is not None}):
        try:
            end = authorities.expires(name)
        except UnfitAuthority as unfit:
            yield Finding("证书", "fail", str(unfit))
            continue
        if end is not None and end - utc_now() < _SOON:
            day = end.astimezone(settings.zone)
            yield Finding("证书", "warn", f"{name} 于 {day:%Y-%m-%d} 到期：请向平台管理员索取新的 CA 证书。")
        else:
            yield Finding("证书", "ok", f"{name} 可用。")


def _hosts(roster: Directory) -> Iterator[Finding]:
    """Can each target's host be reached? A plain TCP connect; nothing is sent."""
    places: set[tuple[str, int]] = set()
    for recipient in roster.recipients:
        for target in recipient.targets:
            parts = urlsplit(target.url.reveal())
            if parts.hostname:
                places.add((parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)))
    ordered = sorted(places)
    with ThreadPoolExecutor(8) as pool:
        for (host, port), trouble in zip(ordered, pool.map(_reach, ordered), strict=True):
            if trouble is None:
                yield Finding("主机", "ok", f"{host}:{port} 可以连接。")
            else:
                yield Finding("主机", "fail", f"{host}:{port} 连接不上（{trouble}）：请检查网络和防火墙。")


def _reach(place: tuple[str, int]) -> str | None:
    try:
        with socket.create_connection(place, timeout=_CONNECT_S):
            return None
    except OSError as error:
        return os_reason(error)
