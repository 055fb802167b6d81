"""The mosaic: every unit has one square, wherever its state stands."""

from __future__ import annotations

import re

from bot.domain.delivery import DeliveryState
from bot.web.mosaic import COLUMNS, mosaic, rows

GOOD, BAD = DeliveryState.ACCEPTED, DeliveryState.REFUSED


def squares(path: str) -> set[tuple[int, int]]:
    steps = re.findall(r"M(\d+) (\d+)h(\d+)v1h-\3z", path)
    assert "".join(f"M{x} {y}h{n}v1h-{n}z" for x, y, n in steps) == path
    return {(int(x) + k, int(y)) for x, y, n in steps for k in range(int(n))}


def test_every_unit_has_its_own_square() -> None:
    states = [BAD if n in (0, COLUMNS - 1, COLUMNS, 250) else GOOD for n in range(251)]
    drawn = {state: squares(path) for state, path in mosaic(states)}
    assert drawn[BAD] == {(0, 0), (COLUMNS - 1, 0), (0, 1), (50, 2)}
    assert len(drawn[GOOD]) == 247
    assert not drawn[GOOD] & drawn[BAD]
    assert rows(len(states)) == 3


def test_thousands_that_are_well_are_a_small_picture() -> None:
    ((state, path),) = mosaic([GOOD] * 5000)
    assert state is GOOD
    assert len(path) < 1500
