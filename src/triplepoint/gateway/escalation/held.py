"""A request whose answer is held back until it was looked at; then it is given, or another model's in its place."""

from collections.abc import Callable
from typing import Final

from triplepoint.foundation.errors import TriplepointError
from triplepoint.gateway.admitted import Admitted
from triplepoint.gateway.arrival import Arrival
from triplepoint.gateway.crossing import told
from triplepoint.gateway.escalation.look import Look
from triplepoint.gateway.escalation.terms import Watch
from triplepoint.gateway.job import Job
from triplepoint.gateway.request import Request
from triplepoint.gateway.snapshot import KeyGrant
from triplepoint.gateway.wire import HeaderList

_PATIENCE: Final = 0.8
"""Share of the time that a caller waits for a stream to begin after which one that is held is let go."""


class HeldJob(Job):
    """A request under way whose answer is held.

    While it is held nothing reaches the caller, not even a comment, for the head says which model answers. A stream that grows
    too large, or whose caller would soon give up, is let go and goes on as any other.

    Args:
        arrival, request, admitted, grant: As of every job.
        watch: What is looked at.
        steady_s: The steady clock.
    """

    __slots__ = (
        "_before", "_broken", "_first", "_is_ended", "_limit", "_pieces", "_size", "_steady_s", "_until_s", "begun_s",
        "is_held",
    )  # fmt: skip

    def __init__(
        self,
        arrival: Arrival,
        request: Request,
        admitted: Admitted,
        grant: KeyGrant,
        *,
        watch: Watch,
        steady_s: Callable[[], float],
    ) -> None:
        super().__init__(arrival, request, admitted, grant)
        self.is_held = True
        self.begun_s: float | None = None
        """Steady-clock moment at which the caller got a first byte; None: it has none yet."""
        self._pieces: list[bytes] = []
        self.look = Look(watch, request, admitted, self._pieces)
        self._before: HeaderList = list(arrival.headers)
        """Headers of the answer, before any that depend on the model."""
        self._first = (admitted, admitted.choice, arrival.headers, self.beside)
        self._limit = arrival.snapshot.settings.gateway.max_answer
        self._size = 0
        self._is_ended = False
        self._broken: TriplepointError | None = None
        self._steady_s = steady_s
        self._until_s = _patience_ends(arrival.deadline_s, steady_s())

    @property
    def base_headers(self) -> HeaderList:
        """Return a copy of the answer's headers without those that depend on the model."""
        return list(self._before)

    async def answer_whole(self, body: bytes) -> None:
        """Hold an answer that is no stream, or send it."""
        if self.is_held:
            self._pieces.append(body)
        else:
            self.begun_s = self._steady_s()
            await super().answer_whole(body)

    async def send_events(self, data: bytes, *, last: bool = False) -> None:
        """Hold events, or send them; raises as `Job.send_events`."""
        if not self.is_held:
            self.begun_s = self.begun_s or self._steady_s()
            await super().send_events(data, last=last)
            return
        self.has_begun = True  # what is held counts as given: it is charged for, and not asked for again
        self._is_ended = last
        self._pieces.append(data)
        self._size += len(data)
        if not last and (self._size > self._limit or (self._until_s is not None and self._steady_s() >= self._until_s)):
            await self.let_go()

    async def break_off(self, error: TriplepointError) -> None:
        """Note that a held stream broke off, or end one that is being sent."""
        if not self.is_held:
            await super().break_off(error)
            return
        self._broken = error
        if self.look is not None:
            self.look.broke_off()

    def watch_silence(self) -> None:
        """Send no comments while the answer is held."""
        if not self.is_held:
            super().watch_silence()

    async def let_go(self, notice: str = "") -> None:
        """Give the caller what is held; what comes after it is sent as it comes.

        Args:
            notice: For the caller, in words.
        Raises: CallerStalled: it does not read; its connection was cut.
        """
        if not self.is_held:
            return
        self.is_held, self.has_begun, self.look = False, False, None
        if notice:
            self._arrival.headers.append((b"x-triplepoint-notice", told(notice)))
        held = b"".join(self._pieces)
        self._pieces.clear()
        if not self.request.stream:
            await self.answer_whole(held)
            return
        if held or self._is_ended:
            await self.send_events(held, last=self._is_ended)
        if self._broken is not None:
            await self.break_off(self._broken)
        elif not self._is_ended:
            self.watch_silence()

    def turn_up(self, admitted: Admitted, headers: HeaderList) -> None:
        """Set what is held aside; the answer is another model's from now on.

        Args:
            admitted: What it was let in on at that model.
            headers: Of its answer.
        """
        self._first = (self.admitted, self.choice, self._arrival.headers, self.beside)
        self.admitted, self.choice, self._arrival.headers, self.beside = admitted, admitted.choice, headers, []
        self.is_held, self.has_begun, self.look = False, False, None

    def turn_back(self) -> None:
        """Come back to what is held; nothing of the other model has reached the caller."""
        self.admitted, self.choice, self._arrival.headers, self.beside = self._first
        self.is_held = True


def _patience_ends(deadline_s: float | None, now_s: float) -> float | None:
    return None if deadline_s is None else now_s + _PATIENCE * max(0.0, deadline_s - now_s)
