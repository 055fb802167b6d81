"""The tables. Every word is the glossary's; instants are `Instant`; credentials are sealed by vault.py.

A change here needs a new file in migrations/versions; a test compares the two.
"""

from __future__ import annotations

import sqlalchemy as sa

from bot.domain.card import CardKind, Style
from bot.domain.dated import DatedState
from bot.domain.delivery import DeliveryState, OutcomeClass, Reason
from bot.domain.directory import RecipientKind
from bot.domain.issue import ListKind
from bot.domain.people import Role
from bot.domain.release import IssueState

from .columns import Instant, JsonText, MentionText, serial, word

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

APPEND_ONLY = ("attempt", "receipt", "history", "reader_event")
"""Triggers refuse UPDATE and DELETE on these, whoever asks, but for what retention clears (dialect.clearable)."""

issue = sa.Table(
    "issue",
    metadata,
    sa.Column("id", serial(), primary_key=True),
    sa.Column("identity", sa.Text, nullable=False, unique=True),
    sa.Column("state", word(IssueState), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("release_at", Instant),
    sa.Column("released_at", Instant),
    sa.Column("holds", JsonText, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("publication", sa.Text, nullable=False, server_default="default"),
)

IS_SCHEDULED = issue.c.state == sa.literal_column("'scheduled'")
sa.Index("ix_issue_scheduled", issue.c.release_at, sqlite_where=IS_SCHEDULED, postgresql_where=IS_SCHEDULED)

revision = sa.Table(
    "revision",
    metadata,
    sa.Column("id", serial(), primary_key=True),
    sa.Column("issue_id", sa.ForeignKey(issue.c.id), nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("content_hash", sa.String(64), nullable=False),
    sa.Column("content", JsonText, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.UniqueConstraint("issue_id", "number"),
    sa.UniqueConstraint("issue_id", "content_hash"),
)

original = sa.Table(
    "original",
    metadata,
    sa.Column("id", serial(), primary_key=True),
    sa.Column("revision_id", sa.ForeignKey(revision.c.id), nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Column("received_at", Instant, nullable=False),
    sa.UniqueConstraint("revision_id", "sha256"),
)

article = sa.Table(
    "article",
    metadata,
    sa.Column("revision_id", sa.ForeignKey(revision.c.id), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("body", JsonText, nullable=False),
)

recipient = sa.Table(
    "recipient",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("kind", word(RecipientKind), nullable=False),
    sa.Column("aliases", JsonText, nullable=False),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
)

# `removed_at`: no longer in the directory, kept because deliveries point to it.
# `fingerprint` finds a URL again without opening any; `masked` is what people are shown.
# `robot_id`: the lowest id of all that have this channel and address, which the platform counts as one robot; NULL for
# a target that shares its address with no other.
target = sa.Table(
    "target",
    metadata,
    sa.Column("id", serial(), primary_key=True),
    sa.Column("recipient_id", sa.ForeignKey(recipient.c.id), nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("channel", sa.String(32), nullable=False),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("style", word(Style), nullable=False),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("url", sa.LargeBinary, nullable=False),
    sa.Column("secret", sa.LargeBinary),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("masked", sa.Text, nullable=False),
    sa.Column("removed_at", Instant),
    sa.Column("suspended_at", Instant),
    sa.Column("suspended_reason", word(Reason)),
    sa.Column("blocked_until", Instant),
    sa.Column("mention", MentionText),
    sa.Column("ca_file", sa.Text),
    sa.Column("attach_original", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("robot_id", serial()),
    sa.UniqueConstraint("recipient_id", "channel", "fingerprint"),
    sa.Index(None, "robot_id"),
)

recipient_group = sa.Table(
    "recipient_group",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("phrases", JsonText, nullable=False),
    sa.Column("members", JsonText, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
)

# A change of the directory that takes effect on a later day (`effective_on`, ISO, in the installation's time zone).
# `steps` is what it does, sealed whole: it may hold addresses.
dated_change = sa.Table(
    "dated_change",
    metadata,
    sa.Column("id", serial(), primary_key=True),
    sa.Column("effective_on", sa.String(10), nullable=False),
    sa.Column("state", word(DatedState), nullable=False),
    sa.Column("steps", sa.LargeBinary, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("entered_at", Instant, nullable=False),
    sa.Column("trouble", sa.Text, nullable=False),
    sa.Column("settled_at", Instant),
    sa.Index(None, "state", "effective_on"),
)

plan = sa.Table(
    "plan",
    metadata,
    sa.Column("id", serial(), primary_key=True),
    sa.Column("issue_id", sa.ForeignKey(issue.c.id), nullable=False),
    sa.Column("revision_id", sa.ForeignKey(revision.c.id), nullable=False),
    sa.Column("kind", word(CardKind), nullable=False),
    sa.Column("resolution", JsonText, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Index(None, "issue_id"),
)

# `original_id`: the file that is uploaded before this message is sent; its body holds MEDIA_TOKEN in that case.
message = sa.Table(
    "message",
    metadata,
    sa.Column("id", serial(), primary_key=True),
    sa.Column("plan_id", sa.ForeignKey(plan.c.id), nullable=False),
    sa.Column("channel", sa.String(32), nullable=False),
    sa.Column("style", word(Style), nullable=False),
    sa.Column("list_kind", word(ListKind), nullable=False),
    sa.Column("part", sa.Integer, nullable=False),
    sa.Column("parts", sa.Integer, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("notes", JsonText, nullable=False),
    sa.Column("original_id", serial()),
    sa.Index(None, "plan_id"),
)

# `next_try_at` is set exactly while the delivery may be claimed: NULL means in flight, settled, or *waiting*
# (behind an earlier part, or for its target to be re-enabled). `attempts` counts attempt rows. `uploading`: the number
# of the attempt whose upload has not ended; while it equals `attempts`, nothing of that attempt can have been shown.
delivery = sa.Table(
    "delivery",
    metadata,
    sa.Column("id", serial(), primary_key=True),
    sa.Column("issue_id", sa.ForeignKey(issue.c.id), nullable=False),
    sa.Column("revision_id", sa.ForeignKey(revision.c.id), nullable=False),
    sa.Column("recipient_id", sa.ForeignKey(recipient.c.id), nullable=False),
    sa.Column("target_id", sa.ForeignKey(target.c.id), nullable=False),
    sa.Column("message_id", sa.ForeignKey(message.c.id), nullable=False),
    sa.Column("list_kind", word(ListKind), nullable=False),
    sa.Column("kind", word(CardKind), nullable=False),
    sa.Column("round", sa.Integer, nullable=False),
    sa.Column("part", sa.Integer, nullable=False),
    sa.Column("parts", sa.Integer, nullable=False),
    sa.Column("state", word(DeliveryState), nullable=False),
    sa.Column("reason", word(Reason)),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("next_try_at", Instant),
    sa.Column("worker", sa.Text),
    sa.Column("settled_at", Instant),
    sa.Column("uploading", sa.Integer),
    sa.UniqueConstraint("revision_id", "target_id", "kind", "round", "part"),
    sa.CheckConstraint("next_try_at IS NULL OR state IN ('pending', 'retrying')", name="due_only_when_open"),
)


# Literals, not bound parameters: a partial index serves only a query that repeats its condition word for word.
def _literals(*states: str) -> list[sa.ColumnClause[str]]:
    return [sa.literal_column(f"'{state}'") for state in states]


IS_DUE = delivery.c.next_try_at.is_not(None)
IS_OPEN = delivery.c.state.in_(_literals("pending", "retrying"))
IS_SENDING = delivery.c.state == sa.literal_column("'sending'")
IS_FAILED = delivery.c.state.in_(_literals("refused", "exhausted", "in_doubt"))

sa.Index("ix_delivery_due", delivery.c.next_try_at, delivery.c.id, sqlite_where=IS_DUE, postgresql_where=IS_DUE)
sa.Index("ix_delivery_open", delivery.c.target_id, sqlite_where=IS_OPEN, postgresql_where=IS_OPEN)
# Unique: the database itself keeps a target from having two deliveries in flight.
sa.Index("ix_delivery_sending", delivery.c.target_id, unique=True, sqlite_where=IS_SENDING, postgresql_where=IS_SENDING)
sa.Index("ix_delivery_issue", delivery.c.issue_id, delivery.c.id)
sa.Index("ix_delivery_recipient", delivery.c.recipient_id, delivery.c.id)
# After ix_delivery_issue: of two indexes that serve as well, SQLite takes the younger.
sa.Index("ix_delivery_failed", delivery.c.issue_id, delivery.c.id, sqlite_where=IS_FAILED, postgresql_where=IS_FAILED)

attempt = sa.Table(
    "attempt",
    metadata,
    sa.Column("delivery_id", sa.ForeignKey(delivery.c.id), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("target_id", serial(), nullable=False),
    sa.Column("worker", sa.Text, nullable=False),
    sa.Column("started_at", Instant, nullable=False),
    sa.Index(None, "target_id", "started_at"),
    sqlite_with_rowid=False,
)

receipt = sa.Table(
    "receipt",
    metadata,
    sa.Column("delivery_id", serial(), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("finished_at", Instant, nullable=False),
    sa.Column("outcome", word(OutcomeClass), nullable=False),
    sa.Column("reason", word(Reason), nullable=False),
    sa.Column("http_status", sa.Integer),
    sa.Column("vendor_code", sa.Text),
    sa.Column("vendor_message", sa.Text),
    sa.Column("duration_ms", sa.Integer),
    sa.ForeignKeyConstraint(["delivery_id", "number"], [attempt.c.delivery_id, attempt.c.number]),
    sqlite_with_rowid=False,
)

# How many deliveries of an issue stand where, kept in step with `delivery` in every transaction (tally.py).
tally = sa.Table(
    "tally",
    metadata,
    sa.Column("issue_id", sa.ForeignKey(issue.c.id), primary_key=True),
    sa.Column("slot", sa.String(32), primary_key=True),
    sa.Column("count", sa.Integer, nullable=False),
    sqlite_with_rowid=False,
)

# How far a ceiling on what all workers send together is used up (ceilings.py); no row before the first send under it.
ceiling = sa.Table(
    "ceiling",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("free_at", Instant, nullable=False),
)

worker = sa.Table(
    "worker",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("lock", sa.Text, nullable=False),
    sa.Column("started_at", Instant, nullable=False),
    sa.Column("heartbeat_at", Instant, nullable=False),
    sa.Column("retired_at", Instant),
)

# A batch of deliveries with neighbouring ids that an engine has handed to a worker; the row goes when it is through.
# `tries` counts the times in a row that were begun and got nowhere, `progress` is the attempts made before the last.
batch = sa.Table(
    "batch",
    metadata,
    sa.Column("id", serial(), primary_key=True, autoincrement=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("progress", sa.BigInteger, nullable=False),
    sa.Column("set_aside_at", Instant),
)

# A person's yes to exactly one content; `holds` is what was held against it before their eyes.
approval = sa.Table(
    "approval",
    metadata,
    sa.Column("id", serial(), primary_key=True),
    sa.Column("issue_id", sa.ForeignKey(issue.c.id), nullable=False),
    sa.Column("content_hash", sa.String(64), nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("holds", JsonText, nullable=False),
    sa.Column("withdrawn_at", Instant),
    sa.Index(None, "issue_id"),
)

# What recipients did with their link: `opened` and `signed` are each kept once a delivery, the first time.
reader_event = sa.Table(
    "reader_event",
    metadata,
    sa.Column("delivery_id", sa.ForeignKey(delivery.c.id), primary_key=True),
    sa.Column("kind", sa.String(16), primary_key=True),
    sa.Column("at", Instant, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("office", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)

# What a source wants to find again, and how it has fared.
source_state = sa.Table(
    "source_state",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("state", JsonText, nullable=False),
    sa.Column("polled_at", Instant),
    sa.Column("good_at", Instant),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("trouble", sa.Text, nullable=False),
)

history = sa.Table(
    "history",
    metadata,
    sa.Column("id", serial(), primary_key=True, autoincrement=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("action", sa.String(64), nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("before", sa.Text, nullable=False),
    sa.Column("after", sa.Text, nullable=False),
    sa.Column("prev_hash", sa.String(64), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.Index(None, "subject", "id"),
)

# The ends of the chain, one row. Without it the newest history rows could be cut off unseen. `cut`: the last row that
# was cleared after its time, and its hash; a row in the chain says the same (history.py).
history_head = sa.Table(
    "history_head",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.Column("cut", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("cut_hash", sa.String(64), nullable=False, server_default=""),
)

# Which key seals the database: the row that is not retired. Of retired keys only what verifies reader links is kept,
# sealed with the key in force, and good for deliveries up to `up_to`.
key_generation = sa.Table(
    "key_generation",
    metadata,
    sa.Column("id", serial(), primary_key=True, autoincrement=False),
    sa.Column("key_id", sa.String(8), nullable=False, unique=True),
    sa.Column("began_at", Instant, nullable=False),
    sa.Column("retired_at", Instant),
    sa.Column("reader_key", sa.LargeBinary),
    sa.Column("up_to", sa.BigInteger),
)

# People. Of session ids, links and tokens only the SHA-256 is kept: a stolen copy of the database opens nothing.
account = sa.Table(
    "account",
    metadata,
    sa.Column("id", serial(), primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("shown", sa.Text, nullable=False),
    sa.Column("role", word(Role), nullable=False),
    sa.Column("password_hash", sa.Text),
    sa.Column("totp", sa.LargeBinary),
    sa.Column("totp_step", sa.BigInteger, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("disabled_at", Instant),
)

session = sa.Table(
    "session",
    metadata,
    sa.Column("id_hash", sa.String(64), primary_key=True),
    sa.Column("account_id", sa.ForeignKey(account.c.id), nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("seen_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Index(None, "account_id"),
)

# `account_id` NULL: the first set-up.
invitation = sa.Table(
    "invitation",
    metadata,
    sa.Column("token_hash", sa.String(64), primary_key=True),
    sa.Column("account_id", sa.ForeignKey(account.c.id)),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
)

# A second factor that its owner has been shown and not yet confirmed.
totp_enrolment = sa.Table(
    "totp_enrolment",
    metadata,
    sa.Column("account_id", sa.ForeignKey(account.c.id), primary_key=True),
    sa.Column("seed", sa.LargeBinary, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
)

# A directory file that waits for the one who brought it to confirm, with what they were shown; sealed whole.
directory_upload = sa.Table(
    "directory_upload",
    metadata,
    sa.Column("key_hash", sa.String(64), primary_key=True),
    sa.Column("account_id", sa.ForeignKey(account.c.id), nullable=False),
    sa.Column("upload", sa.LargeBinary, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
)

api_token = sa.Table(
    "api_token",
    metadata,
    sa.Column("id", serial(), primary_key=True),
    sa.Column("token_hash", sa.String(64), nullable=False, unique=True),
    sa.Column("account_id", sa.ForeignKey(account.c.id), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("scopes", JsonText, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant),
    sa.Column("used_at", Instant),
    sa.Column("revoked_at", Instant),
)

# By the hash of the name typed, whether or not such an account exists: a lock-out must not tell.
sign_in_failure = sa.Table(
    "sign_in_failure",
    metadata,
    sa.Column("name_hash", sa.String(64), primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("last_at", Instant, nullable=False),
    sa.Column("locked_until", Instant),
)

answered = sa.Table(
    "answered",
    metadata,
    sa.Column("owner", sa.String(64), primary_key=True),
    sa.Column("key_hash", sa.String(64), primary_key=True),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
)
