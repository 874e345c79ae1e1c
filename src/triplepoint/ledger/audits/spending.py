"""What an audit's attempt counts on the audits' budget, by one rule for the gateway's counter and for the ledger's sum.

Where the cost is known, it counts. Where it is not (the attempt broke off, or its process died under it), what was held for it
counts: the upstream may have made all of it, and the budget must not be overspent.
"""

from decimal import Decimal

from triplepoint.ledger.model import Outcome


def spent_usd(outcome: Outcome | None, cost_usd: Decimal | None, held_usd: Decimal) -> Decimal:
    """Return what an attempt counts, in dollars.

    Args:
        outcome: None while it runs.
        cost_usd: None: unknown.
        held_usd: What was held for it.
    """
    if cost_usd is None or outcome not in {Outcome.FINISHED, Outcome.FAILED}:
        return held_usd
    return cost_usd
