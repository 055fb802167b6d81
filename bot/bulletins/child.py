"""The reading process: takes files on standard input one after another, answers each with one JSON line.

Limits are set before a byte of the document is looked at; sockets and programs are refused by an audit hook, so
neither an entity nor a macro nor a bug of a library reaches the network. Started by `guard` only.
"""

from __future__ import annotations

import json
import resource
import sys
import traceback
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from bot.bulletins.limits import Limits
from bot.bulletins.reading import explain, parse
from bot.bulletins.refusals import refused
from bot.domain.errors import DocumentRefused

_FORBIDDEN = ("socket.", "subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "urllib.", "ctypes.dlopen")


def main(requests: IO[bytes], answers: IO[bytes]) -> None:
    sys.addaudithook(_forbid)
    while line := requests.readline():
        header = json.loads(line)
        limits = Limits(**header["limits"])
        limit(limits)
        data = requests.read(header["bytes"])
        answers.write(json.dumps(answer(header["what"], data, header["name"], limits)).encode() + b"\n")
        answers.flush()


def limit(limits: Limits) -> None:
    """Memory of the whole process; processor seconds of the file about to be read."""
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + 1 + limits.cpu_seconds
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def answer(what: str, data: bytes, name: str, limits: Limits) -> dict[str, Any]:
    """The result, or the refusal; a fault of ours is a refusal too, naming the place in the program only."""
    try:
        if what == "explain":
            return {"result": [asdict(row) for row in explain(data, name, limits)]}
        return {"result": parse(data, name, limits).to_dict()}
    except DocumentRefused as refusal:
        return _refusal(refusal)
    except MemoryError:
        return _refusal(refused("too_large", "读取所需内存超出上限"))
    except RecursionError:
        return _refusal(refused("too_deep"))
    except Exception as fault:  # whatever a hostile file breaks, the answer is one refusal
        last = traceback.extract_tb(fault.__traceback__)[-1]
        place = f"{type(fault).__name__}, {Path(last.filename).name}:{last.lineno}"
        return _refusal(refused("reader_crashed", place))


def _refusal(refusal: DocumentRefused) -> dict[str, Any]:
    return {"refused": {"code": refusal.code, "message": str(refusal)}}


def _forbid(event: str, _: tuple[Any, ...]) -> None:
    if event.startswith(_FORBIDDEN):
        raise PermissionError(event)


if __name__ == "__main__":
    main(sys.stdin.buffer, sys.stdout.buffer)
