"""An installation on hosts: PostgreSQL and the vendors on the base, the services of docker-compose.yml on others."""

from __future__ import annotations

import os
import re
import secrets
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa

from ._composed import ROOT, Service, services
from ._hosts import Hosts
from ._postgres import Watch, listen, postgresql

PLACES = {"web": "one", "scheduler-one": "one", "worker-one": "one", "scheduler-two": "two", "worker-two": "two"}
"""On which host each service runs."""
_VERIFY = """
from bot.bootstrap import open_app
from bot.settings import load_settings
broken = open_app(load_settings()).store.verify_history()
assert broken is None, f"the history's chain is broken at {broken}"
"""
_HOLD = """
import os, sys
from bot.store.dialect import make_engine
with make_engine(os.environ["JIANBAO_DATABASE_URL"], busy_timeout_s=5).begin() as connection:
    print("ready", file=sys.stderr, flush=True)
    count = f"UPDATE tally SET count = count WHERE slot = 'accepted' AND issue_id = {int(sys.stdin.readline())}"
    connection.exec_driver_sql(count)
    print("held", file=sys.stderr, flush=True)
    sys.stdin.read()
"""


class Cluster:
    """The services on their hosts."""

    def __init__(self, hosts: Hosts, home: Path, dotenv: dict[str, str], secrets: dict[str, str]) -> None:
        """`dotenv`: what would stand in the file `.env`; `secrets`: what would stand in each secret's file."""
        self._hosts, self._home, self._dotenv, self._secrets = hosts, home, dotenv, secrets
        self._services = services()
        self._holder: subprocess.Popen[str] | None = None
        self.running: dict[str, subprocess.Popen[str]] = {}

    def start(self, name: str, root: Path = ROOT) -> str:
        """Start it and ask its health check; the address of its pages. `root`: the checkout whose program it runs."""
        service = self._services[name]
        folder = self._home / name
        data, mounted = folder / "data", folder / "secrets"
        self._put_secrets(service, data, mounted)
        bare = {key: text for key, text in os.environ.items() if not key.startswith("JIANBAO_")}
        environment = bare | {"PYTHONPATH": str(root)} | service.variables(self._dotenv, data, mounted)
        host = PLACES[name]
        at = self._hosts.everywhere(host)
        process = self._hosts.start(host, service.words(at), environment, str(folder))
        self.running[name] = process
        _until_started(process, folder / "log")
        check = self._hosts.start(host, service.health_words(at), environment, str(folder))
        said = check.communicate(timeout=120)[1]
        if check.returncode:
            raise RuntimeError(f"{name} is not healthy: {said} {(folder / 'log').read_text()[-2000:]}")
        return f"http://{self._hosts.address(host)}:{service.command[-1]}"

    def _put_secrets(self, service: Service, data: Path, mounted: Path) -> None:
        for place in (data, mounted):
            place.mkdir(parents=True, exist_ok=True)
        for target in service.secrets:
            folder, name = target.rsplit("/", 1)
            path = (data if folder == "/data" else mounted) / name
            path.write_text(self._secrets[name])
            path.chmod(0o600)

    def stand_by(self, name: str) -> None:
        """Have a program on that service's host that can be told to `hold`."""
        folder = self._home / name
        variables = self._services[name].variables(self._dotenv, folder / "data", folder / "secrets")
        environment = dict(os.environ) | {"PYTHONPATH": str(ROOT)} | variables
        self._holder = self._hosts.start(PLACES[name], [sys.executable, "-c", _HOLD], environment, str(folder))
        self._expect("ready")

    def hold(self, issue_id: int) -> None:
        """Be in the middle of a transaction: with the count of this issue locked, which every worker has to write."""
        assert self._holder is not None
        assert self._holder.stdin is not None
        self._holder.stdin.write(f"{issue_id}\n")
        self._holder.stdin.flush()
        self._expect("held")

    def _expect(self, word: str) -> None:
        assert self._holder is not None
        assert self._holder.stderr is not None
        if (said := self._holder.stderr.readline().strip()) != word:
            raise RuntimeError(f"expected {word}: {said}{self._holder.stderr.read()}")

    def last_words(self) -> str:
        """The end of each one's log."""
        logs = ((name, self._home / name / "log") for name in self._services)
        return "\n".join(f"--- {name}\n{log.read_text()[-4000:]}" for name, log in logs if log.exists())

    def stop(self, *names: str) -> None:
        """Gently, all or these at once; RuntimeError for one that does not end well in the time the file grants."""
        ending = {name: self.running.pop(name) for name in names or tuple(self.running)}
        for process in ending.values():
            process.terminate()
        for name, process in ending.items():
            if code := process.wait(self._services[name].grace_s):
                raise RuntimeError(f"{name} ended with {code}: {(self._home / name / 'log').read_text()[-2000:]}")

    def kill(self) -> None:
        for process in (*self.running.values(), *filter(None, [self._holder])):
            process.kill()
            process.wait()


