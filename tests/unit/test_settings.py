"""Settings: where they come from, and how a wrong one is refused."""

from __future__ import annotations

import datetime as dt
import os
import tomllib
from pathlib import Path

import pytest

from bot.settings import CONFIG_VARIABLE, PREFIX, Settings, SettingsError, load_settings

SHIPPED = Path(__file__).parents[2] / "config" / "jianbao.toml"


@pytest.fixture(autouse=True)
def bare_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of ours and no settings file, whatever the machine has."""
    for name in list(os.environ):
        if name.startswith(PREFIX):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def write(text: str, name: str = "config/jianbao.toml") -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def refusal() -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings()
    return str(caught.value)


# where they come from


def test_without_file_and_environment_the_defaults_hold() -> None:
    settings = load_settings()
    assert settings.data_dir == Path("var")
    assert settings.effective_database_url == "sqlite:///var/jianbao.db"
    assert settings.timezone == "Asia/Shanghai"
    assert settings.release_time == dt.time(9, 0)


def test_the_file_in_the_working_directory_is_read() -> None:
    write(
        'timezone = "Asia/Urumqi"\nrelease_time = "08:30"\nallowed_hosts = ["chat.example.gov.cn", "10.0.0.5:8443"]\n'
    )
    settings = load_settings()
    assert settings.timezone == "Asia/Urumqi"
    assert settings.release_time == dt.time(8, 30)
    assert settings.allowed_hosts == ("chat.example.gov.cn", "10.0.0.5:8443")


def test_a_toml_time_is_a_time() -> None:
    write("release_time = 10:15:00\n")
    assert load_settings().release_time == dt.time(10, 15)


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    write('log_level = "debug"\nmax_in_flight = 10\n')
    monkeypatch.setenv("JIANBAO_LOG_LEVEL", "error")
    settings = load_settings()
    assert (settings.log_level, settings.max_in_flight) == ("error", 10)


def test_the_environment_mends_a_wrong_value_in_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    write("max_in_flight = -1\n")
    monkeypatch.setenv("JIANBAO_MAX_IN_FLIGHT", "5")
    assert load_settings().max_in_flight == 5


def test_a_list_is_written_with_commas_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JIANBAO_ALLOWED_HOSTS", "127.0.0.1:8900, chat.example.gov.cn,")
    assert load_settings().allowed_hosts == ("127.0.0.1:8900", "chat.example.gov.cn")


@pytest.mark.parametrize("key", [key for key, field in Settings.model_fields.items() if field.default in (None, "")])
def test_an_empty_value_means_not_set(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PREFIX + key.upper(), "")
    assert getattr(load_settings(), key) == Settings.model_fields[key].default


def test_a_file_named_in_the_environment_is_read_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    write('timezone = "UTC"\n')
    monkeypatch.setenv(CONFIG_VARIABLE, str(write('timezone = "Asia/Urumqi"\n', "other.toml")))
    assert load_settings().timezone == "Asia/Urumqi"


# how a wrong one is refused


def test_an_unknown_variable_is_named_with_the_nearest_right_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JIANBAO_PUBLIC_URI", "https://example.gov.cn")
    message = refusal()
    assert "JIANBAO_PUBLIC_URI" in message
    assert "JIANBAO_PUBLIC_URL" in message
    assert "example.gov.cn" not in message


def test_a_variable_that_only_begins_like_the_one_for_the_file_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JIANBAO_CONFIG_FILE", "jianbao.toml")
    assert "JIANBAO_CONFIG？" in refusal()


def test_an_unknown_key_is_named_with_its_file_and_the_nearest_right_one() -> None:
    path = write("relase_time = '09:00'\n")
    message = refusal()
    assert f"{path}: relase_time" in message
    assert "release_time" in message


def test_a_table_is_an_unknown_key() -> None:
    write("[web]\nport = 1\n")
    assert "web" in refusal()


def test_every_problem_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    write("max_in_flight = 0\nlog_format = 'xml'\n")
    monkeypatch.setenv("JIANBAO_TIMEZONE", "Mars/Olympus")
    message = refusal()
    assert all(word in message for word in ("max_in_flight", "log_format", "JIANBAO_TIMEZONE"))
    assert len(message.splitlines()) == 3


WRONG = [
    ("timezone", "Mars/Olympus", "Asia/Shanghai"),
    ("timezone", "America", "Asia/Shanghai"),
    ("timezone", "../etc/passwd", "Asia/Shanghai"),
    ("allowed_hosts", "https://chat.example.gov.cn/hook", "主机名"),
    ("allowed_hosts", "user@chat.example.gov.cn", "主机名"),
    ("max_in_flight", "-1", "1 到 2000 的整数"),
    ("max_in_flight", "2001", "1 到 2000 的整数"),
    ("max_in_flight", "many", "1 到 2000 的整数"),
    ("max_sends_per_minute", "-1", "0 到 600000 的整数"),
    ("channel_sends_per_minute", "feishu", "feishu=600"),
    ("channel_sends_per_minute", "feishu=0", "feishu=600"),
    ("channel_sends_per_minute", "feishu=600,feishu=5", "写了两次"),
    ("late_grace_hours", "-0.5", "0 到 8784 的数"),
    ("late_grace_hours", "nan", "0 到 8784 的数"),
    ("send_timeout_seconds", "0", "大于 0、不超过 300 的数"),
    ("send_timeout_seconds", "301", "大于 0、不超过 300 的数"),
    ("in_doubt", "retry", "hold、resend"),
    ("log_format", "xml", "text、json"),
    ("log_level", "INFO", "debug、info、warning、error"),
    ("deliver_report", "maybe", "true、false"),
    ("release_time", "25:00", "HH:MM"),
    ("release_time", "9", "HH:MM"),
    ("release_time", "09:00Z", "HH:MM"),
    ("public_url", "jianbao.example.gov.cn", "https://"),
    ("public_url", "https://", "https://"),
    ("public_url", "https://example.gov.cn/?from=card", "https://"),
    ("public_url", "https://example.gov.cn/ ", "https://"),
    ("data_dir", "", "目录"),
]


@pytest.mark.parametrize(("key", "value", "allowed"), WRONG)
def test_a_wrong_value_is_refused_naming_the_variable_and_what_is_allowed(
    key: str, value: str, allowed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PREFIX + key.upper(), value)
    message = refusal()
    assert f"环境变量 {PREFIX}{key.upper()}" in message
    assert allowed in message


@pytest.mark.parametrize(("key", "value", "allowed"), WRONG)
def test_a_wrong_value_is_refused_naming_the_file_and_key_too(key: str, value: str, allowed: str) -> None:
    path = write(f'{key} = "{value}"\n')
    message = refusal()
    assert f"{path}: {key}" in message
    assert allowed in message


@pytest.mark.parametrize(
    "line",
    [
        "timezone = 8",
        "release_time = 9",
        "allowed_hosts = 5",
        "allowed_hosts = [5]",
        "channel_sends_per_minute = 5",
        "in_doubt = true",
        "data_dir = 1",
    ],
)
def test_a_value_of_the_wrong_type_is_refused(line: str) -> None:
    path = write(line + "\n")
    assert f"{path}: {line.partition(' = ')[0]}" in refusal()


@pytest.mark.parametrize(("key", "value", "allowed"), WRONG)
def test_what_is_said_is_chinese(key: str, value: str, allowed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PREFIX + key.upper(), value)
    message = refusal()
    assert not [word for word in ("Input", "Value error", "should", "valid", "must") if word in message]


@pytest.mark.parametrize("key", ["secret_key", "database_url", "public_url"])
def test_no_value_is_in_an_error_text(key: str) -> None:
    write(f'{key} = ["SEC-do-not-print-me"]\n')
    assert "do-not-print-me" not in refusal()


def test_a_secret_is_in_no_printed_form_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JIANBAO_SECRET_KEY", "do-not-print-me-000")
    settings = load_settings()
    assert "do-not-print-me" not in f"{settings} {settings!r} {settings.model_dump()} {settings.model_dump_json()}"


def test_broken_toml_is_refused_naming_file_and_line() -> None:
    path = write('timezone = "Asia/Shanghai"\nlog_level = debug\n')
    message = refusal()
    assert str(path) in message
    assert "line 2" in message


def test_a_file_in_another_encoding_is_refused() -> None:
    path = write("")
    path.write_bytes('data_dir = "数据"\n'.encode("gb18030"))
    assert str(path) in refusal()


def test_a_file_named_in_the_environment_must_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CONFIG_VARIABLE, "absent.toml")
    message = refusal()
    assert CONFIG_VARIABLE in message
    assert "absent.toml" in message


def test_a_folder_is_not_a_settings_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CONFIG_VARIABLE, ".")
    assert CONFIG_VARIABLE in refusal()


# config/jianbao.toml


def uncommented(text: str) -> str:
    """The shipped file with its defaults switched on: a key's line is `# key = value`."""
    return "\n".join(
        line.removeprefix("# ") for line in text.splitlines() if line.split(" = ")[0][2:] in Settings.model_fields
    )


def test_the_shipped_file_sets_nothing() -> None:
    assert tomllib.loads(SHIPPED.read_text(encoding="utf-8")) == {}


def test_the_shipped_file_names_every_setting_once_in_the_order_of_the_code() -> None:
    lines = uncommented(SHIPPED.read_text(encoding="utf-8")).splitlines()
    assert [line.split(" = ")[0] for line in lines] == list(Settings.model_fields)


def test_the_defaults_in_the_shipped_file_are_those_of_the_code() -> None:
    """Where the default is to be unset, an example may stand there instead."""
    text = uncommented(SHIPPED.read_text(encoding="utf-8"))
    shipped = tomllib.loads(text)
    write(text)
    settings = load_settings()
    for key, field in Settings.model_fields.items():
        example = field.default is None and shipped[key] != ""
        assert example or getattr(settings, key) == field.default, key
