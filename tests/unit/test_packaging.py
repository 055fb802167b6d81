"""The package: its pins, its dependencies, its version, and what is in the wheel."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder
from packaging.specifiers import SpecifierSet

import bot
from tools.building import pack
from tools.licences import Licence, licences

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCKS = ("requirements.lock", "requirements-dev.lock")


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def requirement(line: str) -> str:
    """The name in a line such as `uvloop>=0.21; sys_platform != 'win32'`."""
    return canonical(re.split(r"[ <>=;\[~!]", line)[0])


def pins(lock: str) -> dict[str, str]:
    """Each pin of a lock file: name to version, markers left off."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    return {canonical(name): version for name, version in re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE)}


# pins


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_its_hashes(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    assert lines
    assert [line for line in lines if not re.match(r"[\w.-]+==\S+.* --hash=sha256:[0-9a-f]{64}", line)] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_no_pin_file_names_an_address_or_an_index(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(r"^\s*-(?:i|f|e)\b|--(?:extra-)?index-url|--find-links|--trusted-host", text, re.MULTILINE)


@pytest.mark.parametrize("script", [".ci/run", "Makefile", "Dockerfile"])
def test_no_build_script_names_an_address(script: str) -> None:
    assert "://" not in (ROOT / script).read_text(encoding="utf-8")


def test_the_check_of_a_clean_checkout_can_be_run() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_both_pin_files_agree() -> None:
    run, development = map(pins, LOCKS)
    assert {name: development.get(name) for name in run} == run


def test_every_dependency_is_pinned() -> None:
    run, development = map(pins, LOCKS)
    assert {requirement(line) for line in PROJECT["dependencies"]} <= set(run)
    assert {requirement(line) for line in PROJECT["optional-dependencies"]["dev"]} <= set(development)


# dependencies


def imported() -> set[str]:
    """Distributions that bot imports, whether at the top of a module or inside a function."""
    modules: set[str] = set()
    for path in (ROOT / "bot").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                modules.update(alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                modules.add(".".join(node.module.split(".")[: 2 if node.module.startswith(SHARED) else 1]))
    owners = {**metadata.packages_distributions(), **SHARED_BY}
    foreign = modules - set(sys.stdlib_module_names) - {"bot"}
    return {canonical(owners[module][0]) for module in foreign}


SHARED = "opentelemetry."
"""A package that several distributions put modules into."""
SHARED_BY = {
    "opentelemetry": ["opentelemetry-api"],
    "opentelemetry.exporter": ["opentelemetry-exporter-otlp-proto-http"],
    "opentelemetry.sdk": ["opentelemetry-sdk"],
}


DECLARED = {requirement(line) for line in PROJECT["dependencies"]}

COMES_WITH = {
    "joserfc": "authlib",
    "markupsafe": "jinja2",
    "multidict": "aiohttp",
    "opentelemetry-api": "opentelemetry-sdk",
    "pdfminer-six": "pdfplumber",
    "soupsieve": "beautifulsoup4",
    "yarl": "aiohttp",
}
"""Libraries whose values a declared one takes or hands out: they come with it, in the fitting version."""

BY_NAME = {"lxml"}
"""Never imported, but named: BeautifulSoup is told to use the parser "lxml"."""


def test_what_is_imported_is_declared() -> None:
    assert imported() - DECLARED <= set(COMES_WITH)


def test_what_comes_with_another_really_does() -> None:
    for name, parent in COMES_WITH.items():
        assert name in {requirement(line) for line in metadata.requires(parent) or ()}
        assert parent in DECLARED


def test_what_is_declared_is_imported() -> None:
    assert DECLARED - imported() - BY_NAME == set()


# version and wheel


def test_the_version_stands_in_one_place() -> None:
    assert "version" in PROJECT["dynamic"]
    assert metadata.version("jianbao") == bot.__version__
    assert re.fullmatch(r"\d+\.\d+\.\d+", bot.__version__)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    """Built here, without a network: the build backend is asked directly."""
    folder = tmp_path_factory.mktemp("wheel")
    (built,) = WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"])
    with zipfile.ZipFile(built) as archive:
        yield archive


def in_checkout(folder: str) -> set[str]:
    return {
        str(path.relative_to(ROOT))
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def in_wheel(wheel: zipfile.ZipFile, folder: str) -> set[str]:
    return {name for name in wheel.namelist() if name.startswith(f"{folder}/")}


def test_the_wheel_is_named_after_version_and_runs_on_any_platform(wheel: zipfile.ZipFile) -> None:
    assert Path(str(wheel.filename)).name == f"jianbao-{bot.__version__}-py3-none-any.whl"


@pytest.mark.parametrize("folder", ["templates", "samples", "config"])
def test_the_wheel_carries_what_the_program_ships_with(wheel: zipfile.ZipFile, folder: str) -> None:
    shipped = {name.removeprefix("bot/share/") for name in in_wheel(wheel, f"bot/share/{folder}")}
    assert shipped == in_checkout(folder)
    assert shipped


def test_the_wheel_carries_the_whole_package(wheel: zipfile.ZipFile) -> None:
    ours = {name for name in in_wheel(wheel, "bot") if not name.startswith("bot/share/")}
    assert ours == in_checkout("bot")


def test_the_wheel_carries_the_licence(wheel: zipfile.ZipFile) -> None:
    (licence,) = (name for name in wheel.namelist() if name.endswith("/licenses/LICENSE"))
    text = wheel.read(licence)
    assert text == (ROOT / "LICENSE").read_bytes()
    assert b"Apache License" in text


def test_the_wheel_starts_the_command(wheel: zipfile.ZipFile) -> None:
    (entry,) = (name for name in wheel.namelist() if name.endswith("/entry_points.txt"))
    assert "jianbao = bot.__main__:main" in wheel.read(entry).decode()


def test_the_wheel_alone_renders_the_sample_it_carries(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    wheel.extractall(tmp_path)
    sample = min((tmp_path / "bot" / "share" / "samples").glob("*.txt"))
    done = subprocess.run(
        [sys.executable, "-m", "bot", "render", str(sample), "--channel", "wecom", "--json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[0]["payload"]["msgtype"]


# what a release carries


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_runs_on_the_oldest_python_we_promise(lock: str) -> None:
    """Debian 12 has Python 3.11.2; a pin that wants 3.11.5 stops `make demo` there."""
    asked = {name: metadata.metadata(name) for name in pins(lock) if installed(name)}
    wanted = {name: about["Requires-Python"] for name, about in asked.items() if "Requires-Python" in about}
    assert {name: text for name, text in wanted.items() if "3.11.0" not in SpecifierSet(text)} == {}


def installed(name: str) -> bool:
    """Whether this system and Python are among those the pin is for."""
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def test_every_licence_we_pass_on_is_one_we_may() -> None:
    found = licences()
    assert len(found) > 50
    assert [f"{one.name}: {one.expression}" for one in found if not one.allowed] == []


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True),
        ("Apache-2.0 OR GPL-3.0-only", True),
        ("Apache-2.0 AND MIT", True),
        ("MIT AND GPL-3.0-only", False),
        ("AGPL-3.0", False),
        ("unknown", False),
    ],
)
def test_a_licence_counts_as_allowed_by_its_words(expression: str, allowed: bool) -> None:
    assert Licence("x", "1", expression, ()).allowed is allowed


def test_the_page_of_licences_names_what_is_carried() -> None:
    page = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| ([\w.-]+) \| (.+?) \|$", page, re.MULTILINE))
    rows.pop("package", None)
    assert rows == {one.name: one.expression for one in licences()}


def test_packing_a_folder_again_gives_the_same_bytes(tmp_path: Path) -> None:
    made = []
    for number in range(2):
        (folder := tmp_path / str(number) / "house").mkdir(parents=True)
        for name in ("b.txt", "a.txt") if number else ("a.txt", "b.txt"):
            (folder / name).write_text(name, encoding="utf-8")
            os.utime(folder / name, (number, number))
        pack(folder, tmp_path / f"{number}.tar.gz", epoch=1_700_000_000)
        made.append((tmp_path / f"{number}.tar.gz").read_bytes())
    assert made[0] == made[1]
