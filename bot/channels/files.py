"""The channels whose robots take files."""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain.attachment import Files

from . import wecom

FILES: Mapping[str, Files] = {wecom.NAME: wecom}


def objection_to_file(channel: str) -> str | None:
    """None when robots of `channel` take files, else one Chinese sentence."""
    return None if channel in FILES else "该平台的群机器人不能发文件，请去掉"
