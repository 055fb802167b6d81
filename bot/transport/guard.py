"""Which addresses a webhook may point at: the vendor's hosts, and what the administrator named.

Two checks, because a name says nothing about where it leads:

- `check_url` reads the URL, before it is stored and again before each send;
- `permits` judges each resolved address, at the moment of connecting (transport/connector.py), so that a name which
  changes its address between the checks (DNS rebinding) gains nothing: the address judged is the one connected to.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import ip_address

from bot.domain.address import IPAddress, Reach, reach
from bot.domain.errors import ConfigError

_HOST = r"(?P<host>\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::(?P<port>[0-9]{1,5}))?"
# A stricter grammar than RFC 3986 on purpose: where it matches, every URL parser agrees on scheme, host and port.
# No user-info, no fragment, no backslash, nothing outside ASCII. Possessive, so that each character is looked at once:
# what follows can never begin with one that was taken.
_URL = re.compile(rf"(?P<scheme>https?)://{_HOST}(?:/(?:[A-Za-z0-9._~:/?@!$&'()*+,;=-]++|%[0-9A-Fa-f]{{2}})*+)?")
_ENTRY = re.compile(_HOST)
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_LABELS = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_DEFAULT_PORT = {"https": 443, "http": 80}


class AddressGuard:
    """The rule for one installation.

    `vendor_hosts`: the chat platforms' own names; https on port 443 only, and only at public addresses. One that begins
    with a dot stands for every name below it, at whatever depth, but not for itself (`.logic.azure.com`).
    `allowed_hosts`: `host` (any port) or `host:port`, names or IP addresses (IPv6 with a port in brackets). A host
    named here may lie at a loopback or private address, and there, but nowhere else, plain http will do. Link-local,
    metadata, multicast and reserved addresses stay closed even so.
    Raises `ConfigError` for an entry that is neither.
    """

    def __init__(self, vendor_hosts: frozenset[str], allowed_hosts: Sequence[str]) -> None:
        self._vendor_hosts = frozenset(host.lower() for host in vendor_hosts if not host.startswith("."))
        self._vendor_domains = tuple(host.lower() for host in vendor_hosts if host.startswith("."))
        self._allowed = frozenset(map(_parse_entry, allowed_hosts))
        # A release goes to thousands of URLs on a handful of hosts.
        self._check_place = lru_cache(maxsize=1024)(self._judge_place)

    def check_url(self, url: str) -> str | None:
        """None when `url` may be used, else one Chinese sentence saying what to do.

        The sentence names the host at most, never the path or the query: they hold the key.
        """
        parts = _URL.fullmatch(url)
        if parts is None:
            if re.search(r"\s", url):
                return "机器人地址里有空格或换行，请去掉后重试。"
            return "机器人地址格式不正确，请从群机器人设置页重新复制，应以 https:// 开头。"
        return self._check_place(parts["scheme"], parts["host"], parts["port"])

    def _judge_place(self, scheme: str, written_host: str, written_port: str | None) -> str | None:
        host = _canonical_host(written_host)
        port = int(written_port or _DEFAULT_PORT[scheme])
        if not 0 < port < 65536:
            return "机器人地址里的端口不正确，请从群机器人设置页重新复制。"
        if self._named(host, port):
            address = _literal(host)
            if address is not None and not self.permits(host, port, address, plain=scheme == "http"):
                return f"不允许访问地址 {host}，请核对机器人地址；内网以外的地址必须使用 https。"
            return None
        if not self._is_vendors(host):
            return f"主机 {host} 不在允许范围；如确为本单位的平台，请管理员把它加入 JIANBAO_ALLOWED_HOSTS。"
        if scheme != "https" or port != 443:
            return f"主机 {host} 只能用 https 和默认端口，请从群机器人设置页重新复制机器人地址。"
        return None

    def permits(self, host: str, port: int, address: IPAddress, *, plain: bool) -> bool:
        """May a connection for `host:port` go to `address`? `plain`: without TLS."""
        match reach(address):
            case Reach.PUBLIC:
                return not plain
            case Reach.INSIDE:
                return self._named(host.lower(), port)
            case _:
                return False

    def _is_vendors(self, host: str) -> bool:
        below = (host.removesuffix(domain) for domain in self._vendor_domains if host.endswith(domain))
        return host in self._vendor_hosts or any(map(_LABELS.fullmatch, below))

    def _named(self, host: str, port: int) -> bool:
        return (host, None) in self._allowed or (host, port) in self._allowed


def _literal(host: str) -> IPAddress | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _canonical_host(host: str) -> str:
    """Lower case, without brackets; an IP address in its one canonical spelling."""
    bare = host.strip("[]").lower()
    address = _literal(bare)
    return bare if address is None else str(address)


def _parse_entry(entry: str) -> tuple[str, int | None]:
    if (address := _literal(entry)) is not None:
        return str(address), None
    parts = _ENTRY.fullmatch(entry)
    if parts is None or entry.startswith(".") or (parts["port"] and not 0 < int(parts["port"]) < 65536):
        raise ConfigError(f"设置 allowed_hosts：{entry!r} 不是 主机名 或 主机名:端口，多个之间用逗号隔开。")
    host = _canonical_host(parts["host"])
    # 2130706433, 127.1, 0x7f.0.0.1: resolvers take a name that ends in a number for an address, people do not.
    if _literal(host) is None and re.search(r"(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)\.?$", host):
        raise ConfigError(f"allowed_hosts: {entry!r} is not a plain IP address; write it as four decimal numbers")
    return host, int(parts["port"]) if parts["port"] else None
