"""Taking records into the ledger, each attempt once, whatever dies in between.

One batch of a segment is one transaction: rows, rollups, and how far the segment is drained stand or fall together. A
record that is met again (an offset was lost, a backup restored) changes nothing, for an attempt is opened once and ended
once.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from triplepoint.foundation.errors import Conflict, StoreFault
from triplepoint.foundation.money import money_text
from triplepoint.ledger import rollups as adding
from triplepoint.ledger.audits.model import Audited, Rated
from triplepoint.ledger.audits.store import insert_findings
from triplepoint.ledger.bulk import add_up, end_attempts, insert_attempts
from triplepoint.ledger.framing import SegmentName
from triplepoint.ledger.model import AttemptRow, Closed, Opened
from triplepoint.ledger.partitions import Days
from triplepoint.ledger.reader import Batch
from triplepoint.ledger.receipts import interrupt, join
from triplepoint.ledger.tables import (
    ATTEMPTS,
    CURSORS,
    DAY_ROLLUPS,
    DRAIN_OFFSETS,
    ENDINGS,
    GRANT_BURNS,
    LEDGER_FLOOR,
    ROLLUPS,
    UNMATCHED_CLOSES,
    to_attempt,
)
from triplepoint.storage.engine import CONTENDED, is_postgres, reading, writing

_KEYS_AT_ONCE = 500
_INTERRUPTED_AT_ONCE = 1000
_TRIES = 8
"""How often a batch is taken that another machine's work gets in the way of, before it is left for the next drain."""
_NO_FLOOR_US = -(1 << 62)
_LONGEST_US = 3_600_000_000
"""Where an attempt is looked for whose end has come: in the hours before it first, then everywhere."""

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


_Known = dict[AttemptKey, int | None]
"""Attempts that the ledger has: when those were opened that still run; None: it has ended."""
_Result = TypeVar("_Result")


class _Records(NamedTuple):
    """What a batch holds, each attempt once."""

    opened: dict[AttemptKey, Opened]
    closed: dict[AttemptKey, Closed]
    audited: list[Audited]
    rated: list[Rated]


