"""Single sign-on against a provider of our own on loopback: what it vouches for, and what it cannot be made to."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from bot.domain.people import SignInRefused
from bot.web.oidc import Oidc

pytestmark = pytest.mark.slow

BACK = "https://jianbao.test/login/oidc/callback"


@dataclass
class Provider:
    """Signs in anybody who asks, as `claims` say; `lie` are claims it gets wrong on purpose."""

    url: str = ""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "k1"}))
    signing: RSAKey | None = None
    nonce: str = ""
    challenge: str = ""
    lie: dict[str, Any] = field(default_factory=dict)

    def tokens(self, sent: dict[str, list[str]]) -> dict[str, str] | None:
        digest = hashlib.sha256(sent["code_verifier"][0].encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != self.challenge or sent["code"] != ["the-code"]:
            return None
        now = int(time.time())
        claims = {"iss": self.url, "aud": "jianbao", "sub": "1", "preferred_username": "zhangsan", "iat": now}
        claims |= {"exp": now + 60, "nonce": self.nonce} | self.lie
        return {"id_token": jwt.encode({"alg": "RS256", "kid": "k1"}, claims, self.signing or self.key)}


@pytest.fixture
def provider() -> Iterator[Provider]:
    made = Provider()

    class Handler(BaseHTTPRequestHandler):
        def answer(self, body: object) -> None:
            data = json.dumps(body).encode()
            self.send_response(200 if body is not None else 400)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_GET(self) -> None:
            if self.path == "/keys":
                self.answer({"keys": [made.key.as_dict(private=False)]})
            else:
                places = ("authorization_endpoint", "/auth"), ("token_endpoint", "/token"), ("jwks_uri", "/keys")
                self.answer({"issuer": made.url} | {name: made.url + path for name, path in places})

        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self.answer(made.tokens(parse_qs(sent)))

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's word
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


async def finish(provider: Provider, **answer: str) -> str:
    client = Oidc(provider.url, "jianbao", "secret")
    address, kept = await client.begin(BACK)
    asked = parse_qs(urlsplit(address).query)
    assert asked["redirect_uri"] == [BACK]
    assert asked["scope"] == ["openid profile email"]
    provider.challenge = asked["code_challenge"][0]
    provider.nonce = provider.nonce or asked["nonce"][0]
    return await client.finish(BACK, {"state": asked["state"][0], "code": "the-code"} | answer, kept)


async def test_the_provider_vouches_for_a_name(provider: Provider) -> None:
    assert await finish(provider) == "zhangsan"


@pytest.mark.parametrize(
    "lie", [{"aud": "another"}, {"iss": "https://evil.test"}, {"exp": 1}, {"nonce": "replayed"}, {"nonce": None}]
)
async def test_a_token_for_another_place_time_or_sign_in_is_refused(provider: Provider, lie: dict[str, Any]) -> None:
    provider.lie = lie
    with pytest.raises(SignInRefused):
        await finish(provider)


async def test_a_token_signed_by_somebody_else_is_refused(provider: Provider) -> None:
    provider.signing = RSAKey.generate_key(2048, {"kid": "k1"})
    with pytest.raises(SignInRefused):
        await finish(provider)


@pytest.mark.parametrize("answer", [{"state": "forged"}, {"code": "stolen"}])
async def test_an_answer_to_another_beginning_is_refused(provider: Provider, answer: dict[str, str]) -> None:
    with pytest.raises(SignInRefused):
        await finish(provider, **answer)