_LISTENING = ('"event": "listening"', "已启动")
"""How a service says that it listens: in its log, at level `info`; earlier versions on standard error."""


def _until_started(process: subprocess.Popen[str], log: Path) -> None:
    """Read what it says until it says that it listens; what it says later goes to its log."""
    assert process.stderr is not None
    lines = process.stderr
    file = log.open("w", encoding="utf-8", buffering=1)
    for line in lines:
        file.write(line)
        if any(word in line for word in _LISTENING):
            break
    else:
        raise RuntimeError(f"it did not start: {log.read_text()[-2000:]}")

    def drain() -> None:
        with file:
            file.writelines(lines)

    threading.Thread(target=drain, daemon=True).start()


@dataclass(frozen=True, slots=True)
class Base:
    """What the services find when they start: the database with its directory, and the vendors.

    `token`: of one who may do everything. `settings`: the variables of one more process.
    """

    server: Any
    watch: Watch
    sandbox: str
    token: str
    settings: dict[str, str]
    cluster: Cluster

    def verify_history(self) -> None:
        """CalledProcessError where the chain of the history is broken."""
        environment = os.environ | self.settings | {"PYTHONPATH": str(ROOT)}
        subprocess.run([sys.executable, "-c", _VERIFY], env=environment, check=True)


@contextmanager
def base(hosts: Hosts, *, robots: int, hot_robots: int, in_flight: int, root: Path = ROOT) -> Iterator[Base]:
    """No service is started yet; those that are end with the block. `root`: the checkout that makes the database."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(postgresql())
        sandbox = _sandbox(stack, hosts.base)
        port = _free_port(hosts.base)
        listen(server, hosts.base, port)
        password, key = secrets.token_urlsafe(16), secrets.token_urlsafe(32)
        admin = f"{server.get_uri()}&port={port}"
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(f"CREATE ROLE jianbao LOGIN PASSWORD '{password}'".encode())
            connection.execute("CREATE DATABASE jianbao OWNER jianbao")
        url = f"postgresql+psycopg://jianbao@{hosts.base}:{port}/jianbao"
        dotenv = {
            "JIANBAO_DATABASE_URL": f"{url}?passfile=/run/secrets/pgpass",
            "JIANBAO_PUBLIC_URL": "https://jianbao.example.gov.cn",
            "JIANBAO_ALLOWED_HOSTS": sandbox.removeprefix("http://"),
            "JIANBAO_MAX_IN_FLIGHT": str(in_flight),
            "JIANBAO_LOG_LEVEL": "info",
        }
        settings = dotenv | {
            "JIANBAO_DATA_DIR": str(home / "desk"),
            "JIANBAO_DATABASE_URL": sa.make_url(url).set(password=password).render_as_string(hide_password=False),
            "JIANBAO_SECRET_KEY": key,
        }
        token = _prepare(settings, root, sandbox, robots, hot_robots)
        watch = Watch(admin.replace("/postgres?", "/jianbao?"), "tally", "worker")
        stack.callback(watch.close)
        pgpass = f"{hosts.base}:{port}:jianbao:jianbao:{password}\n"
        cluster = Cluster(hosts, home, dotenv, {"secret.key": key, "pgpass": pgpass})
        stack.callback(cluster.kill)
        try:
            yield Base(server, watch, sandbox, token, settings, cluster)
        except Exception:
            print(cluster.last_words(), file=sys.stderr)
            raise


def _prepare(settings: dict[str, str], root: Path, *words: object) -> str:
    script = [sys.executable, str(Path(__file__).with_name("_prepare.py")), *map(str, words)]
    environment = os.environ | settings | {"PYTHONPATH": str(root)}
    return subprocess.run(
        script, env=environment, cwd=root, check=True, stdout=subprocess.PIPE, text=True
    ).stdout.strip()


def _free_port(address: str) -> int:
    with socket.create_server((address, 0)) as free:
        port: int = free.getsockname()[1]
        return port


def _sandbox(stack: ExitStack, address: str) -> str:
    """The vendors, with their rate limits and any robot; the base of their addresses."""
    command = [sys.executable, "-m", "bot", "sandbox", "--host", address, "--port", "0", "--open"]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    stack.callback(process.wait)
    stack.callback(process.kill)
    assert process.stderr is not None
    found = re.search(r"http://[\d.:]+", process.stderr.readline())
    assert found is not None
    return found[0]
