"""Which key seals the database, which ones did, and the change from one to the next."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa

from bot.domain.errors import ConfigError, WrongKey
from bot.domain.reader_token import ReaderKey

from . import workers
from .database import Database
from .history import Entry, record
from .part import Part
from .schema import (
    account,
    dated_change,
    delivery,
    directory_upload,
    history_head,
    key_generation,
    target,
    totp_enrolment,
)
from .vault import (
    ACCOUNT_TOTP,
    DATED_STEPS,
    ENROLLED_TOTP,
    READER_KEY,
    TARGET_SECRET,
    TARGET_URL,
    UPLOADED,
    WRONG_KEY,
    Vault,
)

SEALED: tuple[tuple[sa.Column[bytes], str], ...] = (
    (target.c.url, TARGET_URL),
    (target.c.secret, TARGET_SECRET),
    (account.c.totp, ACCOUNT_TOTP),
    (totp_enrolment.c.seed, ENROLLED_TOTP),
    (dated_change.c.steps, DATED_STEPS),
    (directory_upload.c.upload, UPLOADED),
    (key_generation.c.reader_key, READER_KEY),
)
"""Every sealed column, with the name that is bound into its seal."""

IN_FORCE = key_generation.c.retired_at.is_(None)
_KEY_ID = sa.select(key_generation.c.key_id).where(IN_FORCE)


@dataclass(frozen=True, slots=True)
class Generation:
    """`number` counts the keys of this installation from 1."""

    number: int
    began_at: dt.datetime


class Keys(Part):
    def reader_keys(self) -> tuple[ReaderKey, ...]:
        """The keys reader links may be signed with: the one in force, then those of earlier generations."""
        query = sa.select(key_generation).where(~IN_FORCE).order_by(key_generation.c.id.desc())
        with self.db.read() as connection:
            rows = connection.execute(query).all()
        retired = (ReaderKey(self.vault.open_bytes(row.reader_key, column=READER_KEY), row.up_to) for row in rows)
        return (ReaderKey(self.vault.reader_key), *retired)

    def key_in_force(self) -> Generation | None:
        """The key this store was opened with; None when another has taken its place since."""
        query = sa.select(key_generation).where(IN_FORCE, key_generation.c.key_id == self.vault.key_id.hex())
        with self.db.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else Generation(row.id, row.began_at)

    def open_everything(self) -> int:
        """Open every sealed value of the database; how many there are. ConfigError at the first that does not open."""
        count = 0
        with self.db.read() as connection:
            for column, name in SEALED:
                for sealed in connection.execute(sa.select(column).where(column.is_not(None))).scalars():
                    self.vault.open_bytes(sealed, column=name)
                    count += 1
        return count

    def rotate(self, new: Vault, *, who: str, now: dt.datetime) -> int:
        """Seal everything with `new`, in one transaction; how many values. This store is of no more use afterwards.

        ConfigError while a worker runs, and for a key that has been in use before. WrongKey when another rotation came
        first.
        """
        with self.db.write() as connection:
            if workers.living(connection, now=now)[0]:
                raise ConfigError("服务还在运行：请先停止所有 jianbao 进程，再更换密钥。什么都没有改动。")
            guard(connection, self.vault, alone=True)
            known = connection.execute(sa.select(key_generation.c.key_id)).scalars().all()
            if new.key_id.hex() in known:
                raise ConfigError("这把密钥用过了：请另换一把新的。什么都没有改动。")
            count = sum(_reseal(connection, column, name, self.vault, new) for column, name in SEALED)
            _refingerprint(connection, new)
            self._succeed(connection, new, now)
            entry = Entry(
                "key.rotated", "key:1", before={"key_id": self.vault.key_id.hex()}, after={"key_id": new.key_id.hex()}
            )
            record(connection, [entry], who=who, why="", now=now)
        return count

    def _succeed(self, connection: sa.Connection, new: Vault, now: dt.datetime) -> None:
        # The last delivery is asked for after every target was locked by its new seal: whoever has sent with the old
        # key has committed by now, and nobody can any more.
        last = sa.select(sa.func.coalesce(sa.func.max(delivery.c.id), 0)).scalar_subquery()
        retired = {
            "retired_at": now,
            "reader_key": new.seal_bytes(self.vault.reader_key, column=READER_KEY),
            "up_to": last,
        }
        connection.execute(sa.update(key_generation).where(IN_FORCE).values(retired))
        number = connection.execute(sa.select(sa.func.max(key_generation.c.id))).scalar_one() + 1
        row = {"id": number, "key_id": new.key_id.hex(), "began_at": now}
        connection.execute(sa.insert(key_generation).values(row))


def guard(connection: sa.Connection, vault: Vault, *, alone: bool = False) -> None:
    """Before a value is sealed: WrongKey when the vault's key is not the one in force any more. Until the transaction
    ends no rotation comes in between; with `alone`, no other sealing either."""
    if connection.execute(_KEY_ID.with_for_update(read=not alone)).scalar_one_or_none() != vault.key_id.hex():
        raise WrongKey(WRONG_KEY)


def begin(db: Database, vault: Vault, *, now: dt.datetime) -> None:
    """At every opening: WrongKey for a key other than the one in force. The first opening writes down whose it is."""
    with db.read() as connection:
        found = connection.execute(_KEY_ID).scalar_one_or_none()
    if found is None:
        with db.write() as connection:
            # Of two first openings at once, one waits here and then finds what the other has written.
            connection.execute(sa.select(history_head.c.id).with_for_update())
            found = connection.execute(_KEY_ID).scalar_one_or_none() or _first(connection, vault, now)
    if found != vault.key_id.hex():
        raise WrongKey(WRONG_KEY)


def _first(connection: sa.Connection, vault: Vault, now: dt.datetime) -> str:
    # A database of a version that wrote no key down tells by what it has sealed.
    sealed = connection.execute(sa.select(target.c.url).limit(1)).scalar_one_or_none()
    if sealed is not None:
        vault.open(sealed, column=TARGET_URL)
    connection.execute(sa.insert(key_generation).values(id=1, key_id=vault.key_id.hex(), began_at=now))
    return vault.key_id.hex()


def _reseal(connection: sa.Connection, column: sa.Column[bytes], name: str, old: Vault, new: Vault) -> int:
    table = column.table
    (key,) = table.primary_key.columns
    rows = connection.execute(sa.select(key, column).where(column.is_not(None))).all()
    sealed = [
        {"the_key": row[0], "sealed": new.seal_bytes(old.open_bytes(row[1], column=name), column=name)} for row in rows
    ]
    if sealed:
        query = sa.update(table).where(key == sa.bindparam("the_key")).values({column: sa.bindparam("sealed")})
        connection.execute(query, sealed)
    return len(sealed)


def _refingerprint(connection: sa.Connection, new: Vault) -> None:
    rows = connection.execute(sa.select(target.c.id, target.c.url)).all()
    marks = [{"the_key": row.id, "mark": new.fingerprint(new.open(row.url, column=TARGET_URL))} for row in rows]
    if marks:
        query = sa.update(target).where(target.c.id == sa.bindparam("the_key"))
        connection.execute(query.values(fingerprint=sa.bindparam("mark")), marks)
