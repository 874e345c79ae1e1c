"""Remembers which model gave a conversation's last answer.

Two who choose ask it: a router that is sticky, since a conversation that changes its model loses its prompt cache, and whoever
moves requests down a ladder, since a tool loop stays where it began. It is kept with the counters, in this process or for all
machines, for a day. What cannot be remembered or recalled fails no request: then the choice is made as for a new conversation.
"""

import asyncio

import msgspec

from triplepoint.foundation.ids import CustomerId
from triplepoint.gateway.choice import Choice
from triplepoint.gateway.request import Request
from triplepoint.gateway.toolloop import conversation_name, turn_of
from triplepoint.plans.counters.ports import Counters, CountersAway
from triplepoint.telemetry.logs import get_logger

KEPT_US = 24 * 3600 * 1_000_000
"""How long a conversation is remembered after an answer."""
_PARTS = 3
_log = get_logger("conversations")


class Before(msgspec.Struct, frozen=True, gc=False):
    """The last answer of a conversation."""

    turn: int
    """User turns that its request had; within a tool loop they stay as many."""
    asked: str
    """Name that was asked for."""
    model: str
    """Model that answered."""


class Conversations:
    """The memory.

    Args:
        counters: Where it is kept.
    """

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._telling: set[asyncio.Task[None]] = set()

    async def before(self, request: Request, customer_id: CustomerId, *, now_us: int) -> Before | None:
        """Return the last answer of a request's conversation; None where it is not known."""
        try:
            word = await self._counters.recall(customer_id, conversation_name(request), now_us=now_us)
        except CountersAway as away:
            _log.warning("counters are away; a conversation may change its model", why=away.message)
            return None
        parts = word.split(" ") if word is not None else []
        return Before(int(parts[0]), parts[1], parts[2]) if len(parts) == _PARTS and parts[0].isdigit() else None

    async def answered(self, request: Request, customer_id: CustomerId, choice: Choice, *, now_us: int) -> None:
        """Note an answer that somebody will ask for; where that needs a network, nobody waits for it.

        Args:
            choice: The router's, or one that a ladder led to.
        """
        if not _is_of_interest(request, choice):
            return
        turn = turn_of(request) if choice.decided is None else choice.decided.signals.turns
        noting = self._note(request, customer_id, f"{turn} {request.asked_model} {choice.route.name}", now_us)
        if not self._counters.is_remote:
            await noting
            return
        task = asyncio.ensure_future(noting)
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def close(self) -> None:
        """Wait for what is being noted."""
        await asyncio.gather(*self._telling)

    async def _note(self, request: Request, customer_id: CustomerId, word: str, now_us: int) -> None:
        try:
            await self._counters.remember(customer_id, conversation_name(request), word, until_us=now_us + KEPT_US)
        except CountersAway as away:
            _log.warning("counters are away; a conversation may change its model", why=away.message)


def _is_of_interest(request: Request, choice: Choice) -> bool:
    """Tell whether somebody will ask which model answered: a sticky router, or a tool loop that was led to its model."""
    if "tools" in request.fields:
        return True
    router = choice.lineup.router
    return choice.decided is not None and router is not None and router.is_sticky
