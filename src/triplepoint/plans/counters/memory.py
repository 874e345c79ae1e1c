"""Counters in this process: one dictionary for each account, and no await between a look and a change.

A step runs on the event loop from its beginning to its end, which makes it atomic among the requests of one gateway. What is
counted here is the ledger's sum (`seed`) and what has come since; a restart begins again from the ledger.
"""

from collections.abc import Sequence

import msgspec

from triplepoint.plans.counters.kinds import Counter, make_counter
from triplepoint.plans.counters.model import Answer, Bound, Claim, Hold, Reserved, Seed, Standing, Unknown

_SWEEP_AT = 256
"""Counters of an account from which on those of periods long past are dropped."""

_KEPT_MOST = 4096
"""Words that are kept of an account; the oldest goes first."""

LATE_US = 6 * 3_600_000_000
"""How long a reservation that was taken for lost waits for its settlement."""

_NEVER_US = 2**63
_SET_BACK_US = 2_000_000
"""A wall clock that steps back by more was set; by less it was corrected, and what waits waits that little longer."""


class _Reservation(msgspec.Struct, gc=False):
    """What is held, or was until it was taken for lost."""

    answer: Reserved
    expires_us: int


class _Account:
    """Everything of one customer."""

    __slots__ = ("counters", "kept", "latest_us", "lost", "reservations", "sweep_us")

    def __init__(self) -> None:
        self.counters: dict[str, Counter] = {}
        self.reservations: dict[str, _Reservation] = {}
        """What is held, in the order of its making, which is nearly that of its expiry."""
        self.lost: dict[str, _Reservation] = {}
        """What nobody settled, in the order of its loss."""
        self.sweep_us = _NEVER_US
        """Until this moment nothing expires."""
        self.kept: dict[str, tuple[str, int]] = {}
        self.latest_us = 0
        """Latest moment at which something was asked."""


class MemoryCounters:
    """`ports.Counters` in one process."""

    is_remote = False

    def __init__(self) -> None:
        self._accounts: dict[str, _Account] = {}

    async def reserve(self, account: str, reservation: str, claims: Sequence[Claim], *, now_us: int, expires_us: int) -> Answer:
        """Hold the worst case on every claim, or nothing; as the port says."""
        books = self._accounts.get(account)
        if books is None:
            books = self._accounts[account] = _Account()
        if now_us >= books.latest_us:
            books.latest_us = now_us
        elif now_us < books.latest_us - _SET_BACK_US:
            _set_back(books, now_us)
        if now_us >= books.sweep_us:
            _sweep(books, now_us)
        if (known := books.reservations.get(reservation)) is not None:
            return known.answer
        answer = _taken(books.counters, claims, now_us) or _otherwise(books.counters, claims, now_us)
        if not isinstance(answer, Reserved) or not answer.holds:  # what holds nothing is settled by nobody
            return answer
        books.reservations[reservation] = _Reservation(answer, expires_us)
        if expires_us < books.sweep_us:
            books.sweep_us = expires_us
        if books.lost:
            books.lost.pop(reservation, None)  # what counted of it stays; what is settled now is this one
        return answer

    async def seed(self, account: str, seeds: Sequence[Seed], *, now_us: int) -> None:
        """Make counters known; as the port says."""
        books = self._accounts.setdefault(account, _Account())
        if len(books.counters) > _SWEEP_AT:
            _drop_past(books, now_us)
        for seed in seeds:
            if seed.counter not in books.counters:
                books.counters[seed.counter] = make_counter(seed)

    async def settle(
        self, account: str, reservation: str, holds: Sequence[Hold], actuals: Sequence[int], *, now_us: int
    ) -> None:
        """Put the truth in the place of what was held; as the port says."""
        books = self._accounts.get(account)
        if books is None:
            return
        is_lost = False
        if books.reservations.pop(reservation, None) is None:
            is_lost = books.lost.pop(reservation, None) is not None
            if not is_lost:
                return
        for hold, actual in zip(holds, actuals, strict=True):
            counter = books.counters.get(hold.counter)
            if counter is not None:
                counter.release(hold, actual, now_us, hold.if_lost if is_lost else None)

    async def look(self, account: str, claims: Sequence[Claim], *, now_us: int) -> tuple[Standing, ...] | None:
        """Say how limits stand; as the port says."""
        books = self._accounts.get(account)
        if books is None or any(claim.counter not in books.counters for claim in claims):
            return None
        if now_us >= books.sweep_us:
            _sweep(books, now_us)
        return _standings([books.counters[claim.counter] for claim in claims], claims, now_us)

    async def remember(self, account: str, name: str, value: str, *, until_us: int) -> None:
        """Keep a word for a while."""
        books = self._accounts.setdefault(account, _Account())
        books.kept.pop(name, None)
        books.kept[name] = (value, until_us)
        if len(books.kept) > _KEPT_MOST:
            del books.kept[next(iter(books.kept))]

    async def recall(self, account: str, name: str, *, now_us: int) -> str | None:
        """Return a word that is still kept."""
        books = self._accounts.get(account)
        found = books.kept.get(name) if books is not None else None
        return found[0] if found is not None and now_us < found[1] else None

    def state(self) -> str:
        """Say that it is well: it is this process."""
        return "ok"

    async def close(self) -> None:
        """Do nothing."""


