"""Those who publish in a run: bulletins through the API of `web`."""

from __future__ import annotations

import datetime as dt
from typing import Any

import httpx

from bot.bootstrap import utc_now

NEAR_S = 10.0
"""A moment set must not be past when the call that sets it comes to be carried out, on a busy machine too."""
BULLETIN = """梅州市城镇老旧小区改造工作 简 报

({year}年第{number}期 总第{number}期)

梅州市住房和城乡建设局

{day}

- 老旧小区改造提前完工

老旧小区改造提前完工

今年列入计划的12个老旧小区改造项目全部完工，惠及居民863户。施工期间，街道每周召开一次居民议事会。

发送：{group}。
"""


class Desk:
    """`base`: where `web` is; `token`: of whoever publishes."""

    def __init__(self, base: str, token: str) -> None:
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

    def move(self, base: str) -> None:
        """`web` is there from now on."""
        self._client.base_url = base

    def close(self) -> None:
        self._client.close()
