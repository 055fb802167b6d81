"""Whatever a file holds, the answer is a directory or a `DirectoryError` that repeats no credential."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.directory import dump_xlsx
from bot.domain.errors import DirectoryError

from .build import GOOD, KEY, SIGNING, read

pytestmark = pytest.mark.slow

WORKBOOK = dump_xlsx(read(GOOD).directory)
JUNK = st.one_of(
    st.text(max_size=6),
    st.sampled_from(["\t", ": ", "- ", "[", "{", "]", "}", "&a ", "*a", "!!x ", "<<: ", "? ", "|\n", ">\n", "'", '"']),
    st.sampled_from(["---\n", "...\n", "%YAML 1.2\n", "\0", "\x85", "\u2028", "\ud800", "null", "1e999", "0x", "\n"]),
)


def survives(data: bytes) -> None:
    said = answer(data)
    assert KEY not in said
    assert SIGNING not in said


def answer(data: bytes) -> str:
    """What a person would be told; "" for a file that is taken."""
    try:
        return "".join(str(warning) for warning in read(data).warnings)
    except DirectoryError as error:
        return str(error)


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    survives(data)


@given(cut=st.integers(0, len(GOOD)), width=st.integers(0, 12), junk=JUNK)
@settings(max_examples=400, deadline=None)
def test_a_good_yaml_file_with_something_else_in_it(cut: int, width: int, junk: str) -> None:
    survives((GOOD[:cut] + junk + GOOD[cut + width :]).encode("utf-8", "surrogatepass"))


@given(
    st.recursive(st.sampled_from(["a", "id", "recipients", "1", "yes", "~"]), lambda inner: st.lists(inner, max_size=3))
)
def test_any_nesting(value: object) -> None:
    survives(f"recipients: {value}\ngroups: {{id: {value}}}\n".encode())


def test_nesting_without_end_is_refused_in_no_time() -> None:
    survives(b"recipients: " + b"[" * 1_000_000)
    survives(b"- " * 1_000_000)
    survives(b"{a: " * 500_000)


def test_a_bomb_of_aliases_is_refused_in_no_time() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    survives("\n".join(lines).encode())


@given(part=st.integers(0, 20), cut=st.integers(0, 5000), junk=st.binary(min_size=1, max_size=8))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_good_workbook_with_something_else_in_one_part(part: int, cut: int, junk: bytes) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(WORKBOOK)) as good, zipfile.ZipFile(out, "w") as bad:
        names = good.namelist()
        for name in names:
            content = good.read(name)
            if name == names[part % len(names)]:
                cut %= len(content)
                content = content[:cut] + junk + content[cut + len(junk) :]
            bad.writestr(name, content)
    survives(out.getvalue())


@given(cut=st.integers(0, len(WORKBOOK) - 1), junk=st.binary(min_size=1, max_size=4))
@settings(max_examples=100, deadline=None)
def test_a_workbook_with_bytes_changed(cut: int, junk: bytes) -> None:
    survives(WORKBOOK[:cut] + junk + WORKBOOK[cut + len(junk) :])


def test_entities_are_not_expanded() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)
    )
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(WORKBOOK)) as good, zipfile.ZipFile(out, "w") as bad:
        for name in good.namelist():
            content = good.read(name)
            if name == "xl/worksheets/sheet1.xml":
                content = (bomb + "]>").encode() + content.replace(b"meijiang", b"&j;")
            bad.writestr(name, content)
    survives(out.getvalue())
