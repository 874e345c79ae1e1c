"""What came of audits, what customers said of answers, which attempts were an audit's, and which certificates hold no more."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_EXACT = sa.Text().with_variant(sa.Numeric(), "postgresql")


def upgrade() -> None:
    """Make the tables and add the columns; on PostgreSQL every day's partition gets them."""
    op.add_column("attempts", sa.Column("audit_of", sa.String(64), nullable=False, server_default=""))
    op.add_column("attempts", sa.Column("held_usd", sa.Text, nullable=False, server_default=""))
    op.create_table(
        "audits",
        sa.Column("receipt_id", sa.String(64), primary_key=True),
        sa.Column("asked_us", sa.BigInteger, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in _WORDS),
        sa.Column("is_certified", sa.Boolean, nullable=False),
        sa.Column("known_as", sa.Text, nullable=False),
        sa.Column("has_signal", sa.Boolean, nullable=False),
        sa.Column("share", sa.Float, nullable=False),
        sa.Column("scored_by", sa.String(16), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("chosen_score", sa.Float),
        sa.Column("other_score", sa.Float),
        sa.Column("judge", sa.Text, nullable=False),
        sa.Column("cost_usd", _EXACT),
    )
    op.create_index("ix_audits_asked_us", "audits", ["asked_us", "receipt_id"])
    op.create_table(
        "feedback",
        sa.Column("rating_id", sa.String(64), primary_key=True),
        sa.Column("receipt_id", sa.String(64), nullable=False),
        sa.Column("asked_us", sa.BigInteger, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("customer_id", sa.String(64), nullable=False),
        sa.Column("key_id", sa.String(64), nullable=False),
        sa.Column("plan", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("lineup", sa.Text, nullable=False),
        sa.Column("score", sa.Float, nullable=False),
        sa.Column("label", sa.String(16), nullable=False),
    )
    op.create_index("ix_feedback_receipt_id", "feedback", ["receipt_id", "rating_id"])
    op.create_index("ix_feedback_asked_us", "feedback", ["asked_us"])
    op.create_table(
        "lapses",
        sa.Column("scorer", sa.String(64), primary_key=True),
        sa.Column("reference", sa.Text, primary_key=True),
        sa.Column("group", sa.Text, primary_key=True),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("lineup", sa.Text, nullable=False),
        sa.Column("why", sa.String(16), nullable=False),
        sa.Column("audits", sa.BigInteger, nullable=False),
        sa.Column("found", sa.BigInteger, nullable=False),
        sa.Column("above", sa.Float, nullable=False),
    )


_WORDS = ("lineup", "plan", "chosen", "other", "reference", "policy", "group", "scorer")


def downgrade() -> None:
    """Drop what `upgrade` made."""
    op.drop_table("lapses")
    op.drop_table("feedback")
    op.drop_table("audits")
    with op.batch_alter_table("attempts") as attempts:
        attempts.drop_column("held_usd")
        attempts.drop_column("audit_of")
