"""A private deployment: another host and port, a path before the platform's own, a certificate of its own authority."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bot.bootstrap.documents import target_check
from bot.bootstrap.office import recognise
from bot.domain.delivery import DeliveryState, OutcomeClass, Reason
from bot.domain.directory import Directory
from bot.domain.secret import Secret
from bot.transport import AddressGuard
from tests.servers.certs import Authority
from tests.servers.raw import OK, Conversation, RawServer, Script, answer, answering

from .conftest import Desk, issue_text

pytestmark = pytest.mark.slow

PATHS = {
    "wecom": "/im/v2/cgi-bin/webhook/send?key=693a91f6-7f38-4b46-9f29-4c5f0f1d2e3a",
    "dingtalk": "/im/v2/robot/send?access_token=693a91f67f384b469f294c5f0f1d2e3a",
    "feishu": "/im/v2/open-apis/bot/v2/hook/693a91f6-7f38-4b46-9f29-4c5f0f1d2e3a",
    "lanxin": "/open/apigw/v1/bot/hook/messages/create?hook_token=693a91f67f384b469f29",
}
LANXIN_OK = answer(b'{"errCode":0,"errMsg":"ok","data":{"msgId":"1"}}', extra="Content-Type: application/json\r\n")
FEISHU_OK = answer(b'{"code":0,"msg":"success","data":{}}', extra="Content-Type: application/json\r\n")
ANSWERS = {"wecom": OK, "dingtalk": OK, "feishu": FEISHU_OK, "lanxin": LANXIN_OK}


def platform() -> Script:
    """WeCom as far as uploads and messages go."""
    uploaded = answer(b'{"errcode":0,"errmsg":"ok","type":"file","media_id":"3abc","created_at":"1"}')

    async def script(client: Conversation) -> None:
        while True:
            seen = await client.read_request()
            await client.write(uploaded if b"/upload_media?" in seen.target else OK)

    return script


def enrol(desk: Desk, channel: str, url: str, **options: object) -> None:
    """Unit 0 has this robot and no other."""

    def changed(roster: Directory) -> Directory:
        first, *rest = roster.recipients
        robot = replace(first.targets[0], channel=channel, url=Secret(url), **options)  # type: ignore[arg-type]
        return replace(roster, recipients=(replace(first, targets=(robot,)), *rest))

    desk.app.store.edit_directory(changed, who="张三", why="", now=desk.clock())


async def deliver(desk: Desk) -> list[tuple[DeliveryState, Reason | None]]:
    """Release an issue to unit 0 and send it in this very loop; how each part stands."""
    stored = desk.take_in(issue_text(send="第0局")).stored
    issue_id = desk.app.publisher.release_now(stored.id, who="张三", why="").stored.id
    desk.leave_busy_instant()
    desk.clock.step_s = 0.5
    for _ in range(2):  # a part is armed by the one before it
        async with desk.app.dispatcher() as dispatcher:
            ledger = desk.app.store.ledger()

            async def done() -> bool:
                return (await ledger.unsettled(issue_id))[0] == 0  # noqa: B023 - awaited before the next turn

            await dispatcher.run(done)
    return [(row.state, row.reason) for row in desk.app.store.receipts(issue_id)]


@pytest.fixture
def authority(tmp_path: Path, desk: Desk) -> Authority:
    """Its file lies where the installation looks for it, as `own.pem`."""
    made = Authority(tmp_path)
    folder = desk.app.settings.effective_ca_dir
    folder.mkdir(parents=True)
    (folder / "own.pem").write_bytes(Path(made.ca_file).read_bytes())
    return made


def allow(desk: Desk, server: RawServer) -> None:
    """The address of that server may be pointed at."""
    desk.app = replace(desk.app, guard=AddressGuard(frozenset(), [f"127.0.0.1:{server.port}"]))


@pytest.mark.parametrize("channel", sorted(PATHS))
def test_a_robot_behind_another_host_port_and_prefix_is_recognised(desk: Desk, channel: str) -> None:
    url = f"https://wx.example.gov.cn:8443{PATHS[channel]}"
    assert recognise(url) == channel
    settings = desk.app.settings.model_copy(update={"allowed_hosts": ("wx.example.gov.cn:8443",)})
    assert target_check(settings)(channel, url) is None
    assert "JIANBAO_ALLOWED_HOSTS" in (target_check(desk.app.settings)(channel, url) or "")
    assert "不像" in (target_check(settings)(channel, "https://wx.example.gov.cn:8443/im/v2/?key=1") or "")


@pytest.mark.parametrize("channel", sorted(PATHS))
async def test_a_card_goes_to_the_very_address_under_the_targets_own_authority(
    desk: Desk, authority: Authority, channel: str
) -> None:
    async with RawServer(answering(ANSWERS[channel]), tls=authority.server("127.0.0.1")) as server:
        allow(desk, server)
        enrol(desk, channel, server.url(PATHS[channel]), ca_file="own.pem")
        assert await deliver(desk) == [(DeliveryState.ACCEPTED, Reason.ACCEPTED)]
    (seen,) = server.seen
    assert seen.target.decode() == PATHS[channel]
    assert f"host: 127.0.0.1:{server.port}\r\n".encode() in seen.head.lower()


async def test_the_original_is_uploaded_under_the_same_prefix_and_authority(desk: Desk, authority: Authority) -> None:
    async with RawServer(platform(), tls=authority.server("127.0.0.1")) as server:
        allow(desk, server)
        enrol(desk, "wecom", server.url(PATHS["wecom"]), ca_file="own.pem", attach_original=True)
        assert await deliver(desk) == [(DeliveryState.ACCEPTED, Reason.ACCEPTED)] * 2
    card, upload, file = (urlsplit(seen.target.decode()) for seen in server.seen)
    assert upload.path == "/im/v2/cgi-bin/webhook/upload_media"
    assert upload.query == f"{card.query}&type=file"
    assert file == card
    assert b'{"media_id":"3abc"}' in server.seen[2].body


async def test_without_its_authority_nothing_is_sent_and_the_reason_says_so(desk: Desk, authority: Authority) -> None:
    async with RawServer(answering(), tls=authority.server("127.0.0.1")) as server:
        allow(desk, server)
        enrol(desk, "wecom", server.url(PATHS["wecom"]))
        assert await deliver(desk) == [(DeliveryState.RETRYING, Reason.TLS_FAILED)]
        enrol(desk, "wecom", server.url(PATHS["wecom"]), ca_file="own.pem")
        (desk.app.settings.effective_ca_dir / "own.pem").unlink()
        (stored,) = desk.app.store.targets(["unit-0"])
        verdict = await desk.app.try_target(stored)
    assert (verdict.outcome, verdict.reason) == (OutcomeClass.RETRY_LATER, Reason.CA_UNUSABLE)
    assert "own.pem" in (verdict.vendor_message or "")
    assert server.seen == []


async def test_a_test_message_trusts_the_targets_own_authority(desk: Desk, authority: Authority) -> None:
    async with RawServer(answering(), tls=authority.server("127.0.0.1")) as server:
        allow(desk, server)
        enrol(desk, "wecom", server.url(PATHS["wecom"]), ca_file="own.pem")
        (stored,) = desk.app.store.targets(["unit-0"])
        assert (await desk.app.try_target(stored)).outcome is OutcomeClass.OK
