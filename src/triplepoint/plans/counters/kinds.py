"""A counter of each kind in this process: how much room it has, what is held of it, what was used.

These run for each limit of each request, so they do little: a sum is kept, never added up anew, and `take` does in one call
what a request that has room needs: look, hold, and say how the limit stands then. Where some limit has no room, what was taken
is undone, and the others (`room`, `hold`, `standing`) say what is lacking where.
"""

from triplepoint.plans.counters import rate
from triplepoint.plans.counters.model import Claim, Hold, Kind, Seed, Standing
from triplepoint.plans.counters.rate import MINUTE_NS
from triplepoint.plans.counters.sliding import first_slice, frees_us, slice_length_us

_WINDOW, _SLIDING, _RATE = Kind.WINDOW, Kind.SLIDING, Kind.RATE  # a look into an Enum costs as much as a sum


class Window:
    """Adds up."""

    __slots__ = ("held", "until_us", "used")

    def __init__(self, seed: Seed) -> None:
        self.used = seed.used
        self.held = 0
        self.until_us = seed.until_us

    def take(self, claim: Claim, now_us: int, holds: list[Hold], standings: list[Standing]) -> bool:
        """Hold what the claim asks for, at the next position, and say how the limit stands; False: there is no room."""
        amount, limit, if_lost = claim.amount, claim.limit, claim.if_lost
        used = self.used + self.held + amount
        if used > limit:
            return False
        self.held += amount
        holds.append(Hold(len(holds), claim.counter, _WINDOW, amount, if_lost if if_lost < amount else amount))
        standings.append(Standing(claim.counter, limit, used))
        return True

    def undo(self, hold: Hold) -> None:
        """Take back what `take` has just held."""
        self.held -= hold.amount

    def room(self, claim: Claim, now_us: int) -> int:
        """Return how much more the claim's limit lets in now; below 0 where more was used than there was."""
        return claim.limit - self.used - self.held

    def hold(self, n: int, claim: Claim, amount: int, if_lost: int, now_us: int) -> Hold:
        """Hold an amount for the claim at position `n`."""
        self.held += amount
        return Hold(n, claim.counter, _WINDOW, amount, if_lost if if_lost < amount else amount)

    def release(self, hold: Hold, actual: int, at_us: int, counted: int | None) -> None:
        """Let go of what is held and count what was used.

        Args:
            at_us: When it counts, in a sliding window.
            counted: What was counted already when the reservation was lost; None: it was not, and is held still.
        """
        if counted is None:
            self.held -= hold.amount
            self.used += actual
        else:
            self.used += actual - counted

    def standing(self, claim: Claim, now_us: int) -> Standing:
        """Say how the limit stands."""
        return Standing(claim.counter, claim.limit, self.used + self.held)

    def set_back(self, back_us: int, now_us: int) -> None:
        """Follow a clock that was set back: nothing changes, for a period has its name whatever the clock says."""


