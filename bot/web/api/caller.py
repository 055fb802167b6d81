"""Who calls the API, what their token may do, and the one answer to a repeated POST."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Header, Request
from fastapi.encoders import jsonable_encoder
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from bot.domain.errors import JianbaoError
from bot.domain.people import Account, ApiToken, Role
from bot.web.access import the_office
from bot.web.office import Office

_bearer = HTTPBearer(auto_error=False, description="接口令牌，在“我的”页面新建。")
Key = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=200)]


class ApiError(Exception):
    """An answer other than success: status, fixed code, and a sentence."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        self.status, self.code, self.headers = status, code, headers
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Caller:
    """One call with a token that suffices."""

    request: Request
    office: Office
    token: ApiToken

    @property
    def account(self) -> Account:
        return self.token.account

    @property
    def who(self) -> str:
        return f"{self.account.who} 接口“{self.token.name}”"

    def once(self, key: str | None, body: BaseModel | bytes | None, act: Callable[[], BaseModel]) -> Response:
        """Do `act`, and with a key keep its answer: the same request again gets it without acting again.

        The key is taken before the act. After a crash in between it stays taken (409): nobody can know.
        """
        if key is None:
            return _json(200, jsonable_encoder(act()))
        store, now = self.office.store, self.office.now()
        owner, key_hash = f"account:{self.account.id}", _sha(key.encode())
        sent = body if isinstance(body, bytes) else body.model_dump_json().encode() if body is not None else b""
        mark = _sha(f"{self.request.method} {self.request.url.path}\n".encode() + sent)
        if not store.begin_answer(owner, key_hash, mark, now=now):
            kept = store.answer(owner, key_hash)
            if kept is None or kept.fingerprint != mark:
                raise ApiError(422, "idempotency_mismatch", "这个 Idempotency-Key 已用于另一个请求，请换一个。")
            if kept.status == 0:
                raise ApiError(409, "in_progress", "同一请求正在处理或曾经中断，请查看结果后换一个 Idempotency-Key。")
            return _json(kept.status, json.loads(kept.body), replayed=True)
        try:
            answer = jsonable_encoder(act())
        except (JianbaoError, ApiError):
            # Refused, so nothing was done: the caller may mend what was wrong and use the key again.
            store.drop_answer(owner, key_hash)
            raise
        store.keep_answer(owner, key_hash, 200, json.dumps(answer, ensure_ascii=False))
        return _json(200, answer)


def _json(status: int, body: Any, *, replayed: bool = False) -> JSONResponse:
    return JSONResponse(body, status_code=status, headers={"Idempotency-Replayed": "true"} if replayed else None)


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class ApiNeeds:
    """A dependency: the caller whose token carries the role's scope, and whose role still suffices."""

    def __init__(self, role: Role) -> None:
        self.role = role

    async def __call__(
        self, request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
    ) -> Caller:
        office = the_office(request)
        token = await run_in_threadpool(office.people.token, given.credentials) if given is not None else None
        if token is None:
            said = "缺少接口令牌，或令牌无效、已过期、已作废。"
            raise ApiError(401, "unauthorized", said, {"WWW-Authenticate": "Bearer"})
        if not token.account.role.may(self.role) or self.role.scope not in token.scopes:
            raise ApiError(403, "forbidden", f"需要“{self.role.chinese}”角色和令牌权限 {self.role.scope}。")
        return Caller(request, office, token)


Reads = Annotated[Caller, Depends(ApiNeeds(Role.VIEWER))]
Edits = Annotated[Caller, Depends(ApiNeeds(Role.EDITOR))]
Releases = Annotated[Caller, Depends(ApiNeeds(Role.APPROVER))]
Administers = Annotated[Caller, Depends(ApiNeeds(Role.ADMINISTRATOR))]
