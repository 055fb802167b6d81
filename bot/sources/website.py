"""A website column (网站栏目): list pages, article pages, attachments. An article is given once, and when changed.

A look asks only for what may be new: the list with a conditional request, new entries, and known ones at the pace of
`recheck_hours`. What is the matter with one article is a note; what is the matter with the site is SourceFailed.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Mapping
from typing import Any

import httpx

from bot.domain.source import Found, Poll, SourceFailed

from .fetching import Busy, Elsewhere, Fetcher, Page, Robots, Sleep, Unavailable
from .site_pages import (
    Attachment,
    Entry,
    ListPage,
    NotUnderstood,
    digest,
    file_name,
    kind_inside,
    kind_of,
    read_article,
    read_list,
)
from .site_state import Known, SiteState
from .website_options import Kind, WebsiteOptions

MAX_FOUND = 20
"""Documents given by one look; the next look gives more."""

MAX_TOTAL_BYTES = 100_000_000
"""Of the documents of one look, for they are in memory together; the last one may exceed it."""

_PAGE_BYTES = 5_000_000
"""Of a list or article page: a tree takes twenty times its size."""

_MAX_NOTES = 20
_SAMPLES = 3


class Website:
    """A source over one column. `sleep` is awaited for every pause, in seconds; tests move it.

    Keeps in memory only what politeness needs: robots.txt, and until when the site asked to be left alone.
    """

    def __init__(self, options: WebsiteOptions, *, sleep: Sleep = asyncio.sleep) -> None:
        self._options = options
        self._sleep = sleep
        self._robots = Robots()
        self._tls = httpx.create_ssl_context()  # reading the certificates takes longer than a look
        self._quiet: Busy | None = None

    async def poll(self, state: Mapping[str, Any], *, now: dt.datetime) -> Poll:
        """New and changed articles, in the order of the list. Raises SourceFailed.

        The notes say what is so at present: entries without a document, on other hosts, or that cannot be opened.
        """
        if self._quiet is not None and now < self._quiet.until:
            raise SourceFailed(f"{self._options.list_pages[0]}：{self._quiet}。")
        async with Fetcher(self._options, self._robots, tls=self._tls, sleep=self._sleep, now=now) as fetcher:
            look = _Look(self._options, fetcher, SiteState(state, self._options), now)
            try:
                return await look.poll()
            finally:
                self._quiet = look.quiet

    async def settle(self, found: Found, *, taken: bool, note: str) -> None:
        """Nothing to do: the state, kept once everything is taken in, knows what was given."""


class _Look:
    """One look at the column."""

    def __init__(self, options: WebsiteOptions, fetcher: Fetcher, state: SiteState, now: dt.datetime) -> None:
        self._options = options
        self._fetcher = fetcher
        self._state = state
        self._now = now
        self._found: list[Found] = []
        self._notes: list[str] = []
        self._understood = 0
        self._strange: dict[str, str] = {}
        """Articles that are not what `body` was written for, and why."""
        self._nothing = f"没有 {'、'.join(options.documents)} 附件，没有可取的文件"
        self.quiet: Busy | None = None

    async def poll(self) -> Poll:
        news: dict[str, Entry] = {}
        for url in self._options.list_pages:
            news |= {entry.url: entry for entry in await self._walk(url) if self._state.is_news(entry)}
        rechecks = {entry.url: entry for entry in self._state.due(self._now, self._options)}
        self._state.whole = True
        for entry in [*news.values(), *(entry for url, entry in rechecks.items() if url not in news)]:
            if len(self._found) >= MAX_FOUND or sum(len(one.data) for one in self._found) >= MAX_TOTAL_BYTES:
                self._state.whole = False
                self._notes.append(f"条目较多，本次先取 {len(self._found)} 篇，其余下次再取。")
                break
            try:
                await self._check(entry)
            except Busy as busy:
                self.quiet = busy
                self._state.whole = False
                self._notes.append(f"{busy}，其余下次再取。")
                break
        if self._strange and not self._understood:
            await self._compare()
        return Poll(tuple(self._found), self._state.to_json(), (*self._notes, *self._matters()))

    async def _walk(self, first: str) -> list[Entry]:
        """The wanted entries of a list, page after page, until pages hold nothing new. Raises SourceFailed."""
        wanted: list[Entry] = []
        seen: set[str] = set()
        visited: list[str] = []
        url: str | None = first
        while url is not None and len(visited) < self._options.max_pages:
            page = await self._list_page(url, self._state.lists.get(url, {}) if url == first else {})
            if page.data is None:
                break
            if url == first:
                self._state.lists[first] = dict(page.validators)
            visited.append(url)
            try:
                read = await asyncio.to_thread(read_list, page.data, page.url, self._options)
            except NotUnderstood as why:
                if url == first:
                    raise SourceFailed(f"列表页 {url} {why}。") from why
                break  # some sites have an empty page behind the last
            fresh = [entry for entry in read.entries if entry.url not in seen]
            if read.next in visited or (not fresh and read.next):
                raise SourceFailed(f"列表页 {url} 翻页绕圈，请核对“下一页”的选择器（next = {self._options.next}）。")
            seen.update(entry.url for entry in fresh)
            eligible = [entry for entry in fresh if self._is_wanted(entry)]
            wanted += eligible
            url = None if self._ends_here(read, eligible) else read.next
        return wanted

    def _ends_here(self, page: ListPage, eligible: list[Entry]) -> bool:
        """New entries stand in front. After a look that was cut short, every page is gone through."""
        since = self._options.since
        if since and all(entry.date and entry.date < since.isoformat() for entry in page.entries):
            return True
        return self._state.whole and not any(map(self._state.is_news, eligible))

    def _is_wanted(self, entry: Entry) -> bool:
        since = self._options.since
        if since and entry.date and entry.date < since.isoformat():
            return False
        words = self._options.title_contains
        return not words or any(word in entry.title for word in words)

    async def _list_page(self, url: str, validators: Mapping[str, str]) -> Page:
        try:
            return await self._fetcher.get(url, validators, max_bytes=_PAGE_BYTES)
        except Unavailable as why:
            self.quiet = why if isinstance(why, Busy) else None
            raise SourceFailed(f"列表页 {url} {why}。") from why

    async def _check(self, entry: Entry) -> None:
        """Look at one article and record what came of it. Raises Busy."""
        known = self._state.learn(entry, self._now)
        try:
            known.note = await self._take(entry, known)
            known.failures = 0
            self._understood += 1
        except Busy:
            known.failures = known.failures or 1  # due at the next look
            raise
        except NotUnderstood as why:
            self._strange[entry.url] = known.note = str(why)
        except Elsewhere as why:
            known.note = str(why)
        except Unavailable as why:
            known.note = str(why)
            known.failures += 1

    async def _take(self, entry: Entry, known: Known) -> str:
        """Give the article's document if it is new; what there is to note of the article, or ""."""
        if not self._fetcher.is_ours(entry.url):
            raise Elsewhere("链接在别的主机上，没有取；如需要，请把该主机加入 hosts")
        direct = kind_of(entry.url)
        if direct in self._options.documents:
            return await self._take_file(known, Attachment(entry.url, direct, entry.title))
        page = await self._fetcher.get(entry.url, known.page, max_bytes=_PAGE_BYTES)
        if page.data is None:
            if kind := kind_of(known.file_name):  # the file may be replaced under an unchanged page
                return await self._take_file(known, Attachment(known.file_url, kind, known.file_name))
            return "" if known.digest else self._nothing
        article = await asyncio.to_thread(read_article, page.data, page.url, self._options)
        choice = article.choose(self._options.documents)
        note = ""
        if isinstance(choice, Attachment):
            note = await self._take_file(known, choice)
        elif choice is Kind.HTML:
            known.file_url, known.file_name, known.file = "", "", {}
            self._give(known, article.digest, Found(file_name("", entry.title, Kind.HTML), page.data, entry.url))
        else:
            note = self._nothing
        known.page = dict(page.validators)
        return note

    async def _take_file(self, known: Known, file: Attachment) -> str:
        if not self._fetcher.is_ours(file.url):
            raise Elsewhere("附件在别的主机上，没有取；如需要，请把该主机加入 hosts")
        conditional = known.file if known.file_url == file.url else {}
        page = await self._fetcher.get(file.url, conditional, max_bytes=self._options.max_mb * 1_000_000)
        if page.data is not None:
            if kind_inside(page.data) is Kind.HTML:
                raise NotUnderstood(f"附件 {file.url} 返回的是网页，可能要求登录，没有取")
            known.file_url, known.file_name = file.url, file_name(page.disposition, file.name, file.kind)
            known.file = dict(page.validators)
            self._give(known, digest(page.data), Found(known.file_name, page.data, file.url))
        return ""

    def _give(self, known: Known, content: str, found: Found) -> None:
        if known.digest != content:
            known.digest = content
            self._found.append(found)

    async def _compare(self) -> None:
        """Only strange articles at this look: did the layout change, or are they odd ones? A known good page tells.

        Raises SourceFailed when that is not understood either, or there is none.
        """
        good = [url for url, known in self._state.known.items() if known.digest and kind_of(url) is None]
        for sample in [url for url in good if url not in self._strange][:_SAMPLES]:
            try:
                page = await self._fetcher.get(sample, {}, max_bytes=_PAGE_BYTES)
                await asyncio.to_thread(read_article, page.data or b"", page.url, self._options)
            except Unavailable:
                continue  # withdrawn: it says nothing of the layout
            except NotUnderstood:
                break
            return
        url, why = next(iter(self._strange.items()))
        raise SourceFailed(f"文章页 {url} {why}。")

    def _matters(self) -> list[str]:
        first = self._now - dt.timedelta(days=self._options.recheck_days)
        present = [
            f"《{known.title}》（{url}）：{known.note}。"
            for url, known in self._state.known.items()
            if known.note and dt.datetime.fromisoformat(known.first) >= first
        ]
        more = [f"另有 {len(present) - _MAX_NOTES} 篇有类似情况。"] if len(present) > _MAX_NOTES else []
        return present[:_MAX_NOTES] + more
