"""Templates: safe by default, strict, overridable."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from jinja2 import TemplateNotFound, UndefinedError
from jinja2.exceptions import SecurityError

from bot.cards import TemplateWording
from bot.domain.card import Card, CardKind

CARD = Card(CardKind.ISSUE, "简报", "第1期", ("甲局", "乙局"), dt.date(2026, 7, 9), ())


def shout(text: str) -> str:
    return f"<{text}>"


def written(folder: Path, template: str, **values: object) -> str:
    (folder / "t.j2").write_text(template, encoding="utf-8")
    return TemplateWording([folder])("t", CARD, **{"escape": shout, **values})


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ card.masthead }}", "<简报>"),
        ("{{ card.masthead ~ '：' ~ card.label }}", "<简报：第1期>"),
        ("{{ card.issuer | join('、') }}", "<甲局、乙局>"),
        ("{% for i in card.issuer %}{{ i }}{% endfor %}", "<甲局><乙局>"),
        ("{{ card.masthead | safe }}", "<简报>"),
        ("{% set x %}{{ card.label }}{% endset %}{{ x }}", "<<第1期>>"),
        ("**原样** {{ 'x' }}", "**原样** <x>"),
        ("{{ card.date | day }}", "<2026年7月9日>"),
        ("[{{ card.link }}]", "[]"),
    ],
)
def test_whatever_a_template_prints_is_escaped(tmp_path: Path, template: str, expected: str) -> None:
    assert written(tmp_path, template) == expected


def test_an_address_is_percent_encoded_instead(tmp_path: Path) -> None:
    address = "https://a.example/r/x y)(<>\"'?q=简"
    out = written(tmp_path, "({{ address | url }})", address=address)
    assert out == "(https://a.example/r/x%20y%29%28%3C%3E%22'?q=%E7%AE%80)"


def test_a_call_without_an_escape_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.j2").write_text("{{ card.masthead }}", encoding="utf-8")
    with pytest.raises(TypeError, match="escape"):
        TemplateWording([tmp_path])("t", CARD)


def test_an_unknown_name_is_an_error_not_a_gap(tmp_path: Path) -> None:
    with pytest.raises(UndefinedError):
        written(tmp_path, "{{ card.mast_head }}")
    with pytest.raises(UndefinedError):
        written(tmp_path, "{{ nothing }}")


def test_a_template_cannot_reach_behind_its_values(tmp_path: Path) -> None:
    with pytest.raises(SecurityError):
        written(tmp_path, "{{ card.__class__.__mro__ }}")


def test_the_first_directory_that_has_a_file_wins(tmp_path: Path) -> None:
    own, built_in = tmp_path / "own", tmp_path / "built-in"
    for folder, files in ((own, ("a",)), (built_in, ("a", "b"))):
        folder.mkdir()
        for name in files:
            (folder / f"{name}.j2").write_text(folder.name, encoding="utf-8")
    wording = TemplateWording([own, built_in])
    assert (wording("a", CARD, escape=shout), wording("b", CARD, escape=shout)) == ("own", "built-in")
    with pytest.raises(TemplateNotFound):
        wording("c", CARD, escape=shout)
