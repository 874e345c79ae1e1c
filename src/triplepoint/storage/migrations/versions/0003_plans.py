"""What a customer is charged, on which plan, and what an attempt took in energy; plans, their overrides, and money entries."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_exact = sa.Text().with_variant(sa.Numeric(), "postgresql")
_MEDIA_COUNTS = (
    *("input_audio_tokens", "cache_read_audio_tokens", "output_audio_tokens", "input_image_tokens", "output_image_tokens"),
    *("images", "web_searches"),
)
_ENERGY = ("energy_wh", "energy_low_wh", "energy_high_wh", "carbon_g", "carbon_low_g", "carbon_high_g")


def upgrade() -> None:
    """Add columns to the ledger, make its rollups anew, and make the tables of the plans room."""
    for column in _attempt_columns():
        op.add_column("attempts", column)
    _remake_rollups()
    op.add_column("customers", sa.Column("time_zone", sa.String(64), nullable=False, server_default="UTC"))
    _create_plans()


def _attempt_columns() -> list[sa.Column[object]]:
    return [
        *(sa.Column(name, sa.BigInteger, nullable=False, server_default="0") for name in _MEDIA_COUNTS),
        sa.Column("service_tier", sa.String(32)),
        sa.Column("charge_input_usd_per_mtok", sa.Text, nullable=False, server_default=""),
        sa.Column("burns_from", sa.String(64), nullable=False, server_default=""),
        sa.Column("charge_usd", _exact),
        sa.Column("burnt", sa.JSON, nullable=False, server_default="{}"),
        sa.Column("plan", sa.Text, nullable=False, server_default=""),
        sa.Column("plans", sa.Text, nullable=False, server_default=""),
        sa.Column("downgraded_from", sa.Text),
        sa.Column("unreserved", sa.Boolean, nullable=False, server_default=sa.false()),
        *(sa.Column(name, _exact) for name in _ENERGY),
        sa.Column("energy_grade", sa.String(16)),
    ]


def _remake_rollups() -> None:
    """Rollups gain a finer key; those that stand keep their sums under an unknown key and no plan."""
    op.rename_table("rollups", "rollups_before")
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    if not is_sqlite:  # there an index keeps its name when its table gets another
        op.execute("ALTER TABLE rollups_before RENAME CONSTRAINT pk_rollups TO pk_rollups_before")
    op.create_table(
        "rollups",
        sa.Column("hour_us", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("customer_id", sa.String(64), primary_key=True),
        sa.Column("key_id", sa.String(64), primary_key=True),
        sa.Column("plan", sa.Text, primary_key=True),
        sa.Column("served_model", sa.Text, primary_key=True),
        sa.Column("lineup", sa.Text, primary_key=True),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("requests", "attempts", "failed", "answered")),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("input_tokens", "output_tokens")),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("cache_read_tokens", "cache_write_tokens")),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("reasoning_tokens", "unknown_usage")),
        sa.Column("cost_usd", _exact, nullable=False),
        sa.Column("unpriced", sa.BigInteger, nullable=False),
        sa.Column("charge_usd", _exact, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("uncharged", "downgraded")),
        *(sa.Column(name, _exact, nullable=False) for name in _ENERGY),
        sa.Column("unmetered", sa.BigInteger, nullable=False),
    )
    kept = (
        "hour_us, customer_id, served_model, lineup, requests, attempts, failed, input_tokens, output_tokens, "
        "cache_read_tokens, cache_write_tokens, reasoning_tokens, unknown_usage, cost_usd, unpriced"
    )
    energies = ", ".join(_ENERGY)
    zero = "'0'" if is_sqlite else "0"
    zeros = ", ".join(zero for _ in _ENERGY)
    op.execute(
        f"INSERT INTO rollups ({kept}, answered, key_id, plan, charge_usd, uncharged, downgraded, unmetered, {energies}) "  # noqa: S608
        f"SELECT {kept}, requests, '', '', {zero}, attempts, 0, attempts, {zeros} FROM rollups_before"
    )
    op.drop_table("rollups_before")


def _create_plans() -> None:
    moment = sa.BigInteger
    op.create_table(
        "plan_assignments",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("customer_id", sa.String(64), sa.ForeignKey("customers.id"), nullable=False),
        sa.Column("plan", sa.Text, nullable=False),
        sa.Column("since_us", moment, nullable=False),
        sa.Column("made_us", moment, nullable=False),
    )
    op.create_index("ix_plan_assignments_customer_id", "plan_assignments", ["customer_id", "since_us"])
    op.create_table(
        "quota_overrides",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("customer_id", sa.String(64), sa.ForeignKey("customers.id"), nullable=False),
        sa.Column("key_id", sa.String(64), nullable=True),
        sa.Column("quota", sa.Text, nullable=False),
        sa.Column("limit_amount", sa.Text, nullable=False),
        sa.Column("since_us", moment, nullable=False),
        sa.Column("until_us", moment, nullable=True),
        sa.Column("ended_us", moment, nullable=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("made_us", moment, nullable=False),
    )
    op.create_index("ix_quota_overrides_customer_id", "quota_overrides", ["customer_id"])
    op.create_table(
        "money_entries",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("customer_id", sa.String(64), sa.ForeignKey("customers.id"), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("amount_usd", _exact, nullable=False),
        sa.Column("at_us", moment, nullable=False),
        sa.Column("expires_us", moment, nullable=True),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("receipt_id", sa.String(64), nullable=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("idempotency_key", sa.String(128), nullable=True),
        sa.Column("made_us", moment, nullable=False),
    )
    op.create_index("ix_money_entries_customer_id", "money_entries", ["customer_id", "at_us"])
    op.create_table(
        "grant_burns",
        sa.Column("grant_id", sa.String(64), primary_key=True),
        sa.Column("burnt_usd", _exact, nullable=False),
    )
    op.create_index("uq_money_entries_customer_id", "money_entries", ["customer_id", "idempotency_key"], unique=True)


def downgrade() -> None:
    """Drop what `upgrade` made; the rollups stay as they are, for their finer key cannot be taken back without a sum."""
    for name in ("grant_burns", "money_entries", "quota_overrides", "plan_assignments"):
        op.drop_table(name)
    with op.batch_alter_table("customers") as customers:
        customers.drop_column("time_zone")
    with op.batch_alter_table("attempts") as attempts:
        for column in _attempt_columns():
            attempts.drop_column(column.name)
