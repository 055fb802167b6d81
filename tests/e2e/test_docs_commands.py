"""The commands in the documents, typed as they stand there: page by page, in order, the sandbox as the vendor."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from tests.documents import CHINESE, NOT_RUN, PAGES, ROOT, Fence, fences, names, twin
from tests.e2e.conftest import PROJECT

pytestmark = pytest.mark.slow

START_S = 60.0
"""How long a service in a document's second terminal may take to answer on a busy machine."""


def runnable(page: Path) -> bool:
    return any(fence.language == "sh" and fence.mark != "not run" for fence in fences(page))


RUN = [page for page in PAGES if runnable(page) and not (page.name.endswith(CHINESE) and twin(page).exists())]
"""A page in two languages has the same commands in both (tests/unit/test_docs_pages.py), so it is run once."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Window:
    """A terminal that is left open: what it prints is kept, and told at every line and at the end."""

    def __init__(self, command: list[str], environment: dict[str, str], tell: Callable[[], None]) -> None:
        self._tell = tell
        self.printed = ""
        self.ended = False
        self._process = subprocess.Popen(
            command,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.printed += line
            self._tell()
        self.ended = True
        self._tell()

    def close(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        self._process.wait(timeout=60)
        self._reader.join()
        assert self._process.stdout is not None
        self._process.stdout.close()


class Terminal:
    """A scratch home, and a shell in it that keeps its folder and exports from block to block."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._state = home / ".terminal"
        self._state.write_text(f"cd {home}\n", encoding="utf-8")
        self._news = threading.Condition()
        self.told = 0
        """How often another terminal has printed something."""
        # Ports and folders of the document's machine, moved to where no other test is.
        self.moved = {"8800": str(free_port()), "8900": str(free_port()), "/srv/": f"{home}/srv/"}

    def here(self, text: str) -> str:
        for there, here in self.moved.items():
            text = text.replace(there, here)
        return text

    def folder(self) -> Path:
        return Path(re.findall(r"^cd (.+)$", self._state.read_text(encoding="utf-8"), re.MULTILINE)[-1])

    def _shell(self, code: str, *, remember: bool) -> list[str]:
        keep = f'trap \'{{ export -p; echo "cd $PWD"; }} > "{self._state}"\' EXIT\n' if remember else ""
        return ["bash", "-c", f'. "{self._state}"\n{keep}set -eo pipefail\n{self.here(code)}']

    def _environment(self) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("JIANBAO_")}
        path = f"{PROJECT / '.venv' / 'bin'}:{clean['PATH']}"
        return {
            **clean,
            "PATH": path,
            "HOME": str(self.home),
            "TZ": "Asia/Shanghai",
            "COLUMNS": "160",
            "PYTHONPATH": str(PROJECT),
        }

    def run(self, fence: Fence) -> subprocess.CompletedProcess[str]:
        command = self._shell(fence.code, remember=True)
        return subprocess.run(
            command,
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=100,
        )

    def _tell(self) -> None:
        with self._news:
            self.told += 1
            self._news.notify_all()

    def await_news(self, wanted: Callable[[], bool], seconds: float) -> bool:
        """Until it is so, looked at whenever another terminal prints something; False when the time is over before."""
        with self._news:
            return self._news.wait_for(wanted, max(0.0, seconds))

    def await_more(self, told: int, seconds: float) -> bool:
        """Until another terminal has printed something since `told` was read."""
        return self.await_news(lambda: self.told > told, seconds)

    @contextmanager
    def second(self, fence: Fence) -> Iterator[None]:
        """The block in another terminal, once that has printed where it listens, and answers there."""
        url = self.here(fence.argument)
        window = Window(self._shell(fence.code, remember=False), self._environment(), self._tell)
        try:
            began = time.monotonic()
            base = str(httpx.URL(url).copy_with(path="/"))
            self.await_news(lambda: base in window.printed or window.ended, START_S)
            assert base in window.printed, f"{fence.place} does not say that it is at {base}:\n{window.printed}"
            # It listens: a request that comes too early waits on its connection.
            left = began + START_S - time.monotonic()
            assert httpx.get(url, timeout=left, trust_env=False).is_success, f"{fence.place}: {window.printed}"
            yield
        finally:
            window.close()

    def write(self, fence: Fence) -> None:
        """A block with a title: the file as it stands there, or the change a `diff` shows."""
        file = self.folder() / fence.title
        code = self.here(fence.code)
        if fence.language != "diff":
            file.write_text(code, encoding="utf-8")
            return
        lines = code.splitlines()
        old = "\n".join(line[1:] for line in lines if line[0] in " -")
        new = "\n".join(line[1:] for line in lines if line[0] in " +")
        text = file.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{fence.place}: what is to be changed is not in {fence.title} once"
        file.write_text(text.replace(old, new), encoding="utf-8")


