"""How fast one key may call: the generic cell rate algorithm, which keeps a single number for each key.

That number is the *theoretical arrival time*: when the next request would be due if all so far had come evenly. A request
moves it on by one interval; it may run ahead of the clock by one minute's worth of requests (the burst), no further. So in any
stretch of ``t`` seconds at most ``burst + rate · t`` requests are let through, and nothing has to be forgotten or swept up.
Times are whole nanoseconds and intervals are rounded up, so no sum of fractions lets one request too many pass.
Source: ITU-T Recommendation I.371, "virtual scheduling algorithm".

What is left is told in the headers of OpenAI's rate-limit guide, on every answer, streams included.
"""

import math

import msgspec

from triplepoint.foundation.errors import RateLimited
from triplepoint.gateway.wire import HeaderList

_MINUTE_NS = 60 * 10**9
_NS = 10**9


class Standing(msgspec.Struct, frozen=True):
    """How a key stands after a request."""

    limit: int
    """Requests that may come at once, and each minute."""
    remaining: int
    """Further requests that would be let through now."""
    reset_s: float
    """Seconds until all of them would be."""
    wait_s: float = 0.0
    """Seconds until this request would have been let through; 0 where it was."""

    def headers(self) -> HeaderList:
        """Return the OpenAI rate-limit headers."""
        return [
            (b"x-ratelimit-limit-requests", b"%d" % self.limit),
            (b"x-ratelimit-remaining-requests", b"%d" % self.remaining),
            (b"x-ratelimit-reset-requests", duration_text(self.reset_s)),
        ]

    def refusal(self) -> RateLimited:
        """Return the fault of a request that came too soon."""
        return RateLimited(
            f"This key may send {self.limit} requests a minute; try again in {self.wait_s:.1f} s.",
            code="rate_limit_exceeded",
            retry_after_s=self.wait_s,
        )


class Pace:
    """The rates of all keys of a gateway; outlives snapshots, so that publishing one gives nobody a fresh minute."""

    def __init__(self) -> None:
        self._due_ns: dict[str, int] = {}

    def admit(self, key_id: str, requests_per_minute: int, now_s: float) -> Standing:
        """Count a request of a key, if it may pass.

        Args:
            key_id: Whose.
            requests_per_minute: Its rate, which is also its burst; at least 1.
            now_s: Steady clock.
        Returns: How the key stands; with ``wait_s`` where the request came too soon, which is then not counted.
        """
        interval_ns = -(-_MINUTE_NS // requests_per_minute)
        burst_ns = interval_ns * requests_per_minute
        now_ns = int(now_s * _NS)
        ahead_ns = max(0, self._due_ns.get(key_id, 0) - now_ns)
        room_ns = burst_ns - ahead_ns
        if room_ns < interval_ns:
            return Standing(requests_per_minute, 0, ahead_ns / _NS, (interval_ns - room_ns) / _NS)
        self._due_ns[key_id] = now_ns + ahead_ns + interval_ns
        left = room_ns // interval_ns - 1
        return Standing(requests_per_minute, left, (ahead_ns + interval_ns) / _NS)


def duration_text(seconds: float) -> bytes:
    """Write a duration as OpenAI's headers do: ``250ms``, ``1s``, ``6m0s``; rounded up, so that waiting so long is enough."""
    if seconds <= 0.001:  # the usual case, where far fewer requests come than may
        return b"1ms" if seconds > 0 else b"0ms"
    milliseconds = math.ceil(seconds * 1000)
    if milliseconds < 1000:
        return b"%dms" % milliseconds
    minutes, whole = divmod(math.ceil(seconds), 60)
    return b"%dm%ds" % (minutes, whole) if minutes else b"%ds" % whole
