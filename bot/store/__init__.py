"""The store: SQLAlchemy Core over SQLite or PostgreSQL. The database is the truth; everything else asks it."""

from .ledger import SqlLedger
from .store import Store, open_store

__all__ = ["SqlLedger", "Store", "open_store"]
