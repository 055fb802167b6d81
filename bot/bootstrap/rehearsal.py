"""The demo's stage: the sample directory pointed at a sandbox, its robots registered, some of them in trouble."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit, urlunsplit

import httpx

from bot import directory
from bot.domain.directory import Directory, Target
from bot.domain.errors import ConfigError
from bot.domain.secret import Secret
from bot.settings import Settings

from .documents import check_directory, shipped
from .keys import make_folder

SAMPLE_DIRECTORY = "directory.yaml"


@dataclass(frozen=True, slots=True)
class Trouble:
    """What goes wrong for one robot: a scripted fault, a key the platform does not know, or another secret."""

    what: str
    channel: str
    nth: int
    fault: dict[str, Any] | None = None
    unknown_key: bool = False
    wrong_secret: bool = False


TROUBLES = (
    Trouble("平台限流，冷却后自动重试", "wecom", 1, fault={"fault": "rate_limit", "times": 1}),
    Trouble("网关故障一次，5 秒后自动重试成功", "feishu", 1, fault={"fault": "status", "status": 502, "times": 1}),
    Trouble("机器人已被移出群，平台拒收", "wecom", 2, unknown_key=True),
    Trouble("加签密钥填错，平台拒收", "dingtalk", 1, wrong_secret=True),
    Trouble("消息已收下但回复丢失，存疑", "wecom", 3, fault={"fault": "drop_after_accepting", "times": 1}),
    Trouble("回复了网页而不是结果，存疑", "dingtalk", 2, fault={"fault": "html", "times": 1}),
)


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """`settings` for the demo's own installation, the directory file to publish with, and who is in which trouble."""

    settings: Settings
    document: Path
    directory_file: Path
    troubled: dict[str, str]


def set_stage(settings: Settings, sandbox_url: str, public_url: str, data_dir: Path) -> Rehearsal:
    """Register the sample's robots with the sandbox at `sandbox_url`, script the troubles, and write the directory
    that points there into `data_dir`, below which everything the demo stores is. Reader links begin with
    `public_url`."""
    place = urlsplit(sandbox_url)
    sample, _ = check_directory(settings, shipped("samples") / SAMPLE_DIRECTORY)
    robots: list[dict[str, Any]] = []
    faults: list[dict[str, Any]] = []
    troubled: dict[str, str] = {}
    seen: dict[str, int] = {}

    def stage(target: Target, name: str) -> Target:
        nth = seen[target.channel] = seen.get(target.channel, 0) + 1
        trouble = next((t for t in TROUBLES if (t.channel, t.nth) == (target.channel, nth)), None)
        url = target.url.reveal()
        key = robot_key(url)
        secret = target.secret.reveal() if target.secret else None
        robot = {"channel": target.channel, "key": key, "secret": secret, "name": name, "label": target.label}
        if trouble is not None:
            troubled[name] = trouble.what
            if trouble.fault is not None:
                faults.append({"channel": target.channel, "key": key, **trouble.fault})
            if trouble.wrong_secret:
                robot["secret"] = "SEC" + "0" * 61
                target = replace(target, secret=Secret("SEC" + "1" * 61))
        if trouble is None or not trouble.unknown_key:
            robots.append(robot)
        return replace(target, url=Secret(urlunsplit((place.scheme, place.netloc, *urlsplit(url)[2:]))))

    recipients = tuple(
        replace(r, targets=tuple(stage(t, f"{r.name} {t.label}".strip()) for t in r.targets)) for r in sample.recipients
    )
    with httpx.Client(base_url=sandbox_url, trust_env=False) as client:
        for path, entries in (("/_sandbox/robots", robots), ("/_sandbox/faults", faults)):
            client.post(path, json=entries).raise_for_status()
    make_folder(data_dir)
    file = data_dir / SAMPLE_DIRECTORY
    file.touch(mode=0o600)
    file.write_bytes(directory.dump_yaml(Directory(recipients, sample.groups)))
    update = {
        "data_dir": data_dir,
        "database_url": "",
        "allowed_hosts": (place.netloc,),
        "public_url": public_url,
        "publications_file": data_dir / "publications.toml",
    }
    return Rehearsal(settings.model_copy(update=update), sample_document(), file, troubled)


def sample_document() -> Path:
    """The sample issue the demo publishes."""
    try:
        return next(iter(sorted(shipped("samples").glob("*.txt"))))
    except StopIteration:
        raise ConfigError(f"找不到样例简报：{shipped('samples')} 里没有 .txt 文件。") from None


def robot_key(url: str) -> str:
    """The credential in a webhook URL of the three sample channels."""
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    for name in ("key", "access_token"):
        if name in query:
            return query[name][0]
    return parts.path.rsplit("/", 1)[-1]
