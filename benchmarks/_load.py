"""What every variant of the dispatch benchmark sends."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from bot.domain.card import LINK_TOKEN

HEADERS = {"Content-Type": "application/json; charset=utf-8"}
BODY = json.dumps(
    {"msgtype": "markdown", "markdown": {"content": f"{LINK_TOKEN}{'梅州市城镇老旧小区改造工作简报。' * 60}"}},
    ensure_ascii=False,
).encode()
"""3 KB, as a card of an issue is."""


@dataclass(frozen=True, slots=True)
class Load:
    """One measurement: `count` POSTs to as many different robots at `base`, `in_flight` at once."""

    base: str
    count: int
    in_flight: int

    def urls(self) -> Iterator[str]:
        return (f"{self.base}/cgi-bin/webhook/send?key={number:036d}" for number in range(self.count))


class Stopwatch:
    """Times a `with` block: `wall_s` by the clock, `cpu_s` of this process; other work on the machine disturbs only the
    first."""

    wall_s = 0.0
    cpu_s = 0.0

    def __enter__(self) -> Self:
        self._began = time.perf_counter(), time.process_time()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.wall_s = time.perf_counter() - self._began[0]
        self.cpu_s = time.process_time() - self._began[1]
