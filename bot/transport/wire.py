"""The httpx-aiohttp transport, with what a signed POST to a stranger needs.

Three differences from `AiohttpTransport.handle_async_request`:

- The URL goes out byte for byte. The original hands text to aiohttp, which re-quotes it (`%2F` becomes `/`); here the
  request carries path and query as httpx's `target` extension, which no parser touches.
- The answer is read here, whole but bounded, as it came: nothing is unpacked, so nothing can be a decompression bomb.
- A failure keeps aiohttp's class. The original calls a lost connection a ConnectTimeout, which means *not sent*.
"""

from __future__ import annotations

import ssl
from functools import lru_cache

from aiohttp import ClientSession, ClientTimeout, DummyCookieJar
from httpx import ByteStream, Request, Response
from httpx_aiohttp import AiohttpTransport
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from .connector import GuardedConnector, GuardedResolver

MAX_ANSWER_BYTES = 64 * 1024
"""Answers are a few hundred bytes. A longer one is cut here and its connection closed; the status still counts, and
a cut body is no JSON object, so it can never pass for success."""


class WebhookTransport(AiohttpTransport):
    """One pool of connections: one TLS context, one address policy. To be made inside a running event loop."""

    def __init__(self, resolver: GuardedResolver, tls: ssl.SSLContext, timeout: ClientTimeout) -> None:
        session = ClientSession(
            connector=GuardedConnector(resolver, tls), cookie_jar=DummyCookieJar(), timeout=timeout, trust_env=False
        )
        super().__init__(verify=tls, trust_env=False, client=session)
        self._session = session

    async def handle_async_request(self, request: Request) -> Response:
        """`request.url` is scheme, host and port; the rest is in the extension `target`, as bytes. A body that is no
        `ByteStream` goes out piece by piece, and needs its Content-Length. The extension `limits` is a `ClientTimeout`
        for this request alone.

        Raises `NotConnected`, or aiohttp's own errors and TimeoutError once the request had a connection.
        """
        async with self._session.request(
            request.method,
            URL(f"{request.url}{request.extensions['target'].decode()}", encoded=True),
            headers=_fields(tuple(request.headers.raw)),
            data=b"".join(request.stream) if isinstance(request.stream, ByteStream) else request.stream,
            allow_redirects=False,
            timeout=request.extensions.get("limits", self._session.timeout),
            auto_decompress=False,
        ) as answer:
            body, content = bytearray(), answer.content
            while len(body) < MAX_ANSWER_BYTES and not content.at_eof():
                body += await content.read(MAX_ANSWER_BYTES - len(body))
        return Response(answer.status, headers=answer.raw_headers, stream=ByteStream(bytes(body)), request=request)


@lru_cache(maxsize=64)
def _fields(raw: tuple[tuple[bytes, bytes], ...]) -> CIMultiDictProxy[str]:
    """As aiohttp wants them. Nearly all requests carry the same few."""
    return CIMultiDictProxy(CIMultiDict((name.decode("ascii"), value.decode("ascii")) for name, value in raw))
