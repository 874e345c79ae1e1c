"""How anything is changed here: one transaction, with a line in the audit log inside it and a word to the gateway after it.

::

    with changes.begin(actor, Role.OPERATOR) as change:
        key = …                                  # load, decide
        change.records.add_key(key)              # save
        change.note("key.create", key.id, …)     # say so

A change that nobody noted is not kept: leaving the block without a line raises, and the transaction is undone.

A room above that keeps records of its own beside customers (plans) has a store whose transactions see both, and opens its
changes with `Changes.on`.
"""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from triplepoint.access.model import Actor, Role
from triplepoint.access.ports import AccessTransaction, RecordsT, Transactions
from triplepoint.access.rules import require
from triplepoint.foundation.clock import Clock
from triplepoint.foundation.ids import NewId

_OtherT = TypeVar("_OtherT", bound=AccessTransaction)
_ENCODER = msgspec.json.Encoder(order="deterministic")

Detail = str | int | float | bool | list[str] | None
"""What a line may say beside noun, verb and subject. Never a `Secret`: encoding one raises."""


@dataclass(slots=True)
class Change(Generic[RecordsT]):
    """A change under way."""

    records: RecordsT
    actor: Actor
    now_us: int
    lines: int = 0
    is_made_before: bool = False
    """What was asked for stands already, word for word; nothing is written and nobody is told."""

    def note(self, action: str, subject: str, **detail: Detail) -> None:
        """Append a line to the audit log."""
        self.records.add_audit(
            at_us=self.now_us, actor=self.actor.name, action=action, subject=subject, detail=_ENCODER.encode(detail).decode()
        )
        self.lines += 1


class Changes(Generic[RecordsT]):
    """Opens transactions for who may; safe to use from several threads.

    Args:
        store: Where it is kept.
        clock: Dates the changes.
        new_id: Makes ids; called by one thread at a time.
        on_change: Called after a change that the gateway must hear of; None: nobody listens.
    """

    def __init__(
        self, store: Transactions[RecordsT], *, clock: Clock, new_id: NewId, on_change: Callable[[], None] | None
    ) -> None:
        self._store = store
        self.clock = clock
        self._new_id = new_id
        self._on_change = on_change
        self._one_at_a_time = threading.Lock()

    def on(self, store: Transactions[_OtherT]) -> "Changes[_OtherT]":
        """Open the same kind of transactions on another store of the same database; ids are still made one at a time."""
        return Changes(store, clock=self.clock, new_id=self.new_id, on_change=self._on_change)

    def new_id(self, prefix: str) -> str:
        """Make an id."""
        with self._one_at_a_time:
            return self._new_id(prefix)

    @contextmanager
    def begin(self, actor: Actor, needed: Role, *, announce: bool = False) -> Generator[Change[RecordsT]]:
        """Open a transaction that writes.

        Args:
            actor: Who makes the change.
            needed: The least role that may.
            announce: Tell the gateway, once the change is kept.
        Raises: NotEntitled: the role is too small.
        """
        require(actor, needed)
        with self._store.writing() as records:
            change = Change(records=records, actor=actor, now_us=self.clock.now_us())
            yield change
            if not change.lines and not change.is_made_before:
                raise RuntimeError("a change without a line in the audit log; note() it")
            if announce and change.lines:
                records.announce()
        if announce and change.lines:
            self._announce()

    @contextmanager
    def begin_if(
        self, actor: Actor, condition: Callable[[RecordsT], bool], *, announce: bool = False
    ) -> Generator[Change[RecordsT] | None]:
        """Open a transaction that writes where a condition holds inside it; yields None where it does not."""
        with self._store.writing() as records:
            change = Change(records=records, actor=actor, now_us=self.clock.now_us()) if condition(records) else None
            yield change
            if announce and change is not None:
                records.announce()
        if announce and change is not None:
            self._announce()

    @contextmanager
    def look(self, actor: Actor, needed: Role = Role.VIEWER) -> Generator[RecordsT]:
        """Open a transaction that only reads.

        Raises: NotEntitled: the role is too small.
        """
        require(actor, needed)
        with self._store.reading() as records:
            yield records

    @contextmanager
    def peek(self) -> Generator[RecordsT]:
        """Open a transaction that only reads, for our own machinery: the snapshot, and finding out who somebody is."""
        with self._store.reading() as records:
            yield records

    def _announce(self) -> None:
        if self._on_change is not None:
            self._on_change()


AccessChange = Change[AccessTransaction]
"""A change to this room's records, or to more than them."""
AccessChanges = Changes[AccessTransaction]
