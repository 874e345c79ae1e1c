"""The circuit breaker of one upstream: after enough failures in a row, leave it alone for a while, then let one try."""

from triplepoint.settings import BreakerSettings


class Breaker:
    """Counts failures in a row.

    ::

        closed ──failures in a row──▶ open ──rest──▶ half-open ──success──▶ closed
                                       ▲                 └──failure──┐
                                       └─────────────────────────────┘
    """

    def __init__(self, settings: BreakerSettings) -> None:
        self._settings = settings
        self.failures = 0
        """In a row. Where there are none it is closed, and an answer tells it nothing new."""
        self._open_until_s = 0.0
        self._is_trying = False

    def allows(self, now_s: float) -> bool:
        """Tell whether a request may be sent now; in half-open, the first to ask gets the one try."""
        if self.failures < self._settings.failures:
            return True
        if now_s < self._open_until_s or self._is_trying:
            return False
        self._is_trying = True
        return True

    def would_allow(self, now_s: float) -> bool:
        """Tell whether a request that asked now would be let through; takes nobody's try."""
        if self.failures < self._settings.failures:
            return True
        return now_s >= self._open_until_s and not self._is_trying

    def succeeded(self) -> None:
        """Note an answer, which closes the breaker."""
        self.failures = 0
        self._is_trying = False

    def failed(self, now_s: float) -> None:
        """Note a failure; opens the breaker when there were enough, and again after a failed try."""
        self.failures += 1
        self._is_trying = False
        if self.failures >= self._settings.failures:
            self._open_until_s = now_s + self._settings.rest

    def abandoned(self) -> None:
        """Note an attempt that ended without telling anything, such as a caller that left."""
        self._is_trying = False

    def rest_s(self, now_s: float) -> float:
        """Return the seconds until a try is allowed; 0 where one is."""
        if self.failures < self._settings.failures:
            return 0.0
        return max(0.0, self._open_until_s - now_s)

    def state(self, now_s: float) -> str:
        """Return ``closed``, ``open`` or ``half-open``."""
        if self.failures < self._settings.failures:
            return "closed"
        return "open" if now_s < self._open_until_s else "half-open"
