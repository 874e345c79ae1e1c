"""How the router decided, beside each request's first attempt."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; on PostgreSQL every day's partition gets it."""
    op.add_column("attempts", sa.Column("routed", sa.JSON, nullable=True))


def downgrade() -> None:
    """Drop it."""
    with op.batch_alter_table("attempts") as attempts:
        attempts.drop_column("routed")
