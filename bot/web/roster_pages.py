"""名录: files in and out, and the history of changes with undo."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, UploadFile
from starlette.responses import HTMLResponse, Response

from bot.domain.errors import DirectoryError
from bot.domain.pages import HistoryLine
from bot.domain.people import Role
from bot.flows.imports import Comparison
from bot.flows.undo import undo, undoable

from . import pages
from .access import Editor, NotAllowed, NotFound, Viewer, Visit
from .forms import Text, Why
from .issues import Page
from .pages import download

router = APIRouter(prefix="/directory")

PER_PAGE = 100
LINES = 30
SUBJECTS = ("recipient:", "group:", "target:", "dated:")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


# files


@router.get("/import")
def import_page(visit: Editor) -> HTMLResponse:
    return visit.page("import.html", problems=(), refused="")


@router.post("/import")
def compare(visit: Editor, file: UploadFile) -> HTMLResponse:
    """Read the file and show what it would change; nothing is changed yet."""
    try:
        found = visit.office.imports.compare(file.file.read(), (file.filename or "文件")[:100], owner=visit.account.id)
    except DirectoryError as error:
        return visit.page("import.html", status=400, problems=error.problems, refused=error.source)
    return _compared(visit, found, 1)


@router.get("/import/{key}")
def comparison(visit: Editor, key: str, page: Page = 1) -> HTMLResponse:
    """Another page of what the file would change."""
    found = visit.office.imports.look(key, owner=visit.account.id)
    if found is None:
        raise NotFound
    return _compared(visit, found, page)


def _compared(visit: Visit, found: Comparison, page: int) -> HTMLResponse:
    last = max(1, -(-len(found.entries) // PER_PAGE))
    here = f"/directory/import/{found.key}"
    return visit.page(
        "import_diff.html",
        found=found,
        entries=found.entries[(page - 1) * PER_PAGE : page * PER_PAGE],
        page=page,
        last=last,
        **pages.turns(here, page, more=page < last),
    )


@router.post("/import/confirm")
def import_confirmed(visit: Editor, key: Text, why: Why = "") -> Response:
    done = visit.office.imports.confirm(key, owner=visit.account.id, who=visit.who, why=why)
    if isinstance(done, Comparison):
        return _compared(visit, done, 1)
    visit.office.reassess(who=visit.who)
    return visit.go("/directory", f"已导入：新增 {done['added']}，修改 {done['changed']}。")


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
    lines = visit.office.store.history_page(subjects=SUBJECTS, before=before, limit=LINES + 1)
    shown = lines[:LINES]
    return visit.page(
        "directory_history.html",
        lines=shown,
        names=_names(visit, shown),
        undoable=undoable,
        earlier=pages.link("/directory/history", before=shown[-1].id) if len(lines) > LINES else "",
    )


def _names(visit: Visit, lines: Sequence[HistoryLine]) -> dict[str, str]:
    """What the lines' subjects are called; a deleted group by its last name."""
    store = visit.office.store
    names = {
        line.subject: f"分组 {line.before['name']}" for line in lines if line.action == "group.removed" and line.before
    }
    names |= {f"recipient:{key}": name for key, name in store.recipient_names().items()}
    names |= {f"group:{group.id}": f"分组 {group.name}" for group in store.group_lines()}
    robots = {line.subject for line in lines if line.subject.startswith("target:")}
    for subject in robots:
        if (robot := store.target_line(int(subject.partition(":")[2]))) is not None:
            names[subject] = f"{robot.recipient_name} {robot.name}"
    return names | {line.subject: "" for line in lines if line.subject.startswith("dated:")}


@router.post("/history/{row_id}/undo")
def put_back(visit: Editor, row_id: int) -> Response:
    undo(visit.office.roster, row_id, who=visit.who)
    visit.office.reassess(who=visit.who)
    return visit.go("/directory/history", f"已撤销第 {row_id} 条变更。")
