"""Accounts, sessions, invitations and API tokens. Secrets arrive here already hashed, but for the TOTP seed: sealed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from contextlib import suppress

import sqlalchemy as sa

from bot.domain.errors import DiskFull
from bot.domain.people import Account, Answered, ApiToken, Credentials, Invitation, Role

from .columns import AnyRow
from .history import Entry, record
from .part import Part
from .schema import account, answered, api_token, invitation, session, sign_in_failure
from .vault import ACCOUNT_TOTP

KEPT = dt.timedelta(days=1)
"""How long failed sign-ins and idempotent answers are remembered."""


class People(Part):
    def has_accounts(self) -> bool:
        with self.db.read() as connection:
            return connection.execute(sa.select(account.c.id).limit(1)).first() is not None

    def accounts(self) -> list[Account]:
        with self.db.read() as connection:
            return [_account(row) for row in connection.execute(sa.select(account).order_by(account.c.id))]

    def account(self, account_id: int) -> Account | None:
        with self.db.read() as connection:
            row = connection.execute(sa.select(account).where(account.c.id == account_id)).one_or_none()
        return None if row is None else _account(row)

    def credentials(self, name: str) -> Credentials | None:
        """What to check a sign-in as `name` against; None for an unknown or disabled name."""
        query = sa.select(account).where(account.c.name == name, account.c.disabled_at.is_(None))
        with self.db.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        totp = self.vault.open(row.totp, column=ACCOUNT_TOTP) if row.totp is not None else None
        return Credentials(_account(row), row.password_hash, totp, row.totp_step)

    def add_account(
        self, name: str, shown: str, role: Role, *, password_hash: str | None, first: bool, who: str, now: dt.datetime
    ) -> int | None:
        """The new account's id; None when the name is taken, or when `first` and there is an account already."""
        row = {"name": name, "shown": shown, "role": role, "password_hash": password_hash, "totp_step": 0}
        taken = sa.select(account.c.id).limit(1)
        with self.db.write() as connection:
            if connection.execute(taken if first else taken.where(account.c.name == name)).first() is not None:
                return None
            new: int = connection.execute(
                sa.insert(account).values(**row, created_at=now).returning(account.c.id)
            ).scalar_one()
            after = {"name": name, "shown": shown, "role": role.value}
            record(connection, [Entry("account.added", f"account:{new}", after=after)], who=who, why="", now=now)
        return new

    def amend_account(
        self, account_id: int, *, role: Role | None = None, disabled: bool | None = None, who: str, now: dt.datetime
    ) -> bool:
        """Change role or standing, and end the sessions; False when no administrator would be left."""
        with self.db.write() as connection:
            rows = connection.execute(sa.select(account).with_for_update()).all()
            before = next(row for row in rows if row.id == account_id)
            new_role = before.role if role is None else role
            off = before.disabled_at is not None if disabled is None else disabled
            others = any(
                r.id != account_id and r.role is Role.ADMINISTRATOR and r.disabled_at is None and r.password_hash
                for r in rows
            )
            if not others and (new_role is not Role.ADMINISTRATOR or off):
                return False
            connection.execute(
                sa.update(account)
                .where(account.c.id == account_id)
                .values(role=new_role, disabled_at=(before.disabled_at or now) if off else None)
            )
            connection.execute(sa.delete(session).where(session.c.account_id == account_id))
            entry = Entry(
                "account.changed",
                f"account:{account_id}",
                before={"role": before.role.value, "disabled": before.disabled_at is not None},
                after={"role": new_role.value, "disabled": off},
            )
            record(connection, [entry], who=who, why="", now=now)
        return True

    def set_password(self, account_id: int, password_hash: str, *, who: str, now: dt.datetime) -> None:
        """Set it, and end every session of the account: whoever sits in one has to sign in anew."""
        with self.db.write() as connection:
            _set(connection, account_id, password_hash=password_hash)
            connection.execute(sa.delete(session).where(session.c.account_id == account_id))
            record(connection, [Entry("account.password", f"account:{account_id}")], who=who, why="", now=now)

    def rehash(self, account_id: int, password_hash: str) -> None:
        """The same password under a costlier hash: nothing that its owner would notice."""
        with self.db.write() as connection:
            _set(connection, account_id, password_hash=password_hash)

    # --- invitations -----------------------------------------------------------------------------------------------

    def add_invitation(
        self, token_hash: str, account_id: int | None, *, expires_at: dt.datetime, who: str, now: dt.datetime
    ) -> None:
        """The newest link alone is good: earlier ones for the same purpose end."""
        with self.db.write() as connection:
            connection.execute(sa.delete(invitation).where(invitation.c.account_id.is_not_distinct_from(account_id)))
            row = {"token_hash": token_hash, "account_id": account_id, "created_at": now, "expires_at": expires_at}
            connection.execute(sa.insert(invitation).values(row))
            if account_id is not None:
                entry = Entry("account.invited", f"account:{account_id}")
                record(connection, [entry], who=who, why="", now=now)

    def invitation(self, token_hash: str, *, now: dt.datetime) -> Invitation | None:
        query = sa.select(invitation).where(invitation.c.token_hash == token_hash, invitation.c.expires_at > now)
        with self.db.read() as connection:
            row = connection.execute(query).one_or_none()
            if row is None:
                return None
            owner = connection.execute(sa.select(account).where(account.c.id == row.account_id)).one_or_none()
        return Invitation(None if owner is None else _account(owner), row.expires_at)

    def use_invitation(self, token_hash: str) -> bool:
        """True for the one who uses it first."""
        with self.db.write() as connection:
            return connection.execute(sa.delete(invitation).where(invitation.c.token_hash == token_hash)).rowcount == 1

    # --- sessions --------------------------------------------------------------------------------------------------

    def add_session(self, id_hash: str, account_id: int, *, expires_at: dt.datetime, now: dt.datetime) -> None:
        with self.db.write() as connection:
            connection.execute(sa.delete(session).where(session.c.expires_at <= now))
            row = {"id_hash": id_hash, "account_id": account_id, "created_at": now, "seen_at": now}
            connection.execute(sa.insert(session).values(**row, expires_at=expires_at))
            owner = _account(connection.execute(sa.select(account).where(account.c.id == account_id)).one())
            entry = Entry("account.signed_in", f"account:{account_id}")
            record(connection, [entry], who=owner.who, why="", now=now)

    def session(self, id_hash: str, *, idle: dt.timedelta, now: dt.datetime) -> Account | None:
        """Whose it is; None when it is unknown, over, unused for `idle`, or its account is disabled."""
        query = (
            sa.select(account, session.c.seen_at)
            .join(session, session.c.account_id == account.c.id)
            .where(
                session.c.id_hash == id_hash,
                session.c.expires_at > now,
                session.c.seen_at > now - idle,
                account.c.disabled_at.is_(None),
            )
        )
        with self.db.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        if now - row.seen_at > idle / 10:
            # Not at every click: a page view must not wait for the writer. Nor for room on the disk.
            with suppress(DiskFull), self.db.write() as connection:
                connection.execute(sa.update(session).where(session.c.id_hash == id_hash).values(seen_at=now))
        return _account(row)

    def end_session(self, id_hash: str) -> None:
        with self.db.write() as connection:
            connection.execute(sa.delete(session).where(session.c.id_hash == id_hash))

    # --- failed sign-ins -------------------------------------------------------------------------------------------

    def locked_until(self, name_hash: str) -> tuple[int, dt.datetime | None]:
        """(failures in a row, locked until when)."""
        query = sa.select(sign_in_failure).where(sign_in_failure.c.name_hash == name_hash)
        with self.db.read() as connection:
            row = connection.execute(query).one_or_none()
        return (0, None) if row is None else (row.failures, row.locked_until)

    def note_failure(self, name_hash: str, *, lock_for: Callable[[int], dt.timedelta | None], now: dt.datetime) -> None:
        """One more in a row. `lock_for` says how long that many lock the name, if at all; it is asked with the count
        as it stands in this transaction, so that guesses made at once all count."""
        mine = sign_in_failure.c.name_hash == name_hash
        with self.db.write() as connection:
            connection.execute(sa.delete(sign_in_failure).where(sign_in_failure.c.last_at < now - KEPT))
            before = connection.execute(sa.select(sign_in_failure.c.failures).where(mine)).scalar_one_or_none()
            failures = (before or 0) + 1
            lock = lock_for(failures)
            values = {"failures": failures, "last_at": now, "locked_until": now + lock if lock else None}
            if before is None:
                connection.execute(sa.insert(sign_in_failure).values(name_hash=name_hash, **values))
            else:
                connection.execute(sa.update(sign_in_failure).where(mine).values(values))

    def forget_failures(self, name_hash: str) -> None:
        with self.db.write() as connection:
            connection.execute(sa.delete(sign_in_failure).where(sign_in_failure.c.name_hash == name_hash))

    # --- API tokens ------------------------------------------------------------------------------------------------

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


def _set(connection: sa.Connection, account_id: int, **values: object) -> None:
    connection.execute(sa.update(account).where(account.c.id == account_id).values(**values))


def _account(row: AnyRow) -> Account:
    return Account(
        id=row.id,
        name=row.name,
        shown=row.shown,
        role=row.role,
        created_at=row.created_at,
        disabled_at=row.disabled_at,
        has_password=row.password_hash is not None,
        has_totp=row.totp is not None,
    )


def _token(row: AnyRow) -> ApiToken:
    return ApiToken(
        id=row.token_id,
        name=row.token_name,
        scopes=tuple(row.scopes),
        created_at=row.made_at,
        expires_at=row.expires_at,
        used_at=row.used_at,
        revoked_at=row.revoked_at,
        account=_account(row),
    )
