"""Accounts, and the invitations that make them or set their password anew. Secrets arrive here already hashed."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from bot.domain.people import Account, Credentials, Invitation, Role

from .columns import AnyRow
from .history import Entry, record
from .part import Part
from .schema import account, invitation, session
from .vault import ACCOUNT_TOTP


class People(Part):
    def has_accounts(self) -> bool:
        with self.db.read() as connection:
            return connection.execute(sa.select(account.c.id).limit(1)).first() is not None

    def accounts(self) -> list[Account]:
        with self.db.read() as connection:
            return [shown_account(row) for row in connection.execute(sa.select(account).order_by(account.c.id))]

    def account(self, account_id: int) -> Account | None:
        with self.db.read() as connection:
            row = connection.execute(sa.select(account).where(account.c.id == account_id)).one_or_none()
        return None if row is None else shown_account(row)

    def credentials(self, name: str) -> Credentials | None:
        """What to check a sign-in as `name` against; None for an unknown or disabled name."""
        query = sa.select(account).where(account.c.name == name, account.c.disabled_at.is_(None))
        with self.db.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        totp = self.vault.open(row.totp, column=ACCOUNT_TOTP) if row.totp is not None else None
        return Credentials(shown_account(row), row.password_hash, totp, row.totp_step)

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
        return Invitation(None if owner is None else shown_account(owner), row.expires_at)

    def use_invitation(self, token_hash: str) -> bool:
        """True for the one who uses it first."""
        with self.db.write() as connection:
            return connection.execute(sa.delete(invitation).where(invitation.c.token_hash == token_hash)).rowcount == 1


def _set(connection: sa.Connection, account_id: int, **values: object) -> None:
    connection.execute(sa.update(account).where(account.c.id == account_id).values(**values))


def shown_account(row: AnyRow) -> Account:
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
