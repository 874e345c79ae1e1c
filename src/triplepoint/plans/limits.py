"""One quota or rate of a customer, ready to be claimed: which requests it is about, and its counter at a moment.

A counter is named after what it counts (unit, models, period, whose), and not after the plan or the quota: so a move to another
plan neither forgets what was used in the running period nor counts it twice.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum

from triplepoint.plans.amounts import of_units, to_units
from triplepoint.plans.counters.model import MINUTE_US, Claim, Kind
from triplepoint.plans.model import Beyond, Calendar, Override, Quota, Scope, Unit
from triplepoint.plans.periods import Period, period_at

_KEPT_US = 86_400_000_000
"""How long a counter is kept after its period, for settlements that come late."""

_WINDOW, _SLIDING, _RATE = Kind.WINDOW, Kind.SLIDING, Kind.RATE  # a look into an Enum costs as much as a sum

REQUESTS = "requests_per_minute"
TOKENS = "tokens_per_minute"


class Measure(IntEnum):
    """What a limit is claimed in: place in the tuples of amounts that a request makes once for all its limits."""

    REQUEST = 0
    """One, whatever comes of it."""
    LIKELY_TOKENS = 1
    """Estimated input and longest answer: a rate is no promise of money."""
    MESSAGES = 2
    TOKENS = 3
    CHARGE = 4
    COST = 5
    ENERGY = 6


_MEASURES = {
    Unit.MESSAGES: Measure.MESSAGES,
    Unit.TOKENS: Measure.TOKENS,
    Unit.CHARGE_USD: Measure.CHARGE,
    Unit.COST_USD: Measure.COST,
    Unit.ENERGY_WH: Measure.ENERGY,
}


@dataclass(slots=True, eq=False)
class Limit:
    """One limit; what it says never changes, only the period that it remembers."""

    name: str
    """Of the quota, or `REQUESTS`, `TOKENS`."""
    unit: Unit
    kind: Kind
    limit: int
    """In smallest units (`plans.amounts`); of a rate, a minute."""
    grace: int = 0
    models: frozenset[str] | None = None
    key_id: str | None = None
    """Key whose use it adds up; None: the customer's."""
    calendar: Calendar | None = None
    time_zone: str = "UTC"
    span_us: int = 0
    beyond: Beyond = Beyond.LADDER
    overrides: tuple[Override, ...] = ()
    stem: str = field(init=False)
    """Name of its counters, without the period."""
    measure: int = field(init=False)
    """`Measure`, as a plain number."""
    _period: Period = field(init=False, default=Period(0, 0))
    _counter: str = field(init=False, default="")

    def __post_init__(self) -> None:
        about = "+".join(sorted(self.models)) if self.models is not None else "*"
        how = self.calendar.value if self.calendar is not None else "minute" if self.kind is Kind.RATE else f"{self.span_us}us"
        of_rate = Measure.REQUEST if self.name == REQUESTS else Measure.LIKELY_TOKENS
        self.measure = int(of_rate if self.kind is Kind.RATE else _MEASURES[self.unit])
        self.stem = f"{self.unit.value}:{about}:{how}:{self.key_id or ''}"

    def is_about(self, model: str) -> bool:
        """Tell whether use of a model counts."""
        return self.models is None or model in self.models

    def limit_at(self, now_us: int) -> int:
        """Return the limit in force: of overrides that hold, the one made last; else the plan's."""
        for override in reversed(self.overrides):
            if override.holds_at(now_us):
                return to_units(override.limit, self.unit)
        return self.limit

    def claim(self, now_us: int, amount: int, if_lost: int, *, in_loop: bool = False) -> Claim:
        """Claim something of it.

        Args:
            amount: Worst case, in smallest units; a rate is asked for a minute's worth at most.
            if_lost: What counts where nobody settles.
            in_loop: The request goes on with a tool loop, which may use the grace.
        """
        limit = self.limit_at(now_us) if self.overrides else self.limit
        if in_loop:
            limit += self.grace
        if self.kind is _WINDOW:
            period = self._period
            if not period.start_us <= now_us < period.end_us:
                period = self._enter(now_us)
            until_us = period.end_us + _KEPT_US
            return Claim(self._counter, _WINDOW, limit, amount, if_lost, period.start_us, until_us)
        if self.kind is _RATE:
            most = amount if amount < limit else limit
            return Claim(self.stem, _RATE, limit, most, if_lost, now_us - MINUTE_US)
        return Claim(self.stem, _SLIDING, limit, amount, if_lost, now_us - self.span_us, span_us=self.span_us)

    def reset_us(self, now_us: int) -> int:
        """Return when the period ends; of a sliding window, the latest moment at which all that was used has left."""
        if self.calendar is not None:
            return period_at(self.calendar, self.time_zone, now_us).end_us
        return now_us + self.span_us + self.span_us // 60

    def _enter(self, now_us: int) -> Period:
        assert self.calendar is not None  # noqa: S101 - windows have one
        self._period = period_at(self.calendar, self.time_zone, now_us)
        self._counter = f"{self.stem}:{self._period.start_us // 1_000_000}"
        return self._period

    def text(self, amount: int) -> str:
        """Write an amount for people: ``3000 messages``, ``2.5 USD``, ``12 Wh``."""
        number = format(of_units(amount, self.unit).normalize(), "f")
        match self.unit:
            case Unit.CHARGE_USD | Unit.COST_USD:
                return f"{number} USD"
            case Unit.ENERGY_WH:
                return f"{number} Wh"
            case _:
                return f"{number} {self.unit.value.removesuffix('s') if number == '1' else self.unit.value}"

    def how_often(self) -> str:
        """Write the period for people: ``a week``, ``in 3 h``."""
        if self.calendar is not None:
            return f"{'an' if self.calendar is Calendar.HOUR else 'a'} {self.calendar.value}"
        minutes = self.span_us // MINUTE_US
        return f"in {minutes // 60} h" if minutes % 60 == 0 else f"in {minutes} min"


def quota_limit(
    name: str, quota: Quota, *, time_zone: str, key_id: str, overrides: Iterable[Override], models: Iterable[str] | None = None
) -> Limit:
    """Make a quota ready for one customer and key.

    Args:
        time_zone: The customer's.
        key_id: Key of the requests; its own overrides hold for it alone.
        overrides: All of the customer's.
        models: None: as the quota says.
    """
    own = [one for one in overrides if one.quota == name and one.key_id in {None, key_id}]
    own.sort(key=lambda one: (one.key_id is not None, one.made_us, one.id))  # a key's own is stronger
    is_sliding = quota.sliding is not None
    about = quota.models if models is None else list(models)
    return Limit(
        name=name,
        unit=quota.unit,
        kind=Kind.SLIDING if is_sliding else Kind.WINDOW,
        limit=to_units(quota.limit, quota.unit),
        grace=to_units(quota.grace, quota.unit),
        models=frozenset(about) if about is not None else None,
        key_id=key_id if quota.scope is Scope.KEY else None,
        calendar=quota.per,
        time_zone=time_zone,
        span_us=int(quota.sliding * 1_000_000) if quota.sliding is not None else 0,
        beyond=quota.beyond,
        overrides=tuple(own),
    )


def rate_limit(name: str, per_minute: int, *, key_id: str | None) -> Limit:
    """Make a rate ready.

    Args:
        name: `REQUESTS` or `TOKENS`.
        key_id: Key whose requests add up; None: the customer's.
    """
    unit = Unit.MESSAGES if name == REQUESTS else Unit.TOKENS
    return Limit(name=name, unit=unit, kind=Kind.RATE, limit=per_minute, key_id=key_id)
