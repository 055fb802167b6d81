"""What the parts of the store share: the database and the vault."""

from __future__ import annotations

from .database import Database
from .vault import Vault


class Part:
    """A part of `Store`: the methods about one group of tables."""

    def __init__(self, db: Database, vault: Vault) -> None:
        self.db = db
        self.vault = vault
