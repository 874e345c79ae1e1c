"""The ledger's tables, and how a row of SQL becomes an `AttemptRow` and back."""

import msgspec
import sqlalchemy as sa

from triplepoint.foundation.usage import Usage, UsageSource
from triplepoint.ledger.model import ENERGIES, AttemptRow, Counts, Outcome, Rollup
from triplepoint.ledger.routed import Routed
from triplepoint.storage.engine import metadata
from triplepoint.storage.exact import ExactText

_PLAIN = tuple(name for name in AttemptRow.__struct_fields__ if name not in {"outcome", "usage", "routed"})
_COUNTED = tuple(name for name in Usage.__struct_fields__ if name != "source")


MEDIA_COUNTS = (
    *("input_audio_tokens", "cache_read_audio_tokens", "output_audio_tokens", "input_image_tokens", "output_image_tokens"),
    *("images", "web_searches"),
)
"""Counts of a usage that are zero for text."""


EXACT_SUMS = frozenset({"cost_usd", "charge_usd", *ENERGIES})
"""Counts of a rollup that are exact decimals; the others are whole numbers."""
COUNTS = Counts.__struct_fields__
EXACTS = ("cost_usd", "charge_usd", *ENERGIES)
"""Columns of an attempt that are exact decimals."""
SETTLING = ("boot", "input_estimate", "input_usd_per_mtok", "charge_input_usd_per_mtok", "burns_from", "held_usd")
"""Columns of an attempt that only its interruption needs; they are not in an `AttemptRow`."""
ENDING = (
    *("closed_us", "outcome", "status", "error", "cost_usd", "first_byte_us", "total_us", "finish_reason", "notices"),
    *("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens"),
    *("reasoning_tokens", "usage_source", "tokenizer", "service_tier", "charge_usd", "burnt", "energy_grade"),
    *MEDIA_COUNTS,
    *ENERGIES,
)
"""Columns that the end of an attempt fills."""

HARMED = sa.text("outcome <> 'finished'")
"""Seldom, and looked for: an index of the few finds the one in a million at once."""

