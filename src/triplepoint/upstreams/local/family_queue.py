"""Turns for a family that shares few cores: so many generations at once, the rest in one line, first come first served.

llama.cpp would take all of them at once and every one would crawl. Here the late ones wait where their deadlines are known, and
are refused while refusing is cheap: at once when the line is full, or at the deadline, each time with an honest guess of when
to come back.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from types import TracebackType

from triplepoint.foundation.errors import Overloaded

_FIRST_GUESS_S = 2.0
_NEW_SHARE = 0.2
_RETRY_BOUNDS_S = (1.0, 60.0)


class GenerationGate:
    """At most ``limit`` turns at once, at most ``queue`` waiting. For one event loop.

    Args:
        limit: Generations at once, at least 1.
        queue: Requests that may wait, at least 0.
        steady_s: The steady clock that deadlines are read on; by default the running loop's.
    """

    def __init__(self, limit: int, queue: int, *, steady_s: Callable[[], float] | None = None) -> None:
        if limit < 1 or queue < 0:
            raise ValueError(f"a gate needs a limit of at least 1 and a queue of at least 0, not {limit} and {queue}")
        self._limit = limit
        self._queue = queue
        self._steady_s = steady_s or (lambda: asyncio.get_running_loop().time())
        self._active = 0
        self._line: deque[asyncio.Future[None]] = deque()
        self._turn_s = _FIRST_GUESS_S

    @property
    def active(self) -> int:
        """Turns under way."""
        return self._active

    @property
    def waiting(self) -> int:
        """Requests in the line."""
        return len(self._line)

    def turn(self, *, deadline_s: float | None = None) -> "Turn":
        """Return a turn, to be entered with ``async with``.

        Args:
            deadline_s: Moment on the steady clock until which it pays to wait; None waits for ever.
        Entering raises: Overloaded: the line is full, or the deadline came first; ``retry_after_s`` is set.
        """
        return Turn(self, deadline_s)

    def retry_after_s(self) -> float:
        """Guess in how many seconds the line will have been served, from how long turns took of late."""
        least, most = _RETRY_BOUNDS_S
        return min(most, max(least, (self.waiting + 1) * self._turn_s / self._limit))

    async def enter(self, deadline_s: float | None) -> float:
        """Take a turn, now or when those before have had theirs; returns the moment. `turn` is the way to call it."""
        if self._active < self._limit:  # then nobody waits: a turn given back goes to the line first
            self._active += 1
            return self._steady_s()
        self._check_room(deadline_s)
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append(place)
        try:
            async with asyncio.timeout(None if deadline_s is None else deadline_s - self._steady_s()):
                await place
        except BaseException as reason:
            self._give_up(place)
            if isinstance(reason, TimeoutError):
                raise self._overloaded("the deadline came before a turn was free") from reason
            raise
        return self._steady_s()

    @property
    def is_spare(self) -> bool:
        """Tell whether a turn could be taken and another one would still be free, for who comes next."""
        return not self._line and self._active + 1 < self._limit

    def leave(self, since_s: float) -> None:
        """Give a turn back; it goes to the first in the line."""
        self._turn_s += _NEW_SHARE * (self._steady_s() - since_s - self._turn_s)
        self._pass_on()

    def _check_room(self, deadline_s: float | None) -> None:
        if len(self._line) >= self._queue:
            raise self._overloaded(f"{self._active} answers are being generated and {len(self._line)} requests wait already")
        if deadline_s is not None and deadline_s <= self._steady_s():
            raise self._overloaded("no turn is free and the deadline has passed")

    def _give_up(self, place: asyncio.Future[None]) -> None:
        """Leave the line, or pass on a turn that was handed over in the very moment of leaving."""
        if place in self._line:
            self._line.remove(place)
        elif not place.cancelled():
            self._pass_on()

    def _pass_on(self) -> None:
        while self._line:
            place = self._line.popleft()
            if not place.done():  # one that was cancelled just now is about to leave the line by itself
                return place.set_result(None)
        self._active -= 1
        return None

    def _overloaded(self, why: str) -> Overloaded:
        return Overloaded(
            f"the models on this machine are busy: {why}; try again later or use another model",
            code="local_queue_full",
            retry_after_s=self.retry_after_s(),
        )


class Turn:
    """One request's turn at a gate."""

    __slots__ = ("_deadline_s", "_gate", "_since_s")

    def __init__(self, gate: GenerationGate, deadline_s: float | None) -> None:
        self._gate = gate
        self._deadline_s = deadline_s
        self._since_s = 0.0

    async def __aenter__(self) -> None:
        self._since_s = await self._gate.enter(self._deadline_s)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._gate.leave(self._since_s)
