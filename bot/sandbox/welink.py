"""Huawei WeLink group robot as its server behaves.

Source: a copy of the vendor's page with which four independent clients agree (project's vendor reference, section 7).

Choices where the sources are silent:
- the 500 characters are UTF-16 units, the stricter reading;
- a caller outside the IP list gets 58602, the only "configuration" code besides the unknown robot's;
- no rate is known; a robot registered with `per_minute` answers 58500 over it;
- only an accepted call uses up its uuid.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.sandbox.exchange import Request, Verdict, filled, mapping, query_values, read_object
from bot.sandbox.robots import RatePolicy, Robot

LABEL = "WeLink"
ROUTES = ("/api/werobot/v1/webhook/send",)
RATE = RatePolicy()
MAX_TEXT_UNITS = 500
MAX_ACCOUNTS = 10
TOLERANCE_MS = 600 * 1000

EXPLANATIONS: Mapping[str, str] = {
    "58404": "机器人不存在",
    "58500": "服务异常",
    "58601": "参数不合规",
    "58602": "机器人未启用，或 IP 不在白名单",
}


def key_of(request: Request) -> str:
    """The robot's token, empty when the call carries none."""
    return query_values(request.query).get("token", "")


def judge(robot: Robot | None, request: Request, now: float) -> Verdict:
    """The vendor's answer to a call at `now` (Unix seconds); its `code` is a string."""
    if robot is None or robot.settings.state == "removed":
        return _refuse("58404", "robot does not exist")
    if robot.settings.state == "stopped" or not robot.settings.allows(request.client):
        return _refuse("58602", "robot is not enabled")
    if not robot.rate.admit(now):
        return throttled(request, now)
    payload = read_object(request.body)
    if request.method != "POST" or payload is None or query_values(request.query).get("channel") != "standard":
        return _refuse("58601", "invalid request")
    broken = _broken_field(payload, now)
    if broken is not None:
        return _refuse("58601", f"invalid parameter: {broken}")
    if payload["uuid"] in robot.uuids:
        return _refuse("58601", "invalid parameter: uuid was used before")
    robot.uuids[payload["uuid"]] = now
    return Verdict(True, "0", "ok", {"code": "0", "data": "success", "message": "ok"})


def throttled(request: Request, now: float) -> Verdict:
    """The answer to a call over the robot's own rate; the vendor's is not known."""
    return _refuse("58500", "service error")


def refusal(code: int, text: str, request: Request, now: float) -> Verdict:
    """The refusal with any code of the vendor's."""
    return _refuse(str(code), text)


def _refuse(code: str, message: str) -> Verdict:
    return Verdict(False, code, message, {"code": code, "message": message})


def _broken_field(payload: Mapping[str, Any], now: float) -> str | None:
    said = mapping(payload.get("content")).get("text")
    stamp = payload.get("timeStamp")
    if payload.get("messageType") != "text":
        return "messageType"
    if not isinstance(said, str) or not 1 <= len(said.encode("utf-16-le")) // 2 <= MAX_TEXT_UNITS:
        return "content.text"
    if not isinstance(stamp, int) or isinstance(stamp, bool) or abs(stamp - now * 1000) > TOLERANCE_MS:
        return "timeStamp"
    if not filled(payload.get("uuid")):
        return "uuid"
    for name in ("isAt", "isAtAll"):
        if not isinstance(payload.get(name, False), bool):
            return name
    accounts = payload.get("atAccounts")
    if payload.get("isAt") and not (isinstance(accounts, list) and 1 <= len(accounts) <= MAX_ACCOUNTS):
        return "atAccounts"
    return None
