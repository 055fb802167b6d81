"""API tokens, and answers kept for idempotency keys. Tokens and keys arrive here hashed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from contextlib import suppress

import sqlalchemy as sa

from bot.domain.errors import DiskFull
from bot.domain.people import Answered, ApiToken

from .columns import AnyRow
from .history import Entry, record
from .part import Part
from .people import shown_account
from .schema import account, answered, api_token

KEPT = dt.timedelta(days=1)
"""How long answers are remembered."""


class ApiAccess(Part):
    def add_token(
        self,
        token_hash: str,
        account_id: int,
        name: str,
        scopes: Sequence[str],
        *,
        expires_at: dt.datetime | None,
        who: str,
        now: dt.datetime,
    ) -> None:
        row = {"token_hash": token_hash, "account_id": account_id, "name": name, "scopes": list(scopes)}
        entry = Entry("token.added", f"account:{account_id}", after={"name": name, "scopes": list(scopes)})
        with self.db.write() as connection:
            connection.execute(sa.insert(api_token).values(**row, created_at=now, expires_at=expires_at))
            record(connection, [entry], who=who, why="", now=now)

    def tokens(self, account_id: int) -> list[ApiToken]:
        query = _TOKENS.where(api_token.c.account_id == account_id).order_by(api_token.c.id)
        with self.db.read() as connection:
            return [_token(row) for row in connection.execute(query)]

    def token(self, token_hash: str, *, now: dt.datetime) -> ApiToken | None:
        """A token that still works, noted as used."""
        query = _TOKENS.where(
            api_token.c.token_hash == token_hash,
            api_token.c.revoked_at.is_(None),
            account.c.disabled_at.is_(None),
            sa.or_(api_token.c.expires_at.is_(None), api_token.c.expires_at > now),
        )
        with self.db.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        if row.used_at is None or now - row.used_at > dt.timedelta(minutes=1):
            with suppress(DiskFull), self.db.write() as connection:
                connection.execute(sa.update(api_token).where(api_token.c.id == row.token_id).values(used_at=now))
        return _token(row)

    def revoke_token(self, account_id: int, token_id: int, *, who: str, now: dt.datetime) -> bool:
        """False when this account has no such token in use."""
        mine = (api_token.c.id == token_id, api_token.c.account_id == account_id, api_token.c.revoked_at.is_(None))
        with self.db.write() as connection:
            done = connection.execute(sa.update(api_token).where(*mine).values(revoked_at=now)).rowcount == 1
            if done:
                entry = Entry("token.revoked", f"account:{account_id}", before={"token": token_id})
                record(connection, [entry], who=who, why="", now=now)
        return done

    # --- idempotency -----------------------------------------------------------------------------------------------

    def answer(self, owner: str, key_hash: str) -> Answered | None:
        query = sa.select(answered).where(answered.c.owner == owner, answered.c.key_hash == key_hash)
        with self.db.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else Answered(row.fingerprint, row.status, row.body)

    def begin_answer(self, owner: str, key_hash: str, fingerprint: str, *, now: dt.datetime) -> bool:
        """Take the key before acting (status 0: under way); False when somebody holds it."""
        row = {"owner": owner, "key_hash": key_hash, "fingerprint": fingerprint, "status": 0, "body": ""}
        with self.db.write() as connection:
            connection.execute(sa.delete(answered).where(answered.c.created_at < now - KEPT))
            mine = (answered.c.owner == owner, answered.c.key_hash == key_hash)
            if connection.execute(sa.select(answered.c.status).where(*mine)).first() is not None:
                return False
            connection.execute(sa.insert(answered).values(**row, created_at=now))
        return True

    def keep_answer(self, owner: str, key_hash: str, status: int, body: str) -> None:
        mine = (answered.c.owner == owner, answered.c.key_hash == key_hash)
        with self.db.write() as connection:
            connection.execute(sa.update(answered).where(*mine).values(status=status, body=body))

    def drop_answer(self, owner: str, key_hash: str) -> None:
        """The act failed for a fault of ours: the key may be used again."""
        with self.db.write() as connection:
            connection.execute(sa.delete(answered).where(answered.c.owner == owner, answered.c.key_hash == key_hash))


_TOKENS = sa.select(
    account,
    api_token.c.id.label("token_id"),
    api_token.c.name.label("token_name"),
    api_token.c.scopes,
    api_token.c.created_at.label("made_at"),
    api_token.c.expires_at,
    api_token.c.used_at,
    api_token.c.revoked_at,
).join(api_token, api_token.c.account_id == account.c.id)


def _token(row: AnyRow) -> ApiToken:
    return ApiToken(
        id=row.token_id,
        name=row.token_name,
        scopes=tuple(row.scopes),
        created_at=row.made_at,
        expires_at=row.expires_at,
        used_at=row.used_at,
        revoked_at=row.revoked_at,
        account=shown_account(row),
    )
