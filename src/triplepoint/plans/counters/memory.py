"""Counters in this process: one dictionary for each account, and no await between a look and a change.

A step runs on the event loop from its beginning to its end, which makes it atomic among the requests of one gateway. What is
counted here is the ledger's sum (`seed`) and what has come since; a restart begins again from the ledger.
"""

from collections.abc import Sequence

from triplepoint.plans.counters import rate
from triplepoint.plans.counters.model import SLICES, Answer, Bound, Claim, Hold, Kind, Reserved, Seed, Standing, Unknown

_SWEEP_AT = 256
"""Counters of an account from which on those of periods long past are dropped."""


class _Counter:
    """One counter."""

    __slots__ = ("due_ns", "held", "slices", "until_us", "used")

    def __init__(self, until_us: int) -> None:
        self.used = 0
        self.held = 0
        self.until_us = until_us
        self.slices: dict[int, int] = {}
        """Of a sliding window: use by number of the slice."""
        self.due_ns = 0
        """Of a rate."""


class _Reservation:
    """What is held."""

    __slots__ = ("expires_us", "holds", "is_lost", "standings")

    def __init__(self, expires_us: int, holds: tuple[Hold, ...], standings: tuple[Standing, ...]) -> None:
        self.expires_us = expires_us
        self.holds = holds
        self.standings = standings
        self.is_lost = False


class _Account:
    """Everything of one customer."""

    __slots__ = ("counters", "kept", "reservations")

    def __init__(self) -> None:
        self.counters: dict[str, _Counter] = {}
        self.reservations: dict[str, _Reservation] = {}
        """In the order of their making, which is nearly that of their expiry."""
        self.kept: dict[str, tuple[str, int]] = {}


class MemoryCounters:
    """`ports.Counters` in one process."""

    def __init__(self) -> None:
        self._accounts: dict[str, _Account] = {}

    async def reserve(self, account: str, reservation: str, claims: Sequence[Claim], *, now_us: int, expires_us: int) -> Answer:
        """Hold the worst case on every claim, or nothing; as the port says."""
        books = self._accounts.get(account)
        if books is None:
            books = self._accounts[account] = _Account()
        if books.reservations:
            _sweep(books, now_us)
            if (known := books.reservations.get(reservation)) is not None:
                return Reserved(known.holds, known.standings)
        unknown = tuple(n for n, claim in enumerate(claims) if claim.counter not in books.counters)
        if unknown:
            return Unknown(unknown)
        takes, binding = _takes(books, claims, now_us)
        if binding:
            return Bound(binding, tuple(_standing(books, claim, now_us) for claim in claims))
        holds = tuple(_hold(books, n, claims[n], amount, if_lost, now_us) for n, amount, if_lost in takes)
        standings = tuple(_standing(books, claim, now_us) for claim in claims)
        books.reservations[reservation] = _Reservation(expires_us, holds, standings)
        return Reserved(holds, standings)

    async def seed(self, account: str, seeds: Sequence[Seed], *, now_us: int) -> None:
        """Make counters known; as the port says."""
        books = self._accounts.setdefault(account, _Account())
        if len(books.counters) > _SWEEP_AT:
            _drop_past(books, now_us)
        for seed in seeds:
            if seed.counter in books.counters:
                continue
            counter = books.counters[seed.counter] = _Counter(seed.until_us)
            match seed.kind:
                case Kind.WINDOW:
                    counter.used = seed.used
                case Kind.SLIDING:
                    slice_us = slice_length_us(seed.span_us)
                    for at_us, amount in seed.slices:
                        number = at_us // slice_us
                        counter.slices[number] = counter.slices.get(number, 0) + amount
                case Kind.RATE:
                    counter.due_ns = rate.replay(seed.slices, seed.limit)

    async def settle(
        self, account: str, reservation: str, holds: Sequence[Hold], actuals: Sequence[int], *, now_us: int
    ) -> None:
        """Put the truth in the place of what was held; as the port says."""
        books = self._accounts.get(account)
        known = books.reservations.pop(reservation, None) if books is not None else None
        if books is None or known is None:
            return
        for hold, actual in zip(holds, actuals, strict=True):
            counter = books.counters.get(hold.counter)
            if counter is not None:
                _release(counter, hold, actual, at_us=now_us, counted=hold.if_lost if known.is_lost else None)

    async def look(self, account: str, claims: Sequence[Claim], *, now_us: int) -> tuple[Standing, ...] | None:
        """Say how limits stand; as the port says."""
        books = self._accounts.get(account)
        if books is None or any(claim.counter not in books.counters for claim in claims):
            return None
        _sweep(books, now_us)
        return tuple(_standing(books, claim, now_us) for claim in claims)

    async def remember(self, account: str, name: str, value: str, *, until_us: int) -> None:
        """Keep a word for a while."""
        books = self._accounts.setdefault(account, _Account())
        books.kept.pop(name, None)
        books.kept[name] = (value, until_us)
        while len(books.kept) > _SWEEP_AT:
            del books.kept[next(iter(books.kept))]

    async def recall(self, account: str, name: str, *, now_us: int) -> str | None:
        """Return a word that is still kept."""
        books = self._accounts.get(account)
        found = books.kept.get(name) if books is not None else None
        return found[0] if found is not None and now_us < found[1] else None


