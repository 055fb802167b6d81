"""A credential cannot be printed by accident."""

from __future__ import annotations

import copy
import json
import pickle
import traceback
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.directory import Directory, Recipient, Target
from bot.domain.secret import Secret, mask_url

TEXT = "5aa39f8c-1b8e-4d61-a1a5-0d0f0f5f7e11"
SECRET = Secret(TEXT)
URLS = [
    f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={TEXT}",
    f"https://oapi.dingtalk.com/robot/send?access_token={TEXT}",
    f"https://open.feishu.cn/open-apis/bot/v2/hook/{TEXT}",
    f"https://user:{TEXT}@gateway.example:8443/hook",
    f"https://gateway.example/x#{TEXT}",
]


@pytest.mark.parametrize("show", [str, repr, "{}".format, "{!r}".format, lambda s: f"{s}"])
def test_no_form_of_printing_shows_it(show: Callable[[Secret], str]) -> None:
    assert TEXT not in show(SECRET)


def test_it_does_not_show_in_what_holds_it() -> None:
    target = Target("wecom", SECRET, secret=SECRET)
    directory = Directory((Recipient("a", "甲", targets=(target,)),))
    assert TEXT not in repr(directory)
    assert TEXT not in str([target, {"url": SECRET}])


def test_it_does_not_show_in_a_traceback() -> None:
    with pytest.raises(ValueError) as caught:
        raise ValueError(SECRET)
    assert TEXT not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("leak", [pickle.dumps, json.dumps, copy.deepcopy])
def test_it_is_not_serialised(leak: Callable[[Secret], object]) -> None:
    with pytest.raises(TypeError):
        leak(SECRET)


def test_revealing_is_explicit_and_whole() -> None:
    assert SECRET.reveal() == TEXT


def test_two_secrets_are_equal_when_their_texts_are() -> None:
    assert Secret(TEXT) == SECRET
    assert hash(SECRET) == hash(Secret(TEXT))
    assert Secret(TEXT + "x") != SECRET
    assert SECRET != TEXT


@pytest.mark.parametrize("url", URLS)
def test_a_masked_url_tells_the_host_and_no_more_of_the_key_than_its_end(url: str) -> None:
    masked = mask_url(url)
    assert TEXT not in masked
    assert TEXT[:8] not in masked
    assert masked.removeprefix("https://").split("/")[0] in url


def test_masked_urls_of_one_host_can_be_told_apart() -> None:
    assert mask_url(URLS[0]) != mask_url(URLS[0][:-2] + "zz")


def test_a_short_url_shows_nothing_of_its_key() -> None:
    assert mask_url("https://a.example/?k=ab12") == "https://a.example/…"


@given(st.text(alphabet="abcdefghijklmnop0123456789", min_size=8, max_size=64))
def test_no_part_of_a_key_longer_than_two_survives(key: str) -> None:
    masked = mask_url(f"https://1.2/{key}")
    assert not any(key[i : i + 3] in masked.split("…", 1)[1] for i in range(len(key) - 2))
