"""Whom a target mentions, its own CA, the original after the card; and which targets are one robot."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# Targets that shared a robot before are told apart from the rest here; afterwards each import does it.
SHARED = """
UPDATE target SET robot_id = (
    SELECT min(same.id) FROM target AS same
    WHERE same.channel = target.channel AND same.fingerprint = target.fingerprint
)
WHERE (channel, fingerprint) IN (
    SELECT channel, fingerprint FROM target GROUP BY channel, fingerprint HAVING count(*) > 1
)
"""


def upgrade() -> None:
    op.add_column("target", sa.Column("mention", sa.Text()))
    op.add_column("target", sa.Column("ca_file", sa.Text()))
    op.add_column("target", sa.Column("attach_original", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("target", sa.Column("robot_id", serial))
    op.create_index("ix_target_robot_id", "target", ["robot_id"])
    op.execute(SHARED)
    op.add_column("message", sa.Column("original_id", serial))
