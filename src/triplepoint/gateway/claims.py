"""What a request claims of its limits at one model."""

from collections.abc import Sequence

import msgspec

from triplepoint.gateway.choice import Choice
from triplepoint.gateway.request import Request
from triplepoint.gateway.worst import Worst, worst_case
from triplepoint.plans.counters.model import Bound, Claim
from triplepoint.plans.limits import Limit, Measure
from triplepoint.plans.model import Beyond
from triplepoint.plans.terms import Terms

_NONE: frozenset[str] = frozenset()


class Ask(msgspec.Struct, frozen=True, gc=False):
    """What is claimed."""

    choice: Choice
    """The model, and why."""
    limits: Sequence[Limit | None]
    """Limit of each claim; None where it is of a grant of credit."""
    claims: Sequence[Claim]
    worst: Worst
    is_on_credit: bool
    """Some quota is used up, and credit pays."""


def ask_for(
    request: Request,
    choice: Choice,
    terms: Terms,
    now_us: int,
    *,
    in_loop: bool = False,
    paid: frozenset[str] = _NONE,
) -> Ask:
    """Claim what a request needs at a model.

    Args:
        in_loop: It goes on with a tool loop, which may use the grace of quotas.
        paid: Quotas that are used up and paid for from credit instead.
    """
    worst = worst_case(request, choice.route, terms, terms.overage if paid else terms.charge)
    amounts, least = worst.amounts, worst.least
    about = terms.limits_of(choice.route.name)
    if paid:
        about = tuple(limit for limit in about if limit.name not in paid)
    claims = [limit.claim(now_us, amounts[limit.measure], least[limit.measure], in_loop=in_loop) for limit in about]
    limits: Sequence[Limit | None] = about
    if terms.is_prepaid or paid:
        credit = terms.credit(now_us, amount=amounts[Measure.CHARGE], if_lost=least[Measure.CHARGE])
        claims += credit
        limits = [*about, *[None] * len(credit)]
    return Ask(choice, limits, claims, worst, bool(paid))


def ask_again(request: Request, choice: Choice, terms: Terms, now_us: int) -> Ask:
    """Claim what a request needs at a second model, after a first one has answered it.

    It is still one request: it claims nothing of a rate of requests, and of messages only on quotas that name models, where
    each of its models counts.
    """
    ask = ask_for(request, choice, terms, now_us)
    kept = [place for place, limit in enumerate(ask.limits) if limit is None or not _counts_requests(limit)]
    if len(kept) == len(ask.limits):
        return ask
    limits, claims = [ask.limits[place] for place in kept], [ask.claims[place] for place in kept]
    return msgspec.structs.replace(ask, limits=limits, claims=claims)


def _counts_requests(limit: Limit) -> bool:
    return limit.measure == Measure.REQUEST or (limit.measure == Measure.MESSAGES and limit.models is None)


def used_up(ask: Ask, answer: Bound) -> frozenset[str]:
    """Return the quotas without room."""
    return frozenset(limit.name for n in answer.binding if (limit := ask.limits[n]) is not None)


def turns_to_credit(ask: Ask, answer: Bound) -> bool:
    """Tell whether everything that binds is a quota that turns to credit."""
    bound = [ask.limits[n] for n in answer.binding]
    return not ask.is_on_credit and all(limit is not None and limit.beyond is Beyond.CREDIT for limit in bound)
