"""总览: what goes out next, what needs a person, how the last release stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from fastapi import APIRouter
from starlette.responses import HTMLResponse

from bot.domain.delivery import DeliveryState
from bot.domain.pages import IssueLine, TargetLine
from bot.domain.release import IssueState

from .access import Viewer, Visit
from .office import PageStore

router = APIRouter()

FAILURES = {
    DeliveryState.IN_DOUBT: ("可能已到达但没有得到确认，请到群里看一眼。", "去核实"),
    DeliveryState.REFUSED: ("平台明确拒收，自动重试无用。", "去处理"),
    DeliveryState.EXHAUSTED: ("多次重试均未成功，已停止。", "去处理"),
}
MOST_HELD = 20
MOST_ISSUES = 5
MOST_ROBOTS = 3
"""More suspended robots than this are one thing to do, not many."""


@dataclass(frozen=True, slots=True)
class Task:
    """Something that needs a person: what it is, and the button that leads to its end."""

    kind: str
    title: str
    said: str
    path: str
    button: str


@router.get("/")
def overview(visit: Viewer) -> HTMLResponse:
    store = visit.office.store
    latest = store.latest_released(1)
    return visit.page(
        "overview.html",
        upcoming=store.upcoming(5),
        tasks=tasks(visit),
        latest=latest[0] if latest else None,
        bar=bar(latest[0].counts) if latest else (),
        empty=store.recipient_lines(limit=1)[1] == 0,
    )


def bar(counts: Mapping[DeliveryState, int]) -> tuple[tuple[DeliveryState, int, float, float], ...]:
    """The parts of a bar 100 wide: (state, how many, where it begins, how wide it is)."""
    total, at, parts = sum(counts.values()), 0.0, []
    for state in (
        *(DeliveryState.ACCEPTED, DeliveryState.SENDING, DeliveryState.PENDING, DeliveryState.RETRYING),
        *(DeliveryState.IN_DOUBT, DeliveryState.REFUSED, DeliveryState.EXHAUSTED, DeliveryState.CANCELLED),
    ):
        if count := counts.get(state, 0):
            width = 100 * count / total
            parts.append((state, count, round(at, 3), round(width, 3)))
            at += width
    return tuple(parts)


def standing(counts: Mapping[DeliveryState, int]) -> str:
    """Where a release stands when nothing is under way any more."""
    left = sum(counts.get(state, 0) for state in FAILURES)
    return f"发送结束，{left} 条需要处理：请点黄色和红色的。" if left else "全部了结"


def tasks(visit: Visit) -> list[Task]:
    store = visit.office.store
    waiting, total = store.issue_lines(states=(IssueState.HELD,), limit=MOST_HELD)
    found = [_held(line) for line in waiting]
    if total > MOST_HELD:
        title = f"另有 {total - MOST_HELD} 期待人工处理"
        found.append(Task("held", title, "按期刊列表逐期处理。", "/issues?state=held", "查看"))
    # The robots first: what they refused can only be sent again when they are mended.
    robots = store.target_lines()
    found += [*_robots(robots), *_failures(store, mend_first=bool(robots))]
    if held := visit.office.dated.held():
        said = "到了日子，可是名录与登记时不一样，没有改动。"
        found.append(Task("held", f"{held} 项预约的变更没有生效", said, "/directory/later", "去处理"))
    for source in store.source_healths():
        if source.trouble:
            said = f"已连续失败 {source.failures} 次：{source.trouble}"
            found.append(Task("retrying", f"来源“{source.id}”取不到文件", said, "/sources", "查看"))
    return found


def _robots(robots: Sequence[TargetLine]) -> Iterator[Task]:
    if len(robots) > MOST_ROBOTS:
        title = f"{len(robots)} 个群机器人已停用"
        yield Task("refused", title, "修好以前，这些群收不到简报。", "/directory?suspended=1", "逐个修复")
        return
    for robot in robots:
        reason = robot.suspended_reason.chinese if robot.suspended_reason else ""
        title = f"{robot.recipient_name}的群机器人“{robot.name}”已停用"
        yield Task("refused", title, f"{reason}。", f"/directory/units/{robot.recipient_id}", "去修复")


def _failures(store: PageStore, *, mend_first: bool) -> Iterator[Task]:
    """What did not arrive, by issue; of many issues the newest, and one line for the others."""
    for state, (meaning, button) in FAILURES.items():
        blocked = mend_first and state is not DeliveryState.IN_DOUBT
        said = f"{meaning}请先修复停用的群机器人，再补发。" if blocked else meaning
        issues = list(store.in_state(state).items())
        for issue_id, count in issues[:MOST_ISSUES]:
            title = f"{store.issue(issue_id).issue.label}：{count} 条{state.chinese}"
            yield Task(state.value, title, said, f"/receipts/{issue_id}/list?state={state.value}", button)
        if older := issues[MOST_ISSUES:]:
            title = f"另有 {len(older)} 期：{sum(count for _, count in older)} 条{state.chinese}"
            yield Task(state.value, title, said, f"/receipts?state={state.value}", "查看")


def _held(line: IssueLine) -> Task:
    codes = {hold.code for hold in line.holds}
    path, button = f"/issues/{line.id}", "去处理"
    if codes & {"unresolved_phrase", "unresolved_exclusion"}:
        path, button = f"{path}#recipients", "认领单位"
    elif codes == {"needs_approval"}:
        button = "去批准"
    title = f"{line.masthead} {line.label}".strip()
    return Task("held", title, " ".join(h.message for h in line.holds), path, button)


@router.get("/sources")
def sources(visit: Viewer) -> HTMLResponse:
    """Where issues come from by themselves, and how each fares."""
    return visit.page("sources.html", sources=visit.office.store.source_healths())
