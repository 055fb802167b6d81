"""The first tables. Never edited after release: a change is a new file."""

from __future__ import annotations

from typing import Any, TypeAlias

import sqlalchemy as sa
from alembic import op

from bot.store.dialect import append_only

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_DUE = sa.text("next_try_at IS NOT NULL")
_OPEN = sa.text("state IN ('pending', 'retrying')")
_SENDING = sa.text("state = 'sending'")
_FAILED = sa.text("state IN ('refused', 'exhausted', 'in_doubt')")


_Type: TypeAlias = sa.types.TypeEngine[Any] | type[sa.types.TypeEngine[Any]]


def _serial() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _id() -> sa.Column[int]:
    return sa.Column("id", _serial(), primary_key=True)


def _col(name: str, kind: _Type, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=nullable)


def upgrade() -> None:
    _documents()
    _directory()
    _deliveries()
    _journal()
    for table in ("attempt", "receipt", "history"):
        for statement in append_only(op.get_context().dialect.name, table):
            op.execute(statement)


def _ref(name: str, owner: str) -> sa.Column[Any]:
    table = name.removesuffix("_id")
    kind: _Type = sa.Text() if table == "recipient" else _serial()
    return sa.Column(name, kind, sa.ForeignKey(f"{table}.id", name=f"fk_{owner}_{name}"), nullable=False)


def _documents() -> None:
    op.create_table(
        "issue",
        _id(),
        _col("identity", sa.Text),
        _col("state", sa.String(32)),
        _col("revision", sa.Integer),
        _col("release_at", sa.BigInteger, nullable=True),
        _col("released_at", sa.BigInteger, nullable=True),
        _col("holds", sa.Text),
        _col("created_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_issue"),
        sa.UniqueConstraint("identity", name="uq_issue_identity"),
    )
    op.create_table(
        "revision",
        _id(),
        _ref("issue_id", "revision"),
        _col("number", sa.Integer),
        _col("content_hash", sa.String(64)),
        _col("content", sa.Text),
        _col("created_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_revision"),
        sa.UniqueConstraint("issue_id", "number", name="uq_revision_issue_id_number"),
        sa.UniqueConstraint("issue_id", "content_hash", name="uq_revision_issue_id_content_hash"),
    )
    op.create_table(
        "original",
        _id(),
        _ref("revision_id", "original"),
        _col("sha256", sa.String(64)),
        _col("name", sa.Text),
        _col("source", sa.Text),
        _col("content", sa.LargeBinary),
        _col("received_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_original"),
        sa.UniqueConstraint("revision_id", "sha256", name="uq_original_revision_id_sha256"),
    )
    op.create_table(
        "article",
        _ref("revision_id", "article"),
        _col("position", sa.Integer),
        _col("title", sa.Text),
        _col("body", sa.Text),
        sa.PrimaryKeyConstraint("revision_id", "position", name="pk_article"),
    )


