"""The inbox on a real folder: waiting, taking, moving apart, refusing tricks. The clock is moved, nobody sleeps."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.domain.source import Found, Poll, SourceFailed
from bot.sources.finished import is_local
from bot.sources.inbox import MAX_FILES, Inbox

pytestmark = pytest.mark.slow

START = dt.datetime(2026, 2, 12, 1, 0, tzinfo=dt.UTC)
ROOT = Path(__file__).parents[3]


class Looker:
    """Looks as the service does: the state of one look, as JSON, is handed to the next, ten seconds later."""

    def __init__(self, path: Path, *, max_mb: int = 1) -> None:
        self.inbox = Inbox(path, max_mb=max_mb, stuck_minutes=30)
        self.now = START
        self.state: dict[str, object] = {}

    async def look(self, *, after_s: float = 10, keep: bool = True) -> Poll:
        self.now += dt.timedelta(seconds=after_s)
        poll = await self.inbox.poll(self.state, now=self.now)
        if keep:
            self.state = json.loads(json.dumps(dict(poll.state)))
        return poll

    async def found(self) -> tuple[Found, ...]:
        await self.look()
        return (await self.look()).found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "收件箱"
    path.mkdir()
    return path


async def test_a_file_that_stands_still_is_found_at_the_second_look(folder: Path) -> None:
    (folder / "简报.docx").write_bytes(b"content")
    looker = Looker(folder)
    assert (await looker.look()).found == ()
    (found,) = (await looker.look()).found
    assert (found.name, found.data, found.origin) == ("简报.docx", b"content", str(folder / "简报.docx"))


async def test_two_looks_in_the_same_moment_are_one(folder: Path) -> None:
    (folder / "a.txt").write_bytes(b"a")
    looker = Looker(folder)
    await looker.look()
    assert not (await looker.look(after_s=1)).found


async def test_a_growing_file_is_waited_for(folder: Path) -> None:
    looker = Looker(folder)
    for count in range(1, 4):
        (folder / "a.txt").write_bytes(b"a" * count)
        assert not (await looker.look()).found
    (found,) = (await looker.look()).found
    assert found.data == b"aaa"


async def test_a_file_open_for_writing_is_waited_for(folder: Path) -> None:
    if sys.platform != "linux" or not is_local(folder):
        pytest.skip("this system does not tell who writes")
    looker = Looker(folder)
    with (folder / "a.txt").open("wb") as writer:
        writer.write(b"half")
        writer.flush()
        assert not await looker.found()
    assert (await looker.look()).found


@pytest.mark.parametrize("name", ["a.docx.part", "a.pdf.crdownload", "A.TMP"])
async def test_an_unfinished_name_is_waited_for_and_told_after_a_while(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"half")
    looker = Looker(folder)
    assert not await looker.found()
    poll = await looker.look(after_s=1800)
    assert not poll.found
    assert poll.notes == (f"{name}：30 分钟了还没有复制完，或仍被打开；请确认后重新放入。",)
    assert (folder / name).exists()


async def test_an_empty_file_is_waited_for(folder: Path) -> None:
    (folder / "a.txt").touch()
    looker = Looker(folder)
    assert not await looker.found()
    (folder / "a.txt").write_bytes(b"now")
    assert [found.data for found in await looker.found()] == [b"now"]


async def test_a_file_that_never_finishes_is_told_and_left_alone(folder: Path) -> None:
    looker = Looker(folder)
    notes: list[str] = []
    for count in range(1, 8):
        (folder / "a.txt").write_bytes(b"a" * count)
        poll = await looker.look(after_s=300)
        assert not poll.found
        notes += poll.notes
    assert len(notes) == 1
    assert (folder / "a.txt").exists()


@pytest.mark.parametrize("name", ["~$简报.docx", ".~lock.a.docx#", ".DS_Store", "Thumbs.db", "a.docx.说明.txt"])
async def test_files_of_editors_and_systems_are_nobodys_documents(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"x")
    looker = Looker(folder)
    assert not await looker.found()
    assert not (await looker.look(after_s=86_400)).notes


async def test_a_taken_file_moves_apart_with_a_note(folder: Path) -> None:
    (folder / "a.docx").write_bytes(b"a")
    looker = Looker(folder)
    (found,) = await looker.found()
    await looker.inbox.settle(found, taken=True, note="2022年第1期，待发布。")
    assert (folder / "已处理" / "a.docx").read_bytes() == b"a"
    note = (folder / "已处理" / "a.docx.说明.txt").read_text(encoding="utf-8-sig")
    assert note == "已处理：a.docx\n2022年第1期，待发布。\n"
    assert not (folder / "a.docx").exists()
    assert not (await looker.look()).notes


async def test_a_refused_file_moves_apart_with_the_reason(folder: Path) -> None:
    (folder / "a.exe").write_bytes(b"MZ")
    looker = Looker(folder)
    (found,) = await looker.found()
    await looker.inbox.settle(found, taken=False, note="这是程序，不是简报。")
    assert (folder / "被退回" / "a.exe").exists()
    assert "这是程序" in (folder / "被退回" / "a.exe.说明.txt").read_text(encoding="utf-8-sig")


async def test_the_same_name_again_overwrites_nothing(folder: Path) -> None:
    looker = Looker(folder)
    for content in (b"1", b"22", b"333"):
        (folder / "a.docx").write_bytes(content)
        (found,) = await looker.found()
        await looker.inbox.settle(found, taken=True, note=content.decode())
    done = folder / "已处理"
    assert [(done / n).read_bytes() for n in ("a.docx", "a (2).docx", "a (3).docx")] == [b"1", b"22", b"333"]
    assert "333" in (done / "a (3).docx.说明.txt").read_text(encoding="utf-8-sig")


async def test_a_name_as_long_as_the_disk_allows_still_gets_its_note(folder: Path) -> None:
    name = "简" * 83 + ".docx"
    (folder / name).write_bytes(b"a")
    looker = Looker(folder)
    (found,) = await looker.found()
    await looker.inbox.settle(found, taken=True, note="好")
    moved = sorted(path.name for path in (folder / "已处理").iterdir())
    assert [moved[0].endswith("简.docx"), moved[1].endswith("简.docx.说明.txt")] == [True, True]
    assert name in (folder / "已处理" / moved[1]).read_text(encoding="utf-8-sig")


async def test_a_crash_before_settling_finds_the_same_file_again(folder: Path) -> None:
    (folder / "a.txt").write_bytes(b"a")
    looker = Looker(folder)
    await looker.look()
    before = await looker.look(keep=False)
    after = await Looker.look(looker)
    assert before.found == after.found


async def test_a_file_replaced_between_look_and_settle_stays(folder: Path) -> None:
    (folder / "a.txt").write_bytes(b"old")
    looker = Looker(folder)
    (found,) = await looker.found()
    (folder / "a.txt").write_bytes(b"newer")
    await looker.inbox.settle(found, taken=True, note="")
    assert (folder / "a.txt").read_bytes() == b"newer"
    assert [f.data for f in await looker.found()] == [b"newer"]


async def test_a_file_taken_back_before_settling_is_no_matter(folder: Path) -> None:
    (folder / "a.txt").write_bytes(b"a")
    looker = Looker(folder)
    (found,) = await looker.found()
    (folder / "a.txt").unlink()
    await looker.inbox.settle(found, taken=True, note="")
    assert not (await looker.look()).state["files"]


async def test_links_and_special_files_are_refused(folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    (folder / "a.txt").symlink_to(secret)
    (folder / "dangling.txt").symlink_to(tmp_path / "absent")
    os.mkfifo(folder / "pipe.txt")
    (folder / "sub").mkdir()
    looker = Looker(folder)
    assert not await looker.found()
    notes = "\n".join((await looker.look()).notes)
    assert notes.count("是链接或特殊文件") == 3
    assert "sub：是文件夹" in notes


async def test_a_sub_folder_that_is_a_link_is_not_followed(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (folder / "已处理").symlink_to(tmp_path / "elsewhere")
    (folder / "a.txt").write_bytes(b"a")
    looker = Looker(folder)
    (found,) = await looker.found()
    with pytest.raises(SourceFailed, match="链接"):
        await looker.inbox.settle(found, taken=True, note="")
    assert (folder / "a.txt").exists()
    assert not list((tmp_path / "elsewhere").iterdir())


@pytest.mark.parametrize("name", ["../secret.txt", "/etc/passwd", "..", "a/b", ""])
async def test_a_name_that_leads_out_of_the_folder_is_refused(folder: Path, name: str) -> None:
    with pytest.raises(SourceFailed, match="不是收件箱里的文件名"):
        await Inbox(folder).settle(Found(name, b"", "", ""), taken=True, note="")


async def test_a_name_that_is_no_text_is_told_not_taken(folder: Path) -> None:
    (folder / os.fsdecode(b"\xc4\xe3.txt")).write_bytes(b"a")
    looker = Looker(folder)
    assert not await looker.found()
    assert "UTF-8" in (await looker.look()).notes[0]


async def test_a_file_too_large_is_told_and_left_alone(folder: Path) -> None:
    (folder / "a.txt").write_bytes(b"a" * 1_000_001)
    (folder / "b.txt").write_bytes(b"a" * 1_000_000)
    looker = Looker(folder)
    assert [found.name for found in await looker.found()] == ["b.txt"]
    assert "a.txt：超过 1 MB" in (await looker.look()).notes[0]


async def test_a_flood_comes_in_portions(folder: Path) -> None:
    for count in range(MAX_FILES + 5):
        (folder / f"{count:03}.txt").write_bytes(b"%d" % count)
    looker = Looker(folder)
    first = await looker.found()
    assert len(first) == MAX_FILES
    for found in first:
        await looker.inbox.settle(found, taken=True, note="")
    assert len((await looker.look()).found) == 5


async def test_a_clock_set_back_only_begins_the_wait_anew(folder: Path) -> None:
    (folder / "a.txt").write_bytes(b"a")
    looker = Looker(folder)
    await looker.look()
    assert not (await looker.look(after_s=-86_400)).found
    assert (await looker.look()).found


async def test_a_missing_folder_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SourceFailed, match="请建立这个文件夹，或检查网络共享是否接通"):
        await Inbox(tmp_path / "absent").poll({}, now=START)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """One that every user may enter, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_an_unreadable_file_is_told_and_the_others_are_taken(open_folder: Path) -> None:
    """In a process of its own: root reads everything, so the look is made as somebody else."""
    if os.geteuid() != 0:
        pytest.skip("needs to become another user")
    for name, mode in (("a.txt", 0o600), ("b.txt", 0o644)):
        (open_folder / name).write_bytes(b"x")
        (open_folder / name).chmod(mode)
    script = f"""
import asyncio, concurrent.futures.thread, datetime as dt, os, sys
from pathlib import Path
from bot.sources.inbox import Inbox
os.setuid(65534)
async def main():
    inbox, now = Inbox(Path({str(open_folder)!r})), dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    first = await inbox.poll({{}}, now=now)
    poll = await inbox.poll(first.state, now=now + dt.timedelta(seconds=10))
    sys.stdout.buffer.write(repr(([f.name for f in poll.found], poll.notes)).encode())
asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=True)
    assert done.stdout.decode().startswith("(['b.txt'], ('a.txt：读不了（")


async def test_watching_says_look_now_and_once_more_when_quiet(folder: Path) -> None:
    stop = asyncio.Event()
    inbox = Inbox(folder, settle_seconds=1)
    looks = inbox.watch(stop)
    first = asyncio.ensure_future(anext(looks))
    while not first.done():  # until the watch is up, a change may go unseen
        (folder / "a.txt").write_bytes(b"a")
        await asyncio.wait([first], timeout=0.1)
    await asyncio.wait_for(anext(looks), 10)
    stop.set()
    async with asyncio.timeout(10):
        async for _ in looks:
            continue


async def test_watching_says_look_now_for_what_came_before_it_was_up(folder: Path) -> None:
    (folder / "a.txt").write_bytes(b"a")
    stop = asyncio.Event()
    looks = Inbox(folder, settle_seconds=1).watch(stop)
    await asyncio.wait_for(anext(looks), 30)  # it is there to be seen
    await asyncio.wait_for(anext(looks), 30)  # it stands still
    stop.set()
    async with asyncio.timeout(10):
        async for _ in looks:
            continue


async def test_watching_a_missing_folder_fails_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SourceFailed, match="无法监视"):
        await anext(Inbox(tmp_path / "absent").watch())
