"""Signing in at another place by OpenID Connect: code flow with PKCE, state and nonce; the ID token is verified."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from typing import Any

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from bot.domain.errors import ConfigError
from bot.domain.people import SignInRefused

_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]
_TIMEOUT_S = 10.0
_CLAIMS = ("preferred_username", "email", "sub")
"""The first of these that the other place names is the account's name here."""


class Oidc:
    """`issuer` is asked for its addresses and keys each time: signing in is rare, and keys change."""

    def __init__(self, issuer: str, client_id: str, client_secret: str) -> None:
        self._issuer = issuer.rstrip("/")
        self._client_id = client_id
        self._client_secret = client_secret

    async def begin(self, redirect_uri: str) -> tuple[str, Mapping[str, str]]:
        """(address to send the browser to, what to keep until it comes back)."""
        kept = {name: secrets.token_urlsafe(32) for name in ("state", "nonce", "verifier")}
        async with _client() as client:
            places = await self._places(client)
        address = prepare_grant_uri(
            places["authorization_endpoint"],
            self._client_id,
            "code",
            redirect_uri=redirect_uri,
            scope="openid profile email",
            state=kept["state"],
            nonce=kept["nonce"],
            code_challenge=create_s256_code_challenge(kept["verifier"]),
            code_challenge_method="S256",
        )
        return str(address), kept

    async def finish(self, redirect_uri: str, query: Mapping[str, str], kept: Mapping[str, str]) -> str:
        """The name the other place vouches for. SignInRefused for an answer that is not to this very beginning."""
        if not hmac.compare_digest(query.get("state", "").encode(), kept.get("state", "-").encode()):
            raise SignInRefused("登录过程对不上，请重试。")
        if "code" not in query:
            raise SignInRefused("统一身份认证没有通过。")
        grant = {
            "grant_type": "authorization_code",
            "code": query["code"],
            "redirect_uri": redirect_uri,
            "code_verifier": kept.get("verifier", ""),
        }
        async with _client() as client:
            places = await self._places(client)
            try:
                answer = await client.post(
                    places["token_endpoint"], data=grant, auth=(self._client_id, self._client_secret)
                )
                token = str(answer.raise_for_status().json()["id_token"])
                keys = (await client.get(places["jwks_uri"])).raise_for_status().json()
                claims = self._verified(token, keys, kept.get("nonce", "-"))
            except (httpx.HTTPError, JoseError, ValueError, KeyError, TypeError) as error:
                raise SignInRefused(f"统一身份认证的答复不能接受（{type(error).__name__}），请联系管理员。") from error
        name = next((claims[c] for c in _CLAIMS if claims.get(c)), "")
        if not isinstance(name, str) or not name:
            raise SignInRefused("统一身份认证没有给出账号名，请联系管理员。")
        return name

    def _verified(self, token: str, keys: Any, nonce: str) -> dict[str, Any]:
        """The claims of an ID token made by the issuer, for us, now, for this very sign-in."""
        decoded = jwt.decode(token, KeySet.import_key_set(keys), algorithms=_ALGORITHMS)
        jwt.JWTClaimsRegistry(
            leeway=60,
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": self._client_id},
            exp={"essential": True},
            nonce={"essential": True, "value": nonce},
        ).validate(decoded.claims)
        return dict(decoded.claims)

    async def _places(self, client: httpx.AsyncClient) -> dict[str, str]:
        address = f"{self._issuer}/.well-known/openid-configuration"
        try:
            found = (await client.get(address)).raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            raise ConfigError(f"连不上统一身份认证 {self._issuer}：请检查 JIANBAO_OIDC_ISSUER 和网络。") from error
        if found.get("issuer", "").rstrip("/") != self._issuer:
            raise ConfigError("统一身份认证自称的地址与 JIANBAO_OIDC_ISSUER 不同，没有登录。")
        return {k: str(found[k]) for k in ("authorization_endpoint", "token_endpoint", "jwks_uri")}


def _client() -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=_TIMEOUT_S, trust_env=False)
