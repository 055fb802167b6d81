"""Reminders (催办): a card to those who have it and have not signed for it, a few times, some workdays apart."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict

from bot.domain.calendar import NoCalendar, add_workdays
from bot.domain.card import CardKind
from bot.domain.plan import StoredIssue
from bot.domain.publication import Publication
from bot.domain.resolver import Resolution
from bot.domain.signoff import SignOff

from .plan import make_plan
from .publish import Publisher

REMINDER = "自动催办"
"""Who reminds when the clock does."""
REMEMBERED = dt.timedelta(days=180)
"""Nobody is reminded of an issue older than this."""


def due_reminders(
    lines: list[SignOff], publication: Publication, now: dt.datetime, publisher: Publisher
) -> dict[int, list[SignOff]]:
    """Who is to be reminded at `now`, by the number of the reminder (from 1).

    Raises NoCalendar where the calendar cannot say which days were worked.
    """
    after = publication.remind_after_workdays
    found: defaultdict[int, list[SignOff]] = defaultdict(list)
    if after is None:
        return found
    zone = publisher.policy.zone
    today = now.astimezone(zone).date()
    for line in lines:
        since = line.reminded_at or line.delivered_at
        if since is None or line.signed_at is not None or line.reminders >= publication.remind_at_most:
            continue
        if add_workdays(since.astimezone(zone).date(), after, publisher.policy.is_workday) <= today:
            found[line.reminders + 1].append(line)
    return found


def remind(publisher: Publisher, stored: StoredIssue, lines: list[SignOff], number: int, *, who: str, why: str) -> int:
    """Send reminder `number` of an issue to these recipients; how many deliveries that made."""
    resolution = Resolution((), (), (), (), (), {line.recipient_id: line.list_kind for line in lines}, ())
    plan = make_plan(
        stored,
        resolution,
        publisher.store.plan_targets,
        publisher.renderer,
        kind=CardKind.REMINDER,
        reminder=number,
    )
    return publisher.store.release(plan, who=who, why=why, now=publisher.clock(), expected_revision=stored.revision_id)


def remind_due(publisher: Publisher) -> list[tuple[int, str]]:
    """Remind for every released issue whose publication wants it; what a person should know, as (issue id, sentence).

    Without a public URL there is nothing to sign on, so there are no reminders either.
    """
    wanted = [one.id for one in publisher.policy.publications if one.remind_after_workdays is not None]
    if publisher.renderer.public_url is None or not wanted:
        return []
    notes: list[tuple[int, str]] = []
    remembered = publisher.clock() - REMEMBERED
    for issue_id in publisher.store.released_since(remembered, wanted):
        stored = publisher.store.issue(issue_id)
        publication = publisher.publication_of(stored)
        if publication.remind_after_workdays is None:
            continue
        try:
            due = due_reminders(publisher.store.signoffs(issue_id), publication, publisher.clock(), publisher)
        except NoCalendar as error:
            notes.append((issue_id, f"不能自动催办：{error}"))
            continue
        for number, lines in sorted(due.items()):
            why = f"{publication.remind_after_workdays} 个工作日未签收，第 {number} 次催办"
            count = remind(publisher, stored, lines, number, who=REMINDER, why=why)
            notes.append((issue_id, f"第 {number} 次催办 {len(lines)} 个单位，{count} 条"))
    return notes
