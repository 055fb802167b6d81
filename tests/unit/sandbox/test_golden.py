"""What the channels send, as their golden files have it, is taken by this second reading of the vendors' rules."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path

import pytest

from bot.sandbox.exchange import Request
from bot.sandbox.platforms import PLATFORMS
from bot.sandbox.preview import render_html
from bot.sandbox.robots import Registry
from tests.unit.sandbox.conftest import NOON, SEND

GOLDEN = Path(__file__).parents[2] / "golden"
FILES = sorted(path for channel in PLATFORMS for path in (GOLDEN / channel).glob("*.json"))
# A webhook's message is for a program and shown as its JSON.
SHOWN = sorted(path for path in GOLDEN.glob("*/*.json") if path.parent.name != "webhook")
# What a channel adds only when it sends.
AT_SENDING = {"welink": {"timeStamp": int(NOON * 1000), "uuid": "u"}}


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_part_is_accepted_and_can_be_shown(path: Path) -> None:
    channel = path.parent.name
    registry = Registry({channel: PLATFORMS[channel].RATE}, open_mode=True, rate_limits=False)
    for part in json.loads(path.read_text(encoding="utf-8")):
        payload = {**part["payload"], **AT_SENDING.get(channel, {})}
        body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
        where, _, query = SEND[channel].format(key="K").partition("?")
        request = Request("POST", where, query, "application/json", body)
        robot = registry.find(channel, "K")
        assert robot is not None
        robot.uuids.clear()
        verdict = PLATFORMS[channel].judge(robot, request, NOON)
        assert verdict.accepted, verdict.message
        assert "pv-raw" not in render_html(channel, payload)


@pytest.mark.parametrize("path", SHOWN, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_no_markup_is_left_to_be_seen(path: Path) -> None:
    """The golden articles have none of these characters, so whichever is shown is markup the client does not know."""
    for part in json.loads(path.read_text(encoding="utf-8")):
        html = render_html(path.parent.name, part["payload"])
        called = re.sub(r'<span class="pv-at">[^<]*</span>', "", html)
        shown = re.sub(r"https?://\S+", "", unescape(re.sub(r"<[^>]*>", "\n", called)))
        assert not re.search(r"[*_~`#|<>\[\]\\]|@", shown), shown
