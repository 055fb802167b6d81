"""The nginx of docs/operations/proxy.md and the one of the compose file, each run as written before a real site."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from bot.domain.delivery import DeliveryState
from bot.domain.people import Role
from bot.domain.reader_token import reader_token
from bot.web.safety import FILE_BYTES, HEADERS
from tests.servers.certs import Authority

from .conftest import PASSWORD, Site, form

ROOT = Path(__file__).parents[3]
PAPER = ROOT / "docs" / "operations" / "proxy.md"
SHIPPED = ROOT / "deploy" / "nginx.conf"
NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin")
OUTSIDE = "127.0.0.2"
"""An address of a client that is not the office's."""

pytestmark = [pytest.mark.slow, pytest.mark.skipif(NGINX is None, reason="nginx is not installed")]

FRAME = """
{user}
daemon off;
pid {home}/pid;
error_log {home}/error.log;
events {{}}
http {{
    access_log {home}/access.log;
    client_body_temp_path {home}/body;
    proxy_temp_path {home}/proxy;
    fastcgi_temp_path {home}/fastcgi;
    uwsgi_temp_path {home}/uwsgi;
    scgi_temp_path {home}/scgi;
{servers}
}}
"""
"""What the configuration is a part of; a distribution brings the like along."""


@dataclass(frozen=True)
class Proxy:
    """A running nginx. `url` is what a browser calls, `plain` where it is told to call that instead."""

    home: Path
    url: str
    plain: str
    trusts: ssl.SSLContext | bool

    @contextmanager
    def browser(self, *, at: str = "127.0.0.1") -> Iterator[httpx.Client]:
        way = httpx.HTTPTransport(local_address=at, verify=self.trusts)
        with httpx.Client(base_url=self.url, transport=way, trust_env=False, timeout=60) as client:
            yield client

    @contextmanager
    def line(self, protocol: str = "http/1.1") -> Iterator[socket.socket]:
        """A connection to speak on byte by byte."""
        place = httpx.URL(self.url)
        with socket.create_connection((place.host, place.port or 0), timeout=60) as line:
            if isinstance(self.trusts, ssl.SSLContext):
                self.trusts.set_alpn_protocols([protocol])
                with self.trusts.wrap_socket(line, server_hostname=place.host) as secure:
                    yield secure
            else:
                yield line

    def logs(self) -> str:
        return "".join((self.home / name).read_text() for name in ("access.log", "error.log"))


@pytest.fixture
def home() -> Iterator[Path]:
    """Not below tmp_path, which pytest closes to other accounts: nginx works under one of its own."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def free_ports(count: int) -> list[int]:
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


def replaced(text: str, changes: Mapping[str, str]) -> str:
    """`text` with what only this machine knows; what is to be replaced must be there."""
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


@contextmanager
def nginx(home: Path, servers: str, port: int) -> Iterator[None]:
    assert NGINX is not None
    user = "user root;" if os.geteuid() == 0 else ""
    file = home / "nginx.conf"
    file.write_text(FRAME.format(user=user, home=home, servers=servers), encoding="utf-8")
    with subprocess.Popen([NGINX, "-p", home, "-c", file, "-e", home / "error.log"]) as process:
        try:
            while True:
                assert process.poll() is None, (home / "error.log").read_text()
                with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
                    break
            yield
        finally:
            process.terminate()


@contextmanager
def on_paper(home: Path, behind: str) -> Iterator[Proxy]:
    """The documented one, before this host and port."""
    match = re.search(r"```nginx\n(.*?)```", PAPER.read_text(encoding="utf-8"), re.DOTALL)
    assert match
    secure, plain = free_ports(2)
    authority = Authority(home)
    certificate = str(authority.certificate("127.0.0.1"))
    changes = {
        "listen 443 ": f"listen 127.0.0.1:{secure} ",
        "listen 80;": f"listen 127.0.0.1:{plain};",
        "/etc/nginx/tls/jianbao.pem": certificate,
        "/etc/nginx/tls/jianbao.key": certificate,
        "allow 10.0.0.0/8;": "allow 127.0.0.1;",
        "127.0.0.1:8800": behind,
        "/var/log/nginx/": f"{home}/",
    }
    with nginx(home, replaced(match[1], changes), secure):
        trusts = ssl.create_default_context(cafile=authority.ca_file)
        yield Proxy(home, f"https://127.0.0.1:{secure}", f"http://127.0.0.1:{plain}", trusts)


@contextmanager
def as_shipped(home: Path, behind: str) -> Iterator[Proxy]:
    """The one of the compose file's profile `scale`."""
    (port,) = free_ports(1)
    changes = {"listen 8080": f"listen 127.0.0.1:{port}", "web:8800": behind, "/var/log/nginx/": f"{home}/"}
    with nginx(home, replaced(SHIPPED.read_text(encoding="utf-8"), changes), port):
        yield Proxy(home, f"http://127.0.0.1:{port}", "", trusts=False)


Start = Callable[[Path, str], AbstractContextManager[Proxy]]


def behind(site: Site) -> str:
    return site.url.removeprefix("http://")


