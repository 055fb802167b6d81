"""`jianbao account`: the way back in for whoever can reach the machine and nobody can help otherwise."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.bootstrap import open_app
from bot.domain.errors import ConfigError
from bot.flows.people import People
from bot.settings import load_settings

from .output import Json, emit, out, whoami


def register(app: typer.Typer) -> None:
    app.command("account", help="给账号发一次性设置链接：忘记密码，或唯一的管理员登录不了时用。")(account)


def account(
    name: Annotated[str, typer.Argument(metavar="NAME", help="账号，即登录时输入的名字。")],
    url: Annotated[str, typer.Option("--url", metavar="URL", help="服务的网址。")] = "http://127.0.0.1:8800",
    no_totp: Annotated[bool, typer.Option("--no-totp", help="同时停用动态口令（手机丢失时）。")] = False,
    as_json: Json = False,
) -> int:
    installation = open_app(load_settings())
    try:
        people = People(installation.store, installation.clock)
        found = next((a for a in people.store.accounts() if a.name == name), None)
        if found is None:
            known = "、".join(a.name for a in people.store.accounts()) or "还没有账号，请运行 jianbao serve"
            raise ConfigError(f"没有账号 {name}。已有：{known}。")
        if found.disabled_at is not None:
            people.amend(found.id, disabled=False, who=whoami())
        if no_totp and found.has_totp:
            people.second_factor.end(found, who=whoami())
        link = f"{url.rstrip('/')}/setup/{people.invite(found.id, who=whoami())}"
    finally:
        installation.close()
    if as_json:
        emit({"name": name, "link": link})
        return 0
    out.print(f"请由 {found.shown} 打开，设置新密码（3 天内有效，用一次就失效）：", markup=False)
    out.print(link, markup=False, soft_wrap=True)
    return 0
