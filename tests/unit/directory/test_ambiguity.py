"""The words a file is warned of are exactly those the resolver will not decide."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.directory.ambiguity import ambiguities
from bot.domain.directory import Directory, Group, Recipient
from bot.domain.resolver import Resolver, Via, normal

WORD = st.text(alphabet="甲乙", min_size=1, max_size=2)
WORDS = st.lists(WORD, max_size=3).map(tuple)
UNITS = ("a", "b", "c")


@st.composite
def directories(draw: st.DrawFn) -> Directory:
    names = draw(st.lists(WORD, min_size=3, max_size=3, unique=True))
    groups = draw(st.lists(WORD, max_size=2, unique=True))
    members = st.lists(st.sampled_from(UNITS), min_size=1, unique=True).map(tuple)
    return Directory(
        tuple(Recipient(id_, name, aliases=draw(WORDS)) for id_, name in zip(UNITS, names, strict=True)),
        tuple(Group(f"g{n}", name, draw(WORDS), draw(members)) for n, name in enumerate(groups)),
    )


@given(directories())
def test_warnings_and_resolver_agree(directory: Directory) -> None:
    words = {w for r in directory.recipients for w in (r.name, *r.aliases)}
    words |= {w for g in directory.groups for w in (g.name, *g.phrases)}
    resolver = Resolver(directory)
    warned = {normal(w.key) for w in ambiguities(directory) if "不会自动选择" in w.message}
    assert warned == {normal(word) for word in words if resolver.phrase(word).via is Via.NONE}
