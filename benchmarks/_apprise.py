"""Run by a Python that has apprise: `_apprise.py BASE COUNT` notifies that many webhooks; prints seconds."""

from __future__ import annotations

import importlib
import sys
import time
from typing import Any

BODY = "梅州市城镇老旧小区改造工作简报。" * 60


def main(base: str, count: int) -> None:
    # By name: it is no dependency, but in whatever environment was named.
    bulletin: Any = importlib.import_module("apprise").Apprise()
    for number in range(count):
        assert bulletin.add(f"json://{base.removeprefix('http://')}/cgi-bin/webhook/send?key={number:036d}")
    began = time.perf_counter()
    assert bulletin.notify(body=BODY)
    print(time.perf_counter() - began)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
