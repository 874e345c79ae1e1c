"""Every fault that Triplepoint raises, in one tree.

::

    TriplepointError
    ├── RequestInvalid        400  the request cannot be understood or allowed as it is
    │   ├── RequestTooLarge   413  body over the cap, counted after decompression
    │   └── NotImplementedHere 501 the model's upstream has no such endpoint
    ├── NotAuthenticated      401
    ├── NotEntitled           403
    ├── NotFound              404
    ├── Conflict              409  stale write, illegal move, folder in use
    ├── Retired               410
    ├── RateLimited           429  too fast, come back soon
    ├── QuotaExhausted        429  used up, come back at the reset
    ├── Overloaded            503  no room in our own queue
    ├── UpstreamFault         502  the upstream answered wrongly or not at all
    │   ├── UpstreamOverloaded 503 it said so, or its breaker is open
    │   └── UpstreamTimeout   504
    ├── GatewayAway           503  the control plane reaches no gateway of its installation
    ├── StoreFault            500  ledger, journal or database
    ├── ScorerInvalid         422  a scorer's file, or what it is to be trained on, cannot be used
    └── SettingsInvalid            a file is wrong; carries every problem found, not the first

Faults are exceptions, expected outcomes are values. An error says what is wrong and what to do next; ``gateway/wire`` alone
turns it into a caller's dialect.
"""

from dataclasses import dataclass


class TriplepointError(Exception):
    """Base of all our faults.

    Args:
        message: What is wrong and what to do next, for the one who gets it.
        param: Name of the field or setting at fault.
        code: Stable machine-readable code; the class has a default.
        retry_after_s: Seconds after which the same request may succeed; None where waiting does not help.
    """

    status = 500
    code = "internal_error"

    def __init__(
        self, message: str, *, param: str | None = None, code: str | None = None, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.retry_after_s = retry_after_s
        if code is not None:
            self.code = code


class RequestInvalid(TriplepointError):
    """The request cannot be understood or allowed as it is."""

    status = 400
    code = "invalid_request"


class RequestTooLarge(RequestInvalid):
    """Body over the cap, counted after decompression."""

    status = 413
    code = "request_too_large"


class NotImplementedHere(RequestInvalid):
    """The chosen model's upstream has no such endpoint."""

    status = 501
    code = "not_implemented"


class NotAuthenticated(TriplepointError):
    """No key, or none that we know."""

    status = 401
    code = "invalid_api_key"


class NotEntitled(TriplepointError):
    """Known, but not allowed."""

    status = 403
    code = "not_entitled"


class NotFound(TriplepointError):
    """No such thing, or none that this caller may know of."""

    status = 404
    code = "not_found"


class Conflict(TriplepointError):
    """Stale write, illegal move, or a folder in use by another process."""

    status = 409
    code = "conflict"


class Retired(TriplepointError):
    """The model's notice has run out."""

    status = 410
    code = "model_retired"


class RateLimited(TriplepointError):
    """Too fast; come back soon."""

    status = 429
    code = "rate_limit_exceeded"


class QuotaExhausted(TriplepointError):
    """Used up for the period; come back at the reset."""

    status = 429
    code = "insufficient_quota"


class Overloaded(TriplepointError):
    """No room in our own queue within the caller's deadline."""

    status = 503
    code = "overloaded"


class UpstreamFault(TriplepointError):
    """The upstream answered wrongly, or not at all."""

    status = 502
    code = "upstream_error"


class UpstreamOverloaded(UpstreamFault):
    """The upstream said that it is overloaded, or its breaker is open."""

    status = 503
    code = "upstream_overloaded"


class UpstreamTimeout(UpstreamFault):
    """One of the limits on connecting, first byte, idle time or the whole ran out."""

    status = 504
    code = "upstream_timeout"


class GatewayAway(TriplepointError):
    """The control plane reaches no gateway of its installation."""

    status = 503
    code = "gateway_away"


class StoreFault(TriplepointError):
    """The journal, the ledger or the database cannot be read or written."""

    status = 500
    code = "store_error"


class ScorerInvalid(TriplepointError):
    """A scorer's file, or the data that one is to be trained on, cannot be used."""

    status = 422
    code = "scorer_invalid"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a file."""

    file: str
    line: int
    """Counted from 1; 0 where the whole file is meant."""
    key: str
    """Path of the key, such as ``models.nano.upstreams[0].price``."""
    message: str
    fix: str
    """What to write instead, or what to do."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.key or '(file)'}: {self.message}\n    fix: {self.fix}"


class SettingsInvalid(TriplepointError):
    """A file or setting is wrong; carries all problems at once."""

    status = 422
    code = "settings_invalid"

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems
