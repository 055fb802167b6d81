"""What is kept of the characters nobody sees."""

from __future__ import annotations

from bot.bulletins.characters import printed


def test_a_composed_emoji_stays_one_and_other_joiners_go() -> None:
    assert printed("家庭👨‍👩‍👧‍👦医生") == "家庭👨‍👩‍👧‍👦医生"
    assert printed("简\u200d报\u200b\u200e") == "简报"
