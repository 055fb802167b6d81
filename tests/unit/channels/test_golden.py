"""The whole payload of each channel, style and case, against a file a person has read.

`JIANBAO_TEST_UPDATE_GOLDEN=1 pytest tests/unit/channels/test_golden.py` writes them anew; then read the difference.
"""

from __future__ import annotations

import json
import os

import pytest

from bot.channels import CHANNELS
from bot.domain.card import Style
from bot.domain.directory import NOBODY, Mention

from .samples import CALLED, CASES, ROOT, WORDING

GOLDEN = ROOT / "tests" / "golden"
FILES = [(name, style, case) for name, module in CHANNELS.items() for style in sorted(module.STYLES) for case in CASES]


@pytest.mark.parametrize(("name", "style", "case"), FILES)
def test_golden(name: str, style: Style, case: str) -> None:
    mention = CALLED.get(name, Mention(everyone=True, members=("someone",))) if case == "mention" else NOBODY
    made = [
        {"part": m.part, "parts": m.parts, "bytes": len(m.body), "notes": list(m.notes), "payload": m.payload}
        for m in CHANNELS[name].messages(CASES[case], style, WORDING, mention)
    ]
    path = GOLDEN / name / f"{style}-{case}.json"
    if os.environ.get("JIANBAO_TEST_UPDATE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(made, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    assert made == json.loads(path.read_text(encoding="utf-8"))


def test_no_golden_file_is_left_behind() -> None:
    wanted = {GOLDEN / name / f"{style}-{case}.json" for name, style, case in FILES}
    assert set(GOLDEN.glob("*/*.json")) == wanted
