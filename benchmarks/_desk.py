"""Those who publish in a run: robots and groups of them, an account with its token, bulletins through the API."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Any

import httpx

from bot.bootstrap import App, utc_now
from bot.domain.card import Style
from bot.domain.directory import Directory, Group, Recipient, Target
from bot.domain.people import Role
from bot.domain.secret import Secret
from bot.flows.people import People

MANY, HOT = "测试", "热门"
"""The groups a bulletin goes to: of all robots, and of the few that get so many that their pace decides."""
NEAR_S = 10.0
"""A moment set must not be past when the call that sets it comes to be carried out, on a busy machine too."""
_PATHS = {
    "wecom": "/cgi-bin/webhook/send?key={key}",
    "dingtalk": "/robot/send?access_token={key}",
    "feishu": "/open-apis/bot/v2/hook/{key}",
}
BULLETIN = """梅州市城镇老旧小区改造工作 简 报

({year}年第{number}期 总第{number}期)

梅州市住房和城乡建设局

{day}

- 老旧小区改造提前完工

老旧小区改造提前完工

今年列入计划的12个老旧小区改造项目全部完工，惠及居民863户。施工期间，街道每周召开一次居民议事会。

发送：{group}。
"""


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


class Desk:
    """Those who publish: an account with its token, and the API of `web`."""

    def __init__(self, app: App, base: str) -> None:
        people = People(app.store, app.clock)
        link = people.add_account("bench", "试验", Role.ADMINISTRATOR, who="benchmark")
        account = people.accept(link, name="bench", shown="试验", password=secrets.token_urlsafe(16))
        token = people.add_token(account, "试验", [r.scope for r in Role], days=1)
        headers = {"Authorization": f"Bearer {token}"}
        self._client = httpx.Client(base_url=base, headers=headers, trust_env=False, timeout=300)
        self._number = 0

    def publish(self, bulletins: int, group: str) -> list[int]:
        """Take them in and set each to a near moment, at which one of the schedulers releases it; their ids."""
        found = [self._take_in(group) for _ in range(bulletins)]
        for issue_id in found:
            at = (utc_now() + dt.timedelta(seconds=NEAR_S)).isoformat()
            self._post(f"/api/v1/issues/{issue_id}/reschedule", json={"at": at, "why": "试验"})
        return found

    def _take_in(self, group: str) -> int:
        self._number += 1
        # Dated tomorrow, so that it waits for its moment whatever the time of day.
        day = (utc_now() + dt.timedelta(days=2)).date()
        text = BULLETIN.format(
            year=day.year, number=self._number, day=f"{day.year}年{day.month}月{day.day}日", group=f"各{group}单位"
        )
        taken = self._post("/api/v1/issues", files={"file": (f"{self._number}.txt", text.encode())})
        assert taken["state"] == "scheduled", taken
        return int(taken["id"])

    def _post(self, path: str, **body: Any) -> dict[str, Any]:
        answer = self._client.post(path, **body)
        if answer.is_error:
            raise RuntimeError(f"{path}: {answer.status_code} {answer.text}")
        found: dict[str, Any] = answer.json()
        return found

    def close(self) -> None:
        self._client.close()
