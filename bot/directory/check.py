"""Nodes to a `Directory`: every problem of the file collected, with its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.domain.card import Style
from bot.domain.directory import Directory, Group, Recipient, RecipientKind, Target
from bot.domain.errors import Problem
from bot.domain.resolver import normal
from bot.domain.secret import Secret

from .fields import Fields
from .keys import FILE, GROUP, RECIPIENT, STYLES, TARGET
from .node import Node

CheckTarget = Callable[[str, str], str | None]
"""`(channel, url)` to None, or to one Chinese sentence that says why the URL may not be used."""

CheckSecret = Callable[[str, str], str | None]
"""`(channel, secret)` to None, or to one Chinese sentence that says why the platform cannot use the secret."""


CheckOptions = Callable[[Target], Mapping[str, str]]
"""A target to what speaks against its style, mention, CA file and attachment: key to one Chinese sentence. It is asked
with whatever the file says, also when the URL is no good."""


def any_options(target: Target) -> Mapping[str, str]:
    """No objection to any."""
    return {}


def any_secret(channel: str, secret: str) -> str | None:
    """No objection to any."""
    return None


class Checker:
    """Reads one file. When `problems` is not empty afterwards, the directory it gave means nothing."""

    def __init__(
        self,
        channels: Mapping[str, str],
        check_target: CheckTarget,
        check_secret: CheckSecret,
        check_options: CheckOptions,
        problems: list[Problem],
    ) -> None:
        self._channels = channels
        self._check_target = check_target
        self._check_secret = check_secret
        self._check_options = check_options
        self._problems = problems

    def directory(self, root: Node) -> Directory:
        top = Fields(root, "", FILE, self._problems)
        seen = _Seen()
        recipients = tuple(self._recipient(node, path, seen) for node, path in top.items("recipients"))
        ids, seen = {r.id for r in recipients}, _Seen()
        groups = tuple(self._group(node, path, ids, seen) for node, path in top.items("groups"))
        return Directory(recipients, groups)

    def _recipient(self, node: Node, path: str, seen: _Seen) -> Recipient:
        fields = Fields(node, path, RECIPIENT, self._problems)
        kinds = {k.value: k for k in RecipientKind}
        robots: set[str] = set()
        recipient = Recipient(
            id=fields.id(),
            name=fields.name(),
            kind=fields.optional_choice("kind", kinds, [k.chinese for k in kinds.values()]) or RecipientKind.OTHER,
            aliases=fields.phrases("aliases"),
            enabled=fields.flag("enabled", otherwise=True),
            targets=tuple(self._target(item, at, robots) for item, at in fields.items("targets")),
        )
        seen.once(fields, recipient.id, recipient.name)
        return recipient

    def _target(self, node: Node, path: str, robots: set[str]) -> Target:
        fields = Fields(node, path, TARGET, self._problems)
        channel = fields.choice("channel", {name: name for name in self._channels}, self._channels.values())
        url = fields.credential("url")
        secret = fields.optional_credential("secret")
        if url in robots:
            fields.object_to("url", "同一个单位的同一个群机器人写了两次")
        elif url and channel:
            robots.add(url)
            if objection := self._check_target(channel, url):
                fields.object_to("url", objection.replace(url, "（地址）"))
        if channel and secret and (objection := self._check_secret(channel, secret)):
            fields.object_to("secret", objection.replace(secret, "（密钥）"))
        target = Target(
            channel=channel or "",
            url=Secret(url),
            label=fields.optional_text("label"),
            secret=Secret(secret) if secret else None,
            style=fields.optional_choice("style", {s.value: s for s in Style}, STYLES.values()) or Style.CARD,
            enabled=fields.flag("enabled", otherwise=True),
            mention=fields.mention("mention"),
            ca_file=fields.optional_text("ca_file") or None,
            attach_original=fields.flag("attach_original", otherwise=False),
        )
        if channel:
            for key, objection in self._check_options(target).items():
                fields.object_to(key, _without(target.mention.members, objection))
        return target

    def _group(self, node: Node, path: str, ids: set[str], seen: _Seen) -> Group:
        fields = Fields(node, path, GROUP, self._problems)
        group = Group(fields.id(), fields.name(), fields.phrases("phrases"), fields.members("members", ids))
        seen.once(fields, group.id, group.name)
        return group


def _without(members: tuple[str, ...], sentence: str) -> str:
    """A sentence that does not repeat the file: what stands where an id should may be anything."""
    for member in members:
        sentence = sentence.replace(f"“{member}”", "")
    return sentence


class _Seen:
    """Ids and names of one kind of thing, with the line each was first seen on."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        self._names: dict[str, int] = {}

    def once(self, fields: Fields, id_: str, name: str) -> None:
        """Object to an id or name that was there before. Names that lists cannot tell apart are the same name."""
        for known, value, key in ((self._ids, id_, "id"), (self._names, normal(name), "name")):
            if value and value in known:
                fields.object_to(key, f"{'编号' if key == 'id' else '名称'}重复，与第 {known[value]} 行的相同")
            known.setdefault(value, fields.line(key))
