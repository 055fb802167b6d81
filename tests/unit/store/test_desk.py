"""What people do at the pages, kept by the store: settling, sending again, bringing robots back, editing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.delivery import DeliveryState, Verdict
from bot.domain.directory import Directory
from bot.domain.errors import ConfigError
from bot.domain.issue import Issue
from bot.domain.pages import Settling
from bot.domain.plan import Claimed, StoredIssue
from bot.store import Store

from .samples import BAD_KEY, LOST, NOW, OK, SECOND, answer, bulletin, import_all, released, take_in, turn, unit
from .samples import directory as roster


async def ended(
    store: Store, *answers: Verdict, names: tuple[str, ...] = ("meijiang",), parts: int = 1
) -> list[Claimed]:
    """Release to these units, let each first delivery end as given, and give what was claimed."""
    released(store, *names, parts=parts)
    await store.ledger().enlist("w1", now=NOW)
    claimed = list((await turn(store)).claimed)
    await turn(store, [answer(c, v, NOW) for c, v in zip(claimed, answers, strict=True)])
    return claimed


def settle(store: Store, delivery_id: int, act: Settling) -> None:
    store.settle_delivery(delivery_id, act, who="张三", why="", now=NOW + SECOND)


def state(store: Store, delivery_id: int) -> DeliveryState:
    found = store.delivery(delivery_id)
    assert found is not None
    return found.row.state


def agree(store: Store) -> None:
    """The tally says what the rows say."""
    rows = [row.state for row in store.receipts(1)]
    assert dict(store.counts(1)) == {s: rows.count(s) for s in DeliveryState if s in rows}


async def test_a_doubtful_delivery_confirmed_lets_the_next_part_go(store: Store) -> None:
    (first,) = await ended(store, LOST, parts=2)
    settle(store, first.delivery_id, Settling.ARRIVED)
    agree(store)
    (second,) = (await turn(store, now=NOW + 2 * SECOND)).claimed
    assert second.delivery_id != first.delivery_id


async def test_a_doubtful_delivery_is_sent_again_only_when_a_person_says_so(store: Store) -> None:
    (first,) = await ended(store, LOST)
    assert not (await turn(store, now=NOW + 2 * SECOND)).claimed
    settle(store, first.delivery_id, Settling.RESEND)
    agree(store)
    (again,) = (await turn(store, now=NOW + 2 * SECOND)).claimed
    assert (again.delivery_id, again.number) == (first.delivery_id, 2)
    await turn(store, [answer(again, OK, NOW + 3 * SECOND)])
    agree(store)
    with pytest.raises(ConfigError, match="已送达"):
        settle(store, first.delivery_id, Settling.CANCEL)


async def test_a_cancelled_delivery_stays_cancelled(store: Store) -> None:
    (first,) = await ended(store, LOST)
    settle(store, first.delivery_id, Settling.CANCEL)
    agree(store)
    assert state(store, first.delivery_id) is DeliveryState.CANCELLED
    with pytest.raises(ConfigError):
        settle(store, first.delivery_id, Settling.RESEND)


async def test_a_suspended_robot_is_brought_back_and_gets_what_it_lacks(store: Store) -> None:
    (first,) = await ended(store, BAD_KEY)
    with pytest.raises(ConfigError, match="重新启用"):
        settle(store, first.delivery_id, Settling.RESEND)
    assert store.resend_failed(1, who="张三", why="", now=NOW) == 0
    assert [line.id for line in store.target_lines()] == [first.target_id]
    assert store.revive_target(first.target_id, replay=True, who="张三", why="", now=NOW + SECOND) == 1
    agree(store)
    assert store.target_lines() == []
    assert [c.delivery_id for c in (await turn(store, now=NOW + 2 * SECOND)).claimed] == [first.delivery_id]


async def test_the_wall_shows_of_each_unit_what_a_person_should_see_first(store: Store) -> None:
    await ended(store, OK, LOST, names=("meijiang", "meixian"))
    assert [(t.recipient_id, t.state) for t in store.tiles(store.unit_states(1))] == [
        ("meijiang", DeliveryState.ACCEPTED),
        ("meixian", DeliveryState.IN_DOUBT),
    ]
    assert dict(store.in_state(DeliveryState.IN_DOUBT)) == {1: 1}
    (doubtful,) = store.receipt_page(issue_id=1, states=(DeliveryState.IN_DOUBT,))
    detail = store.delivery(doubtful.id)
    assert detail is not None
    assert [a.number for a in detail.attempts] == [1]


async def test_the_board_is_read_in_pages_and_counts_the_whole(store: Store) -> None:
    first, *_ = await ended(store, OK, OK, LOST, names=("meijiang", "meixian", "xingning"))
    store.sign(first.delivery_id, name="陈明", office="办公室", now=NOW + SECOND)
    lines, count = store.signoff_page(1, limit=2)
    assert lines == store.signoffs(1)[:2]
    assert lines[0].name == "陈明"
    assert (count.units, count.signed, count.unsigned) == (3, 1, 1)
    assert [line.recipient_id for line in store.signoff_page(1, limit=2, offset=2)[0]] == ["xingning"]
    assert [line.recipient_id for line in store.signoff_page(1, unsigned=True)[0]] == ["meixian"]
    assert store.signoff_page(1, offset=9) == ([], count)


def test_of_two_edits_neither_undoes_the_other(store: Store) -> None:
    import_all(store, roster(unit("meijiang"), unit("meixian")))

    def renamed(key: str) -> None:
        def change(before: Directory) -> Directory:
            units = tuple(replace(u, name=f"新{key}") if u.id == key else u for u in before.recipients)
            return replace(before, recipients=units)

        store.edit_directory(change, who="张三", why="更名", now=NOW)

    renamed("meijiang")
    renamed("meixian")
    assert [u.name for u in store.directory().recipients] == ["新meijiang", "新meixian"]


def correct(store: Store, seen: StoredIssue, content: Issue) -> StoredIssue:
    return store.correct_issue(
        seen.id,
        content,
        publication="default",
        expected_revision=seen.revision_id,
        who="张三",
        why="读错",
        now=NOW,
        release_at=NOW,
        holds=(),
    )


def test_a_correction_is_a_new_revision_with_the_same_file(store: Store) -> None:
    first = take_in(store)
    content = replace(first.issue, issuer=("梅州市政府",))
    second = correct(store, first, content)
    assert (second.id, second.revision, second.issue.issuer) == (first.id, 2, ("梅州市政府",))
    kept = store.original(second.revision_id)
    assert kept is not None
    assert kept.data == b"as received"
    with pytest.raises(ConfigError, match="刚被别人改动"):
        correct(store, first, content)


def test_a_correction_cannot_take_the_number_of_another_issue(store: Store) -> None:
    take_in(store, bulletin(number=1))
    second = take_in(store, bulletin(number=2))
    with pytest.raises(ConfigError, match="编号 1"):
        correct(store, second, bulletin(title="另一篇"))


def test_issues_are_found_by_title_number_and_state(store: Store) -> None:
    take_in(store, bulletin(number=1, title="旧院落换上新模样"))
    take_in(store, bulletin(number=2, title="加装电梯_惠民生"))
    assert [line.id for line in store.issue_lines(search="电梯_")[0]] == [2]
    assert [line.id for line in store.issue_lines()[0]] == [2, 1]
    assert store.issue_lines(search="%")[1] == 0
    assert [line.id for line in store.upcoming()] == [1, 2]
