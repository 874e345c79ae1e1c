"""Taking records into the ledger, each attempt once, whatever dies in between.

One batch of a segment is one transaction: rows, rollups, and how far the segment is drained stand or fall together. A
record that is met again (an offset was lost, a backup restored) changes nothing, for an attempt is opened once and ended
once.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from triplepoint.foundation.errors import Conflict
from triplepoint.foundation.money import EXACT, money_text
from triplepoint.ledger import rollups as adding
from triplepoint.ledger.framing import SegmentName
from triplepoint.ledger.model import ENERGIES, AttemptRow, Closed, Opened
from triplepoint.ledger.reader import Batch
from triplepoint.ledger.receipts import interrupt, join
from triplepoint.ledger.tables import (
    ATTEMPTS,
    CURSORS,
    DRAIN_OFFSETS,
    ENDINGS,
    GRANT_BURNS,
    MEDIA_COUNTS,
    ROLLUPS,
    UNMATCHED_CLOSES,
    to_attempt,
    to_rollup,
    to_values,
)
from triplepoint.storage.engine import reading, writing

_KEYS_AT_ONCE = 500
_INTERRUPTED_AT_ONCE = 1000
_ENDING = (
    *("closed_us", "outcome", "status", "error", "cost_usd", "first_byte_us", "total_us", "finish_reason", "notices"),
    *("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens"),
    *("reasoning_tokens", "usage_source", "tokenizer", "service_tier", "charge_usd", "burnt", "energy_grade"),
    *MEDIA_COUNTS,
    *ENERGIES,
)
"""Columns that the end of an attempt fills."""

_end = (
    ATTEMPTS.update()
    .where(ATTEMPTS.c.receipt_id == sa.bindparam("of_receipt"), ATTEMPTS.c.attempt == sa.bindparam("of_attempt"))
    .values({name: sa.bindparam(name) for name in _ENDING})
)


Meter = Callable[[AttemptRow], AttemptRow]
"""Fills the energy of an ended attempt; pure, for an attempt may be taken in again."""


class AttemptKey(NamedTuple):
    """Which attempt."""

    receipt_id: str
    attempt: int


class Progress(NamedTuple):
    """How far a segment is drained."""

    offset: int
    damaged: int
    """Damaged places skipped so far."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a batch changed."""

    opened: int
    closed: int
    unmatched: int
    """Closed records set aside, because their opened record has not been seen."""


class Intake:
    """Writes the ledger; one drain at a time on each journal.

    Args:
        engine: The database.
        meter: Says what ended attempts took in energy.
    """

    def __init__(self, engine: sa.Engine, *, meter: Meter | None = None) -> None:
        self._engine = engine
        self._meter = meter or _unmetered

    def progress(self, segment: SegmentName) -> Progress:
        """Say how far a segment is drained."""
        with reading(self._engine) as connection:
            return _progress(connection, segment)

    def take(self, segment: SegmentName, since: Progress, batch: Batch) -> Taken:
        """Take in what a segment holds from an offset on.

        Args:
            segment: Where it stands.
            since: Where the batch begins.
            batch: Its records.
        Raises: Conflict: another drain has been here since; nothing was changed.
        """
        opened = {_key(record): record for record in batch.records if isinstance(record, Opened)}
        closed = {_key(record): record for record in batch.records if isinstance(record, Closed)}
        with writing(self._engine) as connection:
            _advance(connection, segment, since, Progress(batch.next_offset, since.damaged + batch.damaged))
            known = _known(connection, opened.keys() | closed.keys())
            fresh_keys = opened.keys() - known.keys()
            closed = _matched_at_last(connection, fresh_keys) | closed
            fresh = {key: self._metered(join(opened[key], closed.get(key))) for key in opened if key in fresh_keys}
            running = {key: row for key, row in known.items() if row.outcome is None}
            ended = [self._meter(_ended(running[key], closed[key])) for key in closed if key in running]
            astray = [closed[key] for key in closed if key not in known and key not in fresh]
            _insert(connection, [_opened_values(segment.boot, opened[key], row) for key, row in fresh.items()])
            _update(connection, ended)
            _set_aside(connection, astray)
            closed_at_once = [row for row in fresh.values() if row.outcome is not None]
            _count(connection, [*closed_at_once, *ended])
        return Taken(opened=len(fresh), closed=len(ended) + len(closed_at_once), unmatched=len(astray))

    def interrupt(self, boot: str) -> int:
        """Settle what still runs of a life that is over and whose segments are drained to their ends.

        Returns: How many attempts.
        """
        settled = 0
        while count := self._interrupt_some(boot):
            settled += count
        return settled

    def make_durable(self) -> bool:
        """Force what was committed to disk, so that its segments may go; False: try again later."""
        if self._engine.dialect.name != "sqlite":
            return True  # a commit is durable there
        connection = self._engine.raw_connection()
        try:
            cursor = connection.cursor()
            cursor.execute("PRAGMA wal_checkpoint(FULL)")
            is_busy = cursor.fetchall()[0][0]
            cursor.close()
            return not is_busy
        finally:
            connection.close()

    def forget(self, segments: Iterable[SegmentName]) -> None:
        """Drop the offsets of segments that are gone."""
        with writing(self._engine) as connection:
            for names in _portions(map(str, segments)):
                connection.execute(DRAIN_OFFSETS.delete().where(DRAIN_OFFSETS.c.segment.in_(names)))

    def _interrupt_some(self, boot: str) -> int:
        running = sa.select(ATTEMPTS).where(ATTEMPTS.c.boot == boot, ATTEMPTS.c.outcome.is_(None)).limit(_INTERRUPTED_AT_ONCE)
        with writing(self._engine) as connection:
            rows = [self._meter(_interrupted(values)) for values in connection.execute(running).mappings()]
            _update(connection, rows)
            _count(connection, rows)
        return len(rows)

    def _metered(self, row: AttemptRow) -> AttemptRow:
        return row if row.outcome is None else self._meter(row)


