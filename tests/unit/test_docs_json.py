"""The JSON shapes and exit codes in docs/commands.md are those of the program."""

from __future__ import annotations

import datetime as dt
import io
import json
import os
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.bootstrap import open_app
from bot.cli.app import run
from bot.settings import PREFIX, load_settings
from tests.documents import DOCS, blocks, read, sections

pytestmark = pytest.mark.slow

DIRECTORY = """\
recipients:
- id: gov-meijiang
  name: 梅江区人民政府
  targets:
  - {channel: wecom, label: 政务公开群, url: "http://127.0.0.1:9/cgi-bin/webhook/send?key=00000000-aaaa-bbbb-cccc-000000000000"}
groups:
- {id: counties, name: 各县（市、区）人民政府, phrases: [各县（市、区）人民政府], members: [gov-meijiang]}
"""
BULLETIN = """\
河长制工作简报

2022年第3期（总第8期）

梅州市全面推行河长制工作领导小组办公室        2022年3月4日

梅江区开展河道清漂行动

3月3日，梅江区组织河道清漂行动，清理漂浮物二十吨。

报送：市委、市政府领导
发送：各县（市、区）人民政府，梅江区人民政府
抄送：市水务局
"""
FREE = ("payload", "counts", "before", "after")
"""Keys whose value has no fixed shape."""


Jianbao = Callable[[str], tuple[int, str]]


@pytest.fixture(scope="module")
def jianbao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jianbao]:
    """Runs a command line with `--json` in a folder of its own, for its exit code and standard output.

    There a bulletin is published to a directory whose one bot is not there: nothing listens. In this process, because
    twenty starts of the interpreter would cost more than all other tests of this file; tests/e2e starts processes.
    """
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("office")
        patch.chdir(folder)
        for name in [name for name in os.environ if name.startswith(PREFIX)]:
            patch.delenv(name)
        patch.setenv("JIANBAO_ALLOWED_HOSTS", "127.0.0.1:9")
        Path("directory.yaml").write_text(DIRECTORY, encoding="utf-8")
        Path("bulletin.txt").write_text(BULLETIN, encoding="utf-8")
        Path("empty.txt").touch()

        def call(line: str) -> tuple[int, str]:
            with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()):
                return run([*line.split(), "--json"]), out.getvalue()

        call("publish bulletin.txt --directory directory.yaml --now")
        plan_a_name("梅江区政府")
        yield call


def plan_a_name(name: str) -> int:
    """Have the unit called so from tomorrow on; the id of the dated change."""
    installation = open_app(load_settings())
    try:
        tomorrow = installation.dated.today() + dt.timedelta(days=1)
        return installation.dated.enter(
            lambda roster: replace(roster, recipients=(replace(roster.recipients[0], name=name),)),
            tomorrow,
            who="张三",
            why="机构改革",
        )
    finally:
        installation.close()


SHAPES = {
    "parse": "bulletin.txt",
    "resolve": "bulletin.txt --directory directory.yaml",
    "render": "bulletin.txt --channel feishu --style text",
    "publish": "bulletin.txt --directory directory.yaml --now",
    "issues": "",
    "history": "",
    "directory import": "directory.yaml",
    "directory export": "exported.XLSX",
    "directory check": "directory.yaml",
    "directory dated": "",
    "doctor": "",
}


def assert_same_shape(documented: Any, real: Any, place: str) -> None:
    if isinstance(documented, dict):
        assert isinstance(real, dict), place
        assert list(documented) == list(real), place
        for key in documented:
            if key not in FREE:
                assert_same_shape(documented[key], real[key], f"{place}.{key}")
    elif isinstance(documented, list):
        assert isinstance(real, list), place
        if documented and real:
            assert_same_shape(documented[0], real[0], f"{place}[0]")
    else:
        assert not isinstance(real, dict | list), place


@pytest.mark.parametrize("name", SHAPES)
def test_the_json_of_a_command_has_the_shape_in_the_documents(name: str, jianbao: Jianbao) -> None:
    code, out = jianbao(f"{name} {SHAPES[name]}")
    assert code != 1
    documented = blocks(sections(read(DOCS / "commands.md"))[f"jianbao {name}"], "json")[0]
    assert_same_shape(json.loads(documented), json.loads(out), name)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("directory check directory.yaml", 0),
        ("directory export exported.XLSX", 0),
        ("directory check exported.XLSX", 0),
        ("directory export -", 2),
        ("parcel bulletin.txt", 2),
        ("parse bulletin.txt --colour", 2),
        ("parse absent.txt", 2),
        ("parse empty.txt", 3),
        ("publish bulletin.txt", 4),
    ],
)
def test_an_exit_code_means_what_the_documents_say(line: str, code: int, jianbao: Jianbao) -> None:
    assert jianbao(line)[0] == code


def test_a_dated_change_is_listed_until_it_is_withdrawn(jianbao: Jianbao) -> None:
    change = plan_a_name("梅江区人民政府（新）")
    listed = {one["id"]: one for one in json.loads(jianbao("directory dated")[1])}
    assert listed[change]["changes"] == ["梅江区政府 全称：梅江区政府 → 梅江区人民政府（新）"]
    code, left = jianbao(f"directory dated --withdraw {change}")
    assert (code, change in {one["id"] for one in json.loads(left)}) == (0, False)
    assert jianbao(f"directory dated --withdraw {change}")[0] == 2
