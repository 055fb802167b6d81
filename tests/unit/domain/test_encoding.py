"""Domain values as plain ones: nothing is lost on the way there and back."""

from __future__ import annotations

import json
from dataclasses import fields

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.directory import Directory, Group, Recipient, Target
from bot.domain.encoding import from_plain, to_plain
from bot.domain.secret import Secret

secrets = st.text(min_size=1).map(Secret)
targets = st.builds(Target, url=secrets, secret=st.none() | secrets)
units = st.builds(Recipient, targets=st.lists(targets, max_size=3).map(tuple))
directories = st.builds(
    Directory, st.lists(units, max_size=3).map(tuple), st.lists(st.builds(Group), max_size=3).map(tuple)
)


@given(directories)
def test_a_directory_comes_back_whole_through_json(directory: Directory) -> None:
    assert from_plain(Directory, json.loads(json.dumps(to_plain(directory)))) == directory


def test_what_was_written_before_a_field_came_is_read_with_its_default() -> None:
    plain = to_plain(Target("wecom", Secret("https://x.test/?key=1"), label="工作群"))
    needed = {name: plain[name] for name in ("channel", "url", "label")}
    found = from_plain(Target, needed)
    assert found == Target("wecom", Secret("https://x.test/?key=1"), label="工作群")
    assert set(plain) == {field.name for field in fields(Target)}
