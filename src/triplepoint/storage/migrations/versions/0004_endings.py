"""In which order attempts ended, how far exports have followed, and which plans were in force when."""

import msgspec
import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_AT_ONCE = 1000
_ENDED = (
    "SELECT opened_us, receipt_id, attempt FROM attempts "
    "WHERE outcome IS NOT NULL AND (opened_us, receipt_id, attempt) > (:opened_us, :receipt_id, :attempt) "
    "ORDER BY opened_us, receipt_id, attempt LIMIT :many"
)


def upgrade() -> None:
    """Make the tables; what has ended so far counts as ended in the order in which it was opened."""
    op.create_table(
        "endings",
        sa.Column("no", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("keys", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "cursors",
        sa.Column("name", sa.String(128), primary_key=True),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("moved_us", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "plan_revisions",
        sa.Column("no", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("since_us", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    _number_what_has_ended()


def _number_what_has_ended() -> None:
    connection = op.get_bind()
    no = 0
    last = {"opened_us": -1, "receipt_id": "", "attempt": 0}
    while rows := connection.execute(sa.text(_ENDED), last | {"many": _AT_ONCE}).mappings().all():
        no, last = no + 1, dict(rows[-1])
        keys = msgspec.msgpack.encode([(row["receipt_id"], row["attempt"], row["opened_us"]) for row in rows])
        connection.execute(sa.text("INSERT INTO endings (no, keys) VALUES (:no, :keys)"), {"no": no, "keys": keys})
    start = {"name": "endings", "position": no}
    connection.execute(sa.text("INSERT INTO cursors (name, position, moved_us) VALUES (:name, :position, 0)"), start)


def downgrade() -> None:
    """Drop what `upgrade` made."""
    for name in ("plan_revisions", "cursors", "endings"):
        op.drop_table(name)