class Intake:
    """Writes the ledger; one drain at a time on each journal.

    Args:
        engine: The database.
        meter: Says what ended attempts took in energy.
    """

    def __init__(self, engine: sa.Engine, *, meter: Meter | None = None) -> None:
        self._engine = engine
        self._meter = meter or _unmetered
        self._days = Days(engine)

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
        records = _Records(
            {_key(record): record for record in batch.records if isinstance(record, Opened)},
            {_key(record): record for record in batch.records if isinstance(record, Closed)},
            [record for record in batch.records if isinstance(record, Audited)],
            [record for record in batch.records if isinstance(record, Rated)],
        )
        now = Progress(batch.next_offset, since.damaged + batch.damaged)
        self._days.prepare(record.at_us for record in records.opened.values())
        return self._until_free(lambda: self._take(segment, since, now, records))

    def interrupt(self, boot: str) -> int:
        """Settle what still runs of a life that is over and whose segments are drained to their ends.

        Returns: How many attempts.
        """
        settled = 0
        while count := self._until_free(lambda: self._interrupt_some(boot)):
            settled += count
        return settled

    def match(self) -> int:
        """End what runs and whose closed record was set aside: the two came on different machines, at one moment.

        Returns: How many attempts.
        """
        with reading(self._engine) as connection:
            if connection.execute(sa.select(UNMATCHED_CLOSES.c.receipt_id).limit(1)).first() is None:
                return 0
        return self._until_free(self._match_some)

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

    def _take(self, segment: SegmentName, since: Progress, now: Progress, records: "_Records") -> Taken:
        with writing(self._engine, beside=True) as connection:
            _advance(connection, segment, since, now)
            floor_us = _floor_us(connection)
            opened = {key: one for key, one in records.opened.items() if one.at_us >= floor_us}
            known = _known(connection, opened, records.closed)
            fresh = {key: record for key, record in opened.items() if key not in known}
            closed = _matched_at_last(connection, fresh.keys()) | records.closed
            rows = [self._metered(join(record, closed.get(key))) for key, record in fresh.items()]
            insert_attempts(connection, zip(rows, fresh.values(), strict=True), boot=segment.boot)
            running = [key for key in closed if known.get(key)]
            ended = [self._meter(_ended(row, closed[_key(row)])) for row in _running(connection, running, known)]
            end_attempts(connection, ended)
            astray = [record for key, record in closed.items() if key not in known and key not in fresh]
            _set_aside(connection, astray)
            done = [*(row for row in rows if row.outcome is not None), *ended]
            insert_findings(connection, records.audited, records.rated, floor_us=floor_us)
            _count(connection, done)
        return Taken(opened=len(fresh), closed=len(done), unmatched=len(astray))

    def _interrupt_some(self, boot: str) -> int:
        running = sa.select(ATTEMPTS).where(ATTEMPTS.c.boot == boot, ATTEMPTS.c.outcome.is_(None))
        running = running.order_by(ATTEMPTS.c.receipt_id, ATTEMPTS.c.attempt).limit(_INTERRUPTED_AT_ONCE).with_for_update()
        with writing(self._engine, beside=True) as connection:
            rows = [self._meter(_interrupted(values)) for values in connection.execute(running).mappings()]
            end_attempts(connection, rows)
            _count(connection, rows)
        return len(rows)

    def _match_some(self) -> int:
        is_it = (ATTEMPTS.c.receipt_id == UNMATCHED_CLOSES.c.receipt_id) & (ATTEMPTS.c.attempt == UNMATCHED_CLOSES.c.attempt)
        query = sa.select(*UNMATCHED_CLOSES.c, ATTEMPTS.c.outcome, ATTEMPTS.c.opened_us).join(ATTEMPTS, is_it)
        with writing(self._engine, beside=True) as connection:
            found = connection.execute(query.order_by(*UNMATCHED_CLOSES.primary_key).limit(_INTERRUPTED_AT_ONCE)).all()
            closed = {AttemptKey(one.receipt_id, one.attempt): _decode_closed(one.record) for one in found}
            known = {AttemptKey(one.receipt_id, one.attempt): one.opened_us for one in found if one.outcome is None}
            rows = [self._meter(_ended(row, closed[_key(row)])) for row in _running(connection, list(known), known)]
            end_attempts(connection, rows)
            _take_back(connection, closed)
            _count(connection, rows)
        return len(rows)

    def _until_free(self, work: Callable[[], _Result]) -> _Result:
        """Do a transaction again whose way another machine's crossed: it has changed nothing."""
        for tried in range(1, _TRIES + 1):
            try:
                return work()
            except IntegrityError as error:  # the other one has written an attempt that was not there when we looked
                if tried == _TRIES:
                    raise StoreFault(f"the ledger refuses a batch again and again: {type(error.orig).__name__}") from None
            except StoreFault as fault:
                if fault.code != CONTENDED or tried == _TRIES:
                    raise
            self._days.forget()
            time.sleep(0.01 * tried)
        raise AssertionError("unreachable")

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


def _key(record: Opened | Closed | AttemptRow) -> AttemptKey:
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


def _floor_us(connection: sa.Connection) -> int:
    """Return the moment before which days were removed: what was opened earlier has been counted, and is left out."""
    floor_us = connection.execute(sa.select(LEDGER_FLOOR.c.before_us)).scalar()
    return _NO_FLOOR_US if floor_us is None else floor_us