def sign_in(site: Site, browser: httpx.Client, role: Role) -> None:
    """Through the proxy, by the form."""
    site.person(role)
    found = re.search(r'name="form" value="([^"]+)"', browser.get("/login").text)
    assert found
    fields = {"name": role.value, "password": PASSWORD, "form": found[1]}
    assert browser.post("/login", data=fields).headers["location"] == "/"


def reader_link(site: Site) -> str:
    """The path of a link to an issue that was delivered."""
    site.released()
    row = next(r for r in site.app.store.receipts() if r.state is DeliveryState.ACCEPTED)
    return f"/r/{reader_token(site.app.reader_key, row.id)}"


# for recipients and for staff


def test_the_world_reads_and_signs_and_sees_nothing_else(site: Site, home: Path) -> None:
    link = reader_link(site)
    with on_paper(home, behind(site)) as proxy, proxy.browser(at=OUTSIDE) as outside:
        page = outside.get(link).text
        assert "惠及居民863户" in page
        for asset in set(re.findall(r'"(/static/[^"]+)"', page)):
            assert outside.get(asset).status_code == 200, asset
        signed = {"name": "李四", "office_name": "办公室", "sure": "1"}
        assert outside.post(f"{link}/sign", data=signed).headers["location"] == f"{link}#sign"
        for path in ("/", "/login", "/issues", "/setup/token", "/api/v1/issues", "/readyz", "/metrics"):
            assert outside.get(path).status_code == 403, path


def test_staff_work_by_https_with_every_protection_of_the_program(site: Site, home: Path) -> None:
    with on_paper(home, behind(site)) as proxy, proxy.browser() as browser:
        sign_in(site, browser, Role.EDITOR)
        page = browser.get("/issues")
        assert (page.status_code, browser.get("/metrics").status_code) == (200, 403)
        assert {name: page.headers[name] for name in HEADERS} == HEADERS
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["server"] == "nginx", "its version is nobody's business"
        begun = browser.get("/login", headers={"Cookie": ""}).headers["set-cookie"]
        assert {"Secure", "HttpOnly", "SameSite=strict"} <= set(begun.split("; ")), "https is not seen behind the proxy"
        lost = browser.get("/nowhere", headers={"Referer": f"{proxy.url}/issues"})
        assert 'href="/issues"' in lost.text, "the name and port that the browser called are not seen behind the proxy"


def test_http_is_led_to_https_and_https_speaks_http_2(site: Site, home: Path) -> None:
    with on_paper(home, behind(site)) as proxy:
        led = httpx.get(f"{proxy.plain}/r/abc?x=1", trust_env=False)
        assert (led.status_code, led.headers["location"]) == (301, "https://127.0.0.1/r/abc?x=1")
        with proxy.line("h2") as line:
            assert isinstance(line, ssl.SSLSocket)
            assert line.selected_alpn_protocol() == "h2"


# whichever it is


@pytest.fixture(params=[on_paper, as_shipped], ids=["on paper", "as shipped"])
def start(request: pytest.FixtureRequest) -> Start:
    begin: Start = request.param
    return begin


def test_what_changes_arrives_while_the_page_is_open(start: Start, site: Site, home: Path) -> None:
    issue_id = site.released()
    doubtful = next(r for r in site.app.store.receipts(issue_id) if r.state is DeliveryState.IN_DOUBT)
    with start(home, behind(site)) as proxy, proxy.browser() as browser:
        sign_in(site, browser, Role.APPROVER)
        with browser.stream("GET", f"/receipts/{issue_id}/live") as stream:
            news = (json.loads(line[6:]) for line in stream.iter_lines() if line.startswith("data: "))
            before = next(news)["counts"]["in_doubt"]
            path = f"/deliveries/{doubtful.id}"
            browser.post(f"{path}/settle", data=form(browser, path, act="arrived"))
            assert next(news)["counts"]["in_doubt"] == before - 1


def test_a_large_file_passes_and_one_that_is_too_large_does_not(start: Start, site: Site, home: Path) -> None:
    with start(home, behind(site)) as proxy, proxy.browser() as browser:
        sign_in(site, browser, Role.EDITOR)
        # What is no document is refused by the program, at once and by its name: so the whole of it came through.
        large = {"files": ("照片.exe", b"MZ\x90\0" * (1 << 20))}
        assert "照片.exe" in browser.post("/issues/upload", data=form(browser, "/issues"), files=large).text
        with proxy.line() as line:
            line.sendall(
                f"POST /issues/upload HTTP/1.1\r\nHost: x\r\nContent-Length: {FILE_BYTES + 1}\r\n\r\n".encode()
            )
            assert line.recv(64).startswith(b"HTTP/1.1 413 ")


def test_a_reader_link_is_in_no_log_even_when_the_service_is_down(start: Start, home: Path) -> None:
    (nobody,) = free_ports(1)
    with start(home, f"127.0.0.1:{nobody}") as proxy, proxy.browser() as browser:
        assert browser.get("/r/the-credential").status_code == 502
        assert browser.get("/login").status_code == 502
    assert proxy.logs().count("GET /login") == 2, "the access and the error"
    assert "the-credential" not in proxy.logs()
