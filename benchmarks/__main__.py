"""`python -m benchmarks`: every benchmark in turn; `python -m benchmarks dispatch --repeat 5`: that one."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Callable, Sequence

import benchmarks

Main = Callable[[Sequence[str]], None]


def registry() -> dict[str, Main]:
    """Benchmark name to its `main`."""
    names = sorted(module.name for module in pkgutil.iter_modules(benchmarks.__path__) if module.name[0] != "_")
    modules = {name: importlib.import_module(f"benchmarks.{name}") for name in names}
    return {name: module.main for name, module in modules.items() if hasattr(module, "main")}


def main(args: Sequence[str]) -> None:
    known = registry()
    if not args:
        for run in known.values():
            run([])
    elif args[0] in known:
        known[args[0]](args[1:])
    else:
        sys.exit(f"usage: python -m benchmarks [{' | '.join(known)}] [options]")


if __name__ == "__main__":
    main(sys.argv[1:])
