"""A local site that behaves like a government CMS: a column of articles with attachments, and all that goes wrong.

It runs in a thread on 127.0.0.1 and a free port. Tests change its attributes between two looks.
"""

from __future__ import annotations

import asyncio
import hashlib
import socket
import ssl
import threading
from dataclasses import dataclass, field
from email.utils import formatdate
from types import TracebackType
from typing import Self
from urllib.parse import quote

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

LOGIN = '<html><body><form action="/login"><input name="u"><input type="password" name="p"></form></body></html>'


@dataclass(slots=True)
class Post:
    """One article. `files` are its attachments by name."""

    id: int
    title: str
    date: str
    body: str
    files: dict[str, bytes] = field(default_factory=dict)


class Cms:
    """A context manager. `url` has no trailing slash; the column begins at `column`. `tls`: served over https.

    Attributes set by tests: `posts` (newest first), `pinned` (ids shown first on every page), `page_size`, `etags`
    (validators are sent and honoured), `encoding`, `robots` (None: 404), `status` (what every page but robots.txt
    answers instead), `retry_after`, `broken` (path to status), `redirects` (path to place), `login` (every article and
    list is a login page with 200), `redesigned` (other class names), `loop` ("" or "back", "forever"), `extra` (HTML
    put into the list), `base` (an HTML base element), `stalled` (paths never answered).
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.posts: list[Post] = []
        self.pinned: list[int] = []
        self.page_size = 5
        self.etags = True
        self.encoding = "utf-8"
        self.robots: str | None = None
        self.status = 200
        self.retry_after = ""
        self.broken: dict[str, int] = {}
        self.redirects: dict[str, str] = {}
        self.login = False
        self.redesigned = False
        self.loop = ""
        self.extra = ""
        self.base = ""
        self.stalled: set[str] = set()
        self.asked: list[tuple[str, int]] = []
        """(path, status) of every request, in order."""
        self.agents: set[str] = set()
        self._published = 0
        self._views = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self.url = f"{'https' if tls else 'http'}://{self.host}"
        self.column = f"{self.url}/gkml/jianbao/index.html"
        app = Starlette(routes=[Route("/{path:path}", self._answer)])
        config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", ws="none", http="h11")
        config.load()
        config.ssl = tls
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = self._server.force_exit = True
        self._thread.join()
        self._socket.close()

    def publish(self, title: str, date: str, body: str = "", files: dict[str, bytes] | None = None) -> Post:
        """A new article in front of the others."""
        self._published += 1
        post = Post(self._published, title, date, body or f"{title}的正文。", files or {})
        self.posts.insert(0, post)
        return post

    def address(self, post: Post) -> str:
        return f"{self.url}/gkml/jianbao/art/{post.id}.html"

    def paths(self) -> list[str]:
        """What was asked for since the last call, robots.txt left out."""
        asked = [path for path, _ in self.asked if path != "/robots.txt"]
        self.asked.clear()
        return asked

    async def _answer(self, request: Request) -> Response:
        if request.url.path in self.stalled:
            await asyncio.Event().wait()
        response = self._page(request)
        query = f"?{request.url.query}" if request.url.query else ""
        self.asked.append((request.url.path + query, response.status_code))
        self.agents.add(request.headers["user-agent"])
        return response

    def _page(self, request: Request) -> Response:
        path = request.url.path
        if path == "/robots.txt":
            return Response(self.robots or "", 200 if self.robots is not None else 404)
        if self.status != 200 or path in self.broken:
            headers = {"Retry-After": self.retry_after} if self.retry_after else {}
            return Response("busy", self.broken.get(path, self.status), headers)
        if path in self.redirects:
            return RedirectResponse(self.redirects[path], 302)
        name = path.rsplit("/", 1)[-1]
        if "/files/" in path:
            return self._file(request, name)
        if self.login:
            return Response(LOGIN, media_type="text/html")
        if "/art/" in path:
            found = [post for post in self.posts if name == f"{post.id}.html"]
            return self._html(request, self._article(found[0]), found[0].body) if found else Response("", 404)
        if not name.startswith("index"):
            return Response("", 404)
        number = int(name.removeprefix("index").removesuffix(".html").removeprefix("_") or 1)
        content = self._list(number)
        return self._html(request, content, content)

    def _list(self, number: int) -> str:
        post_of = {post.id: post for post in self.posts}
        first = (number - 1) * self.page_size if self.loop != "forever" else 0
        shown = [post_of[pinned] for pinned in self.pinned] + self.posts[first : first + self.page_size]
        lines = "".join(
            f'<li><span class="date">[{post.date}]</span><a href="art/{post.id}.html" title="{post.title}">'
            f"{post.title[:8]}…</a></li>"
            for post in {post.id: post for post in shown}.values()
        )
        following = f"index_{number + 1}.html"
        if self.loop == "back" and number == 2:
            following = "index.html"
        elif not self.loop and first + self.page_size >= len(self.posts):
            following = "javascript:void(0)"
        kind = "new-list" if self.redesigned else "list"
        return f'<ul class="{kind}">{lines}{self.extra}</ul><a class="next" href="{following}">下一页</a>'

    def _article(self, post: Post) -> str:
        files = "".join(f'<p><a href="../files/{post.id}/{quote(name)}">附件：{name}</a></p>' for name in post.files)
        kind = "new-body" if self.redesigned else "TRS_Editor"
        return f'<h1>{post.title}</h1><div class="{kind}"><p>{post.body}</p>{files}</div>'

    def _html(self, request: Request, content: str, essence: str) -> Response:
        """The page, with a counter that changes at every view as such pages have."""
        self._views += 1
        text = (
            f'<!DOCTYPE html><html><head><meta charset="{self.encoding}">{self.base}<title>某市人民政府</title></head>'
            f"<body><div class=nav>首页</div>{content}<div class=foot>浏览次数：{self._views}</div></body></html>"
        )
        return self._validated(request, text.encode(self.encoding), "text/html", essence.encode())

    def _file(self, request: Request, name: str) -> Response:
        number = int(request.url.path.rsplit("/", 2)[-2])
        files = next((post.files for post in self.posts if post.id == number), {})
        if name not in files:
            return Response("", 404)
        return self._validated(request, files[name], "application/octet-stream", files[name])

    def _validated(self, request: Request, data: bytes, kind: str, essence: bytes) -> Response:
        if not self.etags:
            return Response(data, media_type=kind)
        tag = f'"{hashlib.sha256(essence).hexdigest()[:16]}"'
        headers = {"ETag": tag, "Last-Modified": formatdate(0, usegmt=True)}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(data, media_type=kind, headers=headers)
