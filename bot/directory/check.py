"""Nodes to a `Directory`: every problem collected with its place. No problem repeats a value of the file.

A URL pasted into the wrong field is still a credential, so problems name places, allowed words and near matches only.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

from bot.domain.card import Style
from bot.domain.directory import Directory, Group, Recipient, RecipientKind, Target
from bot.domain.errors import Problem
from bot.domain.resolver import normal
from bot.domain.secret import Secret

from .keys import FILE, GROUP, MAX_CREDENTIAL, MAX_TEXT, MAX_WORDS, RECIPIENT, STYLES, TARGET, Key
from .masking import is_masked
from .node import Node, NotText

CheckTarget = Callable[[str, str], str | None]
"""`(channel, url)` to None, or to one Chinese sentence that says why the URL may not be used."""

_EDGES = "\u200b\u200c\u200d\u2060\ufeff"
_ID = re.compile(r"[\w.-]{1,64}")
_FIT_TO_SHOW = re.compile(r"[a-z_\u4e00-\u9fff]{1,24}", re.IGNORECASE)
T = TypeVar("T")


def trimmed(text: str) -> str:
    """Without white space (full-width too) and zero-width characters at both ends; the inside is left as it is."""
    before = None
    while text != before:
        before = text
        text = text.strip().strip(_EDGES)
    return text


def _near(word: str, allowed: Iterable[str]) -> str:
    found = difflib.get_close_matches(word, list(allowed), n=1, cutoff=0.6)
    return f"；是不是“{found[0]}”？" if found else ""


class Checker:
    """Reads one file's nodes. `problems` is the verdict: when it is not empty the result means nothing."""

    def __init__(self, channels: Mapping[str, str], check_target: CheckTarget, problems: list[Problem]) -> None:
        self._channels = channels
        self._check_target = check_target
        self.problems = problems
        self.places: dict[int, Node] = {}

    def directory(self, root: Node) -> Directory:
        fields = self._mapping(root, "", FILE)
        recipients = [(node, path, self._recipient(node, path)) for node, path in self._items(fields, "", "recipients")]
        groups = [(node, path, self._group(node, path)) for node, path in self._items(fields, "", "groups")]
        self._unique(((n, p, r.id, r.name) for n, p, r in recipients))
        self._unique(((n, p, g.id, g.name) for n, p, g in groups))
        ids = {r.id for _, _, r in recipients}
        for node, path, group in groups:
            self._members_exist(node, path, group, ids)
        return Directory(tuple(r for _, _, r in recipients), tuple(g for _, _, g in groups))

    # shapes

    def _say(self, node: Node, path: str, message: str) -> None:
        self.problems.append(Problem(node.line, node.place or path, message))

    def _mapping(self, node: Node, path: str, keys: tuple[Key, ...]) -> dict[str, Node]:
        if not isinstance(node.value, dict):
            self._say(node, path or "YAML", f"这里要写成“项: 值”的形式，可用的项：{'、'.join(k.name for k in keys)}")
            return {}
        known = {k.name: k for k in keys}
        for name, value in node.value.items():
            if name not in known:
                shown = name if _FIT_TO_SHOW.fullmatch(name) else "…"
                self._say(value, _join(path, shown), f"没有这一项{_near(name, known)}")
        for key in keys:
            if key.required and key.name not in node.value:
                self._say(node, _join(path, key.name), f"缺少这一项（{key.chinese}）")
        return node.value

    def _items(self, fields: dict[str, Node], path: str, name: str) -> Iterator[tuple[Node, str]]:
        node = fields.get(name)
        if node is None or node.value is None:
            return
        if not isinstance(node.value, list):
            self._say(node, _join(path, name), "这里要写成列表，每项以“- ”开头，或写成 [甲, 乙]")
            return
        for index, item in enumerate(node.value):
            yield item, f"{_join(path, name)}[{index}]"

    # values

    def _raw(self, node: Node, path: str) -> str | None:
        """The text as written, or None with the problem told."""
        match node.value:
            case str(text) if text:
                return text
            case None | "":
                self._say(node, path, "不能为空")
            case bool():
                self._say(node, path, "这里要文字；不加引号的 yes、no、true、on 会被当成是否，请加上引号")
            case NotText(what="数字" | "日期" as what):
                self._say(node, path, f"这里要文字，却被当成了{what}；请加上引号（表格里请设为“文本”格式后重填）")
            case NotText(what=what):
                self._say(node, path, f"这里要文字，不能是{what}")
            case _:
                self._say(node, path, "这里要文字，不能是列表或下级内容")
        return None

    def _text(self, node: Node, path: str) -> str:
        raw = self._raw(node, path)
        if raw is None:
            return ""
        text = trimmed(raw)
        if not text:
            self._say(node, path, "不能只有空格")
        elif any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in text):
            self._say(node, path, "中间有换行或控制字符，请写在一行里")
        elif "://" in text:
            self._say(node, path, "这里不能写网址；群机器人地址请写在 url（地址）一项")
        elif len(text) > MAX_TEXT:
            self._say(node, path, f"太长：{len(text)} 个字，最多 {MAX_TEXT} 个")
        else:
            return text
        return ""

    def _id(self, fields: dict[str, Node], path: str) -> str:
        if "id" not in fields:
            return ""
        text = self._text(fields["id"], _join(path, "id"))
        if text and not _ID.fullmatch(text):
            self._say(fields["id"], _join(path, "id"), "编号只能用字母、数字、汉字和 - _ .，最多 64 个字符")
        return text

    def _name(self, fields: dict[str, Node], path: str) -> str:
        return self._phrase(fields["name"], _join(path, "name")) if "name" in fields else ""

    def _phrase(self, node: Node, path: str) -> str:
        text = self._text(node, path)
        if text and not normal(text):
            self._say(node, path, "不能只有标点")
        return text

    def _words(self, fields: dict[str, Node], path: str, name: str) -> tuple[str, ...]:
        words = tuple(self._phrase(node, at) for node, at in self._items(fields, path, name))
        if len(words) > MAX_WORDS:
            self._say(fields[name], _join(path, name), f"太多：{len(words)} 个，最多 {MAX_WORDS} 个")
        return words

    def _flag(self, fields: dict[str, Node], path: str) -> bool:
        if not _given(fields, "enabled"):
            return True
        node = fields["enabled"]
        if not isinstance(node.value, bool):
            self._say(node, _join(path, "enabled"), "只能写 true 或 false（表格里写 是 或 否）")
            return True
        return node.value

    def _choice(
        self, fields: dict[str, Node], path: str, name: str, words: Mapping[str, T], chinese: Iterable[str]
    ) -> T | None:
        """One of `words`; None when the value is wrong."""
        node = fields[name]
        raw = self._raw(node, _join(path, name))
        if raw is None:
            return None
        word = trimmed(raw)
        if word not in words:
            allowed = "、".join(f"{w}（{c}）" for w, c in zip(words, chinese, strict=True))
            self._say(node, _join(path, name), f"没有这个选项，可用的有：{allowed}{_near(word, words)}")
        return words.get(word)

    def _credential(self, node: Node, path: str) -> str:
        """A URL or secret: never trimmed, because a stray space shows that the copying went wrong."""
        text = self._raw(node, path)
        if text is None:
            return ""
        if is_masked(text):
            self._say(node, path, "这是打码副本里的值，不是真实的地址或密钥；请用未打码的导出文件")
        elif re.search(r"[\r\n\u0085\u2028\u2029]", text):
            self._say(node, path, "中间有换行，请重新复制，写在一行里")
        elif any(c.isspace() or c in _EDGES for c in text):
            place = "开头或末尾" if trimmed(text) == "".join(text.split()).strip(_EDGES) else "中间"
            self._say(node, path, f"{place}有多余的空格或不可见字符，请删去")
        elif not text.isascii() or not text.isprintable():
            self._say(node, path, "含有汉字、全角符号或不可见字符，请重新从平台复制")
        elif len(text) > MAX_CREDENTIAL:
            self._say(node, path, f"太长：{len(text)} 个字符，最多 {MAX_CREDENTIAL} 个")
        else:
            return text
        return ""

    # things

    def _recipient(self, node: Node, path: str) -> Recipient:
        fields = self._mapping(node, path, RECIPIENT)
        kind: RecipientKind | None = None
        if _given(fields, "kind"):
            kinds = {k.value: k for k in RecipientKind}
            kind = self._choice(fields, path, "kind", kinds, [k.chinese for k in RecipientKind])
        recipient = Recipient(
            id=self._id(fields, path),
            name=self._name(fields, path),
            kind=kind or RecipientKind.OTHER,
            aliases=self._words(fields, path, "aliases"),
            enabled=self._flag(fields, path),
            targets=tuple(self._target(item, at) for item, at in self._items(fields, path, "targets")),
        )
        self._robots_differ(fields, path, recipient)
        return recipient

    def _target(self, node: Node, path: str) -> Target:
        fields = self._mapping(node, path, TARGET)
        channel: str | None = None
        if "channel" in fields:
            names = {name: name for name in self._channels}
            channel = self._choice(fields, path, "channel", names, self._channels.values())
        style: Style | None = None
        if _given(fields, "style"):
            style = self._choice(fields, path, "style", {s.value: s for s in Style}, STYLES.values())
        url, secret = "", None
        if "url" in fields:
            url = self._credential(fields["url"], _join(path, "url"))
            objection = self._check_target(channel, url) if url and channel else None
            if objection:
                self._say(fields["url"], _join(path, "url"), objection.replace(url, "（地址）"))
        if _given(fields, "secret"):
            secret = Secret(self._credential(fields["secret"], _join(path, "secret")))
        return Target(
            channel=channel or "",
            url=Secret(url),
            label=self._text(fields["label"], _join(path, "label")) if _given(fields, "label") else "",
            secret=secret,
            style=style or Style.CARD,
            enabled=self._flag(fields, path),
        )

    def _group(self, node: Node, path: str) -> Group:
        fields = self._mapping(node, path, GROUP)
        return Group(
            id=self._id(fields, path),
            name=self._name(fields, path),
            phrases=self._words(fields, path, "phrases"),
            members=tuple(self._text(item, at) for item, at in self._items(fields, path, "members")),
        )

    # across things

    def _unique(self, things: Iterable[tuple[Node, str, str, str]]) -> None:
        ids: dict[str, int] = {}
        names: dict[str, int] = {}
        for node, path, id_, name in things:
            fields = node.value if isinstance(node.value, dict) else {}
            for seen, value, key, chinese in ((ids, id_, "id", "编号"), (names, normal(name), "name", "名称")):
                if not value:
                    continue
                at = fields[key]
                if value in seen:
                    self._say(at, _join(path, key), f"{chinese}重复，与第 {seen[value]} 行的相同")
                seen.setdefault(value, at.line)

    def _robots_differ(self, fields: dict[str, Node], path: str, recipient: Recipient) -> None:
        seen: set[str] = set()
        for (node, at), target in zip(self._items(fields, path, "targets"), recipient.targets, strict=False):
            if target.url.reveal() and target.url.reveal() in seen:
                self._say(node, _join(at, "url"), "同一个单位的同一个群机器人写了两次")
            seen.add(target.url.reveal())

    def _members_exist(self, node: Node, path: str, group: Group, ids: set[str]) -> None:
        fields = node.value if isinstance(node.value, dict) else {}
        if "members" in fields and fields["members"].value in (None, []):
            self._say(fields["members"], _join(path, "members"), "分组里至少要有一个成员单位")
        seen: set[str] = set()
        for (item, at), member in zip(self._items(fields, path, "members"), group.members, strict=False):
            if member and member not in ids:
                self._say(item, at, f"没有编号是这个的单位{_near(member, ids)}")
            elif member in seen:
                self._say(item, at, "同一个成员写了两次")
            seen.add(member)


def _given(fields: dict[str, Node], name: str) -> bool:
    """Is an optional key there, with something in it?"""
    return name in fields and fields[name].value not in (None, "")


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
