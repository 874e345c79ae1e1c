"""What an audit's attempt counts on the audits' budget, by one rule for the gateway's counter and for the ledger's sum.

Where the cost is known, it counts. Where it is not (the attempt broke off, or its process died under it), what was held for it
counts: the upstream may have made all of it, and the budget must not be overspent.
"""

from decimal import Decimal

from triplepoint.foundation.money import ZERO
from triplepoint.ledger.model import Outcome


def spent_usd(outcome: Outcome | None, cost_usd: str | None, held_usd: str) -> Decimal:
    """Return what an attempt counts, in dollars.

    Args:
        outcome: None while it runs.
        cost_usd: Decimal text; None: unknown.
        held_usd: Decimal text of what was held for it.
    """
    is_known = outcome in {Outcome.FINISHED, Outcome.FAILED} and cost_usd is not None
    if is_known:
        return Decimal(cost_usd or 0)
    return Decimal(held_usd) if held_usd else ZERO
