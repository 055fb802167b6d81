"""The pictures at public addresses: whoever was sent a card sees its picture, and nobody makes up an address."""

from __future__ import annotations

import io
import re

import pytest
from PIL import Image

from bot.bootstrap import open_app
from bot.bootstrap.office import covers
from bot.domain.card import Style
from bot.domain.cover import Shape, pictures
from bot.domain.issue import ListKind
from bot.domain.people import Role
from bot.domain.reader_token import ReaderKey, cover_token, reader_token
from bot.flows.cover import Covers

from .conftest import PUBLIC, Site

pytestmark = pytest.mark.slow


def addressed(site: Site) -> tuple[int, str]:
    """(revision id, path of its cover) of an issue that went out."""
    stored = site.app.store.issue(site.released())
    found = site.app.renderer.pictures(stored.revision_id)
    assert found is not None
    assert found.cover.startswith(f"{PUBLIC}/cover/")
    return stored.revision_id, found.cover.removeprefix(PUBLIC)


@pytest.mark.parametrize(("shape", "size"), [("cover", (1068, 455)), ("emblem", (300, 300))])
def test_a_card_shows_a_picture_that_anybody_can_fetch_and_keep(site: Site, shape: str, size: tuple[int, int]) -> None:
    _, path = addressed(site)
    answer = site.client().get(path.replace("cover", shape))
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in answer.headers
    assert Image.open(io.BytesIO(answer.content)).size == size
    again = site.client().get(path.replace("cover", shape), headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    head = site.client().head(path.replace("cover", shape))
    assert (head.status_code, head.content) == (200, b"")


def test_the_messages_that_went_out_name_it(site: Site) -> None:
    stored = site.app.store.issue(site.issue())
    (message,) = site.app.renderer.messages(stored, channel="wecom", style=Style.NEWS_CARD, list_kind=ListKind.SEND)
    image = message.payload["template_card"]["card_image"]["url"]
    assert site.client().get(image.removeprefix(PUBLIC)).status_code == 200


def test_an_address_cannot_be_made_up(site: Site) -> None:
    revision_id, path = addressed(site)
    token = path.removeprefix("/cover/").removesuffix(".png")
    turned = token[:-1] + ("A" if token[-1] != "A" else "B")
    mine = cover_token(b"another key", revision_id)
    link = reader_token(site.app.reader_key, revision_id)
    for made_up in (turned, mine, link, "A" * 32, "no", "长" * 32, token + "A", cover_token(site.app.reader_key, 999)):
        answer = site.client().get(f"/cover/{made_up}.png")
        assert (answer.status_code, answer.content) == (404, b""), made_up
        assert answer.headers["cache-control"] == "no-store"
    assert site.client().get(f"/r/{token}").status_code == 404


def test_a_key_that_was_replaced_is_good_for_what_was_sent_under_it_and_nothing_later(site: Site) -> None:
    revision_id, _ = addressed(site)
    first = min(row.id for row in site.app.store.receipts())
    made = covers(site.app)
    for up_to, shown in ((first, True), (first - 1, False), (None, True)):
        keys = (ReaderKey(b"in force"), ReaderKey(b"retired", up_to))
        found = Covers(made.store, keys, made.draw).picture(cover_token(b"retired", revision_id), Shape.COVER)
        assert (found is not None) == shown


def test_a_picture_of_an_issue_that_was_not_sent_is_not_shown_for_a_replaced_key(site: Site) -> None:
    revision_id = site.app.store.issue(site.issue()).revision_id
    made = covers(site.app)
    keys = (ReaderKey(b"in force"), ReaderKey(b"retired", 1_000_000))
    assert Covers(made.store, keys, made.draw).picture(cover_token(b"retired", revision_id), Shape.COVER) is None
    assert Covers(made.store, keys, made.draw).picture(cover_token(b"in force", revision_id), Shape.COVER) is not None


def test_without_a_public_address_cards_carry_no_picture(site: Site) -> None:
    settings = site.app.settings.model_copy(update={"public_url": None, "data_dir": site.app.settings.data_dir / "b"})
    app = open_app(settings)
    try:
        assert app.renderer.pictures(1) is None
    finally:
        app.close()


def test_the_addresses_of_one_revision_are_its_own() -> None:
    one, other = pictures("https://a.example", b"k", 1), pictures("https://a.example", b"k", 2)
    assert len({one.cover, one.emblem, other.cover, other.emblem}) == 4
    assert one == pictures("https://a.example", b"k", 1)


def test_the_preview_shows_it_from_this_very_site(site: Site) -> None:
    issue_id = site.issue()
    page = site.client(Role.VIEWER).get(f"/issues/{issue_id}/cards?channel=wecom&style=news_card").text
    (source,) = re.findall(r'<img src="([^"]+\.png)"', page)
    assert site.client().get(source).headers["content-type"] == "image/png"
