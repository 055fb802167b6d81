"""Ceilings on what all workers send together: the moment before which nothing more may go."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ceiling",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("free_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_ceiling"),
    )
