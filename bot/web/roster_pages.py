"""名录: groups, files in and out, and the history of changes with undo."""

from __future__ import annotations

import datetime as dt
import secrets
import threading
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import APIRouter, Form, Query, UploadFile
from starlette.responses import HTMLResponse, Response

from bot.domain.directory import Directory
from bot.domain.errors import ConfigError, DirectoryError
from bot.domain.people import Role
from bot.flows.roster import undoable

from .access import Editor, NotAllowed, NotFound, Viewer, Visit
from .pages import download

router = APIRouter(prefix="/directory")
Text = Annotated[str, Form()]

WAIT = dt.timedelta(minutes=30)
MOST_WAITING = 20
SUBJECTS = ("recipient:", "group:", "target:")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


# groups


@router.get("/groups")
def groups(visit: Viewer) -> HTMLResponse:
    return visit.page(
        "groups.html", groups=visit.office.store.group_lines(), names=visit.office.store.recipient_names()
    )


@router.get("/groups/new")
def new_group(visit: Editor) -> HTMLResponse:
    return _group_page(visit, None, "", (), ())


@router.get("/groups/{group_id}")
def group_page(visit: Editor, group_id: str) -> HTMLResponse:
    group = next((g for g in visit.office.store.group_lines() if g.id == group_id), None)
    if group is None:
        raise NotFound
    return _group_page(visit, group.id, group.name, group.phrases, group.members)


@router.post("/groups/new")
def add_group(
    visit: Editor,
    name: Text = "",
    phrases: Text = "",
    members: Annotated[list[str], Form()] = [],  # noqa: B006
) -> Response:
    return _save(visit, None, name, phrases, members)


@router.post("/groups/{group_id}")
def edit_group(
    visit: Editor,
    group_id: str,
    name: Text = "",
    phrases: Text = "",
    members: Annotated[list[str], Form()] = [],  # noqa: B006
) -> Response:
    return _save(visit, group_id, name, phrases, members)


def _save(visit: Visit, group_id: str | None, name: str, phrases: str, members: list[str]) -> Response:
    words = tuple(phrases.replace("\r", "").split("\n"))
    try:
        visit.office.roster.save_group(group_id, name=name, phrases=words, members=members, who=visit.who)
    except ConfigError as error:
        return _group_page(visit, group_id, name, words, tuple(members), problem=str(error))
    return visit.go("/directory/groups", f"分组“{name.strip()}”已保存。")


def _group_page(
    visit: Visit, group_id: str | None, name: str, phrases: tuple[str, ...], members: tuple[str, ...], problem: str = ""
) -> HTMLResponse:
    return visit.page(
        "group.html",
        status=400 if problem else 200,
        group_id=group_id,
        name=name,
        phrases=phrases,
        members=set(members),
        names=visit.office.store.recipient_names(),
        problem=problem,
    )


# files


@dataclass
class Waiting:
    """Files read and compared, until their owner confirms. Kept in memory: they hold addresses in clear text."""

    _files: dict[str, tuple[int, dt.datetime, Directory, str]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def keep(self, owner: int, roster: Directory, name: str, now: dt.datetime) -> str:
        with self._lock:
            self._files = {k: v for k, v in self._files.items() if v[1] > now - WAIT}
            while len(self._files) >= MOST_WAITING:
                self._files.pop(next(iter(self._files)))
            key = secrets.token_urlsafe(16)
            self._files[key] = (owner, now, roster, name)
            return key

    def take(self, key: str, owner: int, now: dt.datetime) -> tuple[Directory, str] | None:
        """The file, once, for the one who brought it."""
        with self._lock:
            found = self._files.get(key)
            if found is None or found[0] != owner or found[1] <= now - WAIT:
                return None
            del self._files[key]
            return found[2], found[3]


_waiting = Waiting()


@router.get("/import")
def import_page(visit: Editor) -> HTMLResponse:
    return visit.page("import.html", problems=(), refused="")


@router.post("/import")
def compare(visit: Editor, file: UploadFile) -> HTMLResponse:
    """Read the file and show what it would change; nothing is changed yet."""
    try:
        found = visit.office.roster.compare(file.file.read(), (file.filename or "文件")[:100])
    except DirectoryError as error:
        return visit.page("import.html", status=400, problems=error.problems, refused=error.source)
    key = _waiting.keep(visit.account.id, found.directory, (file.filename or "文件")[:100], visit.office.now())
    return visit.page("import_diff.html", key=key, name=file.filename, found=found)


@router.post("/import/confirm")
def import_confirmed(visit: Editor, key: Text, why: Text = "") -> Response:
    found = _waiting.take(key, visit.account.id, visit.office.now())
    if found is None:
        raise ConfigError("这次对比已过期，请重新上传文件。")
    roster, name = found
    counts = visit.office.store.import_directory(
        roster, who=visit.who, why=why.strip()[:200] or f"导入 {name}", now=visit.office.now()
    )
    return visit.go("/directory", f"已导入：新增 {counts['added']}，修改 {counts['changed']}。")


@router.post("/export")
def export(visit: Viewer, form: Text = "xlsx", clear: Text = "") -> Response:
    """The directory as a file. With addresses in clear text it can be imported again, and is for administrators."""
    if clear and not visit.account.role.may(Role.ADMINISTRATOR):
        raise NotAllowed(Role.ADMINISTRATOR)
    office = visit.office
    data = office.dump_directory(office.store.directory(), "yaml" if form == "yaml" else "xlsx", not clear)
    after = {"masked": not clear}
    office.store.note("directory.exported", "directory:all", after, who=visit.who, why="", now=office.now())
    name = f"名录{'' if clear else '（打码）'}.{'yaml' if form == 'yaml' else 'xlsx'}"
    return download(data, name, "application/yaml" if form == "yaml" else XLSX)


# history


@router.get("/history")
def changes(visit: Viewer, before: Annotated[int | None, Query(ge=1)] = None) -> HTMLResponse:
    lines = visit.office.store.history_page(subjects=SUBJECTS, before=before, limit=50)
    robots = {
        f"target:{t.id}": f"{t.recipient_name} {t.name}"
        for line in lines
        if line.subject.startswith("target:")
        and (t := visit.office.store.target_line(int(line.subject.partition(":")[2]))) is not None
    }
    names = {f"recipient:{k}": v for k, v in visit.office.store.recipient_names().items()}
    names |= {f"group:{g.id}": f"分组 {g.name}" for g in visit.office.store.group_lines()} | robots
    return visit.page("directory_history.html", lines=lines, names=names, undoable=undoable)


@router.post("/history/{row_id}/undo")
def undo(visit: Editor, row_id: int) -> Response:
    visit.office.roster.undo(row_id, who=visit.who)
    return visit.go("/directory/history", f"已撤销第 {row_id} 条变更。")
