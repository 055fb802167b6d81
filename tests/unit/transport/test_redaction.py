"""No credential in any log line, whoever writes it."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator

import aiohttp
import httpx
import pytest
import structlog

from bot.domain.secret import Secret
from bot.transport import RedactingFormatter, Redactor, redact, register_secret, silence_http_logs
from bot.transport.redaction import MASK
from bot.transport.sender import HttpSender
from tests.servers.raw import RawServer, Script, answering, close_after_reading, reset_before_reading

KEY = "693a91f6-7f38-4b46-9f29-4c5f0f1d2e3a"
SIGN_SECRET = "SEC/0f3a+b8=x9Z"
URLS = [
    f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={KEY}",
    f"https://oapi.dingtalk.com/robot/send?access_token={KEY}&timestamp=1700000000000&sign=a%2Bb%2F{KEY}%3D",
    f"https://open.feishu.cn/open-apis/bot/v2/hook/{KEY}",
    f"https://discord.example/api/webhooks/1234/{KEY}",
    f"https://im.example.gov.cn/x/send;v=1?robot={KEY}#top",
    f"https://user:{KEY}@im.example.gov.cn/send",
    f"/cgi-bin/webhook/send?key={KEY}",
    f"https://bulletin.example/r/{KEY}",
]


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """All that a root handler at DEBUG writes, formatted as the service does, with one secret registered."""
    redactor = Redactor()
    redactor.register(Secret(SIGN_SECRET))
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(RedactingFormatter(logging.Formatter("%(name)s %(message)s"), redactor))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    silence_http_logs()
    yield out
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.mark.parametrize("url", URLS)
def test_a_url_loses_its_credential_and_keeps_its_host(url: str) -> None:
    clean = Redactor().scrub(f'HTTP Request: POST {url} "HTTP/1.1 200 OK"')
    assert KEY not in clean
    assert clean.endswith('"HTTP/1.1 200 OK"')
    assert httpx.URL(url).host in clean


@pytest.mark.parametrize(
    "text",
    [
        f"access_token={KEY}",
        f"'secret': '{KEY}'",
        f'{{"sign": "{KEY}"}}',
        f"Authorization: Bearer {KEY}",
        f"token: {KEY}",
    ],
)
def test_a_named_value_is_rubbed_out(text: str) -> None:
    assert KEY not in Redactor().scrub(text)


@pytest.mark.parametrize(
    "text",
    [
        "已送达 30 个单位",
        "https://www.meizhou.gov.cn/zwgk/post_2261349.html",
        "bot/flows/deliver.py:120",
        "line 3, key: x",
    ],
)
def test_other_text_is_left_alone(text: str) -> None:
    redactor = Redactor()
    redactor.register(Secret(SIGN_SECRET))
    assert redactor.scrub(text) == text


@pytest.mark.parametrize("form", [SIGN_SECRET, "SEC%2F0f3a%2Bb8%3Dx9Z", f"x{SIGN_SECRET}y", f"b'{SIGN_SECRET}'"])
def test_a_registered_secret_is_found_in_any_surroundings(form: str) -> None:
    redactor = Redactor()
    redactor.register(Secret(SIGN_SECRET))
    clean = redactor.scrub(f"before {form} after {form}")
    assert "0f3a" not in clean
    assert clean.count(MASK) == 2
    assert clean.startswith("before ")


def test_the_longer_of_two_secrets_with_one_beginning_is_rubbed_out_whole() -> None:
    redactor = Redactor()
    redactor.register(Secret("abcdefgh"))
    redactor.register(Secret("abcdefgh-and-more"))
    assert redactor.scrub("abcdefgh-and-more abcdefgh") == f"{MASK} {MASK}"


def test_the_key_of_a_registered_url_is_found_alone() -> None:
    redactor = Redactor()
    redactor.register(Secret(URLS[0]))
    redactor.register(Secret(URLS[2]))
    assert redactor.scrub(f"the key is {KEY}") == f"the key is {MASK}"


def test_messages_arguments_and_tracebacks_of_any_logger_are_clean(log: io.StringIO) -> None:
    try:
        try:
            raise OSError(f"cannot reach {URLS[0]}")
        except OSError as exc:
            raise RuntimeError(f"signing with {SIGN_SECRET}") from exc
    except RuntimeError:
        logging.getLogger("somebody.else").exception("failed for %s", URLS[2], stack_info=True)
    text = log.getvalue()
    assert KEY not in text
    assert SIGN_SECRET not in text
    assert "RuntimeError: signing with" in text
    assert "OSError: cannot reach https://qyapi.weixin.qq.com" in text


def test_a_record_whose_arguments_do_not_fit_is_shown_clean() -> None:
    record = logging.makeLogRecord({"name": "somebody.else", "msg": f"%d {URLS[0]}", "args": (URLS[1],)})
    text = RedactingFormatter(logging.Formatter()).format(record)
    assert KEY not in text
    assert "somebody.else" in text


async def test_http_libraries_write_no_request_lines(log: io.StringIO) -> None:
    async with RawServer(answering()) as server:
        async with httpx.AsyncClient(trust_env=False) as client:
            await client.post(server.url(), content=b"{}")
        async with aiohttp.ClientSession() as session, session.post(server.url(), data=b"{}"):
            pass
    assert log.getvalue() == ""


@pytest.mark.parametrize("script", [answering(), close_after_reading, reset_before_reading, None])
async def test_a_send_with_debug_logging_tells_nobody_the_key(
    sender: HttpSender, log: io.StringIO, caplog: pytest.LogCaptureFixture, script: Script | None
) -> None:
    async with RawServer(script or answering()) as server:
        url = server.url(f"/send?key={KEY}")
        if script is None:
            url = f"https://nowhere.invalid/send?key={KEY}"
        exchange = await sender.send(url, b"{}", {})
    logging.getLogger("jianbao").debug("exchange %r", exchange)
    assert KEY not in log.getvalue() + caplog.text + repr(exchange)


def test_structured_fields_are_clean_too() -> None:
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        RedactingFormatter(
            structlog.stdlib.ProcessorFormatter(
                foreign_pre_chain=[structlog.stdlib.ExtraAdder(), structlog.processors.format_exc_info],
                processor=structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
            )
        )
    )
    record = logging.makeLogRecord(
        {"msg": "出错", "targets": [{"url": URLS[1]}], "url": httpx.URL(URLS[2]), "number": 3}
    )
    try:
        raise ValueError(URLS[0])
    except ValueError:
        record.exc_info = sys.exc_info()
    handler.handle(record)
    fields = json.loads(out.getvalue())
    assert KEY not in out.getvalue()
    assert (fields["event"], fields["number"]) == ("出错", 3)
    assert "ValueError: https://qyapi.weixin.qq.com" in fields["exception"]


def test_a_secret_one_part_registers_is_kept_out_of_all_text() -> None:
    register_secret(Secret(SIGN_SECRET))
    assert redact(f"signing with {SIGN_SECRET}") == f"signing with {MASK}"
