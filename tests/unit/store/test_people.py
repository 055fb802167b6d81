"""Accounts, sessions and what goes with them, as the store keeps them."""

from __future__ import annotations

import datetime as dt

from bot.domain.people import Role
from bot.domain.secret import Secret
from bot.store import Store

from .samples import NOW

HOUR = dt.timedelta(hours=1)


def add(store: Store, name: str, role: Role = Role.VIEWER, *, first: bool = False) -> int | None:
    return store.add_account(name, name, role, password_hash="x", first=first, who="测试", now=NOW)


def test_only_one_account_can_be_the_first(store: Store) -> None:
    assert add(store, "a", first=True) is not None
    assert add(store, "b", first=True) is None
    assert add(store, "a") is None


def test_the_last_administrator_can_be_neither_lowered_nor_disabled(store: Store) -> None:
    one, two = add(store, "a", Role.ADMINISTRATOR), add(store, "b", Role.ADMINISTRATOR)
    assert one is not None
    assert two is not None
    assert store.amend_account(one, role=Role.VIEWER, who="b", now=NOW)
    assert not store.amend_account(two, disabled=True, who="b", now=NOW)
    assert not store.amend_account(two, role=Role.EDITOR, who="b", now=NOW)


def test_a_session_ends_by_age_by_idleness_and_with_its_account(store: Store) -> None:
    add(store, "root", Role.ADMINISTRATOR)
    who = add(store, "a")
    assert who is not None
    store.add_session("s1", who, expires_at=NOW + 3 * HOUR, now=NOW)
    assert store.session("s1", idle=HOUR, now=NOW) is not None
    assert store.session("s1", idle=HOUR, now=NOW + 2 * HOUR) is None
    assert store.session("s1", idle=9 * HOUR, now=NOW + 3 * HOUR) is None
    assert store.amend_account(who, disabled=True, who="root", now=NOW)
    assert store.session("s1", idle=HOUR, now=NOW) is None
    assert store.credentials("a") is None


def test_a_totp_seed_is_sealed_and_each_step_is_used_once(store: Store) -> None:
    who = add(store, "a")
    assert who is not None
    store.set_totp(who, Secret("JBSWY3DPEHPK3PXP"), who="a", now=NOW)
    found = store.credentials("a")
    assert found is not None
    assert found.totp == Secret("JBSWY3DPEHPK3PXP")
    assert store.use_totp_step(who, 7)
    assert not store.use_totp_step(who, 7)


def test_a_new_one_time_link_ends_the_earlier_and_works_once(store: Store) -> None:
    store.add_invitation("h1", None, expires_at=NOW + HOUR, who="测试", now=NOW)
    store.add_invitation("h2", None, expires_at=NOW + HOUR, who="测试", now=NOW)
    assert store.invitation("h1", now=NOW) is None
    assert store.invitation("h2", now=NOW + HOUR) is None
    assert store.use_invitation("h2")
    assert not store.use_invitation("h2")


def test_an_idempotency_key_is_taken_once_and_answers_again(store: Store) -> None:
    assert store.begin_answer("o", "k", "f", now=NOW)
    assert not store.begin_answer("o", "k", "f", now=NOW)
    store.keep_answer("o", "k", 200, "{}")
    kept = store.answer("o", "k")
    assert kept is not None
    assert (kept.status, kept.body) == (200, "{}")