def _unmetered(row: AttemptRow) -> AttemptRow:
    return row


def _interrupted(values: sa.RowMapping) -> AttemptRow:
    return interrupt(
        to_attempt(values),
        input_estimate=values["input_estimate"],
        input_usd_per_mtok=values["input_usd_per_mtok"],
        charge_input_usd_per_mtok=values["charge_input_usd_per_mtok"],
        burns_from=values["burns_from"],
    )


def _key(record: Opened | Closed) -> AttemptKey:
    return AttemptKey(record.receipt_id, record.attempt)


def _progress(connection: sa.Connection, segment: SegmentName) -> Progress:
    query = sa.select(DRAIN_OFFSETS.c.offset, DRAIN_OFFSETS.c.damaged).where(DRAIN_OFFSETS.c.segment == str(segment))
    found = connection.execute(query).one_or_none()
    return Progress(0, 0) if found is None else Progress(found.offset, found.damaged)


def _advance(connection: sa.Connection, segment: SegmentName, since: Progress, now: Progress) -> None:
    name = str(segment)
    _insert_missing(connection, DRAIN_OFFSETS, [{"segment": name, "offset": 0, "damaged": 0}])
    moved = connection.execute(
        DRAIN_OFFSETS.update()
        .where(DRAIN_OFFSETS.c.segment == name, DRAIN_OFFSETS.c.offset == since.offset)
        .values(offset=now.offset, damaged=now.damaged)
    )
    if moved.rowcount != 1:
        raise Conflict(f"another drain works on {name}; stop one of the two control planes", code="drain_in_use")


def _known(connection: sa.Connection, keys: Iterable[AttemptKey]) -> dict[AttemptKey, AttemptRow]:
    """Return those of the attempts that the ledger has."""
    rows: dict[AttemptKey, AttemptRow] = {}
    for ids in _portions({key.receipt_id for key in keys}):
        for values in connection.execute(sa.select(ATTEMPTS).where(ATTEMPTS.c.receipt_id.in_(ids))).mappings():
            rows[AttemptKey(values["receipt_id"], values["attempt"])] = to_attempt(values)
    return rows


def _matched_at_last(connection: sa.Connection, keys: Iterable[AttemptKey]) -> dict[AttemptKey, Closed]:
    """Take back closed records that were set aside and whose opened record has come."""
    if connection.execute(sa.select(UNMATCHED_CLOSES.c.receipt_id).limit(1)).first() is None:
        return {}
    wanted = set(keys)
    found: dict[AttemptKey, Closed] = {}
    for ids in _portions({key.receipt_id for key in wanted}):
        for values in connection.execute(sa.select(UNMATCHED_CLOSES).where(UNMATCHED_CLOSES.c.receipt_id.in_(ids))).mappings():
            key = AttemptKey(values["receipt_id"], values["attempt"])
            if key in wanted:
                found[key] = msgspec.msgpack.decode(values["record"], type=Closed)
    for key in found:
        is_it = sa.and_(UNMATCHED_CLOSES.c.receipt_id == key.receipt_id, UNMATCHED_CLOSES.c.attempt == key.attempt)
        connection.execute(UNMATCHED_CLOSES.delete().where(is_it))
    return found


