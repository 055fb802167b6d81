"""The pages of docs/channels and docs/reasons.md say what the code does.

The tables between the `generated` marks are written by `JIANBAO_UPDATE_DOCS=1 pytest tests/unit/channels/test_docs.py`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from bot.channels import CHANNELS
from bot.channels.http_status import BY_STATUS, Outcome
from bot.domain.channel import Channel
from bot.domain.delivery import OutcomeClass, Reason

from .samples import ROOT

DOCS = ROOT / "docs"
BLOCK = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
HEADINGS = ["Set up", "What is sent", "Limits", "Answers", "Not certain"]


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def limits(channel: Channel) -> str:
    data: Mapping[str, int] = channel.LIMITS  # type: ignore[attr-defined]  # each module's own, not in the Protocol
    pace = channel.PACE
    rows = [(f"`{name}`", f"{value:,}") for name, value in data.items()]
    busy = f", none in the first {pace.busy_s:g} s of a full or half hour" if pace.busy_s else ""
    rows.append(("our pace", f"{pace.per_window} in {pace.window_s:g} s, {pace.gap_s:g} s apart{busy}"))
    return table(("limit", "value"), rows)


def answers(channel: Channel) -> str:
    data: Mapping[int, Outcome] = channel.OUTCOMES  # type: ignore[attr-defined]  # as above
    return outcome_rows("code", data)


def outcome_rows(head: str, data: Mapping[int, Outcome]) -> str:
    rows = [(str(c), f"`{o.outcome}`", f"`{o.reason}`", f"{o.wait_s:g} s" if o.wait_s else "") for c, o in data.items()]
    return table((head, "class", "reason", "wait"), rows)


def overview() -> str:
    rows = [
        (
            f"[`{name}`]({name}.md)",
            c.CHINESE,
            ", ".join(f"`{s}`" for s in sorted(c.STYLES)),
            ", ".join(f"*{h}" if h.startswith(".") else h for h in sorted(c.HOSTS)) or "by setting",
        )
        for name, c in CHANNELS.items()
    ]
    return table(("channel", "name", "styles", "hosts"), rows)


def written(path: Path, blocks: Mapping[str, str]) -> tuple[str, str]:
    """The page as it stands, and as it should."""
    text = path.read_text(encoding="utf-8")
    wanted = BLOCK.sub(lambda m: m[1] + blocks[m[2]] + m[3], text)
    if os.environ.get("JIANBAO_UPDATE_DOCS"):
        path.write_text(wanted, encoding="utf-8")
        return wanted, wanted
    return text, wanted


@pytest.mark.parametrize("name", list(CHANNELS))
def test_a_channel_page_says_what_its_module_does(name: str) -> None:
    text, wanted = written(
        DOCS / "channels" / f"{name}.md", {"limits": limits(CHANNELS[name]), "answers": answers(CHANNELS[name])}
    )
    assert text == wanted
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == HEADINGS
    assert [block[1] for block in BLOCK.findall(text)] == ["limits", "answers"]
    assert CHANNELS[name].CHINESE in text.splitlines()[0]


def test_the_overview_lists_every_channel() -> None:
    shared_answers = outcome_rows("HTTP status", BY_STATUS)
    text, wanted = written(DOCS / "channels" / "README.md", {"channels": overview(), "statuses": shared_answers})
    assert text == wanted
    assert {p.stem for p in (DOCS / "channels").glob("*.md")} >= {*CHANNELS, "README"}


def test_every_reason_has_a_heading_with_its_sentence() -> None:
    text = (DOCS / "reasons.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^### (\w+)\n(.*?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL))
    assert list(sections) == [reason.value for reason in Reason]
    for reason in Reason:
        assert reason.chinese in sections[reason.value], reason
        assert "**Do:**" in sections[reason.value], reason


def test_every_class_is_explained() -> None:
    text = (DOCS / "reasons.md").read_text(encoding="utf-8")
    assert all(f"| `{outcome}` |" in text for outcome in OutcomeClass)
