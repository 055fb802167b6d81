"""`jianbao account`: the way in for whoever can reach the machine: the first administrator, and those locked out."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.bootstrap import open_app
from bot.domain.errors import ConfigError
from bot.flows.people import People
from bot.settings import load_settings

from .output import Json, emit, out, whoami

FIRST = "还没有账号。请用浏览器打开这个一次性链接，设置管理员（3 天内有效）："


def register(app: typer.Typer) -> None:
    app.command("account", help="给出一次性设置链接：设置首位管理员；忘记密码，或唯一的管理员登录不了时也用。")(account)


def account(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="登录时输入的名字；还没有账号时不写。")] = None,
    url: Annotated[str | None, typer.Option("--url", metavar="URL", help="服务的网址；默认用 public_url。")] = None,
    no_totp: Annotated[bool, typer.Option("--no-totp", help="同时停用动态口令（手机丢失时）。")] = False,
    as_json: Json = False,
) -> int:
    installation = open_app(load_settings())
    try:
        people = People(installation.store, installation.clock)
        token, said = _first(people) if name is None else _again(people, name, no_totp=no_totp)
        base = url or installation.settings.public_url or "http://127.0.0.1:8800"
    finally:
        installation.close()
    link = f"{base.rstrip('/')}/setup/{token}"
    if as_json:
        emit({"name": name, "link": link})
        return 0
    out.print(said, markup=False)
    out.print(link, markup=False, soft_wrap=True)
    return 0


def _first(people: People) -> tuple[str, str]:
    token = people.setup_link()
    if token is None:
        raise ConfigError(f"已经有账号了：请写明是哪一个（{_known(people)}）。")
    return token, FIRST


def _again(people: People, name: str, *, no_totp: bool) -> tuple[str, str]:
    found = next((a for a in people.store.accounts() if a.name == name), None)
    if found is None:
        known = _known(people)
        raise ConfigError(
            f"没有账号 {name}。" + (f"已有：{known}。" if known else "还没有账号，请运行 jianbao account。")
        )
    if found.disabled_at is not None:
        people.amend(found.id, disabled=False, who=whoami())
    if no_totp and found.has_totp:
        people.second_factor.end(found, who=whoami())
    return people.invite(found.id, who=whoami()), f"请由 {found.shown} 打开，设置新密码（3 天内有效，用一次就失效）："


def _known(people: People) -> str:
    return "、".join(a.name for a in people.store.accounts()) or "还没有账号，请运行 jianbao account"
