"""`python -m bot` is `jianbao`."""

from __future__ import annotations

import sys


def main() -> None:
    arguments = sys.argv[1:]
    if arguments[:1] == ["health"] and "--help" not in arguments and "-h" not in arguments:
        from bot.cli import health  # noqa: PLC0415 - alone it starts in a fifth of the time

        sys.exit(health.main(arguments[1:]))
    from bot.cli.app import run  # noqa: PLC0415 - everything else

    sys.exit(run(arguments))


if __name__ == "__main__":
    main()
