"""A million usage events whose truth is known: what a ledger must hold, worked out in whole numbers beside it.

Each event is made from its number alone, so nothing is kept. Amounts are counted in millionths of a millionth of a dollar and
billionths of a watt-hour, as integers; the ledger's decimals are held against them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from triplepoint.foundation.usage import Usage, UsageSource
from triplepoint.ledger.journal import Journal
from triplepoint.ledger.model import AttemptRow, Closed, Opened, Outcome
from triplepoint.settings import JournalSettings

BEGIN_US = 1_772_323_200_000_000  # 2026-03-01
DAY_US = 86_400_000_000
HOUR_US = 3_600_000_000
_MASK = (1 << 64) - 1
_CUSTOMERS = 200
_MODELS = ("mini", "regular", "thinking")
_PICO = 12
_NANO = 9
_EXACT = {
    **dict.fromkeys(("cost_usd", "charge_usd"), _PICO),
    **dict.fromkeys(("energy_wh", "energy_low_wh", "energy_high_wh", "carbon_g", "carbon_low_g", "carbon_high_g"), _NANO),
}


def text_of(amount: int, places: int) -> str:
    """Write a whole number of small parts as decimal text."""
    whole, part = divmod(amount, 10**places)
    return f"{whole}.{part:0{places}d}".rstrip("0").rstrip(".")


def _mix(number: int) -> int:
    """Scatter a number over 64 bits."""
    number = (number + 0x9E3779B97F4A7C15) & _MASK
    number = ((number ^ (number >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    number = ((number ^ (number >> 27)) * 0x94D049BB133111EB) & _MASK
    return number ^ (number >> 31)


@dataclass(frozen=True, slots=True)
class Plan:
    """How many events, and over how many days.

    Of a hundred events some 20 come twice, the second time in the same life or the next; 5 end late, long after others that
    began later; one in 200 never ends, for its process died; one in 40 is the second attempt of a request.
    """

    events: int
    days: int = 30
    lives: int = 8
    """Gateway processes one after another, on each of `hosts`."""
    hosts: int = 1

    def opened(self, number: int) -> Opened:
        """Make the opened record of an event."""
        mixed = _mix(number)
        customer = mixed % _CUSTOMERS
        is_second = number % 40 == 39
        return Opened(
            receipt_id=f"rcpt_{number - is_second:08d}",
            attempt=1 + is_second,
            at_us=BEGIN_US + number * self.days * DAY_US // self.events,
            customer_id=f"cust_{customer:04d}",
            key_id=f"key_{customer:04d}_{mixed >> 8 & 1}",
            request_id=f"req_{number}",
            endpoint="/v1/chat/completions",
            asked_model="auto",
            served_model=_MODELS[(mixed >> 9) % 3],
            upstream="here",
            upstream_model="m",
            lineup="0123456789ab",
            decision="rule: holds code",
            stream=bool(mixed >> 12 & 1),
            price_id="here/m@2026-01-01#1f3a",
            input_estimate=(mixed >> 13) % 5000,
            input_usd_per_mtok="0.15",
            plan="pro" if customer % 5 == 0 else "plus",
            downgraded_from="thinking" if mixed >> 30 & 63 == 0 else None,
            charge_input_usd_per_mtok="0.18",
        )

    def closed(self, number: int) -> Closed | None:
        """Make the closed record of an event; None: it never ends."""
        mixed = _mix(number ^ 0x5555)
        if mixed % 200 == 0:
            return None
        outcome = (Outcome.FAILED, Outcome.CUT, Outcome.CANCELLED)[mixed >> 8 & 1] if mixed % 33 == 0 else Outcome.FINISHED
        is_known = outcome is not Outcome.FAILED
        cost = mixed >> 16 & 0x3FFFFFFF
        charge = text_of(cost + cost // 5, _PICO) if is_known else None
        usage = Usage(
            input_tokens=(mixed >> 20) % 8000,
            output_tokens=(mixed >> 34) % 900,
            cache_read_tokens=(mixed >> 45) % 100,
            source=UsageSource.REPORTED,
        )
        return Closed(
            receipt_id=self.opened(number).receipt_id,
            attempt=1 + (number % 40 == 39),
            at_us=self.opened(number).at_us + 900_000,
            outcome=outcome,
            status=200 if is_known else 500,
            error=None if is_known else "upstream_error",
            usage=usage if is_known else Usage(),
            cost_usd=text_of(cost, _PICO) if is_known else None,
            first_byte_us=120_000,
            total_us=900_000,
            finish_reason="stop",
            charge_usd=charge,
            burnt={f"grant_{mixed % 7}": charge} if charge is not None and mixed >> 50 & 31 == 0 else {},
        )

    def is_late(self, number: int) -> bool:
        """Tell whether an event ends long after others that began later."""
        return _mix(number ^ 0xAAAA) % 20 == 0

    def copies(self, number: int) -> int:
        """Say how the event comes twice: 0 not at all, 1 in the same life, 2 in the next one, or at another host."""
        mixed = _mix(number ^ 0x3333)
        return 1 + (mixed >> 9 & 1) if mixed % 5 == 0 else 0


def meter(row: AttemptRow) -> AttemptRow:
    """Give an attempt an energy that the truth below works out for itself."""
    energy = _energy(row.usage.input_tokens, row.usage.output_tokens)
    if energy is None:
        return row
    values = {name: text_of(amount, _NANO) for name, amount in energy.items()}
    return msgspec.structs.replace(row, **values, energy_grade="modelled")


def _energy(input_tokens: int | None, output_tokens: int | None) -> dict[str, int] | None:
    if input_tokens is None:
        return None
    energy = input_tokens * 31 + (output_tokens or 0) * 1_370
    carbon = energy * 2 // 5
    return {
        "energy_wh": energy,
        "energy_low_wh": energy // 2,
        "energy_high_wh": energy * 3,
        "carbon_g": carbon,
        "carbon_low_g": carbon // 2,
        "carbon_high_g": carbon * 3,
    }


@dataclass(slots=True)
class Truth:
    """What the ledger must hold."""

    rollups: dict[tuple[int, str, str, str, str, str], dict[str, int]] = field(
        default_factory=dict[tuple[int, str, str, str, str, str], dict[str, int]]
    )
    """By hour, customer, key, plan, model, line-up."""
    burnt: dict[str, int] = field(default_factory=dict[str, int])


def row_truth(plan: Plan, number: int) -> tuple[Opened, Outcome, dict[str, int | None]]:
    """Say what the row of an event must be: its beginning, its outcome, and its counts; None: unknown."""
    opened, closed = plan.opened(number), plan.closed(number)
    if closed is None:
        usage = Usage(input_tokens=opened.input_estimate)
        counts: dict[str, int | None] = {
            "cost_usd": opened.input_estimate * 150_000,
            "charge_usd": opened.input_estimate * 180_000,
        }
        outcome = Outcome.INTERRUPTED
    else:
        usage, outcome = closed.usage, closed.outcome
        cost = _mix(number ^ 0x5555) >> 16 & 0x3FFFFFFF
        is_known = closed.cost_usd is not None
        counts = {"cost_usd": cost if is_known else None, "charge_usd": cost + cost // 5 if is_known else None}
    energy = _energy(usage.input_tokens, usage.output_tokens)
    counts |= energy or dict.fromkeys(
        ("energy_wh", "energy_low_wh", "energy_high_wh", "carbon_g", "carbon_low_g", "carbon_high_g")
    )
    counts |= {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens}
    counts |= {"cache_read_tokens": usage.cache_read_tokens}
    return opened, outcome, counts


def work_out(plan: Plan) -> Truth:
    """Add everything up in whole numbers."""
    truth = Truth()
    for number in range(plan.events):
        opened, outcome, counts = row_truth(plan, number)
        hour = opened.at_us - opened.at_us % HOUR_US
        key = (hour, opened.customer_id, opened.key_id, opened.plan, opened.served_model, opened.lineup)
        sums = truth.rollups.setdefault(key, {})
        more = {name: amount or 0 for name, amount in counts.items()} | {
            "requests": int(opened.attempt == 1),
            "attempts": 1,
            "failed": int(outcome in {Outcome.FAILED, Outcome.CUT, Outcome.INTERRUPTED}),
            "answered": int(outcome is not Outcome.FAILED),
            "unknown_usage": int(counts["input_tokens"] is None or counts["output_tokens"] is None),
            "unpriced": int(counts["cost_usd"] is None),
            "uncharged": int(counts["charge_usd"] is None),
            "unmetered": int(counts["energy_wh"] is None),
            "downgraded": int(opened.attempt == 1 and opened.downgraded_from is not None),
        }
        for name, amount in more.items():
            sums[name] = sums.get(name, 0) + amount
        closed = plan.closed(number)
        for grant in closed.burnt if closed is not None else ():
            truth.burnt[grant] = truth.burnt.get(grant, 0) + (counts["charge_usd"] or 0)
    return truth


def as_texts(sums: dict[str, int]) -> dict[str, int | str]:
    """Write the exact ones among some sums as the ledger does."""
    return {name: text_of(amount, _EXACT[name]) if name in _EXACT else amount for name, amount in sums.items()}


def write_journals(plan: Plan, folders: list[Path], settings: JournalSettings) -> int:
    """Write everything that comes into the journals of one host or several; returns how many events came, twice ones twice."""
    came = 0
    carried: list[list[int]] = [[] for _ in folders]
    for life in range(plan.lives):
        for host, folder in enumerate(folders):
            with Journal(folder, boot=f"boot_{life:03d}_{host}", settings=settings) as journal:
                came += _write_life(plan, journal, _numbers(plan, life, host), again=carried[host], onward=carried[host - 1])
    return came


def _numbers(plan: Plan, life: int, host: int) -> Iterator[int]:
    begins, ends = plan.events * life // plan.lives, plan.events * (life + 1) // plan.lives
    return (number for number in range(begins, ends) if number % plan.hosts == host)


def _write_life(plan: Plan, journal: Journal, numbers: Iterator[int], *, again: list[int], onward: list[int]) -> int:
    """Write one life of a gateway.

    Args:
        again: Events of former lives that come a second time here.
        onward: Takes those of this life that come a second time elsewhere.
    """
    came = 0
    late: list[int] = []
    again_here, again[:] = list(again), []
    for number in numbers:
        came += _write_event(plan, journal, number, late)
        copies = plan.copies(number)
        if copies == 1:
            came += _write_event(plan, journal, number, late)
        elif copies:
            onward.append(number)
    for number in again_here:
        came += _write_event(plan, journal, number, late)
    for number in late:
        journal.write(plan.closed(number))  # pyright: ignore[reportArgumentType] - only those that end are late
    return came


def _write_event(plan: Plan, journal: Journal, number: int, late: list[int]) -> int:
    journal.write(plan.opened(number))
    closed = plan.closed(number)
    if closed is not None and plan.is_late(number):
        late.append(number)
    elif closed is not None:
        journal.write(closed)
    return 1
