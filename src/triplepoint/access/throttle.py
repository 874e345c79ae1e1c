"""How often a password may be wrong.

The first few failures cost nothing; each one after that doubles the time that must pass before the next try, up to a limit.
Names and addresses are counted apart: many passwords for one name, and one password for many names, are both slowed. The
longest wait on a name is short, since anyone can cause it; the one on an address is long, since it hits only who caused it.

Counts live in memory, so a restart forgets them; a guesser cannot restart us, and argon2 bounds the rate in any case.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass

from triplepoint.foundation.clock import Clock
from triplepoint.foundation.errors import RateLimited

_FIRST_WAIT_S = 1.0
_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Patience:
    """How failures of one kind are answered."""

    free: int
    """Failures before the first wait."""
    longest_s: float
    """Longest wait; also how long a count is remembered after it."""

    def wait_s(self, failures: int) -> float:
        """Return how long to wait after so many failures in a row."""
        if failures < self.free:
            return 0.0
        return min(_FIRST_WAIT_S * 2.0 ** min(failures - self.free, 32), self.longest_s)


NAME = Patience(free=5, longest_s=30.0)
ADDRESS = Patience(free=10, longest_s=900.0)


@dataclass(slots=True)
class _Count:
    failures: int
    last_s: float


class Throttle:
    """Counts failed logins and says who has to wait; safe to use from several threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._counts: OrderedDict[tuple[Patience, str], _Count] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, name: str, address: str) -> None:
        """Let a try pass, and count it as failed until `succeeded` takes it back: tries sent at once do not slip by together.

        Raises: RateLimited: too soon after failures; says how long to wait.
        """
        now_s = self._clock.steady_s()
        with self._lock:
            wait_s = max(self._remaining_s(place, now_s) for place in _places(name, address))
            if wait_s > 0:
                raise RateLimited(
                    f"too many failed logins; try again in {wait_s:.0f} s", code="login_throttled", retry_after_s=wait_s
                )
            for place in _places(name, address):
                self._count(place, now_s)

    def succeeded(self, name: str, address: str) -> None:
        """Forget the failures of a name: it was its operator after all. Of the address only this try is taken back, or who has
        one password could guess others for ever.
        """
        by_name, by_address = _places(name, address)
        with self._lock:
            self._counts.pop(by_name, None)
            count = self._counts.get(by_address)
            if count is not None:
                count.failures -= 1

    def _remaining_s(self, place: tuple[Patience, str], now_s: float) -> float:
        count = self._counts.get(place)
        if count is None:
            return 0.0
        return max(0.0, count.last_s + place[0].wait_s(count.failures) - now_s)

    def _count(self, place: tuple[Patience, str], now_s: float) -> None:
        count = self._counts.pop(place, None)
        if count is None or now_s - count.last_s > 2 * place[0].longest_s:
            count = _Count(failures=0, last_s=now_s)
        count.failures, count.last_s = count.failures + 1, now_s
        self._counts[place] = count
        while len(self._counts) > _REMEMBERED:
            self._counts.popitem(last=False)


def _places(name: str, address: str) -> tuple[tuple[Patience, str], tuple[Patience, str]]:
    return (NAME, name[:128]), (ADDRESS, address)
