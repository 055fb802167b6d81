"""One mapping of a file, asked for its values key by key. What is wrong goes to `problems`, with its place.

No problem repeats a value of the file: a URL pasted into the wrong field is still a credential. Problems name
places, allowed words and near matches only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from bot.domain.directory import EVERYONE, NOBODY, Mention
from bot.domain.errors import Problem
from bot.domain.resolver import normal

from .keys import MAX_CREDENTIAL, MAX_TEXT, MAX_WORDS, Key
from .masking import is_masked
from .node import Node, NotText
from .text import EDGES, near, trimmed, unprintable

_ID = re.compile(r"[\w.-]{1,64}")
_FIT_TO_SHOW = re.compile(r"[a-z_\u4e00-\u9fff]{1,24}", re.IGNORECASE)
"""An unknown key that looks like a word. `url:https://…`, written without the space, is a key as well."""
T = TypeVar("T")


class Fields:
    """The mapping at `path`; a value that is wrong or absent reads as the empty one of its kind."""

    def __init__(self, node: Node, path: str, keys: tuple[Key, ...], problems: list[Problem]) -> None:
        self._node = node
        self._path = path
        self._problems = problems
        self._values: dict[str, Node] = {}
        if not isinstance(node.value, dict):
            words = "、".join(k.name for k in keys)
            self._say(node, path or "文件", f"这里要写成“项: 值”的形式，可用的项：{words}")
            return
        self._values = node.value
        known = {k.name for k in keys}
        for name, value in node.value.items():
            if name not in known:
                shown = name if _FIT_TO_SHOW.fullmatch(name) else "…"
                self._say(value, self.path(shown), f"没有这一项{self._near(name, known)}")
        for key in keys:
            if key.required and key.name not in node.value:
                self._say(node, self.path(key.name), f"缺少这一项（{key.chinese}）")

    def path(self, name: str) -> str:
        return f"{self._path}.{name}" if self._path else name

    def line(self, name: str) -> int:
        """Where the key stands, for other problems to point at; the mapping's own line when it is absent."""
        return self._values.get(name, self._node).line

    def object_to(self, name: str, message: str) -> None:
        """Add a problem with the value of `name`."""
        self._say(self._values.get(name, self._node), self.path(name), message)

    def _say(self, node: Node, path: str, message: str) -> None:
        self._problems.append(Problem(node.line, node.place or path, message))

    def _near(self, word: str, allowed: Iterable[str]) -> str:
        # Comparing is slow; a file with this many problems is the wrong file, not a file with slips in it.
        return near(word, allowed) if len(self._problems) < 100 else ""

    def _given(self, name: str) -> bool:
        return name in self._values and self._values[name].value not in (None, "")

    # lists

    def items(self, name: str) -> Iterator[tuple[Node, str]]:
        """The nodes of a list with their paths; nothing when it is absent or empty."""
        if not self._given(name):
            return
        node = self._values[name]
        if not isinstance(node.value, list):
            self._say(node, self.path(name), "这里要写成列表，每项以“- ”开头，或写成 [甲, 乙]")
            return
        for index, item in enumerate(node.value):
            yield item, f"{self.path(name)}[{index}]"

    def phrases(self, name: str) -> tuple[str, ...]:
        """Names by which a list may call something."""
        found = tuple(self._phrase(node, path) for node, path in self.items(name))
        if len(found) > MAX_WORDS:
            self.object_to(name, f"太多：{len(found)} 个，最多 {MAX_WORDS} 个")
        return found

    def members(self, name: str, ids: set[str]) -> tuple[str, ...]:
        """Ids of existing things, at least one, none twice."""
        found: dict[str, None] = {}
        for node, path in self.items(name):
            member = self._text(node, path)
            if member and member not in ids:
                self._say(node, path, f"没有编号是这个的单位{self._near(member, ids)}")
            elif member and member in found:
                self._say(node, path, "同一个成员写了两次")
            found[member] = None
        if name in self._values and self._values[name].value in (None, "", []):
            self.object_to(name, "分组里至少要有一个成员单位")
        return tuple(found)

    def mention(self, name: str) -> Mention:
        """Everyone, by one of its words, or a list of members; nobody when it is not given."""
        if not self._given(name):
            return NOBODY
        node = self._values[name]
        if isinstance(node.value, str):
            if trimmed(node.value) in EVERYONE:
                return Mention(everyone=True)
            self.object_to(name, "写 all（所有人），或写成员的列表 [甲, 乙]")
            return NOBODY
        found: dict[str, None] = {}
        for item, path in self.items(name):
            member = self._text(item, path)
            if member and member in found:
                self._say(item, path, "同一个成员写了两次")
            found[member] = None
        return Mention.of(word for word in found if word)

    # single values

    def id(self) -> str:
        if "id" not in self._values:
            return ""
        text = self._text(self._values["id"], self.path("id"))
        if text and not _ID.fullmatch(text):
            self.object_to("id", "编号只能用字母、数字、汉字和 - _ .，最多 64 个字符")
        return text

    def name(self) -> str:
        return self._phrase(self._values["name"], self.path("name")) if "name" in self._values else ""

    def optional_text(self, name: str) -> str:
        return self._text(self._values[name], self.path(name)) if self._given(name) else ""

    def flag(self, name: str, *, otherwise: bool) -> bool:
        value = self._values[name].value if self._given(name) else otherwise
        if isinstance(value, bool):
            return value
        self.object_to(name, "只能写 true 或 false（表格里写 是 或 否）")
        return otherwise

    def choice(self, name: str, words: Mapping[str, T], chinese: Iterable[str]) -> T | None:
        """One of `words`; None when it is wrong. An optional key that is not given is not to be asked for."""
        if name not in self._values:
            return None
        raw = self._raw(self._values[name], self.path(name))
        if raw is None:
            return None
        word = trimmed(raw)
        if word not in words:
            allowed = "、".join(f"{w}（{c}）" for w, c in zip(words, chinese, strict=True))
            self.object_to(name, f"没有这个选项，可用的有：{allowed}{self._near(word, words)}")
        return words.get(word)

    def optional_choice(self, name: str, words: Mapping[str, T], chinese: Iterable[str]) -> T | None:
        return self.choice(name, words, chinese) if self._given(name) else None

    def optional_credential(self, name: str) -> str:
        return self.credential(name) if self._given(name) else ""

    def credential(self, name: str) -> str:
        """A URL or secret: never trimmed, because a stray space shows that the copying went wrong."""
        if name not in self._values:
            return ""
        text = self._raw(self._values[name], self.path(name))
        if text is None:
            return ""
        if is_masked(text):
            self.object_to(name, "这是打码副本里的值，不是真实的地址或密钥；请用未打码的导出文件")
        elif len(text.splitlines()) > 1 or text != text.rstrip("\r\n"):
            self.object_to(name, "有换行，请重新复制，写在一行里")
        elif any(c.isspace() or c in EDGES for c in text):
            inside = any(c.isspace() or c in EDGES for c in trimmed(text))
            self.object_to(name, f"{'中间' if inside else '开头或末尾'}有多余的空格或不可见字符，请删去")
        elif not text.isascii() or not text.isprintable():
            self.object_to(name, "含有汉字、全角符号或不可见字符，请重新从平台复制")
        elif len(text) > MAX_CREDENTIAL:
            self.object_to(name, f"太长：{len(text)} 个字符，最多 {MAX_CREDENTIAL} 个")
        else:
            return text
        return ""

    def _phrase(self, node: Node, path: str) -> str:
        text = self._text(node, path)
        if text and not normal(text):
            self._say(node, path, "不能只有标点")
        return text

    def _text(self, node: Node, path: str) -> str:
        raw = self._raw(node, path)
        if raw is None:
            return ""
        text = trimmed(raw)
        if not text:
            self._say(node, path, "不能只有空格")
        elif unprintable(text):
            self._say(node, path, "中间有换行或控制字符，请写在一行里")
        elif "://" in text:
            self._say(node, path, "这里不能写网址；群机器人地址请写在 url（地址）一项")
        elif len(text) > MAX_TEXT:
            self._say(node, path, f"太长：{len(text)} 个字，最多 {MAX_TEXT} 个")
        else:
            return text
        return ""

    def _raw(self, node: Node, path: str) -> str | None:
        """The text as written; None when there is no text, with the problem told."""
        match node.value:
            case None | "":
                self._say(node, path, "不能为空")
            case str(text):
                return text
            case bool():
                self._say(node, path, "这里要文字；不加引号的 yes、no、true、on 会被当成是否，请加上引号")
            case NotText(what="数字" | "日期" as what):
                self._say(node, path, f"这里要文字，却被当成了{what}；请加上引号（表格里请设为“文本”格式后重填）")
            case NotText(what=what):
                self._say(node, path, f"这里要文字，不能是{what}")
            case _:
                self._say(node, path, "这里要文字，不能是列表或下级内容")
        return None