class Sliding:
    """Adds up in slices, and forgets those that have left the window."""

    __slots__ = ("held", "oldest", "slice_us", "slices", "until_us", "used")

    def __init__(self, seed: Seed) -> None:
        self.held = 0
        self.until_us = seed.until_us
        self.slice_us = slice_length_us(seed.span_us)
        self.used = 0
        """The sum of `slices`."""
        self.slices: dict[int, int] = {}
        """Use by number of the slice."""
        self.oldest = 0
        """No slice is older; where there is none, any number."""
        for at_us, amount in seed.slices:
            self._add(at_us // self.slice_us, amount)

    def take(self, claim: Claim, now_us: int, holds: list[Hold], standings: list[Standing]) -> bool:
        """Hold what the claim asks for, at the next position, and say how the limit stands; False: there is no room."""
        if self.room(claim, now_us) < claim.amount:
            return False
        holds.append(self.hold(len(holds), claim, claim.amount, claim.if_lost, now_us))
        standings.append(self.standing(claim, now_us))
        return True

    def undo(self, hold: Hold) -> None:
        """Take back what `take` has just held."""
        self.held -= hold.amount

    def room(self, claim: Claim, now_us: int) -> int:
        """Return how much more the claim's limit lets in now."""
        self._slide(first_slice(now_us, claim.span_us))
        return claim.limit - self.used - self.held

    def hold(self, n: int, claim: Claim, amount: int, if_lost: int, now_us: int) -> Hold:
        """Hold an amount for the claim at position `n`."""
        self.held += amount
        if_lost = if_lost if if_lost < amount else amount
        return Hold(n, claim.counter, _SLIDING, amount, if_lost, slice_length_us(claim.span_us))

    def release(self, hold: Hold, actual: int, at_us: int, counted: int | None) -> None:
        """Let go of what is held and count what was used; as a window does."""
        if counted is None:
            self.held -= hold.amount
            counted = 0
        if actual != counted:
            self._add(at_us // hold.slice_us, actual - counted)

    def standing(self, claim: Claim, now_us: int) -> Standing:
        """Say how the limit stands, and when enough has left it for the claim."""
        self._slide(first_slice(now_us, claim.span_us))
        used = self.used + self.held
        lacking = used + claim.amount - claim.limit
        return Standing(claim.counter, claim.limit, used, self._frees_us(lacking, claim.span_us) if lacking > 0 else 0)

    def set_back(self, back_us: int, now_us: int) -> None:
        """Follow a clock that was set back: what is dated to come counts from now."""
        dated, self.slices, self.used = self.slices, {}, 0
        for number in sorted(dated):
            self._add(min(number, now_us // self.slice_us), dated[number])

    def _frees_us(self, lacking: int, span_us: int) -> int:
        """Return when so much has left the window; 0 where all that leaves is not enough."""
        for number in sorted(self.slices):
            lacking -= self.slices[number]
            if lacking <= 0:
                return frees_us(number, span_us)
        return 0

    def _add(self, number: int, amount: int) -> None:
        if not self.slices or number < self.oldest:
            self.oldest = number
        self.slices[number] = self.slices.get(number, 0) + amount
        self.used += amount

    def _slide(self, first: int) -> None:
        """Drop what has left the window."""
        if first <= self.oldest or not self.slices:
            return
        for number in [number for number in self.slices if number < first]:
            self.used -= self.slices.pop(number)
        self.oldest = first


class Rate:
    """Keeps when the next unit is due."""

    __slots__ = ("_before_ns", "due_ns", "held", "until_us")

    def __init__(self, seed: Seed) -> None:
        self.held = 0
        """Nothing ever: what is taken of a rate is taken at once."""
        self.until_us = seed.until_us
        self.due_ns = self._before_ns = rate.replay(seed.slices, seed.limit)

    def take(self, claim: Claim, now_us: int, holds: list[Hold], standings: list[Standing]) -> bool:
        """Take what the claim asks for, at the next position, and say how the rate stands; False: there is no room."""
        limit, amount, if_lost, now_ns = claim.limit, claim.amount, claim.if_lost, now_us * 1000
        if limit < 1:
            return False
        interval_ns = -(-MINUTE_NS // limit)
        taken_ns, beyond_ns = amount * interval_ns, (amount - limit) * interval_ns
        ahead_ns = self.due_ns - now_ns if self.due_ns > now_ns else 0
        if ahead_ns + beyond_ns > 0:
            return False
        ahead_ns += taken_ns
        waits_ns = ahead_ns + beyond_ns
        self._before_ns, self.due_ns = self.due_ns, now_ns + ahead_ns
        holds.append(Hold(len(holds), claim.counter, _RATE, amount, if_lost if if_lost < amount else amount, 0, limit))
        retry_us = -(-(now_ns + waits_ns) // 1000) if waits_ns > 0 else 0
        standings.append(Standing(claim.counter, limit, -(-ahead_ns // interval_ns), retry_us))
        return True

    def undo(self, hold: Hold) -> None:
        """Take back what `take` has just taken."""
        self.due_ns = self._before_ns

    def room(self, claim: Claim, now_us: int) -> int:
        """Return the claim's amount where all of it may pass now, else less."""
        limit, amount = claim.limit, claim.amount
        if limit < 1:
            return 0
        ahead_ns = self.due_ns - now_us * 1000
        interval_ns = -(-MINUTE_NS // limit)
        waits_ns = (ahead_ns if ahead_ns > 0 else 0) + (amount - limit) * interval_ns
        return amount - 1 if waits_ns > 0 else amount

    def hold(self, n: int, claim: Claim, amount: int, if_lost: int, now_us: int) -> Hold:
        """Take an amount for the claim at position `n`; of a rate that lets nothing pass it is nothing."""
        limit, now_ns = claim.limit, now_us * 1000
        if limit > 0:
            self.due_ns = (self.due_ns if self.due_ns > now_ns else now_ns) + amount * -(-MINUTE_NS // limit)
        return Hold(n, claim.counter, _RATE, amount, if_lost if if_lost < amount else amount, 0, limit)

    def release(self, hold: Hold, actual: int, at_us: int, counted: int | None) -> None:
        """Give back what was not used, or take what was used beyond."""
        more = actual - (hold.amount if counted is None else counted)
        if more and hold.limit > 0:
            self.due_ns += more * rate.interval_ns(hold.limit)

    def set_back(self, back_us: int, now_us: int) -> None:
        """Follow a clock that was set back: the next unit is due as much later as it was."""
        self.due_ns -= back_us * 1000

    def standing(self, claim: Claim, now_us: int) -> Standing:
        """Say how the rate stands, and when the claim may pass."""
        return rate.standing(claim, self.due_ns, now_us * 1000)


Counter = Window | Sliding | Rate

_KINDS: dict[Kind, type[Window | Sliding | Rate]] = {_WINDOW: Window, _SLIDING: Sliding, _RATE: Rate}


def make_counter(seed: Seed) -> Counter:
    """Make a counter that begins with what the ledger knows."""
    return _KINDS[seed.kind](seed)