def _directory() -> None:
    op.create_table(
        "recipient",
        _col("id", sa.Text),
        _col("name", sa.Text),
        _col("kind", sa.String(32)),
        _col("aliases", sa.Text),
        _col("enabled", sa.Boolean),
        _col("position", sa.Integer),
        sa.PrimaryKeyConstraint("id", name="pk_recipient"),
    )
    op.create_table(
        "target",
        _id(),
        _ref("recipient_id", "target"),
        _col("position", sa.Integer),
        _col("channel", sa.String(32)),
        _col("label", sa.Text),
        _col("style", sa.String(32)),
        _col("enabled", sa.Boolean),
        _col("url", sa.LargeBinary),
        _col("secret", sa.LargeBinary, nullable=True),
        _col("fingerprint", sa.String(64)),
        _col("masked", sa.Text),
        _col("removed_at", sa.BigInteger, nullable=True),
        _col("suspended_at", sa.BigInteger, nullable=True),
        _col("suspended_reason", sa.String(32), nullable=True),
        _col("blocked_until", sa.BigInteger, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_target"),
        sa.UniqueConstraint(
            "recipient_id", "channel", "fingerprint", name="uq_target_recipient_id_channel_fingerprint"
        ),
    )
    op.create_table(
        "recipient_group",
        _col("id", sa.Text),
        _col("name", sa.Text),
        _col("phrases", sa.Text),
        _col("members", sa.Text),
        _col("position", sa.Integer),
        sa.PrimaryKeyConstraint("id", name="pk_recipient_group"),
    )


def _deliveries() -> None:
    op.create_table(
        "plan",
        _id(),
        _ref("issue_id", "plan"),
        _ref("revision_id", "plan"),
        _col("kind", sa.String(32)),
        _col("resolution", sa.Text),
        _col("created_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_plan"),
    )
    op.create_index("ix_plan_issue_id", "plan", ["issue_id"])
    op.create_table(
        "message",
        _id(),
        _ref("plan_id", "message"),
        _col("channel", sa.String(32)),
        _col("style", sa.String(32)),
        _col("list_kind", sa.String(32)),
        _col("part", sa.Integer),
        _col("parts", sa.Integer),
        _col("body", sa.LargeBinary),
        _col("sha256", sa.String(64)),
        _col("notes", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_message"),
    )
    op.create_index("ix_message_plan_id", "message", ["plan_id"])
    op.create_table(
        "delivery",
        _id(),
        _ref("issue_id", "delivery"),
        _ref("revision_id", "delivery"),
        _ref("recipient_id", "delivery"),
        _ref("target_id", "delivery"),
        _ref("message_id", "delivery"),
        _col("list_kind", sa.String(32)),
        _col("kind", sa.String(32)),
        _col("round", sa.Integer),
        _col("part", sa.Integer),
        _col("parts", sa.Integer),
        _col("state", sa.String(32)),
        _col("reason", sa.String(32), nullable=True),
        _col("attempts", sa.Integer),
        _col("next_try_at", sa.BigInteger, nullable=True),
        _col("worker", sa.Text, nullable=True),
        _col("settled_at", sa.BigInteger, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_delivery"),
        sa.UniqueConstraint(
            "revision_id",
            "target_id",
            "kind",
            "round",
            "part",
            name="uq_delivery_revision_id_target_id_kind_round_part",
        ),
        sa.CheckConstraint(
            "next_try_at IS NULL OR state IN ('pending', 'retrying')", name="ck_delivery_due_only_when_open"
        ),
    )
    for name, columns, where, unique in (
        ("due", ["next_try_at", "id"], _DUE, False),
        ("open", ["target_id"], _OPEN, False),
        ("sending", ["target_id"], _SENDING, True),
        ("issue", ["issue_id", "id"], None, False),
        ("recipient", ["recipient_id", "id"], None, False),
        ("failed", ["issue_id", "id"], _FAILED, False),
    ):
        op.create_index(
            f"ix_delivery_{name}", "delivery", columns, unique=unique, sqlite_where=where, postgresql_where=where
        )
    op.create_table(
        "attempt",
        _ref("delivery_id", "attempt"),
        _col("number", sa.Integer),
        _col("target_id", _serial()),
        _col("worker", sa.Text),
        _col("started_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("delivery_id", "number", name="pk_attempt"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_attempt_target_id_started_at", "attempt", ["target_id", "started_at"])
    op.create_table(
        "receipt",
        _col("delivery_id", _serial()),
        _col("number", sa.Integer),
        _col("finished_at", sa.BigInteger),
        _col("outcome", sa.String(32)),
        _col("reason", sa.String(32)),
        _col("http_status", sa.Integer, nullable=True),
        _col("vendor_code", sa.Text, nullable=True),
        _col("vendor_message", sa.Text, nullable=True),
        _col("duration_ms", sa.Integer, nullable=True),
        sa.PrimaryKeyConstraint("delivery_id", "number", name="pk_receipt"),
        sa.ForeignKeyConstraint(
            ["delivery_id", "number"], ["attempt.delivery_id", "attempt.number"], name="fk_receipt_delivery_id_number"
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tally",
        _ref("issue_id", "tally"),
        _col("slot", sa.String(32)),
        _col("count", sa.Integer),
        sa.PrimaryKeyConstraint("issue_id", "slot", name="pk_tally"),
        sqlite_with_rowid=False,
    )


def _journal() -> None:
    op.create_table(
        "worker",
        _col("id", sa.Text),
        _col("host", sa.Text),
        _col("lock", sa.Text),
        _col("started_at", sa.BigInteger),
        _col("heartbeat_at", sa.BigInteger),
        _col("retired_at", sa.BigInteger, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_worker"),
    )
    op.create_table(
        "history",
        _col("id", _serial()),
        _col("at", sa.BigInteger),
        _col("who", sa.Text),
        _col("action", sa.String(64)),
        _col("subject", sa.Text),
        _col("why", sa.Text),
        _col("before", sa.Text),
        _col("after", sa.Text),
        _col("prev_hash", sa.String(64)),
        _col("hash", sa.String(64)),
        sa.PrimaryKeyConstraint("id", name="pk_history"),
    )
    op.create_index("ix_history_subject_id", "history", ["subject", "id"])
    op.create_table(
        "history_head",
        _col("id", sa.Integer),
        _col("rows", sa.BigInteger),
        _col("hash", sa.String(64)),
        sa.PrimaryKeyConstraint("id", name="pk_history_head"),
    )
    op.execute("INSERT INTO history_head (id, rows, hash) VALUES (1, 0, '')")
