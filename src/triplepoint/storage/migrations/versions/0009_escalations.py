"""Which attempts answered in place of a weaker model's answer that would not do, and how many of them."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_ROLLUPS = ("rollups", "day_rollups")


def upgrade() -> None:
    """Add the columns; on PostgreSQL every day's partition gets its own. Until now there were no such attempts."""
    op.add_column("attempts", sa.Column("escalated_from", sa.Text))
    for table in _ROLLUPS:
        op.add_column(table, sa.Column("escalated", sa.BigInteger, nullable=False, server_default="0"))


def downgrade() -> None:
    """Drop them."""
    for table in _ROLLUPS:
        with op.batch_alter_table(table) as rollups:
            rollups.drop_column("escalated")
    with op.batch_alter_table("attempts") as attempts:
        attempts.drop_column("escalated_from")
