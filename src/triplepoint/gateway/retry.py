"""Which target is tried next, and after which pause: pure rules.

A request goes to its model's first healthy target. An attempt that failed before a byte has reached the caller is followed
by another: once more at the same target after a short pause where that may well help (a 429, a 500, a reset), else at the
next target at once (nobody there, no answer in time), in the line-up's order; when all had their turn, at the first healthy
one again. The last attempts are kept for targets that had none. Pauses are drawn between 0 and a bound that doubles (full
jitter: Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog 2015). An upstream that names a pause (Retry-After)
is not asked again before it, and not at all if that is longer than the longest pause.
"""

from collections.abc import Callable

import msgspec

from triplepoint.foundation.errors import TriplepointError
from triplepoint.settings import RetrySettings

_TRIES_IN_A_ROW = 2


class Failure(msgspec.Struct, frozen=True):
    """How an attempt failed before the caller got anything."""

    error: TriplepointError
    """What the caller is told if nothing helps."""
    may_retry: bool
    """The same upstream may do better; False for a refusal that it would only repeat."""
    may_fall_back: bool
    """Another upstream may do better; False where the request itself is at fault."""
    prefers_other: bool = False
    """Another upstream, where there is one, is the better bet: this one is away, or too slow."""
    retry_after_s: float | None = None
    """Pause that the upstream asked for."""


class Turn(msgspec.Struct, frozen=True, gc=False):
    """The next attempt."""

    target: int
    """Index of the target."""
    pause_s: float
    """To wait before it."""


class RetryPlan:
    """The attempts of one request.

    Args:
        targets: Number of targets of the model.
        settings: Of the first target's upstream.
        allows: Tells whether the target's breaker lets a request through now.
        draw: Uniform random numbers in [0, 1).
        has_begun: The first attempt has been made, at the first target, without asking.
    """

    def __init__(
        self,
        targets: int,
        settings: RetrySettings,
        *,
        allows: Callable[[int], bool],
        draw: Callable[[], float],
        has_begun: bool = False,
    ) -> None:
        self._settings = settings
        self._allows = allows
        self._draw = draw
        self._open = list(range(targets))
        self._untried = list(range(1 if has_begun else 0, targets))
        self._made = self._in_a_row = 1 if has_begun else 0

    def first(self) -> Turn | None:
        """Return the first attempt; None where every breaker is open."""
        return self._fresh()

    def after(self, target: int, failure: Failure) -> Turn | None:
        """Return the attempt after a failed one; None when it is time to tell the caller.

        Args:
            target: Where the last attempt went.
            failure: How it failed.
        """
        left = self._settings.attempts - self._made
        if not failure.may_fall_back or left <= 0:
            return None
        if not self._may_ask_again(failure):
            self._open.remove(target)
        elif (
            self._in_a_row < _TRIES_IN_A_ROW
            and not failure.prefers_other
            and left > len(self._untried)
            and self._allows(target)
        ):
            return self._again(target, failure.retry_after_s)
        fresh = self._fresh()
        if fresh is not None:
            return fresh
        for other in self._open:
            if self._allows(other):
                self._in_a_row = 0
                return self._again(other, failure.retry_after_s if other == target else None)
        return None

    def _may_ask_again(self, failure: Failure) -> bool:
        wait = failure.retry_after_s
        return failure.may_retry and (wait is None or wait <= self._settings.longest)

    def _fresh(self) -> Turn | None:
        while self._untried:
            target = self._untried.pop(0)
            if self._allows(target):
                self._in_a_row = 1
                self._made += 1
                return Turn(target, 0.0)
        return None

    def _again(self, target: int, retry_after_s: float | None) -> Turn:
        bound = min(self._settings.longest, self._settings.base * 2 ** (self._made - 1))
        self._in_a_row += 1
        self._made += 1
        return Turn(target, max(self._draw() * bound, retry_after_s or 0.0))