def _ended(row: AttemptRow, closed: Closed) -> AttemptRow:
    return msgspec.structs.replace(
        row,
        closed_us=closed.at_us,
        outcome=closed.outcome,
        status=closed.status,
        error=closed.error,
        usage=closed.usage,
        cost_usd=closed.cost_usd,
        first_byte_us=closed.first_byte_us,
        total_us=closed.total_us,
        finish_reason=closed.finish_reason,
        notices=closed.notices,
        charge_usd=closed.charge_usd,
        burnt=closed.burnt,
    )


def _opened_values(boot: str, opened: Opened, row: AttemptRow) -> dict[str, Any]:
    settling = {
        "boot": boot,
        "input_estimate": opened.input_estimate,
        "input_usd_per_mtok": opened.input_usd_per_mtok,
        "charge_input_usd_per_mtok": opened.charge_input_usd_per_mtok,
        "burns_from": opened.burns_from,
    }
    return to_values(row) | settling


def _insert(connection: sa.Connection, values: list[dict[str, Any]]) -> None:
    if values:
        connection.execute(ATTEMPTS.insert(), values)


def _update(connection: sa.Connection, rows: list[AttemptRow]) -> None:
    if not rows:
        return
    parameters: list[dict[str, Any]] = []
    for row in rows:
        values = to_values(row)
        which = {"of_receipt": row.receipt_id, "of_attempt": row.attempt}
        parameters.append({name: values[name] for name in _ENDING} | which)
    connection.execute(_end, parameters)


def _set_aside(connection: sa.Connection, records: list[Closed]) -> None:
    encode = msgspec.msgpack.encode
    values = [{"receipt_id": r.receipt_id, "attempt": r.attempt, "record": encode(r)} for r in records]
    if values:
        _insert_missing(connection, UNMATCHED_CLOSES, values)


def _count(connection: sa.Connection, rows: list[AttemptRow]) -> None:
    """Add ended attempts to their rollups. Exact decimals are added here and not by SQL; the rows are locked meanwhile."""
    if not rows:
        return
    more = adding.roll_up(rows)
    keys = sorted(more)  # in one order, so that two nodes never wait for each other
    _insert_missing(connection, ROLLUPS, [msgspec.structs.asdict(adding.Rollup(**key._asdict())) for key in keys])
    for key in keys:
        is_it = sa.and_(*(ROLLUPS.c[name] == value for name, value in key._asdict().items()))
        former = to_rollup(connection.execute(sa.select(ROLLUPS).where(is_it).with_for_update()).mappings().one())
        now = msgspec.structs.asdict(adding.add(former, more[key]))
        connection.execute(ROLLUPS.update().where(is_it).values(now))
    _burn(connection, adding.burnt_by_grant(rows))
    _number(connection, rows)


def _burn(connection: sa.Connection, more: dict[str, Decimal]) -> None:
    """Add what attempts have burnt to the sums of their grants."""
    if not more:
        return
    grants = sorted(more)
    _insert_missing(connection, GRANT_BURNS, [{"grant_id": grant, "burnt_usd": "0"} for grant in grants])
    for grant in grants:
        is_it = GRANT_BURNS.c.grant_id == grant
        former = connection.execute(sa.select(GRANT_BURNS.c.burnt_usd).where(is_it).with_for_update()).scalar_one()
        burnt = money_text(EXACT.add(Decimal(former), more[grant]))
        connection.execute(GRANT_BURNS.update().where(is_it).values(burnt_usd=burnt))


def _number(connection: sa.Connection, rows: list[AttemptRow]) -> None:
    """Number what ended, for exports to follow. The counter's row is locked last, until the end of the transaction, so that
    numbers become visible in their order, whoever else drains.
    """
    taken = sa.update(CURSORS).where(CURSORS.c.name == ENDINGS.name).values(position=CURSORS.c.position + 1)
    no = connection.execute(taken.returning(CURSORS.c.position)).scalar_one()
    keys = msgspec.msgpack.encode([(row.receipt_id, row.attempt, row.opened_us) for row in rows])
    connection.execute(ENDINGS.insert().values(no=no, keys=keys))


def _insert_missing(connection: sa.Connection, table: sa.Table, values: Sequence[dict[str, Any]]) -> None:
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    connection.execute(insert(table).on_conflict_do_nothing(), values)


def _portions(ids: Iterable[str]) -> Iterable[list[str]]:
    ordered = sorted(ids)
    for start in range(0, len(ordered), _KEYS_AT_ONCE):
        yield ordered[start : start + _KEYS_AT_ONCE]
