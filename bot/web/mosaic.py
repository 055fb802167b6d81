"""Thousands of units in one look: a square each, in the order of the directory, coloured by state."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import groupby

from bot.domain.delivery import DeliveryState

COLUMNS = 100
TILES = 400
"""As many tiles with names as one look can take in; more units than this have the mosaic above them."""


def mosaic(states: Sequence[DeliveryState]) -> list[tuple[DeliveryState, str]]:
    """For each state the path of its squares, each 1 by 1, COLUMNS in a row. Neighbours of one state are one step of
    the path: nearly all units are well, and the picture stays small."""
    paths: defaultdict[DeliveryState, list[str]] = defaultdict(list)
    for start in range(0, len(states), COLUMNS):
        x, y = 0, start // COLUMNS
        for state, run in groupby(states[start : start + COLUMNS]):
            width = sum(1 for _ in run)
            paths[state].append(f"M{x} {y}h{width}v1h-{width}z")
            x += width
    return [(state, "".join(steps)) for state, steps in paths.items()]


def rows(count: int) -> int:
    return -(-count // COLUMNS)


def lines(count: int) -> str:
    """The path of the lines between the squares."""
    down = "".join(f"M{x} 0v{rows(count)}" for x in range(1, COLUMNS))
    return down + "".join(f"M0 {y}h{COLUMNS}" for y in range(1, rows(count)))
