"""YAML text to nodes with line numbers, and a directory to YAML. No tags, no aliases, no duplicate keys."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import yaml

from bot.domain.directory import EVERYONE, Directory, Target
from bot.domain.errors import Problem

from .masking import shown_secret, shown_url, shown_words
from .node import Node, NotText, Value

try:  # ten times faster; the same events and marks
    from yaml import CSafeDumper as SafeDumper
    from yaml import CSafeLoader as SafeLoader
except ImportError:  # PyYAML built without libyaml
    from yaml import SafeDumper, SafeLoader  # type: ignore[assignment]  # same methods, no common base

_MAX_DEPTH = 12
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TAG = "tag:yaml.org,2002:"
_NOT_TEXT = {"int": "数字", "float": "数字", "timestamp": "日期", "merge": "合并符号", "value": "等号"}
_SYNTAX = (
    ("mapping values are not allowed", "这里多了一个冒号，或缩进不齐；值里有冒号时请给整个值加上引号"),
    ("end of stream", "文件没有写完：引号或括号没有成对"),
    ("cannot start any token", "有不能放在开头的符号；请给值加上引号"),
    ("alias", "不支持 * 引用，请把内容直接写出来"),
    ("expected", "缩进或符号不对：同一层的各项要对齐，冒号和短横后要空一格"),
)

_HEADER = """\
# 简报发送名录。各项含义见 docs/directory.md。
# 本文件含群机器人地址和密钥，等同凭证：请勿外传，用后妥善保管。
"""
_MASKED_HEADER = """\
# 简报发送名录（打码副本）。地址和密钥已隐去，供查阅，不能导入。
"""


class _Refused(Exception):  # noqa: N818 - ends the reading: nothing after this point can be trusted
    def __init__(self, line: int, message: str) -> None:
        self.problem = Problem(line, "YAML", message)


def read(text: str, problems: list[Problem]) -> Node | None:
    """The one document in `text`; None when it cannot be read on, with the reason added to `problems`."""
    if bad := _UNPRINTABLE.search(text):
        line = text.count("\n", 0, bad.start()) + 1
        problems.append(Problem(line, "YAML", "含有不可见的控制字符，请删去后重新保存"))
        return None
    loader = SafeLoader(text)
    try:
        loader.get_event()
        if not loader.check_event(yaml.DocumentStartEvent):
            problems.append(Problem(None, "YAML", "文件是空的"))
            return None
        loader.get_event()
        root = _node(loader, "", 0, problems)
        loader.get_event()
        if not loader.check_event(yaml.StreamEndEvent):
            raise _Refused(_line(loader.get_event()), "一个文件里只能有一份名录，请删去“---”之后的部分")
    except _Refused as refusal:
        problems.append(refusal.problem)
        return None
    except yaml.MarkedYAMLError as error:
        # PyYAML's own text may quote the file, and with it a credential: only the place is taken from it.
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        problems.append(Problem(line, "YAML", _explain(error.problem or "", text, line)))
        return None
    finally:
        loader.dispose()
    return root


def _explain(problem: str, text: str, line: int) -> str:
    lines = text.splitlines()
    if line <= len(lines) and re.match(r" *\t", lines[line - 1]):
        return "缩进用了制表符（Tab），请改成空格"
    return next((said for word, said in _SYNTAX if word in problem), "不符合 YAML 的写法")


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _node(loader: Any, path: str, depth: int, problems: list[Problem]) -> Node:
    """The next value. Built from events, so neither depth nor aliases can blow up before they are refused."""
    event = loader.get_event()
    line = _line(event)
    if isinstance(event, yaml.AliasEvent):
        raise _Refused(line, "不支持 * 引用，请把内容直接写出来")
    if event.tag is not None:
        raise _Refused(line, "不支持 ! 标签，请删去")
    if depth > _MAX_DEPTH:
        raise _Refused(line, "嵌套层数太多")
    if isinstance(event, yaml.ScalarEvent):
        return Node(line, _scalar(loader, event))
    if isinstance(event, yaml.SequenceStartEvent):
        items: list[Node] = []
        while not loader.check_event(yaml.SequenceEndEvent):
            items.append(_node(loader, f"{path}[{len(items)}]", depth + 1, problems))
        loader.get_event()
        return Node(line, items)
    fields: dict[str, Node] = {}
    while not loader.check_event(yaml.MappingEndEvent):
        key = loader.get_event()
        at = _line(key)
        if not isinstance(key, yaml.ScalarEvent):
            raise _Refused(at, "冒号前只能是一个词")
        inside = f"{path}.{key.value}" if path else key.value
        value = _node(loader, inside, depth + 1, problems)
        if key.value in fields:
            problems.append(Problem(at, path or "YAML", f"同一项写了两次，第一次在第 {fields[key.value].line} 行"))
        else:
            fields[key.value] = Node(at, value.value)
    loader.get_event()
    return Node(line, fields)


def _scalar(loader: Any, event: yaml.ScalarEvent) -> Value:
    tag: str = loader.resolve(yaml.ScalarNode, event.value, event.implicit).removeprefix(_TAG)
    match tag:
        case "str":
            return str(event.value)
        case "null":
            return None
        case "bool":
            return str(event.value).lower() in ("true", "yes", "on")
        case _:
            return NotText(_NOT_TEXT[tag])


class _Dumper(SafeDumper):
    """Lists of words on one line, everything else as blocks."""


def _words(dumper: Any, words: Sequence[str]) -> Any:
    return dumper.represent_sequence(f"{_TAG}seq", words, flow_style=True)


_Dumper.add_representer(tuple, _words)


def _options(target: Target, *, mask: bool) -> dict[str, object]:
    """What few targets have is written only where they have it."""
    options: dict[str, object] = {}
    if who := shown_words(target.mention.words(EVERYONE[0]), mask=mask):
        options["mention"] = tuple(who) if target.mention.members else EVERYONE[0]
    if target.ca_file is not None:
        options["ca_file"] = target.ca_file
    if target.attach_original:
        options["attach_original"] = True
    return options


def dump_yaml(directory: Directory, *, mask: bool = False) -> bytes:
    """The directory as a file that `load` reads back to an equal one; UTF-8.

    It holds every webhook URL and secret in clear text. With `mask` both are unreadable, and `load` refuses the copy.
    """
    data = {
        "recipients": [
            {
                "id": r.id,
                "name": r.name,
                "kind": r.kind.value,
                "aliases": r.aliases,
                "enabled": r.enabled,
                "targets": [
                    {
                        "channel": t.channel,
                        "label": t.label,
                        "url": shown_url(t.url, mask=mask),
                        "secret": shown_secret(t.secret, mask=mask),
                        "style": t.style.value,
                        "enabled": t.enabled,
                        **_options(t, mask=mask),
                    }
                    for t in r.targets
                ],
            }
            for r in directory.recipients
        ],
        "groups": [{"id": g.id, "name": g.name, "phrases": g.phrases, "members": g.members} for g in directory.groups],
    }
    body = yaml.dump(data, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=1_000_000)
    return ((_MASKED_HEADER if mask else _HEADER) + body).encode()
