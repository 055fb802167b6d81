"""回执: the wall of tiles, lists by state, one delivery with its attempts, the sign-off board, and the files."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import HTMLResponse, Response

from bot.domain.delivery import DeliveryState
from bot.domain.errors import ConfigError
from bot.domain.issue import ListKind
from bot.domain.pages import WORST_FIRST, Settling
from bot.domain.plan import StoredIssue
from bot.domain.release import IssueState
from bot.flows.export import receipts_csv, receipts_xlsx
from bot.flows.signoff_sheet import signoffs_csv, signoffs_xlsx

from . import pages
from .access import Approver, NotFound, Viewer, Visit
from .forms import Text, Why
from .issues import Page
from .mosaic import TILES, lines, mosaic, rows
from .overview import FAILURES, bar, standing
from .roster_pages import XLSX

router = APIRouter()
PER_PAGE = 50
ISSUES = 30
LINES = 200
SHEET = 1000
CSV = "text/csv; charset=utf-8"


@router.get("/receipts")
def released(visit: Viewer, state: str = "", page: Page = 1) -> HTMLResponse:
    """Released issues, the latest first; with `state`, those that have deliveries in it."""
    chosen, start = next((s for s in DeliveryState if s.value == state), None), (page - 1) * ISSUES
    lines = visit.office.store.latest_released(ISSUES + 1, offset=start, state=chosen)
    here = {"state": chosen.value if chosen else ""}
    return visit.page(
        "receipts.html",
        lines=[(line, bar(line.counts)) for line in lines[:ISSUES]],
        chosen=chosen,
        failures=FAILURES,
        **pages.turns("/receipts", page, more=len(lines) > ISSUES, **here),
    )


@router.get("/receipts/{issue_id}")
def wall(visit: Viewer, issue_id: int, page: Page = 1) -> HTMLResponse:
    """One tile a unit, live while sending. More than one look can take in come in pages, those that need a person
    first, below a mosaic of all."""
    stored = _issue(visit, issue_id)
    counts = visit.office.store.counts(issue_id)
    units = visit.office.store.unit_states(issue_id)
    many, start = len(units), (page - 1) * TILES
    shown = sorted(units, key=lambda unit: WORST_FIRST.index(unit.state)) if many > TILES else units
    return visit.page(
        "wall.html",
        stored=stored,
        issue=stored.issue,
        tiles=visit.office.store.tiles(shown[start : start + TILES]),
        many=many,
        mosaic=mosaic([unit.state for unit in units]) if many > TILES else [],
        rows=rows(many),
        lines=lines(many),
        standing=standing(counts),
        **pages.turns(f"/receipts/{issue_id}", page, more=start + TILES < many),
        counts=counts,
        bar=bar(counts),
        kinds=tuple(ListKind),
        states=tuple(DeliveryState),
        settled=all(state.settled for state in counts),
    )


@router.get("/receipts/{issue_id}/list")
def listing(
    visit: Viewer,
    issue_id: int,
    state: str = "",
    unit: str = "",
    after: Annotated[int, Query(ge=0)] = 0,
) -> HTMLResponse:
    stored = _issue(visit, issue_id)
    states = tuple(s for s in DeliveryState if s.value == state)
    rows = visit.office.store.receipt_page(
        issue_id=issue_id, recipient_id=unit or None, states=states, after=after, limit=PER_PAGE + 1
    )
    more = len(rows) > PER_PAGE
    rows = rows[:PER_PAGE]
    path = f"/receipts/{issue_id}/list"
    return visit.page(
        "receipt_list.html",
        stored=stored,
        issue=stored.issue,
        rows=rows,
        counts=visit.office.store.counts(issue_id),
        chosen=state,
        unit=unit,
        more=pages.link(path, state=state, unit=unit, after=rows[-1].id) if more else "",
    )


@router.get("/deliveries/{delivery_id}")
def delivery(visit: Viewer, delivery_id: int) -> HTMLResponse:
    found = visit.office.store.delivery(delivery_id)
    if found is None:
        raise NotFound
    issue = visit.office.store.issue(found.row.issue_id).issue
    history = visit.office.store.history_page(subjects=[f"delivery:{delivery_id}"], limit=20)
    counts = visit.office.store.counts(found.row.issue_id)
    # What is left of this issue to go through, one after the other.
    left = {state: counts[state] - (state is found.row.state) for state in FAILURES if state in counts}
    return visit.page("delivery.html", found=found, row=found.row, issue=issue, history=history, left=left)


@router.post("/deliveries/{delivery_id}/settle")
def settle(visit: Approver, delivery_id: int, act: Text, why: Why = "") -> Response:
    if act not in list(Settling):
        raise NotFound
    visit.office.settler.settle(delivery_id, Settling(act), who=visit.who, why=why)
    return visit.go(f"/deliveries/{delivery_id}", f"已处理：{Settling(act).chinese}。")


@router.post("/receipts/{issue_id}/resend")
def resend(visit: Approver, issue_id: int) -> Response:
    _issue(visit, issue_id)
    count = visit.office.settler.resend_failed(issue_id, who=visit.who)
    said = f"{count} 条重新发送。" if count else "没有可以补发的：请先修复停用的群机器人；存疑的请逐条核实。"
    return visit.go(f"/receipts/{issue_id}", said)


@router.get("/receipts/{issue_id}/signoffs")
def signoffs(visit: Viewer, issue_id: int, page: Page = 1, show: str = "") -> HTMLResponse:
    """Who has signed and who has not, in pages; `show=unsigned`: the latter alone. Sheet and files have everybody."""
    stored = _issue(visit, issue_id)
    chosen = "unsigned" if show == "unsigned" else ""
    start, path = (page - 1) * LINES, f"/receipts/{issue_id}/signoffs"
    lines, count = visit.office.store.signoff_page(issue_id, unsigned=bool(chosen), limit=LINES, offset=start)
    many = count.unsigned if chosen else count.units
    return visit.page(
        "signoffs.html",
        stored=stored,
        issue=stored.issue,
        lines=lines,
        count=count,
        chosen=chosen,
        **pages.turns(path, page, more=start + LINES < many, show=chosen),
        public_url=visit.office.public_url,
    )


@router.post("/receipts/{issue_id}/remind")
def remind(visit: Approver, issue_id: int) -> Response:
    _issue(visit, issue_id)
    count = visit.office.settler.remind_now(issue_id, who=visit.who)
    said = f"已向 {count} 个未签收单位发出催办。" if count else "没有需要催办的单位。"
    return visit.go(f"/receipts/{issue_id}/signoffs", said)


@router.get("/receipts/{issue_id}/print")
def sheet(visit: Viewer, issue_id: int, page: Page = 1) -> HTMLResponse:
    """回执单, for paper; more units than a stapler takes come in several."""
    stored = _issue(visit, issue_id)
    start, path = (page - 1) * SHEET, f"/receipts/{issue_id}/print"
    lines, count = visit.office.store.signoff_page(issue_id, limit=SHEET, offset=start)
    return visit.page(
        "receipt_sheet.html",
        stored=stored,
        issue=stored.issue,
        lines=lines,
        counts=visit.office.store.counts(issue_id),
        count=count,
        start=start,
        **pages.turns(path, page, more=start + SHEET < count.units),
        printed_at=visit.office.now(),
    )


@router.get("/receipts/{issue_id}/export/{name}")
def export(visit: Viewer, issue_id: int, name: str) -> Response:
    """`receipts.xlsx`, `receipts.csv`, `signoffs.xlsx` or `signoffs.csv`."""
    stored, office = _issue(visit, issue_id), visit.office
    label = "".join(c for c in stored.issue.label if c.isalnum()) or str(issue_id)
    names = {key: c.CHINESE for key, c in office.channels.items()}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export"
        match name:
            case "receipts.xlsx":
                receipts_xlsx(office.store.receipts(issue_id), path, office.zone, names)
            case "receipts.csv":
                receipts_csv(office.store.receipts(issue_id), path, office.zone, names)
            case "signoffs.xlsx":
                signoffs_xlsx(office.store.signoffs(issue_id), path, office.zone)
            case "signoffs.csv":
                signoffs_csv(office.store.signoffs(issue_id), path, office.zone)
            case _:
                raise NotFound
        data = path.read_bytes()
    title, form = ("投递回执" if name.startswith("receipts") else "签收表"), name.rpartition(".")[2]
    return pages.download(data, f"{label}{title}.{form}", XLSX if form == "xlsx" else CSV)


def _issue(visit: Visit, issue_id: int) -> StoredIssue:
    try:
        stored = visit.office.store.issue(issue_id)
    except ConfigError:
        raise NotFound from None
    if stored.released_at is None and stored.state is not IssueState.RELEASED:
        raise NotFound
    return stored
