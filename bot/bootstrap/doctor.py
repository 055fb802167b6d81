"""Is this installation fit to publish? Each check says what it saw and what to mend."""

from __future__ import annotations

import datetime as dt
import shutil
import socket
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from bot.domain.directory import Directory
from bot.domain.errors import ConfigError, JianbaoError
from bot.settings import Settings
from bot.transport import Authorities, UnfitAuthority

from .app import open_app, utc_now
from .documents import renderer
from .fonts import cover_font
from .keys import KEY_FILE

_LEAST_DISK = 1 << 30
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
    findings = [*_clock(settings), *_disk(settings), *_fonts(settings), *_templates(settings), *_links(settings)]
    try:
        app = open_app(settings)
    except JianbaoError as error:
        return [*findings, Finding("数据库", "fail", str(error))]
    try:
        roster = app.store.directory()
        findings.append(Finding("数据库", "ok", f"可以打开，名录中有 {len(roster.recipients)} 个单位。"))
        findings += [*_key(settings), *_roster(roster), *_authorities(settings, roster), *_hosts(roster)]
    finally:
        app.close()
    return findings


def _key(settings: Settings) -> Iterator[Finding]:
    if settings.secret_key is not None:
        yield Finding("密钥", "ok", "由设置给出，请确认另有备份。")
        return
    path = settings.data_dir / KEY_FILE
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        yield Finding("密钥", "fail", f"{path} 其他人可读（{mode:o}）：请运行 chmod 600 {path}。")
    else:
        yield Finding("密钥", "ok", f"{path} 仅本人可读，请另行备份：丢失后库中的机器人地址无法读出。")


def _clock(settings: Settings) -> Iterator[Finding]:
    now = utc_now()
    if now < dt.datetime(2024, 1, 1, tzinfo=dt.UTC):
        yield Finding("时钟", "fail", f"系统时间是 {now:%Y-%m-%d}，明显不对：签名会被平台拒绝，请校时。")
    else:
        yield Finding(
            "时钟", "ok", f"现在是 {now.astimezone(settings.zone):%Y-%m-%d %H:%M:%S}（{settings.timezone}），请核对。"
        )


def _disk(settings: Settings) -> Iterator[Finding]:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.data_dir).free
    level: Literal["ok", "warn"] = "ok" if free >= _LEAST_DISK else "warn"
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
            yield Finding("证书", "fail", f"名录用到的 {unfit}")
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
        return error.strerror or type(error).__name__
