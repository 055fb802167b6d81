"""What is written comes back equal, whatever a valid directory holds; in both formats."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.directory import dump_xlsx, dump_yaml
from bot.directory.text import trimmed, unprintable
from bot.domain.card import Style
from bot.domain.directory import EVERYONE, Directory, Group, Mention, Recipient, RecipientKind, Target
from bot.domain.resolver import normal
from bot.domain.secret import Secret

from .build import CHANNELS, SAMPLE, read

pytestmark = pytest.mark.slow

AWKWARD = [
    *("=1+1", "+86", "-甲", "@all", "'quoted", "yes", "null", "001", "1e5", "2022-01-05", "~", "<<", "a: b", "# c"),
    *("[x]", "各县（市、区）人民政府", "a\u3000b", "_x0041_", "x005F_", "😀", "{{7*7}}", "是", "甲\u200b乙", "0x1F"),
]


def _text_ok(text: str) -> bool:
    return bool(normal(text)) and text == trimmed(text) and not unprintable(text) and "://" not in text


def _fit(text: str) -> str:
    """What of a text may stand in a file. To filter instead would throw most directories away."""
    kept = trimmed("".join(c for c in text if not unprintable(c)))
    return kept if _text_ok(kept) else f"字{sum(map(ord, text)) % 1000}"


WORD = st.one_of(st.sampled_from(AWKWARD), st.text(max_size=12).map(_fit))
ID = st.from_regex(r"[\w.-]{1,12}", fullmatch=True)
CREDENTIAL = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=30)
MEMBER = st.one_of(st.sampled_from([w for w in AWKWARD if w not in EVERYONE]), ID)
TARGET = st.builds(
    Target,
    channel=st.sampled_from(sorted(CHANNELS)),
    url=CREDENTIAL.map(Secret),
    label=st.one_of(st.just(""), WORD),
    secret=st.none() | CREDENTIAL.map(Secret),
    style=st.sampled_from(Style),
    enabled=st.booleans(),
    mention=st.builds(Mention, st.booleans(), st.lists(MEMBER, max_size=3, unique=True).map(tuple)),
    ca_file=st.sampled_from([None, "own.pem", "/etc/jianbao/内网 CA.pem", "001"]),
    attach_original=st.booleans(),
)
RECIPIENT = st.builds(
    Recipient,
    id=ID,
    name=WORD,
    kind=st.sampled_from(RecipientKind),
    aliases=st.lists(WORD, max_size=3).map(tuple),
    enabled=st.booleans(),
    targets=st.lists(TARGET, max_size=2, unique_by=lambda t: t.url.reveal()).map(tuple),
)


@st.composite
def directories(draw: st.DrawFn) -> Directory:
    different = (lambda r: r.id, lambda r: normal(r.name))
    recipients = draw(st.lists(RECIPIENT, max_size=4, unique_by=different))
    if not recipients:
        return Directory()
    members = st.lists(st.sampled_from([r.id for r in recipients]), min_size=1, unique=True).map(tuple)
    group = st.builds(Group, id=ID, name=WORD, phrases=st.lists(WORD, max_size=3).map(tuple), members=members)
    return Directory(tuple(recipients), tuple(draw(st.lists(group, max_size=2, unique_by=different))))


def chinese_xlsx(directory: Directory) -> bytes:
    return dump_xlsx(directory, channels=CHANNELS)


FORMATS = [dump_yaml, dump_xlsx, chinese_xlsx]


@pytest.mark.parametrize("dump", FORMATS)
@given(directory=directories())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_written_comes_back_equal(dump: Callable[[Directory], bytes], directory: Directory) -> None:
    assert read(dump(directory)).directory == directory


@pytest.mark.parametrize("dump", FORMATS)
def test_the_sample_comes_back_equal(dump: Callable[[Directory], bytes]) -> None:
    directory = read(SAMPLE.read_bytes()).directory
    assert read(dump(directory)).directory == directory


@pytest.mark.parametrize("dump", FORMATS)
def test_a_group_larger_than_a_cell_comes_back_equal(dump: Callable[[Directory], bytes]) -> None:
    units = tuple(Recipient(f"{'unit' * 10}-{n}", f"单位{n}") for n in range(1000))
    directory = Directory(units, (Group("all", "全部", ("各单位",), tuple(r.id for r in units)),))
    assert read(dump(directory)).directory == directory
