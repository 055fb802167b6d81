"""`jianbao publish`: take a document in, plan it, and deliver when its moment has come or `--now`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress

from bot.bootstrap import CHANNEL_NAMES, App, open_app
from bot.domain.delivery import DeliveryState
from bot.domain.directory import Directory
from bot.domain.errors import ConfigError
from bot.domain.plan import Plan, ReceiptRow, Settled
from bot.domain.release import IssueState
from bot.domain.secret import mask_url
from bot.flows.publish import Published
from bot.settings import load_settings

from .output import Json, counts_line, emit, err, instant, out, progress, read_file, receipt_dict, receipt_table, whoami

INCOMPLETE = 4


def register(app: typer.Typer) -> None:
    app.command("publish", help="收下一期简报并列出投递计划；到发布时刻（或加 --now）即投递。")(publish)


def publish(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="简报文件。")],
    directory: Annotated[
        Path | None, typer.Option("--directory", metavar="D", help="先导入这份名录，并按它投递；不写则用库中的名录。")
    ] = None,
    now: Annotated[bool, typer.Option("--now", help="现在就发：由您负责，未决问题会显示并记入历史。")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只看会发给谁，不入库、不发送。")] = False,
    wait: Annotated[
        float | None, typer.Option("--wait", metavar="S", min=0, help="等到全部了结，或最多 S 秒。")
    ] = None,
    as_json: Json = False,
) -> int:
    app = open_app(load_settings())
    try:
        data = read_file(file)
        if dry_run:
            roster = app.load_directory(directory) if directory else app.store.directory()
            published, plan = app.publisher.look(data, file.name, directory=roster)
            return _report(app, published, [], as_json, dry_run=(plan, roster))
        published = take_and_release(app, data, file.name, directory, now=now)
        return deliver_and_report(app, published, wait=wait, as_json=as_json)
    finally:
        app.close()


def take_and_release(app: App, data: bytes, name: str, directory: Path | None, *, now: bool) -> Published:
    """From bytes to the release; nothing is sent yet. Also what `demo` shows."""
    who = whoami()
    roster = app.load_directory(directory) if directory else None
    with nullcontext(roster) if roster else app.store.lookup() as known:
        if next(iter(known.names()), None) is None:
            app.publisher.parse(data, name)  # a document that cannot be read is told of first
            raise ConfigError("名录是空的：请用 --directory 指定名录文件，或先运行 jianbao directory import。")
    if roster and directory:
        app.store.import_directory(roster, who=who, why=f"发布 {name} 时导入 {directory.name}", now=app.clock())
    taken = app.publisher.take_in(data, name, source="命令行", who=who, directory=roster)
    if now or taken.stored.state is IssueState.RELEASED:
        return app.publisher.release_now(taken.stored.id, who=who, why="命令行 publish", directory=roster)
    return app.publisher.release_if_due(taken.stored.id)


def deliver(app: App, published: Published, *, wait: float | None) -> list[ReceiptRow]:
    """Send what the release made due, with progress; the receipts as they are afterwards."""
    if published.released:
        app.doubt_again(published.stored.id, who=whoami())
        with delivery_bar() as bar:
            bar.expect(app, published.stored.id)
            app.deliver(published.stored.id, wait_s=wait, on_settled=bar.settled)
    return list(app.store.receipts(published.stored.id))


def deliver_and_report(app: App, published: Published, *, wait: float | None, as_json: bool) -> int:
    return _report(app, published, deliver(app, published, wait=wait), as_json)


class DeliveryBar:
    """Progress of the first verdicts, and the tally so far."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task = bar.add_task("投递", total=None)
        self._tally: Counter[DeliveryState] = Counter()

    def expect(self, app: App, issue_id: int) -> None:
        """The issue is released: so many first verdicts will come, less those that came already."""
        counts = app.store.counts(issue_id)
        waiting = sum(counts.get(state, 0) for state in (DeliveryState.PENDING, DeliveryState.SENDING))
        self._bar.update(self._task, total=waiting + self._tally.total())

    def settled(self, one: Settled) -> None:
        self._tally[one.settlement.state] += 1
        said = f"投递 {counts_line(dict(self._tally)).plain.strip()}"
        self._bar.update(self._task, advance=one.claimed.number == 1, description=said)

    def done(self) -> None:
        """Take the bar off the screen; what is settled later is counted all the same."""
        self._bar.stop()


@contextmanager
def delivery_bar() -> Iterator[DeliveryBar]:
    with progress() as bar:
        yield DeliveryBar(bar)


