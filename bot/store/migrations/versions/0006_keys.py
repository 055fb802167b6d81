"""Which key seals the database, and which ones did: their reader links stay good."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Filled when the database is next opened: no migration knows the key.
    op.create_table(
        "key_generation",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("key_id", sa.String(8), nullable=False),
        sa.Column("began_at", sa.BigInteger, nullable=False),
        sa.Column("retired_at", sa.BigInteger),
        sa.Column("reader_key", sa.LargeBinary),
        sa.Column("up_to", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_key_generation"),
        sa.UniqueConstraint("key_id", name="uq_key_generation_key_id"),
    )
