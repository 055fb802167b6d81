"""The name a file goes out under."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.attachment import MAX_NAME_CHARS, clean_name


@pytest.mark.parametrize(
    ("received", "sent"),
    [
        ("老旧小区改造工作简报第20期.docx", "老旧小区改造工作简报第20期.docx"),
        ("收件箱/2022/第1期.pdf", "第1期.pdf"),
        ("C:\\简报\\第1期.pdf", "第1期.pdf"),
        ('a"b\r\nc:d?.txt', "a_bc_d_.txt"),
        ("第1期\u202efdp.exe", "第1期fdp.exe"),
        (" .第1期. ", "第1期"),
        ("期" * 300 + ".docx", "期" * (MAX_NAME_CHARS - 5) + ".docx"),
        ("a." + "b" * 300, ("a." + "b" * 300)[:MAX_NAME_CHARS]),
        ("", "简报原文"),
        ("../..", "简报原文"),
        ("\u200b.pdf", "pdf"),
    ],
)
def test_a_name_loses_what_machines_do_not_take(received: str, sent: str) -> None:
    assert clean_name(received) == sent


@given(st.text(max_size=200))
def test_any_name_becomes_one_that_is_safe_and_stays_as_it_is(received: str) -> None:
    name = clean_name(received)
    assert 0 < len(name) <= MAX_NAME_CHARS
    assert not set(name) & set('\\/:*?"<>|\r\n\x00')
    assert not name.startswith(".")
    assert clean_name(name) == name
    name.encode()
