"""Tokens of reader links: a delivery's id and a MAC over it, so that links need no table and cannot be guessed."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from .card import LINK_TOKEN

_ID_BYTES = 8
_MAC_BYTES = 16


def reader_token(key: bytes, delivery_id: int) -> str:
    """URL-safe text of exactly len(LINK_TOKEN) characters: 8 bytes of id and 16 bytes of HMAC-SHA-256."""
    head = delivery_id.to_bytes(_ID_BYTES, "big")
    token = base64.urlsafe_b64encode(head + _mac(key, head)).decode()
    assert len(token) == len(LINK_TOKEN)
    return token


def read_token(key: bytes, token: str) -> int | None:
    """The delivery id, or None for anything this key did not sign. Takes the same time either way."""
    if len(token) != len(LINK_TOKEN) or not token.isascii():
        return None
    try:
        raw = base64.urlsafe_b64decode(token)
    except (binascii.Error, ValueError):
        return None
    head, mac = raw[:_ID_BYTES], raw[_ID_BYTES:]
    return int.from_bytes(head, "big") if hmac.compare_digest(mac, _mac(key, head)) else None


def _mac(key: bytes, head: bytes) -> bytes:
    return hmac.digest(key, b"reader-link/1:" + head, hashlib.sha256)[:_MAC_BYTES]
