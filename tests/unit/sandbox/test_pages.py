"""The pages as HTML: what they show, that nothing hostile gets through, and that they stay quick."""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import quote

import pytest

from bot.sandbox.faults import KINDS
from bot.sandbox.pages import FAULTS
from tests.unit.sandbox.conftest import NOON, Caller

SendText = Callable[[str, str], int | str]


def page(caller: Caller, path: str = "/") -> str:
    reply = caller.client.get(caller.server.url + path)
    assert reply.status_code == 200
    policy = reply.headers["content-security-policy"]
    assert "default-src 'none'; style-src 'self'; script-src 'self'" in policy
    assert "unsafe" not in policy
    return reply.text


def test_the_wall_shows_groups_with_counts_the_latest_first(caller: Caller, send_text: SendText) -> None:
    caller.robot("wecom", "A", name="梅江区政务群")
    caller.robot("feishu", "B", name="兴宁市政务群")
    caller.robot("dingtalk", "C", name="从未用过的群")
    send_text("wecom", "A")
    caller.post("wecom", "A", b"{}")
    send_text("feishu", "B")
    html = page(caller)
    assert html.index("兴宁市政务群") < html.index("梅江区政务群") < html.index("从未用过的群")
    assert "共 3 个群，3 条请求" in html
    assert '<span class="count count-accepted" title="已收下">1</span>' in html
    assert '<span class="count count-refused" title="已拒绝">1</span>' in html


def test_the_wall_can_be_searched_and_filtered(caller: Caller) -> None:
    caller.robot("wecom", "A", name="梅江区政务群")
    caller.robot("feishu", "key-of-b", name="兴宁市政务群")
    assert "兴宁市" not in page(caller, "/?q=" + quote("梅江"))
    assert "梅江区" not in page(caller, "/?q=of-b")
    assert "兴宁市" not in page(caller, "/?channel=wecom")
    assert "没有符合的群" in page(caller, "/?q=zzz")


def test_the_wall_comes_in_pages(caller: Caller) -> None:
    caller.control("robots", [{"channel": "wecom", "key": f"k{number:03d}"} for number in range(130)])
    assert "第 1 页，共 3 页" in page(caller)
    assert "k129" in page(caller, "/?page=3")
    for odd in ("0", "99", "x", "-1", "9" * 30):
        assert "共 3 页" in page(caller, f"/?page={odd}")


def test_a_refusal_is_explained_in_chinese(caller: Caller) -> None:
    caller.robot("dingtalk", "T", keyword="简报")
    caller.send("dingtalk", "T", {"msgtype": "text", "text": {"content": "通知"}})
    html = page(caller, "/g/dingtalk/T")
    assert "已拒绝 310000：安全设置不通过" in html
    assert "keywords not in content" in html
    assert "message-refused" in html


def test_a_fault_is_told_beside_the_message(caller: Caller, send_text: SendText) -> None:
    caller.robot("wecom", "A")
    caller.fault("status", key="A", status=500, times=1)
    caller.post("wecom", "A", b'{"msgtype":"text","text":{"content":"\xe7\xae\x80"}}')
    html = page(caller, "/g/wecom/A")
    assert "未处理" in html
    assert "故障：HTTP 错误状态" in html


def test_every_fault_has_a_chinese_name() -> None:
    assert set(FAULTS) == set(KINDS)


def test_times_are_chinese_time(caller: Caller, send_text: SendText) -> None:
    caller.robot("wecom", "A")
    send_text("wecom", "A")
    assert NOON % 86400 == 4 * 3600
    assert "01-01 12:00:00" in page(caller, "/g/wecom/A")
    assert "<time>12:00</time>" in page(caller)
    caller.control("clock", {"advance": 86400})
    assert "<time>01-01</time>" in page(caller)


def test_a_chat_shows_the_newest_and_leads_to_the_older(caller: Caller) -> None:
    caller.robot("wecom", "A", per_minute=1000)
    for number in range(45):
        caller.send("wecom", "A", {"msgtype": "text", "text": {"content": f"第{number}条。"}})
    first = caller.messages()[0]["id"]
    html = page(caller, "/g/wecom/A")
    assert html.index("第44条。") < html.index("第5条。")
    assert "第4条。" not in html
    older = page(caller, f"/g/wecom/A?before={first + 5}")
    assert f'href="/g/wecom/A?before={first + 5}"' in html
    assert "第4条。" in older
    assert "回到最新消息" in older


@pytest.mark.parametrize("evil", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "a/b?c#d %2F&<b>"])
def test_hostile_names_keys_and_bodies_stay_text(evil: str, caller: Caller) -> None:
    caller.robot("wecom", evil, name=evil)
    caller.post("wecom", quote(evil, safe=""), evil.encode())
    caller.send("wecom", quote(evil, safe=""), {"msgtype": "text", "text": {"content": evil}})
    for path in ("/", f"/g/wecom/{quote(evil, safe='')}", "/?q=" + quote(evil)):
        html = page(caller, path)
        assert "<script>alert" not in html
        assert "<img src=x" not in html
        assert "<b>" not in html
    assert f"{2} 条请求" in page(caller, f"/g/wecom/{quote(evil, safe='')}")


def test_uploads_and_unreadable_bodies_are_shown(caller: Caller) -> None:
    caller.robot("wecom", "A")
    url = f"{caller.server.url}/cgi-bin/webhook/upload_media?key=A&type=file"
    caller.client.post(url, files={"media": ("a.txt", b"123456")})
    caller.post("wecom", "A", b"\xff\xfe\x00")
    caller.post("wecom", "A", b"")
    html = page(caller, "/g/wecom/A")
    assert "上传文件" in html
    assert "（请求体没有读取，或是空的）" in html


def test_an_unknown_platform_is_404(caller: Caller) -> None:
    assert caller.client.get(f"{caller.server.url}/g/icq/A").status_code == 404
    assert "还没有消息" in page(caller, "/g/wecom/nobody")


def test_static_files_are_served_and_nothing_else(caller: Caller) -> None:
    for name, kind in (("page.css", "text/css"), ("preview.css", "text/css"), ("live.js", "javascript")):
        reply = caller.client.get(f"{caller.server.url}/_sandbox/static/{name}")
        assert kind in reply.headers["content-type"]
    assert caller.client.get(f"{caller.server.url}/_sandbox/static/..%2fapp.py").status_code == 404


def test_the_stream_tells_of_changes(caller: Caller, send_text: SendText) -> None:
    caller.robot("wecom", "A")
    with caller.client.stream("GET", f"{caller.server.url}/_sandbox/events") as stream:
        lines = (line for line in stream.iter_lines() if line)
        first = next(lines)
        send_text("wecom", "A")
        assert next(lines) != first


def test_pages_stay_quick_with_many_messages(caller: Caller) -> None:
    log = caller.server.sandbox.messages
    body = '{"msgtype":"text","text":{"content":"简报"}}'.encode()
    for number in range(50_000):
        log.append(
            time=NOON, channel="wecom", key=str(number % 500), method="POST", path="/", query="", content_type="",
            body=body, verdict="accepted",
        )  # fmt: skip
    started = time.perf_counter()
    page(caller)
    page(caller, "/g/wecom/7")
    assert time.perf_counter() - started < 2
