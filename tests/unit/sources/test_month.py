"""A month of a government site, looked at every six hours: each issue once, each change once, whatever goes wrong."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator

import pytest

from bot.domain.source import SourceFailed
from tests.servers.cms import Cms

from .test_website import Looker

pytestmark = pytest.mark.slow

LOOKS = 4


@pytest.fixture(params=[True, False], ids=["validators", "no-validators"])
def cms(request: pytest.FixtureRequest) -> Iterator[Cms]:
    with Cms() as site:
        site.etags = request.param
        for number in range(1, 9):
            site.publish(f"旧简报{number}", "2025-12-01", f"《旧简报{number}》甲")
        yield site


def happens(cms: Cms, day: int) -> None:
    """What the site's people and machines do on that day."""
    if day % 3 == 0:
        cms.publish(f"网页{day}", f"2026-02-{day:02}", f"《网页{day}》甲")
    if day % 3 == 1:
        cms.publish(f"文件{day}", f"2026-02-{day:02}", files={"简报.docx": f"PK《文件{day}》甲".encode()})
    named = {post.title: post for post in cms.posts}
    match day:
        case 8:
            named["网页6"].body = "《网页6》乙"
        case 13:
            named["文件10"].files["简报.docx"] = "PK《文件10》乙".encode()
            cms.pinned = [named["文件1"].id]
        case 19:
            named["网页6"].body = "《网页6》丙"
            cms.posts.remove(named["旧简报8"])
    cms.status = {5: 503, 11: 500}.get(day, 200)
    cms.retry_after = "7200" if day == 5 else ""
    cms.login = day == 15
    cms.redesigned = day == 17
    cms.loop = "back" if day == 22 else ""
    cms.broken = {f"/gkml/jianbao/art/{named[f'网页{day}'].id}.html": 502} if day == 24 else {}


async def test_each_issue_once_and_each_change_once(cms: Cms) -> None:
    looker = Looker(cms, recheck_hours=dt.timedelta(hours=12))
    given: Counter[str] = Counter()
    failed: Counter[int] = Counter()
    for day in range(1, 29):
        happens(cms, day)
        for _ in range(LOOKS):
            try:
                poll = await looker.look(after=dt.timedelta(hours=24 / LOOKS))
            except SourceFailed:
                failed[day] += 1
                continue
            given.update(mark(found.data) for found in poll.found)
        if day % 6 == 0:
            looker.restart()
    issues = [f"旧简报{number}" for number in range(1, 9)]
    issues += [f"{'网页' if day % 3 == 0 else '文件'}{day}" for day in range(1, 29) if day % 3 != 2]
    changes = ["《网页6》乙", "《网页6》丙", "《文件10》乙"]
    assert given == Counter([f"《{issue}》甲" for issue in issues] + changes)
    # A look that a 304 answers does not notice a loop further on: with validators the 22nd passes by.
    assert set(failed) >= {5, 11, 15, 17}


def mark(data: bytes) -> str:
    """The document's own text, which says which issue it is and which state of it."""
    text = data.decode()
    start = text.index("《")
    return text[start : text.index("》") + 2]


def test_the_marks_are_told_apart() -> None:
    assert mark("PK《文件10》乙".encode()) == "《文件10》乙"
