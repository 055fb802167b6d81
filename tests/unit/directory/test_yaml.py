"""YAML directory files: read, refused with line and key, and written back."""

from __future__ import annotations

from pathlib import Path

from bot.directory import dump_yaml, load

CHANNELS = {"wecom": "企业微信", "dingtalk": "钉钉", "feishu": "飞书"}
SAMPLE = Path(__file__).resolve().parents[3] / "samples" / "directory.yaml"


def test_the_sample_is_read_whole() -> None:
    loaded = load(SAMPLE.read_bytes(), "directory.yaml", channels=CHANNELS, check_target=lambda channel, url: None)
    assert len(loaded.directory.recipients) == 45
    assert load(
        dump_yaml(loaded.directory), "again", channels=CHANNELS, check_target=lambda channel, url: None
    ).directory == (loaded.directory)
