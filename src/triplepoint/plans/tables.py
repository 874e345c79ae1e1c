"""The tables of the plans room; `storage/migrations` makes them, and a test holds the two against each other."""

import sqlalchemy as sa

from triplepoint.storage.engine import metadata
from triplepoint.storage.exact import ExactText

ASSIGNMENTS = sa.Table(
    "plan_assignments",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("customer_id", sa.String(64), sa.ForeignKey("customers.id"), nullable=False),
    sa.Column("plan", sa.Text, nullable=False),
    sa.Column("since_us", sa.BigInteger, nullable=False),
    sa.Column("made_us", sa.BigInteger, nullable=False),
    sa.Index("ix_plan_assignments_customer_id", "customer_id", "since_us"),
)
"""Which plan a customer is on, from when; only added to, so that any past period can be billed again."""

OVERRIDES = sa.Table(
    "quota_overrides",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("customer_id", sa.String(64), sa.ForeignKey("customers.id"), nullable=False),
    sa.Column("key_id", sa.String(64), nullable=True),
    sa.Column("quota", sa.Text, nullable=False),
    sa.Column("limit_amount", sa.Text, nullable=False),
    sa.Column("since_us", sa.BigInteger, nullable=False),
    sa.Column("until_us", sa.BigInteger, nullable=True),
    sa.Column("ended_us", sa.BigInteger, nullable=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("made_us", sa.BigInteger, nullable=False),
    sa.Index("ix_quota_overrides_customer_id", "customer_id"),
)
"""Another limit than the plan's, for one customer or key, for a while."""

REVISIONS = sa.Table(
    "plan_revisions",
    metadata,
    sa.Column("no", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("since_us", sa.BigInteger, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
)
"""What ``plans.yaml`` said, from when; only added to, so that a fee of the past stays what it was. ``null``: there was none."""

MONEY_ENTRIES = sa.Table(
    "money_entries",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("customer_id", sa.String(64), sa.ForeignKey("customers.id"), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("amount_usd", ExactText, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("expires_us", sa.BigInteger, nullable=True),
    sa.Column("priority", sa.Integer, nullable=False),
    sa.Column("receipt_id", sa.String(64), nullable=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("idempotency_key", sa.String(128), nullable=True),
    sa.Column("made_us", sa.BigInteger, nullable=False),
    sa.Index("ix_money_entries_customer_id", "customer_id", "at_us"),
    sa.Index("uq_money_entries_customer_id", "customer_id", "idempotency_key", unique=True),
)
"""Credits, grants and refunds; only added to, never changed."""