def missing(shown: str, printed: str) -> list[str]:
    """The lines of a document that were not printed. Frames and spacing do not count; `…` stands for anything."""

    def plain(text: str) -> str:
        return " ".join(re.sub(r"[\u2500-\u257f]", " ", text).split())

    output = "\n".join(plain(line) for line in printed.splitlines())
    lines = [plain(line) for line in shown.splitlines()]
    return [line for line in lines if not re.search(re.escape(line).replace("…", ".*"), output)]


def follow(terminal: Terminal, fence: Fence) -> None:
    expected = int(fence.argument) if fence.mark == "exit" else 0
    deadline = time.monotonic() + (float(fence.argument) if fence.mark == "again" else 0)
    while True:
        told = terminal.told
        done = terminal.run(fence)
        assert done.returncode == expected, f"{fence.place}: exit {done.returncode}\n{done.stdout}"
        absent = missing(terminal.here(fence.shows), done.stdout)
        if not absent:
            return
        news = terminal.await_more(told, deadline - time.monotonic())
        assert news, f"{fence.place}: not shown: {absent}\n{done.stdout}"


OF_AN_INSTALLATION = ("backup.", "keys.")
"""Pages that begin with an installation, as their reader has one; the first command makes it."""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("page", RUN, ids=names(RUN))
def test_the_commands_of_a_page_do_what_it_says(page: Path, tmp_path: Path) -> None:
    wanted = {"curl"} & set(re.findall(r"\w+", "".join(f.code for f in fences(page) if f.language == "sh")))
    for program in wanted:
        if shutil.which(program) is None:
            pytest.skip(f"the page calls {program}, which is not here")
    for folder in ("samples", "deploy", "config"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    # The folder for backups on the document's machine.
    (tmp_path / "srv" / "backup").mkdir(parents=True)
    terminal = Terminal(tmp_path)
    found = fences(page)
    if page.name.startswith(OF_AN_INSTALLATION):
        follow(terminal, replace(found[0], language="sh", code="jianbao issues\n", mark="", argument="", shows=""))
    with ExitStack() as second:
        for fence in found:
            if fence.title:
                terminal.write(fence)
            elif fence.language == "sh" and fence.mark == "stays up":
                second.enter_context(terminal.second(fence))
            elif fence.language == "sh" and fence.mark != "not run":
                follow(terminal, fence)


def elsewhere(reason: str) -> Path | None:
    """The test that runs a block in place of this one, when that is the reason."""
    named = re.fullmatch(r"(tests/[\w/]+\.py) does", reason)
    return ROOT / named[1] if named else None


LEFT = [fence for page in PAGES for fence in fences(page) if fence.mark == "not run"]


@pytest.mark.parametrize("fence", LEFT, ids=[fence.place for fence in LEFT])
def test_what_is_not_run_says_why(fence: Fence) -> None:
    test = elsewhere(fence.argument)
    if test is None:
        assert fence.argument in NOT_RUN
        return
    # The test it names must call what the block calls.
    called = set(re.findall(r"^jianbao ([a-z]+)", fence.code, re.MULTILINE))
    text = test.read_text(encoding="utf-8")
    assert called
    assert all(f'"{command}"' in text or f"jianbao {command}" in text for command in called), called


def test_most_of_the_documents_commands_are_run() -> None:
    """So that no page grows whose commands are all set aside."""
    lines = [
        (fence.mark != "not run")
        for page in PAGES
        for fence in fences(page)
        if fence.language == "sh"
        for line in fence.code.splitlines()
        if line.startswith("jianbao ")
    ]
    assert len(lines) > 40
    assert sum(lines) / len(lines) > 0.7
