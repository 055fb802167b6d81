"""The directory as the database answers for it: whatever is asked, the same as of the whole in memory."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.directory import Directory, Group, Recipient
from bot.domain.issue import Issue, ListKind, Lists
from bot.domain.resolver import Phrase, Resolution, Resolver, Via
from bot.store import Store
from bot.store import lookup as module
from bot.store.schema import plan, recipient, recipient_group, target

from .samples import NOW, directory, import_all, planned, take_in, unit
from .samples import target as robot

UNITS = ("u1", "u2", "u3", "u4")
WORD = st.text(alphabet="甲乙A", min_size=1, max_size=2)
PRINTED = st.text(alphabet="甲乙AＡ() （）\u3000、", min_size=1, max_size=4)
"""As lists have it: the same words with other widths, brackets and spaces, and several in one."""


@st.composite
def directories(draw: st.DrawFn) -> Directory:
    """Some of the units, each with or without a robot that works; words that fit several are common."""
    words = st.lists(st.one_of(WORD, PRINTED), max_size=2).map(tuple)
    robots = st.lists(st.booleans(), max_size=2).map(
        lambda enabled: tuple(robot(f"{n}", enabled=one) for n, one in enumerate(enabled))
    )
    units = tuple(
        Recipient(id_, draw(WORD), aliases=draw(words), enabled=draw(st.booleans()), targets=draw(robots))
        for id_ in UNITS[: draw(st.integers(1, len(UNITS)))]
    )
    members = st.lists(st.sampled_from([one.id for one in units]), unique=True).map(tuple)
    groups = tuple(Group(f"g{n}", draw(PRINTED), draw(words), draw(members)) for n in range(draw(st.integers(0, 3))))
    return Directory(units, groups)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Directory, Directory, Issue]:
    """A directory, the next one, and an issue for that: its words and others, cut at every 、 as the parser does."""
    before, after = draw(directories()), draw(directories())
    known = [word for words in (after.names(), after.aliases(), after.phrases()) for word, _ in words]
    some = st.lists(st.one_of(st.sampled_from(known), WORD, PRINTED), max_size=4)
    items = some.map(lambda words: tuple(filter(None, "、".join(words).split("、"))))
    return before, after, Issue("简报", lists=Lists(draw(items), draw(items), draw(items)), exclusions=draw(items))


def resolved(store: Store, issue: Issue) -> Resolution:
    with store.lookup() as found:
        return Resolver.for_issue(found, issue).resolve(issue, deliver=tuple(ListKind))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(case=cases())
def test_it_resolves_as_in_memory(store: Store, case: tuple[Directory, Directory, Issue]) -> None:
    before, after, issue = case
    with store.db.write() as connection:
        for table in (target, recipient_group, recipient):
            connection.execute(sa.delete(table))
    # What the second import changes, switches off or takes out of the directory counts as it is now.
    import_all(store, before)
    import_all(store, after)
    whole = Resolver(store.directory())

    def surely(phrases: tuple[Phrase, ...]) -> tuple[Phrase, ...]:
        """With the suggestions that are several meanings of a word, and not what is near to it."""
        return tuple(
            replace(p, suggestions=whole.exact(p.text).suggestions) if p.via is Via.NONE else p for p in phrases
        )

    expected = whole.resolve(issue, deliver=tuple(ListKind))
    assert resolved(store, issue) == replace(
        expected, report=surely(expected.report), send=surely(expected.send), copy=surely(expected.copy)
    )


def test_it_is_read_a_little_at_a_time_and_all_of_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 2)
    units = [unit(f"u{n}", robot(f"{n}", enabled=n % 2 == 0)) for n in range(7)]
    import_all(store, directory(*units))
    without = ("u1", "u3", "u5")
    found = resolved(store, Issue("简报", lists=Lists(send=("各县区政府", "u6区"))))
    assert (list(found.recipients), found.without_target) == ([one.id for one in units], without)
    with store.lookup() as current:
        assert current.called(without) == tuple(f"{one}区人民政府" for one in without)


def test_it_stands_still_while_it_is_asked(store: Store) -> None:
    import_all(store, directory(unit("meijiang")))
    with store.lookup() as found:
        before = list(found.names())
        import_all(store, Directory((replace(unit("meijiang"), name="改了名的区", enabled=False),)))
        assert (list(found.names()), found.unreachable(["meijiang"])) == (before, ())


def test_a_plan_keeps_how_the_lists_were_read_and_not_every_unit_again(store: Store) -> None:
    import_all(store, directory(unit("meijiang"), unit("meixian", robot("off", enabled=False))))
    stored = take_in(store, Issue("简报", lists=Lists(send=("各县区政府", "meijiang区", "别的"))))
    wanted = planned(store, stored, store.directory())
    store.release(wanted, who="王五", why="到时", now=NOW, expected_revision=stored.revision_id)
    with store.db.read() as connection:
        kept = connection.execute(sa.select(plan.c.resolution)).scalar_one()
    assert [(row["text"], row["via"], row["recipients"]) for row in kept["send"]] == [
        ("各县区政府", "group", []),
        ("meijiang区", "alias", ["meijiang"]),
        ("别的", "none", []),
    ]
    assert (kept["recipients"], kept["without_target"], kept["unresolved"]) == ([], ["meixian"], ["别的"])
