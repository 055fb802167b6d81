"""The store as one object, put together from its parts."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from bot.domain.faultpoints import Hook, pass_by
from bot.domain.secret import Secret

from . import keys
from .api_access import ApiAccess
from .batches import Batches, BatchLedger
from .boards import Boards
from .database import Database
from .dated import DatedChanges
from .decisions import Decisions
from .directory_lines import DirectoryLines
from .gauges import Gauges
from .history import History
from .housekeeping import Housekeeping
from .issue_lines import IssueLines
from .issues import Issues
from .keys import Keys
from .ledger import SqlLedger
from .people import People
from .receipts import Receipts
from .releases import Releases
from .room import Room
from .second_factor import SecondFactors
from .sessions import Sessions
from .signoffs import SignOffs
from .sources import Sources
from .uploads import Uploads
from .vault import Vault


class Store(
    Batches,
    Issues,
    Decisions,
    Releases,
    DatedChanges,
    Uploads,
    Receipts,
    SignOffs,
    Sources,
    Boards,
    IssueLines,
    DirectoryLines,
    People,
    Sessions,
    SecondFactors,
    ApiAccess,
    Keys,
    Room,
    Gauges,
    History,
    Housekeeping,
):
    """Issues, releases, the directory, receipts and history of one installation; safe to use from several threads.

    Each method is one transaction. Beyond what its documentation names, any may raise StoreError: the database is
    locked, full, read-only, damaged or out of reach, and nothing was changed.
    """

    def __init__(self, db: Database, vault: Vault, data_dir: Path) -> None:
        super().__init__(db, vault)
        self._ledger = SqlLedger(db, vault, data_dir)
        self._batch_ledger = BatchLedger(db, vault, data_dir)

    def ledger(self) -> SqlLedger:
        """The dispatcher's side; the same object every time, for there is one writer thread."""
        return self._ledger

    def batch_ledger(self) -> BatchLedger:
        """The dispatcher's side for a worker that is handed batches; the same object every time."""
        return self._batch_ledger

    def close(self) -> None:
        self._ledger.close()
        self._batch_ledger.close()
        self.db.close()


def open_store(
    url: str, *, secret_key: Secret, data_dir: Path, busy_timeout_s: float = 30.0, hook: Hook = pass_by
) -> Store:
    """Open the database at `url` (`sqlite:///path`, `postgresql+psycopg://…`), creating or upgrading its schema.

    `busy_timeout_s`: how long another process may hold the database before a call gives up. `data_dir` holds the
    workers' lock files. `hook` is called at the fault points (domain/faultpoints.py).
    ConfigError: an address that cannot serve. WrongKey: a key other than the one the database is sealed with.
    StoreError: out of reach, damaged, or made by a newer version.
    """
    vault = Vault(secret_key)
    db = Database(url, busy_timeout_s=busy_timeout_s, hook=hook)
    try:
        db.upgrade()
        # A wrong key must be told of now, not at the first send.
        keys.begin(db, vault, now=dt.datetime.now(dt.UTC))
    except BaseException:
        db.close()
        raise
    return Store(db, vault, data_dir)
