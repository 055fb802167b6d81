"""Credentials at rest: AES-256-GCM under a key derived from JIANBAO_SECRET_KEY."""

from __future__ import annotations

import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bot.domain.errors import ConfigError, WrongKey
from bot.domain.secret import Secret

TARGET_URL = "target.url"
TARGET_SECRET = "target.secret"  # noqa: S105 - the name of a column
ACCOUNT_TOTP = "account.totp"
ENROLLED_TOTP = "totp_enrolment.seed"
DATED_STEPS = "dated_change.steps"
UPLOADED = "directory_upload.upload"
READER_KEY = "key_generation.reader_key"

KEY_ID_BYTES = 4
NONCE_BYTES = 12

_OPENED_MOST = 10_000

WRONG_KEY = (
    "JIANBAO_SECRET_KEY 与加密数据库的密钥不一致，库中的机器人地址和签名密钥无法读出。"
    "请改回原来的密钥（首次启动时生成在数据目录中），或从密钥的备份恢复；换过密钥的，请用最新的一把。"
)


class Vault:
    """Seals and opens texts. A sealed value is key id (4 bytes), nonce (12), ciphertext with tag.

    The key id names the key a value was sealed with, so that a rotation (keys.py) can tell old values from new.
    `column` is bound into the seal: a value moved to another column does not open. `reader_key` signs reader links.
    """

    def __init__(self, secret_key: Secret) -> None:
        text = secret_key.reveal().encode()
        if not text:
            raise ConfigError("JIANBAO_SECRET_KEY 是空的：请设置密钥，或删去该项，由程序在数据目录中生成。")
        self.key_id = _derive(text, b"jianbao key id", KEY_ID_BYTES)
        self._cipher = AESGCM(_derive(text, b"jianbao seal", 32))
        self._fingerprint_key = _derive(text, b"jianbao fingerprint", 32)
        self.reader_key = hmac.digest(text, b"jianbao reader links", hashlib.sha256)
        self._opened: dict[tuple[bytes, str], Secret] = {}

    def seal(self, secret: Secret, *, column: str) -> bytes:
        return self.seal_bytes(secret.reveal().encode(), column=column)

    def seal_bytes(self, content: bytes, *, column: str) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return self.key_id + nonce + self._cipher.encrypt(nonce, content, column.encode())

    def open(self, sealed: bytes, *, column: str) -> Secret:
        """The text; WrongKey when it was sealed with another key, ConfigError when it is damaged."""
        # The same target is opened for every delivery to it: decrypting costs more than looking it up.
        if (found := self._opened.get((sealed, column))) is not None:
            return found
        text = self.open_bytes(sealed, column=column).decode()
        if len(self._opened) >= _OPENED_MOST:
            self._opened.clear()
        secret = self._opened[sealed, column] = Secret(text)
        return secret

    def open_bytes(self, sealed: bytes, *, column: str) -> bytes:
        head, nonce = sealed[:KEY_ID_BYTES], sealed[KEY_ID_BYTES : KEY_ID_BYTES + NONCE_BYTES]
        if head != self.key_id:
            raise WrongKey(WRONG_KEY)
        try:
            return self._cipher.decrypt(nonce, sealed[KEY_ID_BYTES + NONCE_BYTES :], column.encode())
        except InvalidTag as error:
            raise ConfigError(f"数据库中一个加密值（{column}）已损坏或被改动：请从备份恢复该记录。") from error

    def fingerprint(self, secret: Secret) -> str:
        """The same for the same text, and of no use to who has not the key: 64 hex digits."""
        return hmac.digest(self._fingerprint_key, secret.reveal().encode(), hashlib.sha256).hex()


def _derive(text: bytes, purpose: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=purpose).derive(text)
