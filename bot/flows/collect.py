"""Sources -> issues: ask a source, take in what it found, tell it what became of each document."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from bot.domain.errors import DocumentRefused
from bot.domain.publication import SourceSpec
from bot.domain.source import Found, SourceFailed

from .ports import Source, SourceStore
from .publish import Published, Publisher

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Collected:
    """What one look at a source came to. `failures` in a row, 0 when it is well; `trouble` in words for a clerk."""

    taken: tuple[Published, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
    failures: int = 0
    trouble: str = ""


async def collect(spec: SourceSpec, source: Source, publisher: Publisher, sources: SourceStore) -> Collected:
    """Look once. The source's new state is kept only after every document was taken in or refused, so a crash in
    between finds them again, and the store knows the same bytes again."""
    now = publisher.clock()
    taken: list[Published] = []
    refused: list[tuple[str, str]] = []
    try:
        poll = await source.poll(await asyncio.to_thread(sources.source_state, spec.id), now=now)
        for note in poll.notes:
            log.info("source %s: %s", spec.id, note)
        for found in poll.found:
            try:
                published = await asyncio.to_thread(_take, publisher, spec, found)
            except DocumentRefused as refusal:
                refused.append((found.name, str(refusal)))
                log.warning("source %s: %s refused: %s", spec.id, found.name, refusal)
                await source.settle(found, taken=False, note=str(refusal))
            else:
                taken.append(published)
                await source.settle(found, taken=True, note=_note(published))
    except SourceFailed as error:
        failures = await asyncio.to_thread(
            sources.source_failed, spec.id, str(error), now=now, alert_after=spec.alert_after_failures
        )
        log.warning("source %s failed %s time(s) in a row: %s", spec.id, failures, error)
        return Collected(tuple(taken), tuple(refused), failures, str(error))
    await asyncio.to_thread(sources.source_good, spec.id, poll.state, now=now)
    return Collected(tuple(taken), tuple(refused))


def _take(publisher: Publisher, spec: SourceSpec, found: Found) -> Published:
    return publisher.take_in(found.data, found.name, source=spec.id, who=f"来源 {spec.id}")


def _note(published: Published) -> str:
    stored = published.stored
    lines = [f"{stored.issue.masthead} {stored.issue.label}：{stored.state.chinese}（编号 {stored.id}）。"]
    lines += [f"等待：{hold.message}" for hold in published.holds]
    return "\n".join(lines)
