"""What may be cleared after its time, and nothing else: texts and names blanked, the trail cut behind a checkpoint."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.store.dialect import clearable

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

RECEIPT = ("delivery_id", "number", "finished_at", "outcome", "reason", "http_status", "vendor_code", "duration_ms")
READER_EVENT = ("delivery_id", "kind", "at")


def upgrade() -> None:
    op.add_column("history_head", sa.Column("cut", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("history_head", sa.Column("cut_hash", sa.String(64), nullable=False, server_default=""))
    dialect = op.get_context().dialect.name
    blank = "NEW.name = '' AND NEW.office = ''"
    for statement in (
        *clearable(dialect, "receipt", update="NEW.vendor_message IS NULL", kept=RECEIPT),
        *clearable(dialect, "reader_event", update=blank, kept=READER_EVENT),
        *clearable(dialect, "history", delete="OLD.id <= (SELECT cut FROM history_head)"),
    ):
        op.execute(statement)
