"""People: accounts, sessions, invitations, API tokens, failed sign-ins, and answers kept for idempotency keys."""

from __future__ import annotations

from typing import Any, TypeAlias

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_Type: TypeAlias = sa.types.TypeEngine[Any] | type[sa.types.TypeEngine[Any]]


def _col(name: str, kind: _Type, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=nullable)


def _serial() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _of_account(owner: str, *, nullable: bool = False) -> sa.Column[Any]:
    key = sa.ForeignKey("account.id", name=f"fk_{owner}_account_id")
    return sa.Column("account_id", _serial(), key, nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "account",
        _col("id", _serial()),
        _col("name", sa.Text),
        _col("shown", sa.Text),
        _col("role", sa.String(32)),
        _col("password_hash", sa.Text, nullable=True),
        _col("totp", sa.LargeBinary, nullable=True),
        _col("totp_step", sa.BigInteger),
        _col("created_at", sa.BigInteger),
        _col("disabled_at", sa.BigInteger, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_account"),
        sa.UniqueConstraint("name", name="uq_account_name"),
    )
    op.create_table(
        "session",
        _col("id_hash", sa.String(64)),
        _of_account("session"),
        _col("created_at", sa.BigInteger),
        _col("seen_at", sa.BigInteger),
        _col("expires_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("id_hash", name="pk_session"),
    )
    op.create_index("ix_session_account_id", "session", ["account_id"])
    op.create_table(
        "invitation",
        _col("token_hash", sa.String(64)),
        _of_account("invitation", nullable=True),
        _col("created_at", sa.BigInteger),
        _col("expires_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("token_hash", name="pk_invitation"),
    )
    op.create_table(
        "api_token",
        _col("id", _serial()),
        _col("token_hash", sa.String(64)),
        _of_account("api_token"),
        _col("name", sa.Text),
        _col("scopes", sa.Text),
        _col("created_at", sa.BigInteger),
        _col("expires_at", sa.BigInteger, nullable=True),
        _col("used_at", sa.BigInteger, nullable=True),
        _col("revoked_at", sa.BigInteger, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_api_token"),
        sa.UniqueConstraint("token_hash", name="uq_api_token_token_hash"),
    )
    op.create_table(
        "sign_in_failure",
        _col("name_hash", sa.String(64)),
        _col("failures", sa.Integer),
        _col("last_at", sa.BigInteger),
        _col("locked_until", sa.BigInteger, nullable=True),
        sa.PrimaryKeyConstraint("name_hash", name="pk_sign_in_failure"),
    )
    op.create_table(
        "answered",
        _col("owner", sa.String(64)),
        _col("key_hash", sa.String(64)),
        _col("fingerprint", sa.String(64)),
        _col("status", sa.Integer),
        _col("body", sa.Text),
        _col("created_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("owner", "key_hash", name="pk_answered"),
    )
