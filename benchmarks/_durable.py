"""The dispatch benchmark's own side: a released issue in a fresh SQLite installation, sent by the real dispatcher."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bot.bootstrap import App, open_app, utc_now
from bot.domain.card import CardKind, Style
from bot.domain.delivery import DeliveryState
from bot.domain.directory import Directory, Recipient, Target
from bot.domain.issue import Issue, ListKind
from bot.domain.plan import Plan, PlannedDelivery, PlannedMessage
from bot.domain.resolver import Resolution
from bot.domain.secret import Secret
from bot.settings import load_settings

from ._load import BODY, Load, Stopwatch


def durable(load: Load) -> Stopwatch:
    """Send a release to `load.count` robots, each attempt on disk before and after.

    Making the directory and the release is not timed. The database lies in the system's temporary directory (TMPDIR):
    on a disk that keeps what it was told to keep, commits cost what they cost in service.
    """
    with tempfile.TemporaryDirectory() as folder:
        # database_url "": never the installation's own database, whatever the environment says
        settings = load_settings().model_copy(
            update={
                "data_dir": Path(folder),
                "database_url": "",
                "allowed_hosts": (load.base.removeprefix("http://"),),
                "max_in_flight": load.in_flight,
                "log_level": "warning",
            }
        )
        app = open_app(settings)
        try:
            issue_id = _release(app, load)
            with Stopwatch() as timing:
                app.deliver(issue_id, wait_s=None, on_settled=None)
            counts = dict(app.store.counts(issue_id))
            assert counts == {DeliveryState.ACCEPTED: load.count}, counts
        finally:
            app.close()
    return timing


def _release(app: App, load: Load) -> int:
    """A release of one message to `load.count` WeCom robots; the issue's id."""
    now = utc_now()
    recipients = tuple(
        Recipient(f"unit-{number}", f"第{number}单位", targets=(Target("wecom", Secret(url), style=Style.MARKDOWN),))
        for number, url in enumerate(load.urls())
    )
    app.store.import_directory(Directory(recipients), who="benchmark", why="", now=now)
    stored = app.store.save_issue(
        Issue("工作简报"),
        original=b"-",
        name="-",
        source="benchmark",
        who="benchmark",
        now=now,
        release_at=now,
        holds=(),
    )
    message = PlannedMessage("wecom", Style.MARKDOWN, ListKind.SEND, 1, 1, BODY)
    deliveries = tuple(
        PlannedDelivery(target.recipient.id, target.id, ListKind.SEND, 1, 1, message=0)
        for target in app.store.targets([recipient.id for recipient in recipients])
    )
    everyone = {recipient.id: ListKind.SEND for recipient in recipients}
    resolution = Resolution((), (), (), (), (), everyone, ())
    plan = Plan(stored.id, stored.revision_id, CardKind.ISSUE, resolution, (message,), deliveries)
    app.store.release(plan, who="benchmark", why="", now=now, expected_revision=stored.revision_id)
    return stored.id
