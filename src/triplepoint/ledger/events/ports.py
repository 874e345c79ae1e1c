"""What the pusher needs: endings in their order, a place to keep how far it has come, and somebody who takes events."""

from dataclasses import dataclass
from typing import Protocol

from triplepoint.ledger.model import AttemptRow


@dataclass(frozen=True, slots=True)
class Ending:
    """Attempts that ended together."""

    no: int
    """Ascending, without gaps."""
    rows: list[AttemptRow]


class Endings(Protocol):
    """What has ended; `store.EndingStore` is one."""

    def after(self, no: int) -> Ending | None:
        """Return the ending after a number; None: there is none yet."""
        ...

    def position(self, cursor: str) -> int:
        """Return the number up to which a cursor has come; 0: it has not begun."""
        ...

    def move(self, cursor: str, *, since: int, to: int, now_us: int) -> None:
        """Keep that a cursor has come to a number.

        Raises: Conflict: it is not where it is thought to be, for somebody else moves it.
        """
        ...

    def last(self) -> int:
        """Return the number of the last ending."""
        ...


class Sink(Protocol):
    """Takes events; `push.HttpSink` is one."""

    def deliver(self, body: bytes, content_type: str) -> None:
        """Hand a body over; returns once the receiver has said that it has it.

        Raises:
            NotTaken: it may take it later.
            RequestInvalid: it refuses it, and would again.
        """
        ...


class NotTaken(Exception):
    """The receiver could not take a body now.

    Args:
        reason: In words, without anything secret.
        retry_after_s: When it asks to be tried again; None: it does not say.
    """

    def __init__(self, reason: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after_s = retry_after_s
