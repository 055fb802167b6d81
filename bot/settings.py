"""Every setting, once: key, type, default, help. Environment `JIANBAO_<KEY>` wins over `config/jianbao.toml`."""

from __future__ import annotations

import datetime as dt
import difflib
import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

PREFIX = "JIANBAO_"
CONFIG_VARIABLE = "JIANBAO_CONFIG"
DEFAULT_CONFIG = Path("config/jianbao.toml")
EXAMPLES = {"allowed_hosts": '["chat.example.gov.cn"]', "channel_sends_per_minute": '["feishu=600"]'}
"""What a list may look like, by key."""
SHORTEST_KEPT_DAYS = 30
_TEST_PREFIX = "JIANBAO_TEST_"
"""Variables of the project's own tests (a PostgreSQL to test against); not settings."""


class SettingsError(ValueError):
    """A setting is wrong; the message names where, which key, and what is allowed. Never the value of a secret."""


class Settings(BaseSettings):
    """All settings. Read with `load_settings`, which turns every complaint into one SettingsError."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    data_dir: Path = Field(Path("var"), description="数据目录：嵌入式数据库、密钥文件、收件箱都在其中。")
    database_url: str = Field("", description="数据库地址；留空为 data_dir 下的 jianbao.db（SQLite）。")
    secret_key: SecretStr | None = Field(None, description="加密机器人地址和密钥的主密钥；留空则首次启动时生成。")
    public_url: str | None = Field(None, description="阅读页的对外网址前缀；留空则卡片不带链接。")
    reader_link_days: int = Field(180, ge=1, le=3660, description="卡片上的阅读链接在发送后多少天内有效。")
    keep_messages_days: int = Field(
        0, ge=0, le=36_600, description="多少天后清除已全部送达的期刊的消息原文；0 为一直保存。"
    )
    keep_vendor_texts_days: int = Field(0, ge=0, le=36_600, description="多少天后清除平台答复的文字；0 为一直保存。")
    keep_originals_days: int = Field(
        0, ge=0, le=36_600, description="多少天后清除已全部送达的期刊的原文件；0 为一直保存。"
    )
    keep_reader_names_days: int = Field(
        0, ge=0, le=36_600, description="多少天后清除签收人的姓名和职务；0 为一直保存。"
    )
    keep_audit_days: int = Field(0, ge=0, le=36_600, description="多少天后清除审计记录；0 为一直保存。")
    oidc_issuer: str | None = Field(None, description="统一身份认证（OIDC）的发行者网址；留空则不用。")
    oidc_client_id: str = Field("", description="在统一身份认证登记的客户端编号。")
    oidc_client_secret: SecretStr | None = Field(None, description="该客户端的密钥。")
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="除厂商自有域名外允许的主机，逗号分隔的 host 或 host:port；写明内网地址即允许它（含 http）。"
    )
    timezone: str = Field("Asia/Shanghai", description="发布时刻和显示所用时区。")
    release_time: dt.time = Field(dt.time(9, 0), description="发布日的发布时刻，HH:MM。")
    late_grace_hours: float = Field(
        24.0, ge=0, le=24 * 366, description="错过发布时刻多少小时以内立即补发，超过则转人工。"
    )
    deliver_report: bool = Field(False, description="是否也向报送名单投递。")
    in_doubt: Literal["hold", "resend"] = Field(
        "hold", description="存疑投递：hold 等人核实，resend 自动重发（可能重复）。"
    )
    max_in_flight: int = Field(
        200, ge=1, le=2000, description="同时在途的请求数上限；等答复超过 2 秒的，把位置让给别的。"
    )
    max_sends_per_minute: int = Field(0, ge=0, le=600_000, description="全部平台合计每分钟最多发送的次数；0 为不限。")
    channel_sends_per_minute: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="各平台合计每分钟最多发送的次数，逗号分隔的 平台=次数，例如 feishu=600；没写的平台不限。"
    )
    send_timeout_seconds: float = Field(15.0, gt=0, le=300, description="单次发送等待平台回复的秒数。")
    publications_file: Path = Field(
        Path("config/publications.toml"), description="刊物设置文件；不存在则只有一种刊物。"
    )
    templates_dir: Path | None = Field(None, description="自定义模板目录，其中的同名模板优先。")
    cover_font: Path | None = Field(None, description="封面图用的中文字体文件；留空则自动寻找，找不到就没有封面图。")
    ca_dir: Path | None = Field(
        None, description="证书目录：名录里的 ca_file 只写文件名时从这里找；留空为 data_dir 下的 ca。"
    )
    log_format: Literal["text", "json"] = Field("text", description="日志格式。")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="日志级别。")

    @field_validator(
        *("secret_key", "public_url", "templates_dir", "cover_font", "ca_dir", "oidc_issuer", "oidc_client_secret"),
        mode="before",
    )
    @classmethod
    def _blank(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("data_dir", mode="before")
    @classmethod
    def _directory(cls, value: object) -> object:
        if value == "":
            raise ValueError("须写明目录，例如 var")
        return value

    @field_validator("release_time", mode="before")
    @classmethod
    def _clock_time(cls, value: object) -> object:
        # Left to itself pydantic takes the number 9 for nine seconds past midnight.
        if isinstance(value, dt.time) or (isinstance(value, str) and re.fullmatch(r"\d\d:\d\d(:\d\d)?", value)):
            return value
        raise ValueError("须是 HH:MM 形式的时刻，例如 09:00，不带时区")

    @field_validator("allowed_hosts", "channel_sends_per_minute", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("allowed_hosts")
    @classmethod
    def _hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for host in value:
            if "/" in host or "@" in host or " " in host:
                raise ValueError("只写主机名或 主机名:端口，不带 http:// 和路径")
        return value

    @field_validator("channel_sends_per_minute")
    @classmethod
    def _channel_sends(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(re.fullmatch(r"[a-z]+=[1-9]\d{0,5}", one) for one in value):
            raise ValueError("每项须形如 平台=次数，次数是 1 到 999999 的整数，例如 feishu=600")
        if len({one.partition("=")[0] for one in value}) < len(value):
            raise ValueError("同一平台写了两次，请删去一项")
        return value

    @field_validator(
        "keep_messages_days",
        "keep_vendor_texts_days",
        "keep_originals_days",
        "keep_reader_names_days",
        "keep_audit_days",
    )
    @classmethod
    def _kept(cls, value: int) -> int:
        # Less would be a slip of the pen, and what is cleared is gone.
        if 0 < value < SHORTEST_KEPT_DAYS:
            raise ValueError(f"须是 0（一直保存）或不少于 {SHORTEST_KEPT_DAYS} 天")
        return value

    @field_validator("timezone")
    @classmethod
    def _zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: a folder of zones, such as America
            raise ValueError("不是已知的时区名，例如 Asia/Shanghai") from error
        return value

    @field_validator("public_url", "oidc_issuer")
    @classmethod
    def _url(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in ("https", "http") or not parts.hostname or re.search(r"[\s?#@]", value):
            raise ValueError("须形如 https://主机名 或 https://主机名/路径，不含空格、问号和井号")
        return value.rstrip("/")

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def late_grace(self) -> dt.timedelta:
        return dt.timedelta(hours=self.late_grace_hours)

    @property
    def effective_ca_dir(self) -> Path:
        return self.ca_dir or self.data_dir / "ca"

    @property
    def kept_days(self) -> dict[str, int]:
        """Days by the word between `keep_` and `_days`; 0: for ever."""
        found = {name: getattr(self, name) for name in type(self).model_fields if name.startswith("keep_")}
        return {name.removeprefix("keep_").removesuffix("_days"): days for name, days in found.items()}

    @property
    def effective_database_url(self) -> str:
        return self.database_url or f"sqlite:///{self.data_dir / 'jianbao.db'}"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The file's values arrive as arguments, so the environment is asked first: it wins."""
        return (env_settings, init_settings)