def slice_length_us(span_us: int) -> int:
    """Return how long a slice of a sliding window is; at least a microsecond."""
    return max(1, -(-span_us // SLICES))


def _takes(books: _Account, claims: Sequence[Claim], now_us: int) -> tuple[list[tuple[int, int, int]], tuple[int, ...]]:
    """Work out how much is taken of which claim (position, amount, what of it counts if lost), and which have no room."""
    takes: list[tuple[int, int, int]] = []
    binding: list[int] = []
    pools: dict[str, tuple[int, int]] = {}
    for n, claim in enumerate(claims):
        room = _room(books.counters[claim.counter], claim, now_us)
        if claim.pool:
            lacking = pools[claim.pool][1] if claim.pool in pools else claim.amount
            taken = min(lacking, room)
            if taken > 0:
                takes.append((n, taken, claim.if_lost if lacking == claim.amount else 0))
                lacking -= taken
            pools[claim.pool] = (n, lacking)
        elif room < claim.amount:
            binding.append(n)
        else:
            takes.append((n, claim.amount, claim.if_lost))
    binding += [n for n, lacking in pools.values() if lacking]
    return takes, tuple(sorted(binding))


def _room(counter: _Counter, claim: Claim, now_us: int) -> int:
    """Return how much more a claim's counter takes now; below 0 where more was used than there was."""
    match claim.kind:
        case Kind.WINDOW:
            return claim.limit - counter.used - counter.held
        case Kind.SLIDING:
            return claim.limit - _slid(counter, claim, now_us) - counter.held
        case Kind.RATE:
            if claim.limit < 1:
                return 0
            waits = rate.wait_ns(counter.due_ns, now_us * 1000, amount=claim.amount, limit=claim.limit)
            return claim.amount - 1 if waits else claim.amount


def _slid(counter: _Counter, claim: Claim, now_us: int) -> int:
    """Add up what still counts in a sliding window, and drop what does not."""
    first = (now_us - claim.span_us) // slice_length_us(claim.span_us)
    for number in [number for number in counter.slices if number < first]:
        del counter.slices[number]
    return sum(counter.slices.values())


def _hold(books: _Account, n: int, claim: Claim, amount: int, if_lost: int, now_us: int) -> Hold:
    if_lost = min(if_lost, amount)
    counter = books.counters[claim.counter]
    if claim.kind is Kind.RATE:
        counter.due_ns = rate.next_due_ns(counter.due_ns, now_us * 1000, amount=amount, limit=claim.limit)
        return Hold(n, claim.counter, claim.kind, amount, if_lost, 0, claim.limit)
    counter.held += amount
    slice_us = slice_length_us(claim.span_us) if claim.kind is Kind.SLIDING else 0
    return Hold(n, claim.counter, claim.kind, amount, if_lost, slice_us)


def _release(counter: _Counter, hold: Hold, actual: int, *, at_us: int, counted: int | None) -> None:
    """Let go of what is held and count what was used.

    Args:
        at_us: When it counts, in a sliding window.
        counted: What was counted already when the reservation was lost; None: it was not, and is held still.
    """
    if hold.kind is Kind.RATE:
        before = hold.amount if counted is None else counted
        counter.due_ns += (actual - before) * rate.interval_ns(hold.limit)
        return
    if counted is None:
        counter.held -= hold.amount
    more = actual - (counted or 0)
    if hold.kind is Kind.WINDOW:
        counter.used += more
    elif more:
        number = at_us // hold.slice_us
        counter.slices[number] = counter.slices.get(number, 0) + more


def _standing(books: _Account, claim: Claim, now_us: int) -> Standing:
    counter = books.counters[claim.counter]
    match claim.kind:
        case Kind.WINDOW:
            return Standing(claim.counter, claim.limit, counter.used + counter.held)
        case Kind.SLIDING:
            used = _slid(counter, claim, now_us) + counter.held
            return Standing(claim.counter, claim.limit, used, _slides_free_us(counter, claim, used))
        case Kind.RATE:
            if claim.limit < 1:
                return Standing(claim.counter, claim.limit, claim.limit)
            now_ns = now_us * 1000
            waits = rate.wait_ns(counter.due_ns, now_ns, amount=claim.amount, limit=claim.limit)
            retry_us = now_us + -(-waits // 1000) if waits else 0
            return Standing(claim.counter, claim.limit, rate.used(counter.due_ns, now_ns, claim.limit), retry_us)


def _slides_free_us(counter: _Counter, claim: Claim, used: int) -> int:
    """Return when enough has left a sliding window for the claim; 0 where it has room, or nothing that leaves would do."""
    lacking = used + claim.amount - claim.limit
    if lacking <= 0:
        return 0
    slice_us = slice_length_us(claim.span_us)
    for number in sorted(counter.slices):
        lacking -= counter.slices[number]
        if lacking <= 0:
            return (number + 1) * slice_us + claim.span_us
    return 0


def _sweep(books: _Account, now_us: int) -> None:
    """Take reservations that have expired for lost; what is settled late is corrected then."""
    for reservation in books.reservations.values():
        if reservation.expires_us > now_us:
            return
        if reservation.is_lost:
            continue
        reservation.is_lost = True
        for hold in reservation.holds:
            counter = books.counters.get(hold.counter)
            if counter is not None:
                _release(counter, hold, hold.if_lost, at_us=now_us, counted=None)


def _drop_past(books: _Account, now_us: int) -> None:
    """Forget counters of periods that are over and that nothing is held of."""
    past = [name for name, one in books.counters.items() if one.until_us and one.until_us < now_us and not one.held]
    for name in past:
        del books.counters[name]
