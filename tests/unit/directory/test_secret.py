"""A secret the platform cannot sign with is told at import, with its place and never itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.channels import CHANNELS, objection_to_secret
from bot.directory import Loaded, dump_xlsx, load
from bot.domain.errors import DirectoryError, Problem

GOOD = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NAMES = {name: channel.CHINESE for name, channel in CHANNELS.items()}


def with_secret(channel: str, secret: str) -> bytes:
    return f"""\
recipients:
  - id: meijiang
    name: 梅江区人民政府
    targets:
      - channel: {channel}
        url: https://oa.example.gov.cn/hooks/bulletin
        secret: "{secret}"
""".encode()


def read(data: bytes) -> Loaded:
    return load(data, "名录", channels=NAMES, check_target=lambda channel, url: None, check_secret=objection_to_secret)


def refused(data: bytes) -> Problem:
    with pytest.raises(DirectoryError) as caught:
        read(data)
    (problem,) = caught.value.problems
    return problem


BAD = [
    "SECf0e1d2c3b4a5968778695a4b3c2d1e0f",
    "whsec_",
    "whsec_c2hvcnQ=",
    "whsec_****",
    f"{GOOD},x",
    f"whsec_{'A' * 88}",
]


@pytest.mark.parametrize("secret", BAD)
def test_a_webhook_secret_that_is_none_is_refused_with_line_and_key(secret: str) -> None:
    problem = refused(with_secret("webhook", secret))
    assert (problem.line, problem.key) == (7, "recipients[0].targets[0].secret")
    assert "Standard Webhooks" in problem.message
    assert secret.removeprefix(GOOD) not in problem.message


def test_in_a_workbook_the_cell_is_named() -> None:
    roster = read(with_secret("dingtalk", BAD[0])).directory
    unit = roster.recipients[0]
    moved = replace(unit, targets=(replace(unit.targets[0], channel="webhook"),))
    problem = refused(dump_xlsx(replace(roster, recipients=(moved,)), channels=NAMES))
    assert problem.key.startswith("群机器人!")
    assert "签名密钥" in problem.key
    assert BAD[0] not in str(problem)


@pytest.mark.parametrize("secret", [GOOD, GOOD.removeprefix("whsec_"), f"{GOOD},{GOOD}"])
def test_a_webhook_secret_is_taken_with_and_without_its_prefix_and_two_at_once(secret: str) -> None:
    target = read(with_secret("webhook", secret)).directory.recipients[0].targets[0]
    assert target.secret is not None
    assert target.secret.reveal() == secret


@pytest.mark.parametrize("channel", [name for name in CHANNELS if name != "webhook"])
def test_the_chats_take_any_secret(channel: str) -> None:
    assert read(with_secret(channel, BAD[0])).directory.recipients[0].targets[0].secret is not None
