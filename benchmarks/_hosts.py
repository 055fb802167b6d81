"""Hosts of a network of their own, for runs in which one is cut off from the others.

Where the system grants them (Linux, as root), hosts are network namespaces inside one that the run has made for
itself, with no way out of it; nothing of them outlives the run, however it ends. Elsewhere all hosts are this machine,
each at a loopback address of its own, and to be cut off is to be stopped in one's tracks.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

_APART = ("--net", "--mount", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc")
_INSIDE = "JIANBAO_BENCH_INSIDE"
EVERYWHERE = "0.0.0.0"


class Hosts(Protocol):
    kind: str
    """What they are, in words."""
    cuts: bool
    """Is the network cut, or are the programs merely stopped?"""
    base: str
    """The address of the host that is never cut off: this process's."""

    def start(self, host: str, words: Sequence[str], environment: dict[str, str], cwd: str) -> subprocess.Popen[str]:
        """Start a program on that host; its standard error is to be read, and it may be spoken to."""
        ...

    def everywhere(self, host: str) -> str:
        """Where a program listens that is to be reached from all hosts."""
        ...

    def address(self, host: str) -> str:
        """Where it is reached."""
        ...

    def cut(self, host: str) -> None: ...

    def mend(self, host: str) -> None: ...


def apart(module: str, args: Sequence[str]) -> Hosts:
    """Hosts named `one` and `two` beside the base. Starts this program (`python -m module args`) anew in namespaces of
    its own where there can be such, and then does not return."""
    if _INSIDE in os.environ:
        del os.environ[_INSIDE]
        return Namespaces()
    program = shutil.which("unshare")
    if program and shutil.which("ip") and os.geteuid() == 0:
        possible = subprocess.run([program, *_APART, "ip", "link"], check=False, capture_output=True).returncode == 0
        if possible:
            os.environ[_INSIDE] = "1"
            os.execv(program, [program, *_APART, sys.executable, "-m", module, *args])
    return Loopback()


@dataclass
class Namespaces:
    kind: str = "three hosts in network namespaces"
    cuts: bool = True
    base: str = "10.91.0.1"
    hosts: tuple[str, ...] = ("one", "two")

    def __post_init__(self) -> None:
        # Names of namespaces are files below /run; ours shall not be seen outside.
        subprocess.run(["mount", "-t", "tmpfs", "hosts", "/run"], check=True)
        _ip("link set lo up")
        _ip(f"address add {self.base}/32 dev lo")
        for number, host in enumerate(self.hosts, 1):
            here, there = f"10.91.{number}.1", f"10.91.{number}.2"
            _ip(f"netns add {host}")
            _ip(f"link add to-{host} type veth peer name eth0 netns {host}")
            _ip(f"address add {here}/24 dev to-{host}")
            _ip(f"link set to-{host} up")
            for line in ("link set lo up", f"address add {there}/24 dev eth0", "link set eth0 up"):
                _ip(f"-n {host} {line}")
            _ip(f"-n {host} route add default via {here}")

    def start(self, host: str, words: Sequence[str], environment: dict[str, str], cwd: str) -> subprocess.Popen[str]:
        named = ["unshare", "--uts", "sh", "-c", 'hostname "$0"; exec "$@"', host]
        command = ["ip", "netns", "exec", host, *named, *words]
        return _start(command, environment, cwd)

    def everywhere(self, host: str) -> str:
        return EVERYWHERE

    def address(self, host: str) -> str:
        return f"10.91.{self.hosts.index(host) + 1}.2"

    def cut(self, host: str) -> None:
        _ip(f"link set to-{host} down")

    def mend(self, host: str) -> None:
        _ip(f"link set to-{host} up")


@dataclass
class Loopback:
    kind: str = "processes of one machine: no network namespaces here, the host cut off is stopped instead"
    cuts: bool = False
    base: str = "127.91.0.1"
    _running: dict[str, list[subprocess.Popen[str]]] = field(default_factory=dict)

    def start(self, host: str, words: Sequence[str], environment: dict[str, str], cwd: str) -> subprocess.Popen[str]:
        process = _start(words, environment, cwd)
        self._running.setdefault(host, []).append(process)
        return process

    def everywhere(self, host: str) -> str:
        return self.address(host)

    def address(self, host: str) -> str:
        return {"one": "127.91.0.11", "two": "127.91.0.12"}[host]

    def cut(self, host: str) -> None:
        self._signal(host, signal.SIGSTOP)

    def mend(self, host: str) -> None:
        self._signal(host, signal.SIGCONT)

    def _signal(self, host: str, number: signal.Signals) -> None:
        for process in self._running[host]:
            if process.poll() is None:
                process.send_signal(number)


def _start(words: Sequence[str], environment: dict[str, str], cwd: str) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    return subprocess.Popen(list(words), env=environment, cwd=cwd, stdin=pipe, stderr=pipe, text=True)


def _ip(line: str) -> None:
    subprocess.run(["ip", *line.split()], check=True)
