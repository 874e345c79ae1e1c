"""Attempts, rollups, and how far the journal is drained."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_exact = sa.Text().with_variant(sa.Numeric(), "postgresql")


def upgrade() -> None:
    """Make the tables of the ledger room."""
    _create_attempts()
    op.create_table(
        "rollups",
        sa.Column("hour_us", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("customer_id", sa.String(64), primary_key=True),
        sa.Column("served_model", sa.Text, primary_key=True),
        sa.Column("lineup", sa.Text, primary_key=True),
        sa.Column("requests", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.BigInteger, nullable=False),
        sa.Column("failed", sa.BigInteger, nullable=False),
        sa.Column("input_tokens", sa.BigInteger, nullable=False),
        sa.Column("output_tokens", sa.BigInteger, nullable=False),
        sa.Column("cache_read_tokens", sa.BigInteger, nullable=False),
        sa.Column("cache_write_tokens", sa.BigInteger, nullable=False),
        sa.Column("reasoning_tokens", sa.BigInteger, nullable=False),
        sa.Column("unknown_usage", sa.BigInteger, nullable=False),
        sa.Column("cost_usd", _exact, nullable=False),
        sa.Column("unpriced", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "drain_offsets",
        sa.Column("segment", sa.String(96), primary_key=True),
        sa.Column("offset", sa.BigInteger, nullable=False),
        sa.Column("damaged", sa.Integer, nullable=False),
    )
    op.create_table(
        "unmatched_closes",
        sa.Column("receipt_id", sa.String(64), primary_key=True),
        sa.Column("attempt", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("record", sa.LargeBinary, nullable=False),
    )


def _create_attempts() -> None:
    op.create_table(
        "attempts",
        sa.Column("receipt_id", sa.String(64), primary_key=True),
        sa.Column("attempt", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("boot", sa.String(64), nullable=False),
        sa.Column("opened_us", sa.BigInteger, nullable=False),
        sa.Column("closed_us", sa.BigInteger),
        *(sa.Column(name, sa.String(64), nullable=False) for name in ("customer_id", "key_id")),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("request_id", "endpoint", "asked_model", "served_model")),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("upstream", "upstream_model", "lineup", "decision")),
        sa.Column("stream", sa.Boolean, nullable=False),
        sa.Column("outcome", sa.String(16)),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("error", sa.Text),
        *(sa.Column(name, sa.BigInteger) for name in ("input_tokens", "output_tokens")),
        sa.Column("cache_read_tokens", sa.BigInteger, nullable=False),
        sa.Column("cache_write_tokens", sa.BigInteger, nullable=False),
        sa.Column("cache_write_1h_tokens", sa.BigInteger, nullable=False),
        sa.Column("reasoning_tokens", sa.BigInteger, nullable=False),
        sa.Column("usage_source", sa.String(16), nullable=False),
        sa.Column("tokenizer", sa.Text),
        sa.Column("price_id", sa.Text, nullable=False),
        sa.Column("input_estimate", sa.BigInteger, nullable=False),
        sa.Column("input_usd_per_mtok", sa.Text, nullable=False),
        sa.Column("cost_usd", _exact),
        *(sa.Column(name, sa.BigInteger) for name in ("first_byte_us", "total_us")),
        *(sa.Column(name, sa.Text) for name in ("finish_reason", "conversation")),
        *(sa.Column(name, sa.JSON, nullable=False) for name in ("tags", "notices")),
    )
    op.create_index("ix_attempts_opened_us", "attempts", ["opened_us"])
    op.create_index("ix_attempts_customer_id", "attempts", ["customer_id", "opened_us"])
    op.create_index("ix_attempts_served_model", "attempts", ["served_model", "opened_us"])
    is_running = sa.text("outcome IS NULL")
    op.create_index("ix_attempts_running", "attempts", ["boot"], sqlite_where=is_running, postgresql_where=is_running)


def downgrade() -> None:
    """Drop what `upgrade` made."""
    for name in ("unmatched_closes", "drain_offsets", "rollups", "attempts"):
        op.drop_table(name)
