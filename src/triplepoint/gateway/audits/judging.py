"""Asks a model which of two answers is better, in both orders; `routing.audits.judge` says what is asked, and reads it."""

from decimal import Decimal

import msgspec

from triplepoint.foundation.money import EXACT, ZERO
from triplepoint.gateway.audits.asking import OwnCalls
from triplepoint.gateway.audits.fit import JUDGE, own_request
from triplepoint.gateway.request import Request
from triplepoint.gateway.runtime import Runtime
from triplepoint.gateway.snapshot import LineupRoutes, ModelRoute
from triplepoint.lineups.model import Capability
from triplepoint.routing.answers.model import Said
from triplepoint.routing.audits.judge import VERDICT_TOKENS, Better, question, read_verdict, settle
from triplepoint.routing.audits.model import Score
from triplepoint.routing.audits.turns import read_turns
from triplepoint.upstreams.dialects.model import Dialect

_encode = msgspec.json.Encoder().encode


class Judged(msgspec.Struct, frozen=True, gc=False):
    """What a judge made of a pair."""

    score: Score | None
    """None: nothing, or it contradicted itself."""
    cost_usd: Decimal | None
    """None: unknown."""
    was_asked: bool


class Judge:
    """Compares answers by a model.

    Args:
        calls: Asks it.
    """

    def __init__(self, calls: OwnCalls) -> None:
        self._calls = calls

    async def compare(
        self,
        request: Request,
        route: ModelRoute,
        *,
        weaker: Said,
        stronger: Said,
        lineup: LineupRoutes,
        runtime: Runtime,
        audit_of: str,
    ) -> Judged:
        """Ask twice, with the answers in either order; the second time only where the first brought a verdict.

        Args:
            request: The caller's.
            route: The judge, which the caller is entitled to.
            weaker, stronger: The answers.
            lineup, runtime, audit_of: As for `OwnCalls.ask`.
        """
        turns = read_turns(request.fields, request.dialect)
        verdicts: list[Better | None] = []
        cost: Decimal | None = ZERO
        was_asked = False
        for first, second in ((weaker, stronger), (stronger, weaker)):
            messages = question(turns, first, second)
            if messages is None:
                return Judged(None, cost, was_asked)
            asked = await self._calls.ask(_question(messages, route), route, lineup=lineup, runtime=runtime, audit_of=audit_of)
            was_asked |= asked.said is not None
            cost = None if cost is None or asked.cost_usd is None else EXACT.add(cost, asked.cost_usd)
            verdicts.append(read_verdict(asked.said.text) if asked.said is not None else None)
            if verdicts[-1] is None:
                return Judged(None, cost, was_asked)
        return Judged(settle(*verdicts), cost, was_asked)


def _question(messages: list[dict[str, str]], route: ModelRoute) -> Request:
    """Write the request; a model that reasons takes no temperature, and has its own name for the bound of an answer."""
    fields: dict[str, object] = {"model": route.name, "messages": messages}
    if Capability.REASONING in route.capabilities:
        fields["max_completion_tokens"] = VERDICT_TOKENS
    else:
        fields |= {"max_tokens": VERDICT_TOKENS, "temperature": 0}
    raw = {name: msgspec.Raw(_encode(value)) for name, value in fields.items()}
    return own_request(raw, Dialect.CHAT, model=route.name, endpoint=JUDGE)
