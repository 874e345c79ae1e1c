"""A compiled price row: what a usage costs, to the last digit.

Most requests are text, in standard processing, at a row without hours: those take the short way in `Price.cost_usd`. All else
goes line by line. Where anything that a vendor charges for is unknown, contradictory or unpriced, so is the cost: it is never
guessed, and never below zero.
"""

import hashlib
from bisect import bisect_left
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import msgspec

from triplepoint.foundation.money import EXACT, per_mtok
from triplepoint.foundation.usage import Usage
from triplepoint.pricing.model import DAY_MINUTES, WEEK_MINUTES, Cost, CostLine, PriceRow
from triplepoint.pricing.rates import PER_MTOK, POINT, RATE_DECIMALS, Rates, Schedule, Units, canonical, schedule_of, unit

MOST_COUNT = 10**12
"""More tokens or pieces than this no request has; such a count is none."""
_MINUTE_US = 60_000_000
_MONDAY_MINUTES = 3 * DAY_MINUTES
"""From Monday to 1970-01-01, a Thursday."""


class Price(msgspec.Struct, frozen=True):
    """A model's price from a day on, ready to be applied; make it with `compile_price`."""

    id: str
    """``provider/model@since#digest``: the row and its numbers, so that a receipt says which price it used."""
    row: PriceRow
    starts: tuple[int, ...]
    """Input tokens above which the next rates hold, ascending; of standard processing, as `rates` and `units`."""
    rates: tuple[Rates, ...]
    """Rates below the first start, then above each."""
    units: tuple[Units, ...]
    standard: Schedule
    service_tiers: dict[str, Schedule]
    hours: tuple[tuple[int, int, Schedule], ...]
    """First minute of the week (UTC, from Monday on), first minute after, and what holds between."""
    is_simple: bool
    """No hours, no fee for each request and no rate for reasoning: text in standard processing takes the short way."""
    has_request_fee: bool
    """In some processing each request costs something, whatever its size."""
    worst_starts: tuple[int, ...]
    worst: tuple[tuple[int, int], ...]
    """Dearest rate of input and of output in any processing, up to the first of `worst_starts`, then up to each next."""

    @property
    def since(self) -> date:
        """First day (UTC) on which it holds."""
        return self.row.since

    @property
    def until(self) -> date | None:
        """Last day on which it holds; None where no end is known."""
        return self.row.until

    @property
    def input_usd_per_mtok(self) -> Decimal:
        """Rate of uncached input below any tier, in standard processing outside any hours."""
        return self.rates[0].input

    def cost_usd(self, usage: Usage, at_us: int | None = None) -> Decimal | None:
        """Price a usage.

        Args:
            usage: Counts of one attempt, and the service tier in which the upstream processed it.
            at_us: Moment of the request, µs since 1970; needed for a row with hours, without effect for any other.
        Returns: US dollars, exact; None where it is unknown (`why_unknown` says why).
        """
        tokens, output = usage.input_tokens, usage.output_tokens
        if tokens is None or output is None:
            return None
        if not self.is_simple or usage.service_tier is not None or _is_more_than_text(usage):
            return self._cost_by_lines(usage, at_us)
        read, write, hour = usage.cache_read_tokens, usage.cache_write_tokens, usage.cache_write_1h_tokens
        reasoning = usage.reasoning_tokens
        plain = tokens - read - write
        if plain < 0 or hour > write or reasoning > output or (read | write | hour | output | reasoning) < 0:
            return None
        if tokens > MOST_COUNT or output > MOST_COUNT:
            return None
        units = self.units[bisect_left(self.starts, tokens)] if self.starts else self.units[0]
        total = plain * units.input
        if read or write:
            total += read * units.cache_read + (write - hour) * units.cache_write + hour * units.cache_write_1h
        if output:
            if units.output is None:
                return None
            total += output * units.output
        return Decimal(total).scaleb(POINT, EXACT)

    def cost(self, usage: Usage, at_us: int | None = None) -> Cost | None:
        """Price a usage line by line; as `cost_usd`, with the reckoning."""
        schedule = self.schedule(usage.service_tier, at_us)
        if isinstance(schedule, str) or _fault(schedule, usage) is not None:
            return None
        lines = tuple(_lines(schedule, usage))
        return Cost(sum((line.usd for line in lines), Decimal(0)), lines)

    def why_unknown(self, usage: Usage, at_us: int | None = None) -> str | None:
        """Say why a usage has no known cost; None where it has one."""
        schedule = self.schedule(usage.service_tier, at_us)
        return schedule if isinstance(schedule, str) else _fault(schedule, usage)

    def schedule(self, service_tier: str | None, at_us: int | None) -> Schedule | str:
        """Return what holds for a way of processing at a moment, or why nothing is known to."""
        if service_tier is not None:
            return self.service_tiers.get(service_tier) or f"{self.id} has no price for service tier {service_tier}"
        if not self.hours:
            return self.standard
        if at_us is None:
            return f"{self.id} depends on the time of day, and the moment is unknown"
        minute = (at_us // _MINUTE_US + _MONDAY_MINUTES) % WEEK_MINUTES
        for start, end, schedule in self.hours:
            if start <= minute < end:
                return schedule
        return self.standard

    def worst_usd(self, input_tokens: int, max_output_tokens: int, *, web_searches: int = 0, images: int = 0) -> Decimal:
        """Return the most that a request of that size can cost; what a reservation holds.

        It bounds every cost that `cost_usd` can give for at most that much, whatever the cache does, whenever and in whatever
        service tier the upstream processes it, and whether tokens are text, sound or pictures.

        Args:
            input_tokens, max_output_tokens: Most tokens of each.
            web_searches, images: Most that the vendor makes for it and charges by the piece.
        """
        total = self.worst_units(input_tokens, max_output_tokens)
        if web_searches or images:
            total += self._worst_fees(web_searches, images) - self._worst_fees(0, 0)  # the fee of the request is in already
        return Decimal(total).scaleb(POINT, EXACT)

    def worst_units(self, input_tokens: int, max_output_tokens: int) -> int:
        """Return the same, without anything charged by the piece, as a whole number of 10⁻¹⁵ dollars."""
        entry, out = self.worst[bisect_left(self.worst_starts, input_tokens)]
        total = input_tokens * entry + max_output_tokens * out
        return total + self._worst_fees(0, 0) if self.has_request_fee else total

    def _worst_fees(self, web_searches: int, images: int) -> int:
        total = 0
        for name, count in (("request", 1), ("web_search", web_searches), ("image", images)):
            fees = [getattr(one.fees, name) for one in self._schedules()]
            total += count * max((unit(fee) for fee in fees if fee is not None), default=0) * PER_MTOK
        return total

    def _schedules(self) -> Iterator[Schedule]:
        yield self.standard
        yield from self.service_tiers.values()
        yield from (schedule for _, _, schedule in self.hours)

    def _cost_by_lines(self, usage: Usage, at_us: int | None) -> Decimal | None:
        schedule = self.schedule(usage.service_tier, at_us)
        if isinstance(schedule, str) or _fault(schedule, usage) is not None:
            return None
        units = schedule.units[bisect_left(schedule.starts, usage.input_tokens or 0)]
        total = sum(count * getattr(units, what) for what, count in _tokens(schedule, usage) if count)
        total += PER_MTOK * sum(count * unit(fee) for _, count, fee in _pieces(schedule, usage) if count and fee is not None)
        return Decimal(total).scaleb(POINT, EXACT)


def compile_price(row: PriceRow) -> Price:
    """Make a row ready to be applied."""
    standard = schedule_of(row)
    tiers = {name: schedule_of(row, tier) for name, tier in sorted(row.service_tiers.items())}
    by_hour = [(one, schedule_of(row, one)) for one in row.hours]
    hours = tuple((start, end, schedule) for one, schedule in by_hour for start, end in one.spans())
    schedules = [standard, *tiers.values(), *(schedule for _, schedule in by_hour)]
    worst_starts = tuple(sorted({start for one in schedules for start in one.starts}))
    has_request_fee = any(one.fees.request for one in schedules)
    return Price(
        id=f"{row.model}@{row.since}#{_digest(row)}",
        row=row,
        starts=standard.starts,
        rates=standard.rates,
        units=standard.units,
        standard=standard,
        service_tiers=tiers,
        hours=hours,
        is_simple=not hours and standard.fees.request is None and all(rates.reasoning is None for rates in standard.rates),
        has_request_fee=has_request_fee,
        worst_starts=worst_starts,
        worst=tuple(_worst(schedules, most) for most in (*worst_starts, None)),
    )


def canonical_row(row: PriceRow) -> dict[str, object]:
    """Return a row's numbers as JSON values that are the same for the same price, however it was written."""
    whole: dict[str, object] = {"model": row.model, "since": row.since.isoformat(), **canonical(schedule_of(row))}
    if row.until is not None:
        whole["until"] = row.until.isoformat()
    if row.service_tiers:
        whole["service_tiers"] = {name: canonical(schedule_of(row, one)) for name, one in row.service_tiers.items()}
    if row.hours:
        hours = sorted(row.hours, key=lambda one: list(one.spans()))
        whole["hours"] = [{"spans": list(one.spans()), **canonical(schedule_of(row, one))} for one in hours]
    return whole


def _digest(row: PriceRow) -> str:
    return hashlib.sha256(msgspec.json.encode(canonical_row(row), order="sorted")).hexdigest()[:8]


def _worst(schedules: list[Schedule], most: int | None) -> tuple[int, int]:
    """Return the dearest rates of input and output for requests of at most that many input tokens."""
    reached = [
        units
        for one in schedules
        for units in one.units[: len(one.starts) + 1 if most is None else bisect_left(one.starts, most) + 1]
    ]
    return max(units.dearest_input for units in reached), max(units.dearest_output for units in reached)


def _is_more_than_text(usage: Usage) -> bool:
    return bool(
        usage.input_audio_tokens
        or usage.output_audio_tokens
        or usage.input_image_tokens
        or usage.output_image_tokens
        or usage.cache_read_audio_tokens
        or usage.images
        or usage.web_searches
    )


def _tokens(schedule: Schedule, usage: Usage) -> tuple[tuple[str, int], ...]:
    """Split a usage into disjoint kinds of token, named as rates are; a negative count is a contradiction."""
    tokens, output = usage.input_tokens or 0, usage.output_tokens or 0
    read, write, hour = usage.cache_read_tokens, usage.cache_write_tokens, usage.cache_write_1h_tokens
    heard = usage.cache_read_audio_tokens
    sound, pictures = usage.input_audio_tokens - heard, usage.input_image_tokens
    spoken, drawn = usage.output_audio_tokens, usage.output_image_tokens
    thought = usage.reasoning_tokens if any(rates.reasoning is not None for rates in schedule.rates) else 0
    return (
        ("input", tokens - read - write - sound - pictures),
        ("cache_read", read - heard),
        ("cache_write", write - hour),
        ("cache_write_1h", hour),
        ("input_audio", sound),
        ("cache_read_audio", heard),
        ("input_image", pictures),
        ("output", output - thought - spoken - drawn),
        ("reasoning", thought),
        ("output_audio", spoken),
        ("output_image", drawn),
    )


def _pieces(schedule: Schedule, usage: Usage) -> tuple[tuple[str, int, Decimal | None], ...]:
    """Count what is charged by the piece, each with its fee."""
    fees = schedule.fees
    return (
        ("image", usage.images, fees.image),
        ("web_search", usage.web_searches, fees.web_search),
        ("request", 1, fees.request),
    )


def _fault(schedule: Schedule, usage: Usage) -> str | None:
    """Say why a usage has no cost under a schedule; None where it has."""
    if usage.input_tokens is None or usage.output_tokens is None:
        return "the upstream did not report how much it used"
    tokens, pieces = _tokens(schedule, usage), _pieces(schedule, usage)
    if any(count < 0 for _, count in tokens) or usage.reasoning_tokens > usage.output_tokens or usage.reasoning_tokens < 0:
        return "the counts contradict each other: parts that are more than their whole, or less than nothing"
    if max(usage.input_tokens, usage.output_tokens, usage.images, usage.web_searches) > MOST_COUNT:
        return f"a count above {MOST_COUNT} cannot be"
    units = schedule.units[bisect_left(schedule.starts, usage.input_tokens)]
    unpriced = [what for what, count in tokens if count and getattr(units, what) is None]
    unpriced += [what for what, count, fee in pieces if count and fee is None and what != "request"]
    if unpriced:
        return f"no price for {', '.join(unpriced)}"
    if min(usage.images, usage.web_searches) < 0:
        return "the counts contradict each other: parts that are more than their whole, or less than nothing"
    if usage.cache_read_tokens and usage.input_image_tokens and units.input_image != units.input:
        return "which of the cached tokens were pictures is not reported, and pictures have a price of their own"
    return None


def _lines(schedule: Schedule, usage: Usage) -> Iterator[CostLine]:
    units = schedule.units[bisect_left(schedule.starts, usage.input_tokens or 0)]
    for what, count in _tokens(schedule, usage):
        if count:
            rate = Decimal(getattr(units, what)).scaleb(-RATE_DECIMALS, EXACT)
            yield CostLine(what, count, rate, PER_MTOK, per_mtok(count, rate))
    for what, count, fee in _pieces(schedule, usage):
        if count and fee is not None:
            yield CostLine(what, count, fee, 1, EXACT.multiply(fee, Decimal(count)))
