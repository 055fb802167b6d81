"""`python -m benchmarks`: every benchmark in turn; `python -m benchmarks dispatch --repeat 5`: that one."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
from collections.abc import Sequence

import benchmarks


def names() -> list[str]:
    return sorted(module.name for module in pkgutil.iter_modules(benchmarks.__path__) if module.name[0] != "_")


def run(name: str, args: Sequence[str]) -> None:
    importlib.import_module(f"benchmarks.{name}").main(args)


def main(args: Sequence[str]) -> None:
    if not args:
        for name in names():
            # Each in a process of its own: some start themselves anew in a network of their own.
            subprocess.run([sys.executable, "-m", "benchmarks", name], check=True)
    elif args[0] in names():
        run(args[0], args[1:])
    else:
        sys.exit(f"usage: python -m benchmarks [{' | '.join(names())}] [options]")


if __name__ == "__main__":
    main(sys.argv[1:])
