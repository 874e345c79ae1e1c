"""The port that both adapters stand behind."""

from collections.abc import Sequence
from typing import Protocol

from triplepoint.foundation.errors import Overloaded
from triplepoint.plans.counters.model import Answer, Claim, Hold, Seed, Standing


class CountersAway(Overloaded):
    """The counters cannot be reached; whether a request goes on without them is its plan's to say."""

    code = "counters_away"


class Counters(Protocol):
    """Counts, atomically within an account. Moments are wall-clock microseconds since 1970."""

    is_remote: bool
    """Its steps wait for a network: one that must come to its end is not left to a task that may be cancelled."""

    def state(self) -> str:
        """Say for people how it is: ``ok``, or since when it is away and what waits for it."""
        ...

    async def close(self) -> None:
        """Let go of what it holds open, once what waits has been told or given up."""
        ...

    async def reserve(self, account: str, reservation: str, claims: Sequence[Claim], *, now_us: int, expires_us: int) -> Answer:
        """Hold the worst case on every claim, or nothing.

        Args:
            account: Whose; one hash slot.
            reservation: Its id; asking again with the same id while it is held gives the same answer and holds nothing more.
            claims: Limits, each counter at most once.
            now_us: Now. An adapter with a clock of its own that many share may prefer that one.
            expires_us: When it is taken for lost.
        Raises: CountersAway.
        """
        ...

    async def seed(self, account: str, seeds: Sequence[Seed], *, now_us: int) -> None:
        """Make counters known; those that are known already stay as they are.

        Raises: CountersAway.
        """
        ...

    async def settle(
        self, account: str, reservation: str, holds: Sequence[Hold], actuals: Sequence[int], *, now_us: int
    ) -> None:
        """Put the truth in the place of what was held; a second time changes nothing.

        A reservation that has expired is settled all the same: what counted for it as lost is taken back first.

        Args:
            actuals: What was used of each hold, in their order; may be more than was held, and 0.
        Raises: CountersAway: it must be told again later.
        """
        ...

    async def look(self, account: str, claims: Sequence[Claim], *, now_us: int) -> tuple[Standing, ...] | None:
        """Say how limits stand without holding anything; None where some counter is not known.

        Raises: CountersAway.
        """
        ...

    async def remember(self, account: str, name: str, value: str, *, until_us: int) -> None:
        """Keep a word for a while, such as the model that a tool loop was moved to.

        Raises: CountersAway.
        """
        ...

    async def recall(self, account: str, name: str, *, now_us: int) -> str | None:
        """Return a word that is still kept.

        Raises: CountersAway.
        """
        ...