def document(published: Published, rows: list[ReceiptRow]) -> dict[str, Any]:
    """The shape of `publish --json`."""
    stored = published.stored
    counts = Counter(row.state.value for row in rows)
    return {
        "issue": {
            "id": stored.id or None,
            "masthead": stored.issue.masthead,
            "label": stored.issue.label,
            "revision": stored.revision,
            "state": stored.state.value,
            "release_at": instant(stored.release_at),
        },
        "counts": dict(counts),
        "deliveries": [receipt_dict(row) for row in rows],
        "new_deliveries": published.new_deliveries,
        "unresolved": list(published.resolution.unresolved()),
        "unresolved_exclusions": list(published.resolution.unresolved_exclusions),
        "excluded": list(published.resolution.excluded),
        "without_target": list(published.resolution.without_target),
        "holds": [{"code": h.code, "message": h.message} for h in published.holds],
        "warnings": [{"code": w.code, "message": w.message, "where": w.where} for w in stored.issue.warnings],
    }


def _planned(plan: Plan, roster: Directory) -> list[dict[str, Any]]:
    """The deliveries of a dry run: receipts as they stand before the first try, and the length of each body."""
    targets = [target for unit in roster.recipients for target in unit.targets]
    return [
        receipt_dict(
            ReceiptRow(
                id=0,
                issue_id=0,
                recipient=d.recipient_id,
                recipient_name=roster.by_id[d.recipient_id].name,
                channel=plan.messages[d.message].channel,
                target=targets[d.target_id].label or mask_url(targets[d.target_id].url.reveal()),
                list_kind=d.list_kind,
                kind=plan.kind,
                part=d.part,
                parts=d.parts,
                state=d.state,
                outcome=None,
                reason=d.reason,
                attempts=0,
                vendor_code=None,
                vendor_message=None,
                http_status=None,
                accepted_at=None,
                next_try_at=None,
            )
        )
        | {"id": None, "issue": None, "bytes": len(plan.messages[d.message].body)}
        for d in plan.deliveries
    ]


def _report(
    app: App,
    published: Published,
    rows: list[ReceiptRow],
    as_json: bool,
    *,
    dry_run: tuple[Plan, Directory] | None = None,
) -> int:
    """Print it and give the exit code; `dry_run`: what would be sent, and the directory it was planned with."""
    if as_json:
        shape = document(published, rows)
        if dry_run is not None:
            shape["deliveries"] = _planned(*dry_run)
            shape["counts"] = dict(Counter(d["state"] for d in shape["deliveries"]))
        emit(shape)
    else:
        show(app, published, rows, plan=dry_run[0] if dry_run else None)
    return 0 if dry_run else verdict(published, rows)


def verdict(published: Published, rows: list[ReceiptRow]) -> int:
    """0 when everybody on the lists has it (or it waits for its day); 4 when anybody has not."""
    if published.stored.state is IssueState.SCHEDULED:
        return 0
    resolution = published.resolution
    missed = (
        not published.released
        or not rows
        or resolution.unresolved(published.publication.deliver)
        or resolution.unresolved_exclusions
        or resolution.without_target
        or any(row.state is not DeliveryState.ACCEPTED for row in rows)
    )
    return INCOMPLETE if missed else 0


def show(app: App, published: Published, rows: list[ReceiptRow], *, plan: Plan | None = None) -> None:
    stored, resolution = published.stored, published.resolution
    zone = app.settings.zone
    out.print(f"{stored.issue.masthead} {stored.issue.label}", style="bold", markup=False)
    if plan is not None:
        count = sum(1 for _ in plan.deliveries)
        out.print(f"试算：将发送至 {len(resolution.recipients)} 个单位，共 {count} 条消息；没有入库，没有发送。")
    elif not published.released and stored.state is IssueState.HELD:
        out.print("已收下，等待人工处理，没有发送。确认后可加 --now 发布。", style="yellow")
    elif not published.released and stored.release_at:
        out.print(f"已收下，将于 {stored.release_at.astimezone(zone):%Y-%m-%d %H:%M} 发布。")
    for hold in published.holds:
        err.print(f"须注意：{hold.message}", style="yellow", markup=False)
    if rows:
        out.print(receipt_table(rows, zone, CHANNEL_NAMES))
        out.print(counts_line(dict(Counter(row.state for row in rows))))
        if published.released and not published.new_deliveries:
            out.print("本期已发布过，没有新增投递。", style="dim")
