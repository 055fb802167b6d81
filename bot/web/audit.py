"""审计: the trail for those who answer for it, its chain checked, and exported whole."""

from __future__ import annotations

import csv
import io
import json
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import HTMLResponse, Response

from . import pages
from .access import Administrator
from .office import Office

router = APIRouter()
CSV = "text/csv; charset=utf-8"
COLUMNS = ("编号", "时间", "谁", "做了什么", "对象", "原因", "改动前", "改动后", "校验值")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@router.get("/audit")
def audit(visit: Administrator, before: Annotated[int | None, Query(ge=1)] = None) -> HTMLResponse:
    return visit.page("audit.html", lines=visit.office.store.history_page(before=before, limit=50))


@router.get("/audit/verify")
def verify(visit: Administrator) -> Response:
    """Walk the chain of hashes: a row that was altered or taken away shows."""
    broken = visit.office.store.verify_history()
    said = "审计记录完整：每一条都与前一条衔接。" if broken is None else f"审计记录从第 {broken} 条起被改动或缺失！"
    return visit.go("/audit", said)


@router.get("/audit/export")
def export(visit: Administrator) -> Response:
    data = _csv(visit.office)
    now = visit.office.now()
    visit.office.store.note("history.exported", "history:all", None, who=visit.who, why="", now=now)
    return pages.download(data, "审计记录.csv", CSV)


def _csv(office: Office) -> bytes:
    """Oldest first, with the hash that chains each row to the one before; no cell starts a formula."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for row in office.store.history():
        told = [json.dumps(v, ensure_ascii=False, sort_keys=True) if v else "" for v in (row.before, row.after)]
        at = row.at.astimezone(office.zone).isoformat()
        cells = [row.id, at, row.who, row.action, row.subject, row.why, *told, row.hash]
        writer.writerow([f"'{c}" if isinstance(c, str) and c.startswith(_FORMULA) else c for c in cells])
    return text.getvalue().encode("utf-8-sig")
