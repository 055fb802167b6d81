"""Taking issues in: one issue for one number, one revision for one content."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from bot.domain.errors import ConfigError
from bot.domain.issue import Issue, IssueNumber
from bot.domain.issue import Warning as Doubt
from bot.domain.release import Hold, IssueState
from bot.store import Store
from bot.store.identity import identity
from bot.store.schema import article, original

from .samples import NOW, SECOND, bulletin, directory, import_all, planned, released, take_in, unit

HOLD = Hold("no_list", "没有发送名单，请补充。")


def test_an_issue_comes_back_as_it_was_taken_in(store: Store) -> None:
    stored = take_in(store, holds=[HOLD])
    assert (stored.revision, stored.new_revision, stored.state) == (1, True, IssueState.HELD)
    assert stored.issue == bulletin()
    assert (stored.holds, stored.release_at) == ((HOLD,), NOW)
    assert store.issue(stored.id) == replace(stored, new_revision=False)
    assert store.issues() == [replace(stored, new_revision=False)]


def test_the_same_content_again_is_the_same_revision(store: Store) -> None:
    first = take_in(store)
    again = take_in(store, now=NOW + SECOND)
    assert again == replace(first, new_revision=False)
    with store.db.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(original)).scalar_one() == 1


def test_the_same_content_in_another_file_keeps_both_files(store: Store) -> None:
    take_in(store, original=b"txt")
    take_in(store, original=b"html")
    with store.db.read() as connection:
        assert sorted(connection.execute(sa.select(original.c.content)).scalars()) == [b"html", b"txt"]


def test_changed_content_is_a_new_revision_and_the_old_one_stays(store: Store) -> None:
    first = take_in(store)
    second = take_in(store, bulletin(title="改过的标题"))
    assert (second.id, second.revision, second.new_revision) == (first.id, 2, True)
    assert second.issue.articles[0].title == "改过的标题"
    with store.db.read() as connection:
        titles = connection.execute(sa.select(article.c.title).order_by(article.c.revision_id)).scalars().all()
    assert titles == ["旧院落换上新模样", "改过的标题"]


def test_an_earlier_content_seen_again_does_not_go_back(store: Store) -> None:
    take_in(store)
    second = take_in(store, bulletin(title="改过的标题"))
    assert take_in(store) == replace(second, new_revision=False)


def test_reading_the_file_again_does_not_undo_what_was_decided(store: Store) -> None:
    held = take_in(store, holds=[HOLD])
    assert take_in(store) == replace(held, new_revision=False)
    assert [row.action for row in store.history(f"issue:{held.id}")] == ["issue.received"]


def test_a_correction_of_a_released_issue_is_held_or_scheduled_anew(store: Store) -> None:
    stored = released(store, "meijiang")
    assert take_in(store, holds=[HOLD]) == stored
    changed = take_in(store, bulletin(title="改过的标题"), holds=[HOLD])
    assert (changed.state, changed.holds, changed.revision) == (IssueState.HELD, (HOLD,), 2)
    assert [r.state for r in store.receipts(stored.id)] == ["pending"], "the earlier revision's deliveries go on"


def test_what_was_released_before_a_correction(store: Store) -> None:
    first = released(store, "meijiang")
    assert store.released_before(first.id, first.revision_id) is None
    take_in(store, bulletin(title="从未发布的一版"))
    third = take_in(store, bulletin(title="更正后的一版"))
    assert store.released_before(third.id, third.revision_id) == bulletin()
    roster = directory(unit("meijiang"))
    import_all(store, roster)
    store.release(planned(store, third, roster), who="a", why="", now=NOW, expected_revision=third.revision_id)
    fourth = take_in(store, bulletin(title="再更正"))
    found = store.released_before(fourth.id, fourth.revision_id)
    assert found is not None
    assert found.articles[0].title == "更正后的一版"


def test_an_unknown_number_is_said_plainly(store: Store) -> None:
    with pytest.raises(ConfigError, match="没有编号为 7 的期刊"):
        store.issue(7)


def test_warnings_are_kept_but_do_not_make_a_revision(store: Store) -> None:
    doubted = replace(bulletin(), warnings=(Doubt("odd", "看不准", "line 3"),))
    assert take_in(store, doubted).issue.warnings == doubted.warnings
    assert not take_in(store).new_revision


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        (bulletin(), replace(bulletin(title="别的"), masthead="梅州市城镇老旧小区 改造工作简报"), True),
        (bulletin(), bulletin(label="2022年第1期 总第20期"), True),
        (bulletin(), bulletin(label="2022年第1期（增刊）"), False),
        (bulletin(number=1), bulletin(number=2), False),
        (bulletin(), replace(bulletin(), issue=IssueNumber(2021, 1, 20)), False),
        (bulletin(), replace(bulletin(), masthead="梅州市住房工作简报"), False),
        (bulletin(number=None, label="增刊"), bulletin(number=None, label="增刊", title="别的"), True),
        (Issue("简报"), Issue("简报", issuer=("某局",)), False),
    ],
)
def test_what_makes_two_papers_the_same_issue(a: Issue, b: Issue, same: bool) -> None:
    assert (identity(a) == identity(b)) is same
