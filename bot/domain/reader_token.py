"""Tokens of public addresses: an id and a MAC over it, so that links need no table and cannot be guessed.

A reader link names a delivery, the address of a cover picture a revision; each with a MAC of its own kind, so that one
is never good for the other.
"""

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
_LINK, _COVER = b"reader-link/1:", b"cover/1:"


def reader_token(key: bytes, delivery_id: int) -> str:
    """URL-safe text of exactly len(LINK_TOKEN) characters: 8 bytes of id and 16 bytes of HMAC-SHA-256."""
    token = _token(key, _LINK, delivery_id)
    assert len(token) == len(LINK_TOKEN)
    return token


def cover_token(key: bytes, revision_id: int) -> str:
    """Of the same form as a reader token."""
    return _token(key, _COVER, revision_id)


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
    delivery_id, mac, head = _split(token)
    signed = [hmac.compare_digest(mac, _mac(one.key, _LINK, head)) & one.covers(delivery_id) for one in keys]
    return delivery_id if any(signed) else None


def read_cover_token(keys: Iterable[ReaderKey], token: str) -> tuple[int, tuple[ReaderKey, ...]]:
    """The revision id, and which of the keys signed for it: none of them for any text but a token."""
    revision_id, mac, head = _split(token)
    return revision_id, tuple(one for one in keys if hmac.compare_digest(mac, _mac(one.key, _COVER, head)))


def _token(key: bytes, kind: bytes, number: int) -> str:
    head = number.to_bytes(_ID_BYTES, "big")
    return base64.urlsafe_b64encode(head + _mac(key, kind, head)).decode()


def _split(token: str) -> tuple[int, bytes, bytes]:
    """Id, MAC and the bytes it was made over; an empty MAC, which no key gives, when the text cannot be a token."""
    try:
        raw = base64.urlsafe_b64decode(token) if len(token) == len(LINK_TOKEN) and token.isascii() else b""
    except (binascii.Error, ValueError):
        raw = b""
    head, mac = raw[:_ID_BYTES], raw[_ID_BYTES:]
    return int.from_bytes(head, "big"), mac, head


def _mac(key: bytes, kind: bytes, head: bytes) -> bytes:
    return hmac.digest(key, kind + head, hashlib.sha256)[:_MAC_BYTES]
