"""What people decide: approvals, and the publication an issue belongs to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_SCHEDULED = sa.text("state = 'scheduled'")


def upgrade() -> None:
    serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("issue", sa.Column("publication", sa.Text(), nullable=False, server_default="default"))
    op.create_index("ix_issue_scheduled", "issue", ["release_at"], sqlite_where=_SCHEDULED, postgresql_where=_SCHEDULED)
    op.create_table(
        "approval",
        sa.Column("id", serial, nullable=False),
        sa.Column("issue_id", serial, sa.ForeignKey("issue.id", name="fk_approval_issue_id"), nullable=False),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("holds", sa.Text(), nullable=False),
        sa.Column("withdrawn_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_approval"),
    )
    op.create_index("ix_approval_issue_id", "approval", ["issue_id"])
