"""What a list page and an article page say. Pure: bytes and options in, values out."""

from __future__ import annotations

import codecs
import datetime as dt
import hashlib
import re
from dataclasses import dataclass
from email.message import Message
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from bs4 import BeautifulSoup, Tag

from .website_options import Kind, WebsiteOptions

_DATE = re.compile(r"(?<!\d)((?:19|20)\d\d)\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})(?!\d)")
_ENDING = re.compile(r"\.(docx|pdf|zip|doc|wps|txt)(?=$|[\s&?#（(）)\]】])", re.IGNORECASE)
_NO_NAME = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]+')
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*>")
_MAX_URL = 2000


class NotUnderstood(Exception):  # noqa: N818 - said of the page
    """The page is not what the selectors were written for; the message is Chinese, without a full stop."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a list page. `date` "" when the page shows none that can be read, else ISO 8601."""

    url: str
    title: str
    date: str = ""


@dataclass(frozen=True, slots=True)
class ListPage:
    entries: tuple[Entry, ...]
    next: str | None
    """Address of the next page; None on the last one."""


@dataclass(frozen=True, slots=True)
class Attachment:
    url: str
    kind: Kind
    name: str


@dataclass(frozen=True, slots=True)
class Article:
    """`digest`: of the body's text, so that counters and adverts around it change nothing."""

    digest: str
    attachments: tuple[Attachment, ...]

    def choose(self, wanted: tuple[Kind, ...]) -> Attachment | Kind | None:
        """The first kind of `wanted` that the page has: its attachment, or `Kind.HTML`; None when it has none."""
        for kind in wanted:
            if kind is Kind.HTML:
                return kind
            for attachment in self.attachments:
                if attachment.kind is kind:
                    return attachment
        return None


def decode(data: bytes) -> str:
    """Text by content: what a site declares is too often wrong. GB18030 holds GBK and GB 2312."""
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if data.startswith(mark):
            return data[len(mark) :].decode(name, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("gb18030", "replace")


def read_list(data: bytes, url: str, options: WebsiteOptions) -> ListPage:
    """The entries of one list page, in its order. Raises NotUnderstood."""
    soup = _soup(data)
    items = soup.select(options.item)
    if not items:
        raise NotUnderstood(_why(soup, f"找不到条目（item = {options.item}）"))
    base = _base(soup, url)
    entries = dict.fromkeys(entry for item in items if (entry := _entry(item, base, options)) is not None)
    if not entries:
        raise NotUnderstood(f"条目里找不到链接（link = {options.link}），网站可能改版，或选择器写错")
    forward = soup.select_one(options.next) if options.next else None
    following = _address(forward, base) if forward else None
    return ListPage(tuple(entries), None if following == urldefrag(url).url else following)


def read_article(data: bytes, url: str, options: WebsiteOptions) -> Article:
    """Raises NotUnderstood when there is no body: a login page, an error page, a new layout."""
    soup = _soup(data)
    body = soup.select_one(options.body)
    if body is None:
        raise NotUnderstood(_why(soup, f"找不到正文（body = {options.body}）"))
    base = _base(soup, url)
    links = dict.fromkeys(found for tag in soup.select(options.attachment) if (found := _attachment(tag, base)))
    return Article(digest(" ".join(body.get_text(" ").split()).encode()), tuple(links))


def digest(data: bytes) -> str:
    """SHA-256, hex: tells one content from another."""
    return hashlib.sha256(data).hexdigest()


def kind_of(*words: str) -> Kind | None:
    """The kind an address, link text or file name ends with."""
    for word in words:
        if endings := _ENDING.findall(unquote(word).strip()):
            return Kind(endings[-1].lower())
    return None


def kind_inside(data: bytes) -> Kind | None:
    """HTML or PDF by content; None for anything else."""
    head = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"%pdf-" in head:
        return Kind.PDF
    return Kind.HTML if head.startswith((b"<!doctype html", b"<html", b"<head", b"<script", b"<body")) else None


def file_name(disposition: str, fallback: str, kind: Kind) -> str:
    """A plain name with the ending of `kind`: the server's own, else `fallback`."""
    header = Message()
    header["Content-Disposition"] = disposition
    name = _NO_NAME.sub(" ", unquote(header.get_filename() or fallback)).strip(" .") or "文件"
    stem = name[: -len(kind) - 1] if name.lower().endswith(f".{kind}") else name
    return f"{stem[:60]}.{kind}"


def _soup(data: bytes) -> BeautifulSoup:
    text = decode(data)
    if "<" not in text:
        raise NotUnderstood("返回的不是网页，请用浏览器打开核对")
    # The XML declaration of an XHTML page would make BeautifulSoup warn of what it reads correctly.
    return BeautifulSoup(_DECLARATION.sub("", text, count=1), "lxml")


def _why(soup: BeautifulSoup, missing: str) -> str:
    if soup.select_one("input[type=password i]"):
        return "返回的是登录页：网站要求登录后才能看，请与网站管理员联系，或改用收件箱"
    return f"{missing}，网站可能改版，请核对选择器"


def _entry(item: Tag, base: str, options: WebsiteOptions) -> Entry | None:
    link = item if item.name == "a" and item.has_attr("href") else item.select_one(options.link)
    url = _address(link, base) if link else None
    if link is None or url is None:
        return None
    titled = item.select_one(options.title) if options.title else None
    title = _text(titled) if titled else str(link.get("title") or "").strip() or _text(link)
    dated = item.select_one(options.date) if options.date else None
    return Entry(url, title[:200], _date(_text(dated)) if dated else "")


def _attachment(tag: Tag, base: str) -> Attachment | None:
    url = _address(tag, base)
    if url is None:
        return None
    words = (
        urlsplit(url).path,
        str(tag.get("download") or ""),
        _text(tag),
        str(tag.get("title") or ""),
        urlsplit(url).query,
    )
    kind = kind_of(*words)
    return Attachment(url, kind, _text(tag) or unquote(words[0]).rsplit("/", 1)[-1]) if kind else None


def _address(tag: Tag, base: str) -> str | None:
    """The absolute address a link leads to; None for scripts, places within the page and nonsense."""
    href = str(tag.get("href") or "").strip()
    if not href or href.startswith("#"):
        return None
    try:
        url = urldefrag(urljoin(base, href)).url
        sound = urlsplit(url).scheme in ("http", "https") and urlsplit(url).hostname
    except ValueError:
        return None
    return url if sound and len(url) <= _MAX_URL else None


def _base(soup: BeautifulSoup, url: str) -> str:
    tag = soup.select_one("base[href]")
    return (_address(tag, url) or url) if tag else url


def _text(tag: Tag) -> str:
    return " ".join(tag.get_text(" ").split())


def _date(text: str) -> str:
    found = _DATE.search(text)
    if found is None:
        return ""
    try:
        return dt.date(*map(int, found.groups())).isoformat()
    except ValueError:
        return ""
