"""The pages of docs/channels and docs/reasons.md say what the code does.

`JIANBAO_TEST_UPDATE_DOCS=1 pytest tests/unit/channels/test_docs.py` writes the tables between the `generated` marks.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.channels import CHANNELS
from bot.channels.http_status import BY_STATUS, Outcome
from bot.domain.channel import Channel
from bot.domain.delivery import OutcomeClass, Reason

from .samples import ROOT

DOCS = ROOT / "docs"
BLOCK = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Words:
    """What the generated tables say in one language."""

    suffix: str
    headings: tuple[str, ...]
    overview: tuple[str, ...]
    by_setting: str
    limits: tuple[str, ...]
    pace: str
    busy: str
    answers: tuple[str, ...]
    status: str
    seconds: str
    comma: str
    explained: bool
    """Whether the sentence of a reason stands beside its word; that sentence is Chinese."""


ENGLISH = Words(
    suffix=".md",
    headings=("Set up", "What is sent", "Limits", "Answers", "Not certain"),
    overview=("channel", "name", "styles", "hosts"),
    by_setting="by setting",
    limits=("limit", "value", "our pace"),
    pace="{} in {:g} s, {:g} s apart",
    busy=", none in the first {:g} s of a full or half hour",
    answers=("code", "class", "reason", "wait"),
    status="HTTP status",
    seconds="{:g} s",
    comma=", ",
    explained=False,
)
CHINESE = Words(
    suffix=".zh-CN.md",
    headings=("设置", "发什么", "限制", "答复", "不能确定的"),
    overview=("平台", "名称", "样式", "主机"),
    by_setting="由设置指定",
    limits=("限制", "数值", "我们的限速"),
    pace="{1:g} 秒内 {0} 次，间隔 {2:g} 秒",
    busy="，整点和半点的头 {:g} 秒不发",
    answers=("代码", "类别", "原因", "等待"),
    status="HTTP 状态码",
    seconds="{:g} 秒",
    comma="、",
    explained=True,
)
both = pytest.mark.parametrize("words", [ENGLISH, CHINESE], ids=["english", "chinese"])


def table(head: Sequence[str], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [tuple(head), tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def limits(channel: Channel, words: Words) -> str:
    data: Mapping[str, int] = channel.LIMITS  # type: ignore[attr-defined]  # each module's own, not in the Protocol
    pace = channel.PACE
    rows = [(f"`{name}`", f"{value:,}") for name, value in data.items()]
    busy = words.busy.format(pace.busy_s) if pace.busy_s else ""
    *head, ours = words.limits
    rows.append((ours, words.pace.format(pace.per_window, pace.window_s, pace.gap_s) + busy))
    return table(head, rows)


def answers(channel: Channel, words: Words) -> str:
    data: Mapping[int, Outcome] = channel.OUTCOMES  # type: ignore[attr-defined]  # as above
    return outcome_rows(words.answers[0], data, words)


def outcome_rows(head: str, data: Mapping[int, Outcome], words: Words) -> str:
    rows = [
        (
            str(code),
            f"`{o.outcome}`",
            f"`{o.reason}`" + (f" {o.reason.chinese}" if words.explained else ""),
            words.seconds.format(o.wait_s) if o.wait_s else "",
        )
        for code, o in data.items()
    ]
    return table((head, *words.answers[1:]), rows)


def overview(words: Words) -> str:
    rows = [
        (
            f"[`{name}`]({name}{words.suffix})",
            c.CHINESE,
            words.comma.join(f"`{s}`" for s in sorted(c.STYLES)),
            words.comma.join(f"*{h}" if h.startswith(".") else h for h in sorted(c.HOSTS)) or words.by_setting,
        )
        for name, c in CHANNELS.items()
    ]
    return table(words.overview, rows)


def written(path: Path, blocks: Mapping[str, str]) -> tuple[str, str]:
    """The page as it stands, and as it should."""
    text = path.read_text(encoding="utf-8")
    wanted = BLOCK.sub(lambda m: m[1] + blocks[m[2]] + m[3], text)
    if os.environ.get("JIANBAO_TEST_UPDATE_DOCS"):
        path.write_text(wanted, encoding="utf-8")
        return wanted, wanted
    return text, wanted


@both
@pytest.mark.parametrize("name", list(CHANNELS))
def test_a_channel_page_says_what_its_module_does(name: str, words: Words) -> None:
    channel = CHANNELS[name]
    text, wanted = written(
        DOCS / "channels" / f"{name}{words.suffix}",
        {"limits": limits(channel, words), "answers": answers(channel, words)},
    )
    assert text == wanted
    assert tuple(re.findall(r"^## (.*)$", text, re.MULTILINE)) == words.headings
    assert [block[1] for block in BLOCK.findall(text)] == ["limits", "answers"]
    assert channel.CHINESE in text.splitlines()[0]


@both
def test_the_overview_lists_every_channel(words: Words) -> None:
    shared_answers = outcome_rows(words.status, BY_STATUS, words)
    text, wanted = written(
        DOCS / "channels" / f"README{words.suffix}", {"channels": overview(words), "statuses": shared_answers}
    )
    assert text == wanted


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
