"""What the tests of this room share: the channels, a way to load, and one small good file to spoil."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.directory import CheckOptions, Loaded, load
from bot.domain.directory import Target
from bot.domain.errors import DirectoryError, Problem

CHANNELS = {"wecom": "企业微信", "dingtalk": "钉钉", "feishu": "飞书"}
ROOT = Path(__file__).resolve().parents[3]
SAMPLE = ROOT / "samples" / "directory.yaml"
KEY = "5aa39f8c-1b8e-4d61-a1a5-0d0f0f5f7e11"
URL = f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={KEY}"
SIGNING = "SECf0e1d2c3b4a5968778695a4b3c2d1e0f"

GOOD = f"""\
recipients:
  - id: meijiang
    name: 梅江区人民政府
    kind: county_government
    aliases: [梅江区, 梅江区政府]
    enabled: true
    targets:
      - channel: wecom
        label: 政务公开群
        url: {URL}
        secret: {SIGNING}
        style: card
  - id: meixian
    name: 梅县区人民政府
  - id: xingning
    name: 兴宁市人民政府
groups:
  - id: counties
    name: 各县（市、区）人民政府
    phrases: [各县(市、区)人民政府]
    members: [meijiang, meixian]
"""


def objection(channel: str, url: str) -> str | None:
    """A stand-in for the caller's address rule; like a careless one, it repeats the address."""
    return f"{url} 的主机不在允许范围" if "evil" in url else None


def unopposed(target: Target) -> Mapping[str, str]:
    return {}


def read(data: bytes | str, check_options: CheckOptions = unopposed) -> Loaded:
    raw = data.encode() if isinstance(data, str) else data
    return load(raw, "名录", channels=CHANNELS, check_target=objection, check_options=check_options)


def refused(data: bytes | str, check_options: CheckOptions = unopposed) -> list[Problem]:
    with pytest.raises(DirectoryError) as caught:
        read(data, check_options)
    said = str(caught.value)
    assert KEY not in said
    assert SIGNING not in said
    return caught.value.problems


def spoiled(before: str, after: str) -> str:
    assert before in GOOD
    return GOOD.replace(before, after, 1)