def _taken(known: dict[str, Counter], claims: Sequence[Claim], now_us: int) -> Reserved | None:
    """Hold every claim in one pass; None, and nothing is held, where one has no room, is of a pool, or of no known counter."""
    holds: list[Hold] = []
    standings: list[Standing] = []
    for claim in claims:
        counter = known.get(claim.counter)
        if counter is None or claim.pool or not counter.take(claim, now_us, holds, standings):
            for hold in holds:
                known[hold.counter].undo(hold)
            return None
    return Reserved(tuple(holds), tuple(standings))


def _otherwise(known: dict[str, Counter], claims: Sequence[Claim], now_us: int) -> Answer:
    """Hold claims of which some are of a pool; or say which counters are not known, or which claims have no room."""
    unknown = tuple([n for n, claim in enumerate(claims) if claim.counter not in known])
    if unknown:
        return Unknown(unknown)
    counters = [known[claim.counter] for claim in claims]
    takes, binding = _takes(counters, claims, now_us)
    if binding:
        return Bound(tuple(sorted(binding)), _standings(counters, claims, now_us))
    holds = tuple([counters[n].hold(n, claims[n], amount, if_lost, now_us) for n, amount, if_lost in takes])
    return Reserved(holds, _standings(counters, claims, now_us))


def _takes(counters: list[Counter], claims: Sequence[Claim], now_us: int) -> tuple[list[tuple[int, int, int]], list[int]]:
    """Work out how much is taken of which claim (position, amount, what of it counts if lost), and which have no room."""
    takes: list[tuple[int, int, int]] = []
    binding: list[int] = []
    pools: dict[str, tuple[int, int]] | None = None
    for n, claim in enumerate(claims):
        room = counters[n].room(claim, now_us)
        if claim.pool:
            pools = {} if pools is None else pools
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
    if pools is not None:
        binding += [n for n, lacking in pools.values() if lacking]
    return takes, binding


def _standings(counters: list[Counter], claims: Sequence[Claim], now_us: int) -> tuple[Standing, ...]:
    return tuple([counter.standing(claim, now_us) for counter, claim in zip(counters, claims, strict=True)])


def _sweep(books: _Account, now_us: int) -> None:
    """Take reservations that have expired for lost; what is settled late is corrected then, for a while."""
    books.sweep_us = _NEVER_US
    over: list[str] = []
    for name, one in books.reservations.items():
        if one.expires_us > now_us:
            books.sweep_us = one.expires_us
            break
        over.append(name)
    for name in over:
        one = books.lost[name] = books.reservations.pop(name)
        one.expires_us = now_us + LATE_US
        for hold in one.answer.holds:
            counter = books.counters.get(hold.counter)
            if counter is not None:
                counter.release(hold, hold.if_lost, now_us, None)
    for name in [name for name, one in books.lost.items() if one.expires_us <= now_us]:
        del books.lost[name]


def _set_back(books: _Account, now_us: int) -> None:
    """Follow a wall clock that was set back: nobody waits for moments to come again that have been."""
    back_us, books.latest_us = books.latest_us - now_us, now_us
    for counter in books.counters.values():
        counter.set_back(back_us, now_us)
    for one in books.reservations.values():
        one.expires_us -= back_us
    books.sweep_us = min((one.expires_us for one in books.reservations.values()), default=_NEVER_US)


def _drop_past(books: _Account, now_us: int) -> None:
    """Forget counters of periods that are over and that nothing is held of."""
    past = [name for name, one in books.counters.items() if one.until_us and one.until_us < now_us and not one.held]
    for name in past:
        del books.counters[name]
