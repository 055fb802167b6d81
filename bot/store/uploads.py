"""Directory files that were read and compared, until the one who brought them confirms. Sealed whole: they hold
addresses. Kept here and not in a process, so that any web process may be asked, also after a restart."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import sqlalchemy as sa

from bot.domain.encoding import from_plain, to_plain
from bot.domain.pages import Upload

from .columns import AnyRow
from .keys import guard
from .part import Part
from .schema import directory_upload
from .vault import UPLOADED

KEPT = dt.timedelta(minutes=30)
MOST_OF_ONE = 3
MOST = 20


class Uploads(Part):
    def keep_upload(self, key_hash: str, account_id: int, upload: Upload, *, now: dt.datetime) -> None:
        """Keep it for KEPT; the oldest give way, of this person and of all."""
        row = {
            "key_hash": key_hash,
            "account_id": account_id,
            "upload": self.vault.seal_bytes(json.dumps(to_plain(upload)).encode(), column=UPLOADED),
            "created_at": now,
        }
        with self.db.write() as connection:
            guard(connection, self.vault)
            forget_uploads(connection, now=now)
            connection.execute(sa.insert(directory_upload).values(row))
            for mine, most in ((directory_upload.c.account_id == account_id, MOST_OF_ONE), (sa.true(), MOST)):
                newest = sa.select(directory_upload.c.key_hash).where(mine)
                newest = newest.order_by(directory_upload.c.created_at.desc(), directory_upload.c.key_hash).limit(most)
                kept = list(connection.execute(newest).scalars())
                connection.execute(sa.delete(directory_upload).where(mine, directory_upload.c.key_hash.not_in(kept)))

    def upload(self, key_hash: str, account_id: int, *, now: dt.datetime) -> Upload | None:
        """It, for the one who brought it and nobody else."""
        with self.db.read() as connection:
            row = connection.execute(_of(key_hash, account_id, now)).one_or_none()
        return None if row is None else self._upload(row)

    def take_upload(self, key_hash: str, account_id: int, *, now: dt.datetime) -> Upload | None:
        """The same, once: of two who take it, one gets it."""
        with self.db.write() as connection:
            row = connection.execute(_of(key_hash, account_id, now)).one_or_none()
            gone = sa.delete(directory_upload).where(directory_upload.c.key_hash == key_hash)
            if row is None or connection.execute(gone).rowcount != 1:
                return None
        return self._upload(row)

    def _upload(self, row: AnyRow) -> Upload:
        return from_plain(Upload, json.loads(self.vault.open_bytes(row.upload, column=UPLOADED)))


def _of(key_hash: str, account_id: int, now: dt.datetime) -> sa.Select[*tuple[Any, ...]]:
    return sa.select(directory_upload).where(
        directory_upload.c.key_hash == key_hash,
        directory_upload.c.account_id == account_id,
        directory_upload.c.created_at > now - KEPT,
    )


def forget_uploads(connection: sa.Connection, *, now: dt.datetime) -> None:
    connection.execute(sa.delete(directory_upload).where(directory_upload.c.created_at <= now - KEPT))
