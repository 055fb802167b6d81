"""Good documents with damage done to them, reproducible by number."""

from __future__ import annotations

import io
import random
import zipfile
from functools import cache

from tests.unit.bulletins.all_layouts import LAYOUTS

WORDS = (
    *(
        "报送：",
        "发送：",
        "抄送：",
        "主送",
        "报",
        "（不发湖寮镇）",
        "除三河镇外",
        "、",
        "，",
        "。",
        "\n",
        "\f",
        "　　",
        "\t",
    ),
    *(
        "目录",
        "本期要目",
        "编者按：",
        "第12期",
        "总第五期",
        "2022年第3期",
        "〔2023〕5号",
        "2022年2月30日",
        "二〇二二年五月一日",
    ),
    *(
        "印发",
        "共印90份",
        "附件：",
        "1.",
        "一、",
        "（一）",
        "● ",
        "梅州市财政局",
        "简报",
        "工作简报",
        "秘密★1年",
        "— 1 —",
    ),
    *("——副题", "表1", "图1", "│a│b│", "……3", "更正", "【工作动态】", "某县开展清河行动"),
    "今年以来，全县清理河道三十公里，群众满意。",
)
SEEDS = ("txt", "html", "docx", "pdf", "zip")
_MARKUP = (
    *(
        b"<table>",
        b"</td>",
        b"<div",
        b"<!--",
        b"-->",
        b"<p>",
        b"<br>",
        b"&#x110000;",
        b"&nbsp;",
        b"<script>",
        b"style=",
    ),
    *(b"<w:p>", b"</w:tbl>", b"<w:br/>", b"<w:del>", b"\x00", b"\xff\xff", b"<w:pPr/>", b"w:val=", b"<w:numPr>"),
)


@cache
def seeds(form: str) -> tuple[bytes, ...]:
    return tuple(layout.source() for layout in LAYOUTS if layout.name.startswith(form))


def mangled(form: str, number: int) -> bytes:
    """The `number`-th damaged document of a form; DOCX is damaged inside its parts as well as outside."""
    chance = random.Random(f"{form}-{number}")
    data = chance.choice(seeds(form))
    if form == "docx" and chance.random() < 0.7:
        return _inside(data, chance)
    return _damage(data, chance)


def _inside(data: bytes, chance: random.Random) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as good, zipfile.ZipFile(out, "w") as bad:
        names = [n for n in good.namelist() if n.endswith((".xml", ".rels"))]
        victim = chance.choice([*names, "word/document.xml", "word/document.xml"])
        for name in good.namelist():
            if name == victim and chance.random() < 0.1:
                continue
            bad.writestr(name, _damage(good.read(name), chance) if name == victim else good.read(name))
    return out.getvalue()


def _damage(data: bytes, chance: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 5, 20))):
        at = chance.randrange(len(out) + 1)
        kind = chance.randrange(6)
        if kind == 0:
            out[at : at + chance.choice((1, 1, 10, 300))] = b""
        elif kind == 1:
            out[at:at] = chance.choice(_MARKUP)
        elif kind == 2 and out:
            out[at % len(out)] = chance.randrange(256)
        elif kind == 3:
            out[at:at] = out[at // 2 : at // 2 + chance.choice((3, 50, 2000))]
        elif kind == 4:
            out[at:at] = chance.choice(WORDS).encode()
        else:
            del out[at + len(out) // 2 :]
    return bytes(out)