def _known(connection: sa.Connection, opened: dict[AttemptKey, Opened], closed: dict[AttemptKey, Closed]) -> _Known:
    """Return those of the attempts that the ledger has, and when those were opened that still run; None: it has ended."""
    known: _Known = {}
    if opened:
        moments = [record.at_us for record in opened.values()]
        known |= _known_within(connection, opened.keys(), min(moments), max(moments))
    only_closed = closed.keys() - opened.keys()
    if only_closed:
        moments = [closed[key].at_us for key in only_closed]
        known |= _known_within(connection, only_closed, min(moments) - _LONGEST_US, max(moments) + _LONGEST_US)
        if is_postgres(connection) and (missing := only_closed - known.keys()):
            known |= _known_within(connection, missing, None, None)
    return known


def _known_within(connection: sa.Connection, keys: Iterable[AttemptKey], since_us: int | None, until_us: int | None) -> _Known:
    """Look keys up; the span spares PostgreSQL the partitions outside it."""
    query = sa.select(ATTEMPTS.c.receipt_id, ATTEMPTS.c.attempt, ATTEMPTS.c.opened_us, ATTEMPTS.c.outcome)
    if is_postgres(connection) and since_us is not None and until_us is not None:
        query = query.where(ATTEMPTS.c.opened_us.between(since_us, until_us))
    known: _Known = {}
    for ids in _portions({key.receipt_id for key in keys}):
        for receipt_id, attempt, opened_us, outcome in connection.execute(query.where(ATTEMPTS.c.receipt_id.in_(ids))):
            known[AttemptKey(receipt_id, attempt)] = opened_us if outcome is None else None
    return known


def _running(connection: sa.Connection, keys: list[AttemptKey], known: _Known) -> list[AttemptRow]:
    """Return the rows of attempts that still run, and hold them."""
    if not keys:
        return []
    moments = [opened_us for key in keys if (opened_us := known[key]) is not None]
    query = sa.select(ATTEMPTS).where(ATTEMPTS.c.outcome.is_(None))
    if is_postgres(connection):
        query = query.where(ATTEMPTS.c.opened_us.between(min(moments), max(moments)))
    query = query.order_by(ATTEMPTS.c.receipt_id, ATTEMPTS.c.attempt).with_for_update()
    wanted = set(keys)
    rows: list[AttemptRow] = []
    for ids in _portions({key.receipt_id for key in keys}):
        found = connection.execute(query.where(ATTEMPTS.c.receipt_id.in_(ids))).mappings()
        rows += [row for values in found if _key(row := to_attempt(values)) in wanted]
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
                found[key] = _decode_closed(values["record"])
    _take_back(connection, found)
    return found


def _take_back(connection: sa.Connection, keys: Iterable[AttemptKey]) -> None:
    for key in sorted(keys):
        is_it = sa.and_(UNMATCHED_CLOSES.c.receipt_id == key.receipt_id, UNMATCHED_CLOSES.c.attempt == key.attempt)
        connection.execute(UNMATCHED_CLOSES.delete().where(is_it))


def _decode_closed(record: bytes) -> Closed:
    return msgspec.msgpack.decode(record, type=Closed)


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


def _set_aside(connection: sa.Connection, records: list[Closed]) -> None:
    encode = msgspec.msgpack.encode
    values = [{"receipt_id": r.receipt_id, "attempt": r.attempt, "record": encode(r)} for r in sorted(records, key=_key)]
    if values:
        _insert_missing(connection, UNMATCHED_CLOSES, values)


def _count(connection: sa.Connection, rows: list[AttemptRow]) -> None:
    """Add ended attempts to their rollups, and what they have burnt to their grants."""
    if not rows:
        return
    hours = adding.roll_up(rows).values()
    add_up(connection, ROLLUPS, map(msgspec.structs.asdict, hours))
    add_up(connection, DAY_ROLLUPS, adding.by_days(hours))
    burnt = adding.burnt_by_grant(rows)
    add_up(connection, GRANT_BURNS, ({"grant_id": grant, "burnt_usd": money_text(usd)} for grant, usd in burnt.items()))
    _number(connection, rows)


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
