"""Tokens of reader links: a delivery's id and a MAC over it, so that links need no table and cannot be guessed."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass

from .card import LINK_TOKEN

_ID_BYTES = 8
_MAC_BYTES = 16


def reader_token(key: bytes, delivery_id: int) -> str:
    """URL-safe text of exactly len(LINK_TOKEN) characters: 8 bytes of id and 16 bytes of HMAC-SHA-256."""
    head = delivery_id.to_bytes(_ID_BYTES, "big")
    token = base64.urlsafe_b64encode(head + _mac(key, head)).decode()
    assert len(token) == len(LINK_TOKEN)
    return token


@dataclass(frozen=True, slots=True)
class ReaderKey:
    """`up_to`: the last delivery whose links it signed; None for the key in force, which signs for all to come."""

    key: bytes
    up_to: int | None = None

    def covers(self, delivery_id: int) -> bool:
        """A key that has been replaced opens nothing that came after it, whoever holds a copy."""
        return self.up_to is None or delivery_id <= self.up_to


def read_token(keys: Iterable[ReaderKey], token: str) -> int | None:
    """The delivery id, or None for anything none of these keys signed. Every key is tried, so it takes the same time
    whichever signed it, and when none did."""
    if len(token) != len(LINK_TOKEN) or not token.isascii():
        return None
    try:
        raw = base64.urlsafe_b64decode(token)
    except (binascii.Error, ValueError):
        return None
    head, mac = raw[:_ID_BYTES], raw[_ID_BYTES:]
    delivery_id = int.from_bytes(head, "big")
    signed = [hmac.compare_digest(mac, _mac(one.key, head)) & one.covers(delivery_id) for one in keys]
    return delivery_id if any(signed) else None


def _mac(key: bytes, head: bytes) -> bytes:
    return hmac.digest(key, b"reader-link/1:" + head, hashlib.sha256)[:_MAC_BYTES]