def load_settings() -> Settings:
    """Read the file (`JIANBAO_CONFIG`, else config/jianbao.toml when it exists) and the environment.

    Raises SettingsError for a missing or broken file, an unknown key or variable, or a wrong value.
    """
    known = {PREFIX + key.upper(): key for key in Settings.model_fields}
    problems = [
        f"环境变量 {name}：没有这个设置。{_similar(name, [*known, CONFIG_VARIABLE])}"
        for name in sorted(os.environ)
        if name.startswith(PREFIX) and name not in {*known, CONFIG_VARIABLE} and not name.startswith(_TEST_PREFIX)
    ]
    path, values = _read_file()
    problems += [
        f"{path}: {key}：没有这个设置。{_similar(key, list(known.values()))}"
        for key in sorted(values)
        if key not in Settings.model_fields
    ]
    if problems:
        raise SettingsError("\n".join(problems))
    try:
        return Settings(**values)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        # One line a key: a list may have several wrong items.
        lines = [_explain(str(d["loc"][0]), d.get("ctx", {}).get("error"), path) for d in details]
        raise SettingsError("\n".join(dict.fromkeys(lines))) from None


def settings_file() -> Path | None:
    """The file that settings are read from; None when there is none."""
    named = os.environ.get(CONFIG_VARIABLE)
    return Path(named) if named else DEFAULT_CONFIG if DEFAULT_CONFIG.exists() else None


def _read_file() -> tuple[Path, dict[str, Any]]:
    named = os.environ.get(CONFIG_VARIABLE)
    path = Path(named) if named else DEFAULT_CONFIG
    if not named and not path.exists():
        return path, {}
    try:
        return path, tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        source = f"（由 {CONFIG_VARIABLE} 指定）" if named else ""
        raise SettingsError(f"设置文件打不开：{path}{source}：{error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: 不是有效的 TOML（UTF-8）：{error}") from error


def _explain(key: str, own: object, path: Path) -> str:
    """`own`: what one of our validators said, None when the type or bounds were broken.

    Ours speak Chinese and never quote the value; pydantic's own messages do neither.
    """
    variable = PREFIX + key.upper()
    place = f"环境变量 {variable}" if variable in os.environ else f"{path}: {key}"
    field = Settings.model_fields[key]
    return f"{place}：{own or _allowed(key, field)}。说明：{field.description}"


def _allowed(name: str, field: FieldInfo) -> str:
    """What a value may be, from the field's own type and bounds."""
    kind = field.annotation
    if get_origin(kind) is Literal:
        return f"只能是 {'、'.join(get_args(kind))}"
    if kind is bool:
        return "只能是 true、false"
    if kind in (int, float):
        return f"须是{_bounds(field)}的{'整数' if kind is int else '数'}"
    if get_origin(kind) is tuple:
        return f"须是列表，例如 {EXAMPLES[name]}"
    if kind is dt.time:
        return "须是 HH:MM 形式的时刻，例如 09:00"
    return "须是文字"


def _bounds(field: FieldInfo) -> str:
    bounds = {name: getattr(m, name) for m in field.metadata for name in ("ge", "gt", "le") if hasattr(m, name)}
    if "gt" in bounds:
        return f"大于 {bounds['gt']}、不超过 {bounds['le']} "
    return f" {bounds['ge']} 到 {bounds['le']} "


def _similar(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"是否想写 {near[0]}？" if near else "可用的设置见 config/jianbao.toml。"
