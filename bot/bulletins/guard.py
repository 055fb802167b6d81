"""Reading a stranger's file in a process of its own, with limits on memory, processor and wall time.

A crash or a time-out there is one clear DocumentRefused here, and the next file finds a fresh process. What the
process does is in `child`; legacy files are converted (by LibreOffice, again a process) before it sees them.
"""

from __future__ import annotations

import json
import os
import queue
import selectors
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bot.bulletins import legacy
from bot.bulletins.detect import is_legacy
from bot.bulletins.explained import Explained
from bot.bulletins.limits import DEFAULT, Limits
from bot.bulletins.refusals import refused
from bot.domain.errors import DocumentRefused
from bot.domain.issue import Issue

_PROGRAM = (sys.executable, "-P", "-m", "bot.bulletins.child")
_ROOT = Path(__file__).parents[2]
_CHUNK_BYTES = 1 << 16


def parse_guarded(data: bytes, name: str = "", *, limits: Limits = DEFAULT) -> Issue:
    """`parse` in a process of its own. Blocks up to `limits.wall_seconds`; call it from a thread in async code.

    Raises DocumentRefused, among its codes `reader_timeout` and `reader_crashed`.
    """
    with Reader(limits) as reader:
        return reader.parse(data, name)


def explain_guarded(data: bytes, name: str = "", *, limits: Limits = DEFAULT) -> list[Explained]:
    """`explain` in a process of its own; raises as `parse_guarded`."""
    with Reader(limits) as reader:
        return reader.explain(data, name)


def parse_many(
    files: Iterable[tuple[str, bytes]], *, limits: Limits = DEFAULT, readers: int | None = None
) -> Iterator[tuple[str, Issue | DocumentRefused]]:
    """Read many files with a few reading processes (default: one a processor), each kept for the next file.

    Yields (name, Issue or the refusal) in the order given; one bad file does not stop the rest.
    """
    count = readers or os.cpu_count() or 1
    idle: queue.SimpleQueue[Reader] = queue.SimpleQueue()
    pool = [Reader(limits) for _ in range(count)]
    for reader in pool:
        idle.put(reader)

    def one(item: tuple[str, bytes]) -> tuple[str, Issue | DocumentRefused]:
        name, data = item
        reader = idle.get()
        try:
            return name, reader.parse(data, name)
        except DocumentRefused as refusal:
            return name, refusal
        finally:
            idle.put(reader)

    try:
        with ThreadPoolExecutor(count) as threads:
            # A folder may be larger than memory: only a few files are read ahead.
            ahead: deque[Future[tuple[str, Issue | DocumentRefused]]] = deque()
            for item in files:
                ahead.append(threads.submit(one, item))
                if len(ahead) > 2 * count:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
    finally:
        for reader in pool:
            reader.close()


class Reader:
    """One reading process; started when first needed, and again after it was lost. Not for several threads."""

    def __init__(self, limits: Limits = DEFAULT) -> None:
        self._limits = limits
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def parse(self, data: bytes, name: str = "") -> Issue:
        return Issue.from_dict(self._ask("parse", data, name))

    def explain(self, data: bytes, name: str = "") -> list[Explained]:
        return [Explained(**row) for row in self._ask("explain", data, name)]

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    pipe.close()
            self._process = None

    def _ask(self, what: str, data: bytes, name: str) -> Any:
        if len(data) > self._limits.max_file_bytes:
            raise refused("too_large", f"{len(data) // 2**20} MB，上限 {self._limits.max_file_bytes // 2**20} MB")
        if is_legacy(data):
            data = legacy.to_docx(data, name)
        process = self._started()
        header = json.dumps({"what": what, "name": name, "bytes": len(data), "limits": asdict(self._limits)})
        try:
            answer = _exchange(process, header.encode() + b"\n" + data, self._limits.wall_seconds)
        except TimeoutError as error:
            self.close()
            raise refused("reader_timeout") from error
        except (BrokenPipeError, EOFError) as error:
            timed_out = process.wait() == -signal.SIGXCPU
            self.close()
            raise refused("reader_timeout" if timed_out else "reader_crashed") from error
        if answer.get("refused"):
            raise DocumentRefused(answer["refused"]["code"], answer["refused"]["message"])
        return answer["result"]

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self.close()
            self._process = subprocess.Popen(  # noqa: S603 - this very program, no word of the document in it
                _PROGRAM,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                env={"PYTHONPATH": str(_ROOT), "PYTHONUTF8": "1"},  # no key or address of the service reaches it
                cwd="/",
            )
        return self._process


def _exchange(process: subprocess.Popen[bytes], request: bytes, seconds: float) -> dict[str, Any]:
    """Send one request and read the one JSON line that answers it. Raises TimeoutError, BrokenPipeError, EOFError."""
    if process.stdin is None or process.stdout is None:
        raise EOFError
    deadline = time.monotonic() + seconds
    left, answer = memoryview(request), bytearray()
    to, back = process.stdin.fileno(), process.stdout.fileno()
    os.set_blocking(to, False)
    with selectors.DefaultSelector() as pipes:
        pipes.register(to, selectors.EVENT_WRITE)
        pipes.register(back, selectors.EVENT_READ)
        while not answer.endswith(b"\n"):
            ready = pipes.select(max(0.0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError
            for entry, _ in ready:
                if entry.fd == to:
                    left = left[os.write(to, left[:_CHUNK_BYTES]) :]
                    if not left:
                        pipes.unregister(to)
                else:
                    chunk = os.read(back, _CHUNK_BYTES)
                    if not chunk:
                        raise EOFError
                    answer += chunk
    reply: dict[str, Any] = json.loads(answer)
    return reply
