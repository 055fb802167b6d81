"""A directory file against the whole house: real channels, real CA files, and the doctor's view of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.bootstrap import open_app
from bot.bootstrap.doctor import Finding, examine
from bot.bootstrap.documents import read_directory
from bot.domain.directory import Mention
from bot.domain.errors import DirectoryError
from bot.settings import Settings, load_settings
from tests.servers.certs import Authority

from .build import spoiled
from .test_options import with_option

LANXIN = "wx.example.gov.cn/v1/bot/hook/messages/create?hook_token"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    (tmp_path / "ca").mkdir()
    (tmp_path / "ca" / "own.pem").write_bytes(Path(Authority(tmp_path).ca_file).read_bytes())
    (tmp_path / "ca" / "text.pem").write_text("not a certificate")
    monkeypatch.setenv("JIANBAO_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("JIANBAO_ALLOWED_HOSTS", "wx.example.gov.cn")
    return load_settings()


def refused(settings: Settings, text: str) -> tuple[int | None, str, str]:
    with pytest.raises(DirectoryError) as caught:
        read_directory(settings, text.encode(), "名录")
    (problem,) = caught.value.problems
    return problem.line, problem.key.rpartition(".")[2], problem.message


def test_a_target_with_every_option_is_taken(settings: Settings) -> None:
    text = with_option('mention: [zhangsan, "13800000000"]\n        ca_file: own.pem\n        attach_original: true')
    robot = read_directory(settings, text.encode(), "名录").directory.recipients[0].targets[0]
    assert (robot.mention, robot.ca_file) == (Mention(members=("zhangsan", "13800000000")), "own.pem")
    assert robot.attach_original


@pytest.mark.parametrize(("name", "said"), [("gone.pem", "找不到"), ("text.pem", "PEM"), ("../ca/own.pem", "不能含")])
def test_a_ca_file_that_will_not_do_is_refused_with_line_and_key(settings: Settings, name: str, said: str) -> None:
    line, key, message = refused(settings, with_option(f"ca_file: {name}"))
    assert (line, key) == (13, "ca_file")
    assert said in message


def test_a_ca_file_for_plain_http_is_refused_since_nothing_would_use_it(settings: Settings) -> None:
    text = with_option("ca_file: own.pem").replace("https://qyapi.weixin.qq.com", "http://wx.example.gov.cn")
    assert refused(settings, text)[1:] == ("ca_file", "http 地址用不到证书文件，请删去。")


@pytest.mark.parametrize("option", ["mention: [a]", "attach_original: true"])
def test_what_the_platform_does_not_have_is_refused(settings: Settings, option: str) -> None:
    text = with_option(option).replace("channel: wecom", "channel: lanxin")
    text = text.replace(
        "qyapi.weixin.qq.com/cgi-bin/webhook/send?key", "wx.example.gov.cn/v1/bot/hook/messages/create?hook_token"
    )
    line, key, message = refused(settings, text)
    assert (line, key) == (13, option.partition(":")[0])
    assert "请去掉" in message


def test_a_style_of_another_platform_is_refused_and_the_allowed_are_named(settings: Settings) -> None:
    line, key, message = refused(settings, spoiled("style: card", "style: post"))
    assert (line, key) == (12, "style")
    assert "可用：卡片（card）" in message


def certificates(settings: Settings) -> list[Finding]:
    return [finding for finding in examine(settings) if finding.check == "证书"]


def test_the_doctor_names_a_ca_file_that_is_gone_and_one_that_ends_soon(settings: Settings) -> None:
    app = open_app(settings)
    roster = read_directory(settings, with_option("ca_file: own.pem").encode(), "名录").directory
    app.store.import_directory(roster, who="测试", why="", now=app.clock())
    app.close()
    (ends,) = certificates(settings)
    assert ends.level == "warn", "the test's authorities live for a day"
    assert "own.pem 于" in ends.message
    (settings.effective_ca_dir / "own.pem").unlink()
    (gone,) = certificates(settings)
    assert gone.level == "fail"
    assert "找不到证书文件" in gone.message
