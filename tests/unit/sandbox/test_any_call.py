"""Whatever a call contains, every platform has an answer to it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sandbox.exchange import Request, words
from bot.sandbox.platforms import PLATFORMS
from bot.sandbox.robots import Registry
from tests.unit.sandbox.conftest import NOON, SEND

NAMES = words(
    "msgtype msg_type msgType messageType msgData content text title card elements tag markdown url links btns "
    "articles news template_card card_type main_title card_action horizontal_content_list jump_list quote_area "
    "card_image type schema body columns header post zh_cn href timestamp sign timeStamp uuid isAt atAccounts "
    "mentioned_list image base64 md5 file media_id link actionCard feedCard config actions image_text_area "
    "vertical_content_list"
)
VALUES = words(
    "text markdown markdown_v2 news template_card text_notice news_notice interactive post actionCard feedCard 2.0 "
    "image file column_set table div note button a at img 1767240000 link linkCard"
)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 3) | st.floats(allow_nan=False) | st.sampled_from(sorted(VALUES)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(NAMES)), inner, max_size=6),
    max_leaves=30,
)
# Half of the payloads get past the check of their type.
TYPED = st.builds(
    lambda kind, content: {"msgtype": kind, "msg_type": kind, "msgType": kind, kind: content, "content": content},
    st.sampled_from(sorted(VALUES)),
    VALUE,
)
PROTECTED = {"secret": "s", "keyword": "简", "ips": ["10.0.0.1", "127.0.*"]}


@settings(max_examples=600, deadline=None)
@given(
    channel=st.sampled_from(sorted(PLATFORMS)),
    payload=VALUE | TYPED,
    protected=st.booleans(),
    query=st.sampled_from(["", "&sign=%", "&timestamp=1767240000000&sign=%FF", "&timestamp=9" + "9" * 50]),
)
def test_every_payload_gets_an_answer(channel: str, payload: Any, protected: bool, query: str) -> None:
    registry = Registry({channel: PLATFORMS[channel].RATE}, open_mode=False, rate_limits=False)
    settings_ = PROTECTED if protected else {}
    robot = registry.register({"channel": channel, "key": "K", **settings_}, media_expires=NOON)
    path, _, key = SEND[channel].format(key="K").partition("?")
    request = Request("POST", path, key + query, "application/json", json.dumps(payload).encode())
    verdict = PLATFORMS[channel].judge(robot, request, NOON)
    assert verdict.status == 200
    assert json.loads(verdict.encoded())
    assert verdict.accepted or str(verdict.code) in PLATFORMS[channel].EXPLANATIONS


@settings(max_examples=300, deadline=None)
@given(channel=st.sampled_from(sorted(PLATFORMS)), body=st.binary(max_size=200), kind=st.text(max_size=60))
def test_every_body_gets_an_answer(channel: str, body: bytes, kind: str) -> None:
    registry = Registry({channel: PLATFORMS[channel].RATE}, open_mode=True, rate_limits=False)
    robot = registry.find(channel, "K")
    for path in (*PLATFORMS[channel].ROUTES, "/cgi-bin/webhook/upload_media"):
        request = Request("POST", path, "key=K&type=file&access_token=K", f"multipart/form-data; boundary={kind}", body)
        assert PLATFORMS[channel].judge(robot, request, NOON).body


@pytest.mark.parametrize("depth", [30, 100, 900, 5000])
@pytest.mark.parametrize("channel", sorted(PLATFORMS))
def test_deep_nesting_gets_an_answer(channel: str, depth: int) -> None:
    registry = Registry({channel: PLATFORMS[channel].RATE}, open_mode=False, rate_limits=False)
    robot = registry.register({"channel": channel, "key": "K", "keyword": "x"}, media_expires=NOON)
    nested = '{"elements":[' * depth + "]}" * depth
    body = f'{{"msg_type":"interactive","msgType":"text","msgtype":"text","card":{nested},"msgData":{nested}}}'
    path, _, query = SEND[channel].format(key="K").partition("?")
    verdict = PLATFORMS[channel].judge(robot, Request("POST", path, query, "application/json", body.encode()), NOON)
    assert not verdict.accepted
