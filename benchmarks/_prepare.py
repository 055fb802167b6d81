"""A program that fills an installation: robots, groups of them, an account. Standard output is its API token.

`python _prepare.py SANDBOX ROBOTS HOT_ROBOTS`, with the installation's settings in the environment. It imports nothing
but the program itself, of whatever version stands in PYTHONPATH.
"""

from __future__ import annotations

import secrets
import sys

from bot.bootstrap import open_app, utc_now
from bot.domain.card import Style
from bot.domain.directory import Directory, Group, Recipient, Target
from bot.domain.people import Role
from bot.domain.secret import Secret
from bot.flows.people import People
from bot.settings import load_settings

MANY, HOT = "测试", "热门"
"""The groups a bulletin goes to: of all robots, and of the few that get so many that their pace decides."""
_PATHS = {
    "wecom": "/cgi-bin/webhook/send?key={key}",
    "dingtalk": "/robot/send?access_token={key}",
    "feishu": "/open-apis/bot/v2/hook/{key}",
}


def directory(base: str, robots: int, hot_robots: int) -> Directory:
    def unit(prefix: str, name: str, number: int) -> Recipient:
        channel = list(_PATHS)[number % len(_PATHS)]
        url = base + _PATHS[channel].format(key=f"{prefix}-{number:05d}")
        return Recipient(
            f"{prefix}-{number}", f"{name}第{number}局", targets=(Target(channel, Secret(url), style=Style.TEXT),)
        )

    many = tuple(unit("many", "", n) for n in range(robots))
    hot = tuple(unit("hot", HOT, n) for n in range(hot_robots))
    groups = tuple(
        Group(key, f"各{name}单位", (f"各{name}单位",), tuple(one.id for one in members))
        for key, name, members in (("many", MANY, many), ("hot", HOT, hot))
    )
    return Directory((*many, *hot), groups)


def main(sandbox: str, robots: int, hot_robots: int) -> None:
    app = open_app(load_settings())
    app.store.import_directory(directory(sandbox, robots, hot_robots), who="benchmark", why="", now=utc_now())
    people = People(app.store, app.clock)
    link = people.add_account("bench", "试验", Role.ADMINISTRATOR, who="benchmark")
    account = people.accept(link, name="bench", shown="试验", password=secrets.token_urlsafe(16))
    print(people.add_token(account, "试验", [role.scope for role in Role], days=1))
    app.close()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
