"""What recipients do with their links, and how sources fare."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from bot.store.dialect import append_only

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "reader_event",
        sa.Column(
            "delivery_id", serial, sa.ForeignKey("delivery.id", name="fk_reader_event_delivery_id"), nullable=False
        ),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("office", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("delivery_id", "kind", name="pk_reader_event"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "source_state",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("polled_at", sa.BigInteger(), nullable=True),
        sa.Column("good_at", sa.BigInteger(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("trouble", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_source_state"),
    )
    for statement in append_only(op.get_bind().dialect.name, "reader_event"):
        op.execute(statement)
