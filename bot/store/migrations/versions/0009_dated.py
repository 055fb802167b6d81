"""Dated changes of the directory, uploaded directory files that wait for a yes, second factors not yet confirmed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def _serial() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "dated_change",
        sa.Column("id", _serial(), nullable=False),
        sa.Column("effective_on", sa.String(10), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("steps", sa.LargeBinary, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("entered_at", sa.BigInteger, nullable=False),
        sa.Column("trouble", sa.Text, nullable=False),
        sa.Column("settled_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_dated_change"),
    )
    op.create_index("ix_dated_change_state_effective_on", "dated_change", ["state", "effective_on"])
    op.create_table(
        "totp_enrolment",
        sa.Column("account_id", _serial(), nullable=False),
        sa.Column("seed", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("account_id", name="pk_totp_enrolment"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_totp_enrolment_account_id"),
    )
    op.create_table(
        "directory_upload",
        sa.Column("key_hash", sa.String(64), nullable=False),
        sa.Column("account_id", _serial(), nullable=False),
        sa.Column("upload", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("key_hash", name="pk_directory_upload"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_directory_upload_account_id"),
    )
