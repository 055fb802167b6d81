"""docs/sandbox.md names everything the control interface takes."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.routing import Route

from bot.sandbox import create_app, faults, robots
from bot.sandbox.faults import KINDS
from bot.sandbox.platforms import PLATFORMS
from bot.sandbox.robots import PROFILES, STATES

ROOT = Path(__file__).parents[3]
DOCS = (ROOT / "docs" / "sandbox.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("word", sorted({*KINDS, *faults.FIELDS, *robots.FIELDS, *STATES, *PLATFORMS, *PROFILES}))
def test_every_word_is_explained(word: str) -> None:
    assert f"`{word}`" in DOCS


def test_every_control_path_is_named() -> None:
    paths = {route.path for route in create_app().routes if isinstance(route, Route)}
    for path in (path for path in paths if path.startswith("/_sandbox/")):
        assert path in DOCS


def test_every_profile_is_known_to_a_platform() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "bot" / "sandbox").glob("*.py"))
    for profile in PROFILES:
        assert f'"{profile}" in ' in source
    assert source.count(".profiles") >= len(PROFILES)


def test_every_code_a_platform_explains_is_in_the_table() -> None:
    for channel, platform in PLATFORMS.items():
        for code in platform.EXPLANATIONS if channel != "lanxin" else ("10001", "10006"):
            assert code in DOCS or code in {"40004", "40006", "44001", "45001", "410100"}, (channel, code)
