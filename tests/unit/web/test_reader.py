"""The reader page: what a link opens, what counts as opened, and the signature that counts."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from bot.domain.delivery import DeliveryState
from bot.domain.people import Role
from bot.domain.reader_token import reader_token
from bot.store import schema

from .conftest import ISSUE, Site

pytestmark = pytest.mark.slow

SIGNED = {"name": "李四", "office_name": "办公室", "sure": "1"}


def link(site: Site, state: DeliveryState = DeliveryState.ACCEPTED) -> tuple[int, str]:
    """(delivery id, path) of a delivery in this state."""
    issue_id = site.released()
    row = next(r for r in site.app.store.receipts(issue_id) if r.state is state)
    return row.id, f"/r/{reader_token(site.app.reader_key, row.id)}"


def test_the_link_opens_the_issue_and_its_original_file(site: Site) -> None:
    _, path = link(site)
    page = site.client().get(path).text
    assert "惠及居民863户" in page
    assert "noindex" in page
    assert site.client().get(f"{path}/original").content == ISSUE.encode()


def test_fetching_a_link_does_not_count_as_opening_it(site: Site) -> None:
    delivery, path = link(site)
    bot = site.client()
    bot.get(path)
    bot.head(path)
    assert bot.post(f"{path}/opened", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 404
    assert opened(site, delivery) is None
    assert bot.post(f"{path}/opened", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 204
    assert opened(site, delivery) is not None


def opened(site: Site, delivery: int) -> object:
    found = site.app.store.delivery(delivery)
    assert found is not None
    return found.opened_at


def test_opening_proves_arrival_of_a_doubtful_delivery(site: Site) -> None:
    delivery, path = link(site, DeliveryState.IN_DOUBT)
    site.client().post(f"{path}/opened")
    found = site.app.store.delivery(delivery)
    assert found is not None
    assert found.row.state is DeliveryState.ACCEPTED


def test_a_fetched_link_proves_arrival_of_a_doubtful_delivery_and_opens_nothing(site: Site) -> None:
    delivery, path = link(site, DeliveryState.IN_DOUBT)
    assert site.client().get(path).status_code == 200
    found = site.app.store.delivery(delivery)
    assert found is not None
    assert (found.row.state, found.opened_at) == (DeliveryState.ACCEPTED, None)


def test_a_link_opened_before_the_doubt_settles_it_when_opened_again(site: Site) -> None:
    delivery, path = link(site, DeliveryState.IN_DOUBT)
    site.app.store.mark_opened(delivery, now=site.clock())
    with site.app.store.db.write() as connection:
        connection.execute(
            sa.update(schema.delivery).where(schema.delivery.c.id == delivery).values(state=DeliveryState.IN_DOUBT)
        )
    site.client().post(f"{path}/opened")
    found = site.app.store.delivery(delivery)
    assert found is not None
    assert found.row.state is DeliveryState.ACCEPTED


def test_the_first_signature_counts_and_is_shown(site: Site) -> None:
    _, path = link(site)
    reader = site.client()
    assert reader.post(f"{path}/sign", data=SIGNED).headers["location"] == f"{path}#sign"
    reader.post(f"{path}/sign", data=SIGNED | {"name": "王五"})
    page = reader.get(path).text
    assert "李四（办公室）" in page
    assert "王五" not in page


@pytest.mark.parametrize(
    ("change", "said"),
    [({"name": " "}, "请填写姓名"), ({"sure": ""}, "我已阅读本期内容"), ({"name": "长" * 31}, "最多 30 个字")],
)
def test_an_incomplete_signature_keeps_what_was_typed(site: Site, change: dict[str, str], said: str) -> None:
    _, path = link(site)
    answer = site.client().post(f"{path}/sign", data=SIGNED | change)
    assert answer.status_code == 400
    assert said in answer.text
    assert 'value="办公室"' in answer.text


def test_a_link_ends_after_its_days(site: Site) -> None:
    _, path = link(site)
    site.clock.move(days=179)
    assert site.client().get(path).status_code == 200
    site.clock.move(days=2)
    for answer in (
        site.client().get(path),
        site.client().get(f"{path}/original"),
        site.client().post(f"{path}/sign", data=SIGNED),
        site.client().post(f"{path}/opened"),
    ):
        assert answer.status_code == 404
        assert "863" not in answer.text


def test_the_board_shows_who_signed_and_who_is_reminded(site: Site) -> None:
    delivery, path = link(site)
    site.client().post(f"{path}/sign", data=SIGNED)
    browser = site.client(Role.APPROVER)
    issue_id = site.app.store.receipt_page(issue_id=1)[0].issue_id
    page = browser.get(f"/receipts/{issue_id}/signoffs").text
    assert "已签收 1 个" in page
    assert "李四" in page
    assert delivery