ATTEMPTS = sa.Table(
    "attempts",
    metadata,
    sa.Column("receipt_id", sa.String(64), primary_key=True),
    sa.Column("attempt", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("boot", sa.String(64), nullable=False),
    sa.Column("opened_us", sa.BigInteger, nullable=False),
    sa.Column("closed_us", sa.BigInteger),
    sa.Column("customer_id", sa.String(64), nullable=False),
    sa.Column("key_id", sa.String(64), nullable=False),
    sa.Column("request_id", sa.Text, nullable=False),
    sa.Column("endpoint", sa.Text, nullable=False),
    sa.Column("asked_model", sa.Text, nullable=False),
    sa.Column("served_model", sa.Text, nullable=False),
    sa.Column("upstream", sa.Text, nullable=False),
    sa.Column("upstream_model", sa.Text, nullable=False),
    sa.Column("lineup", sa.Text, nullable=False),
    sa.Column("decision", sa.Text, nullable=False),
    sa.Column("stream", sa.Boolean, nullable=False),
    sa.Column("outcome", sa.String(16)),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("error", sa.Text),
    sa.Column("input_tokens", sa.BigInteger),
    sa.Column("output_tokens", sa.BigInteger),
    sa.Column("cache_read_tokens", sa.BigInteger, nullable=False),
    sa.Column("cache_write_tokens", sa.BigInteger, nullable=False),
    sa.Column("cache_write_1h_tokens", sa.BigInteger, nullable=False),
    sa.Column("reasoning_tokens", sa.BigInteger, nullable=False),
    *(sa.Column(name, sa.BigInteger, nullable=False, server_default="0") for name in MEDIA_COUNTS),
    sa.Column("service_tier", sa.String(32)),
    sa.Column("usage_source", sa.String(16), nullable=False),
    sa.Column("tokenizer", sa.Text),
    sa.Column("price_id", sa.Text, nullable=False),
    sa.Column("input_estimate", sa.BigInteger, nullable=False),
    sa.Column("input_usd_per_mtok", sa.Text, nullable=False),
    sa.Column("charge_input_usd_per_mtok", sa.Text, nullable=False, server_default=""),
    sa.Column("burns_from", sa.String(64), nullable=False, server_default=""),
    sa.Column("cost_usd", ExactText),
    sa.Column("charge_usd", ExactText),
    sa.Column("burnt", sa.JSON, nullable=False, server_default="{}"),
    sa.Column("plan", sa.Text, nullable=False, server_default=""),
    sa.Column("plans", sa.Text, nullable=False, server_default=""),
    sa.Column("downgraded_from", sa.Text),
    sa.Column("unreserved", sa.Boolean, nullable=False, server_default=sa.false()),
    *(sa.Column(name, ExactText) for name in ENERGIES),
    sa.Column("energy_grade", sa.String(16)),
    sa.Column("first_byte_us", sa.BigInteger),
    sa.Column("total_us", sa.BigInteger),
    sa.Column("finish_reason", sa.Text),
    sa.Column("conversation", sa.Text),
    sa.Column("tags", sa.JSON, nullable=False),
    sa.Column("notices", sa.JSON, nullable=False),
    sa.Column("routed", sa.JSON(none_as_null=True)),
    sa.Column("audit_of", sa.String(64), nullable=False, server_default=""),
    sa.Column("held_usd", sa.Text, nullable=False, server_default=""),
    sa.Column("escalated_from", sa.Text),
    sa.Index("ix_attempts_opened_us", "opened_us"),
    sa.Index("ix_attempts_customer_id", "customer_id", "opened_us"),
    sa.Index("ix_attempts_served_model", "served_model", "opened_us"),
    sa.Index("ix_attempts_customer_model", "customer_id", "served_model", "opened_us"),
    sa.Index("ix_attempts_harmed", "outcome", "opened_us", sqlite_where=HARMED, postgresql_where=HARMED),
    sa.Index(
        "ix_attempts_running", "boot", sqlite_where=sa.text("outcome IS NULL"), postgresql_where=sa.text("outcome IS NULL")
    ),
)
"""One row for each attempt that was sent. On PostgreSQL it is partitioned by the day (UTC) of ``opened_us``, which there is a
part of the primary key (`ledger.partitions`)."""


def _rollups(name: str, begins: str) -> sa.Table:
    """Declare a table of `model.Counts`, by span of time, customer, key, plan, model and line-up."""
    return sa.Table(
        name,
        metadata,
        sa.Column(begins, sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("customer_id", sa.String(64), primary_key=True),
        sa.Column("key_id", sa.String(64), primary_key=True),
        sa.Column("plan", sa.Text, primary_key=True),
        sa.Column("served_model", sa.Text, primary_key=True),
        sa.Column("lineup", sa.Text, primary_key=True),
        *(sa.Column(count, ExactText if count in EXACT_SUMS else sa.BigInteger, nullable=False) for count in COUNTS),
    )


ROLLUPS = _rollups("rollups", "hour_us")
"""`model.Rollup`."""

DAY_ROLLUPS = _rollups("day_rollups", "day_us")
"""The same by days (UTC), so that a year is not added up from hours."""

DRAIN_OFFSETS = sa.Table(
    "drain_offsets",
    metadata,
    sa.Column("segment", sa.String(96), primary_key=True),
    sa.Column("offset", sa.BigInteger, nullable=False),
    sa.Column("damaged", sa.Integer, nullable=False),
)
"""How far each segment is drained, and how many damaged places were skipped in it."""

LEDGER_FLOOR = sa.Table("ledger_floor", metadata, sa.Column("before_us", sa.BigInteger, primary_key=True, autoincrement=False))
"""Before which moment attempts were removed for good; one row at most. What was opened earlier is not taken in again."""

UNMATCHED_CLOSES = sa.Table(
    "unmatched_closes",
    metadata,
    sa.Column("receipt_id", sa.String(64), primary_key=True),
    sa.Column("attempt", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("record", sa.LargeBinary, nullable=False),
)
"""Closed records whose opened record has not been seen: it was in a damaged place. Kept, for they say what was spent."""

GRANT_BURNS = sa.Table(
    "grant_burns",
    metadata,
    sa.Column("grant_id", sa.String(64), primary_key=True),
    sa.Column("burnt_usd", ExactText, nullable=False),
)
"""How much of each grant of credit the attempts in the ledger have burnt; kept with them, in one transaction."""


ENDINGS = sa.Table(
    "endings",
    metadata,
    sa.Column("no", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("keys", sa.LargeBinary, nullable=False),
)
"""Which attempts ended together, in the order in which the ledger learnt of it, without gaps: msgpack of receipt id, attempt,
moment of opening. What exports follow, for an attempt that ends late has an old moment, but never an old number."""

CURSORS = sa.Table(
    "cursors",
    metadata,
    sa.Column("name", sa.String(128), primary_key=True),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("moved_us", sa.BigInteger, nullable=False),
)
"""Numbers of endings: the last one given (``endings``), and how far each export has come."""

AUDITS = sa.Table(
    "audits",
    metadata,
    sa.Column("receipt_id", sa.String(64), primary_key=True),
    sa.Column("asked_us", sa.BigInteger, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("lineup", sa.Text, nullable=False),
    sa.Column("plan", sa.Text, nullable=False),
    sa.Column("chosen", sa.Text, nullable=False),
    sa.Column("other", sa.Text, nullable=False),
    sa.Column("reference", sa.Text, nullable=False),
    sa.Column("policy", sa.Text, nullable=False),
    sa.Column("group", sa.Text, nullable=False),
    sa.Column("scorer", sa.Text, nullable=False),
    sa.Column("is_certified", sa.Boolean, nullable=False),
    sa.Column("known_as", sa.Text, nullable=False),
    sa.Column("has_signal", sa.Boolean, nullable=False),
    sa.Column("share", sa.Float, nullable=False),
    sa.Column("scored_by", sa.String(16), nullable=False),
    sa.Column("outcome", sa.String(16), nullable=False),
    sa.Column("chosen_score", sa.Float),
    sa.Column("other_score", sa.Float),
    sa.Column("judge", sa.Text, nullable=False),
    sa.Column("cost_usd", ExactText),
    sa.Index("ix_audits_asked_us", "asked_us", "receipt_id"),
)
"""`audits.model.Audit`: at most one for each receipt."""

FEEDBACK = sa.Table(
    "feedback",
    metadata,
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
    sa.Index("ix_feedback_receipt_id", "receipt_id", "rating_id"),
    sa.Index("ix_feedback_asked_us", "asked_us"),
)
"""`audits.model.Feedback`, every word of it: of a receipt the latest counts."""

LAPSES = sa.Table(
    "lapses",
    metadata,
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
"""`audits.model.Lapse`: certificates that audits contradict."""


def to_attempt(values: sa.RowMapping) -> AttemptRow:
    """Make an attempt of values of columns."""
    counts = {name: values[name] for name in _COUNTED}
    usage = Usage(**counts, source=UsageSource(values["usage_source"]))
    outcome = None if values["outcome"] is None else Outcome(values["outcome"])
    routed = None if values["routed"] is None else msgspec.convert(values["routed"], Routed)
    return AttemptRow(**{name: values[name] for name in _PLAIN}, usage=usage, outcome=outcome, routed=routed)


def to_rollup(values: sa.RowMapping) -> Rollup:
    """Make a rollup of values of columns."""
    return Rollup(**{name: values[name] for name in Rollup.__struct_fields__})
