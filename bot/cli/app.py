"""Puts the commands together, and turns every error into its exit code and one readable message."""

from __future__ import annotations

import io
import json
import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from bot import __version__
from bot.bootstrap import redacted
from bot.domain.errors import ConfigError, DirectoryError, DocumentRefused, JianbaoError, StoreError
from bot.settings import SettingsError

from . import (
    account,
    backup,
    batches,
    deliveries,
    demo,
    directory,
    doctor,
    health,
    issues,
    migrate,
    parse,
    publish,
    receipts,
    render,
    resolve,
    restore,
    rotate_key,
    sandbox,
    scheduler,
    serve,
    web,
    worker,
)
from .usage import HELP, in_chinese, with_chinese_help

BUG, USAGE = 1, 2
_WORDS = ((DirectoryError, "directory"), (ConfigError, "config"), (StoreError, "store"))

app = typer.Typer(
    name="jianbao",
    help="简报：把每期工作简报发到名单上各单位的工作群，并保存回执。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": HELP},
)


def _tell_version(asked: bool) -> None:
    if asked:
        typer.echo(f"jianbao {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="显示版本号。")
    ] = False,
) -> None:
    pass


for module in (
    *(parse, resolve, render, publish, receipts, issues, account),
    *(serve, web, scheduler, worker, batches, health, sandbox, demo),
    *(doctor, backup, restore, migrate, rotate_key),
):
    module.register(app)
app.add_typer(directory.app, name="directory")
app.add_typer(deliveries.app, name="deliveries")


def run(arguments: Sequence[str]) -> int:
    """Run one command; the exit code. With `--json` an error too is the one JSON document on standard output."""
    as_json = "--json" in arguments
    _write_utf8()
    try:
        result = with_chinese_help(app).main(list(arguments), prog_name="jianbao", standalone_mode=False)
    except typer.Exit as stop:
        return stop.exit_code
    except typer.Abort:
        return _fail("aborted", "已中断。", 130, as_json)
    except TyperException as error:
        return _fail("usage", in_chinese(error), USAGE, as_json)
    except SettingsError as error:
        return _fail("settings", str(error), USAGE, as_json)
    except DocumentRefused as error:
        return _fail(error.code, str(error), error.exit_code, as_json)
    except JianbaoError as error:
        return _fail(_word(error), str(error), error.exit_code, as_json)
    except BrokenPipeError:
        return BUG
    except OverflowError:
        # A number that no table can hold is nothing's number.
        return _fail("config", "编号太大，没有这样的编号。请核对后重试。", USAGE, as_json)
    except Exception as error:
        where = _keep_trace()
        return _fail(
            "bug", f"程序出错（{type(error).__name__}），详情已写入 {where}，请附上它报告给维护人员。", BUG, as_json
        )
    return result if isinstance(result, int) else 0


def _write_utf8() -> None:
    """JSON is UTF-8 and the texts are Chinese, whatever the machine's locale says."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.encoding.lower().replace("-", "") != "utf8":
            stream.reconfigure(encoding="utf-8")


def _word(error: JianbaoError) -> str:
    """The documented word of the nearest class that has one."""
    return next((word for kind, word in _WORDS if isinstance(error, kind)), "bug")


def _fail(code: str, message: str, exit_code: int, as_json: bool) -> int:
    if as_json:
        try:
            print(json.dumps({"error": {"code": code, "message": message}}, ensure_ascii=False), flush=True)  # noqa: T201
        except OSError:
            # Nothing can be told there, the reason least of all; nor may the interpreter try again when it ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            print(message, file=sys.stderr)  # noqa: T201
    else:
        print(message, file=sys.stderr)  # noqa: T201
    return exit_code


def _keep_trace() -> Path:
    """The trace of a bug, with every credential taken out, in a file of its own."""
    with tempfile.NamedTemporaryFile("w", prefix="jianbao-error-", suffix=".log", delete=False, encoding="utf-8") as f:
        f.write(redacted(traceback.format_exc()))
    return Path(f.name)
