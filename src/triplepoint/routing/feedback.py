"""What customers' ratings say of models, so that no customer can make them say it.

A rating may teach a router that serves everybody, so it is counted robustly:

- of one customer, one model and one day (UTC) at most `MOST_A_DAY` receipts count, the first of the day;
- what counts of a customer is one number, the mean of its receipts: a thousand ratings weigh as much as ten;
- customers are averaged without the highest and the lowest fifth of them (trimmed mean).

So one customer that comes, goes, or rates as it likes moves a model's value at most by 1 / (counted − 1), where *counted* are
the customers that are left after trimming (`Opinion.most_by_one`). Below `LEAST_CUSTOMERS` there is no value at all.

Source: trimmed mean as in Huber & Ronchetti 2009, "Robust Statistics", section 3.3; the bound follows since one value more,
less or changed moves each order statistic by one place at most.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

import msgspec

MOST_A_DAY: Final = 20
TRIMMED_SHARE: Final = 0.2
"""Of the customers, at either end."""
LEAST_CUSTOMERS: Final = 5
_DAY_US = 86_400_000_000


class Rating(msgspec.Struct, frozen=True, gc=False):
    """What a customer says of one receipt; of several for one receipt, the latest."""

    receipt_id: str
    customer_id: str
    model: str
    at_us: int
    score: float
    """0 bad … 1 good."""


class Opinion(msgspec.Struct, frozen=True, kw_only=True):
    """What customers say of one model."""

    model: str
    ratings: int
    """Receipts that count."""
    customers: int
    """Who rated them."""
    value: float | None
    """0 bad … 1 good; None: too few customers."""
    most_by_one: float | None
    """By how much one customer can move the value, at most."""


def counted(ratings: Iterable[Rating]) -> list[Rating]:
    """Return the ratings that count: of each customer, model and day the first `MOST_A_DAY`."""
    seen: dict[tuple[str, str, int], int] = defaultdict(int)
    kept: list[Rating] = []
    for rating in sorted(ratings, key=lambda one: (one.at_us, one.receipt_id)):
        key = (rating.customer_id, rating.model, rating.at_us // _DAY_US)
        seen[key] += 1
        if seen[key] <= MOST_A_DAY:
            kept.append(rating)
    return kept


def opinions(ratings: Iterable[Rating]) -> list[Opinion]:
    """Add ratings up, in the order of the models' names.

    Args:
        ratings: One for each receipt, in any order.
    """
    by_model: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for rating in counted(ratings):
        by_model[rating.model][rating.customer_id].append(rating.score)
    return [_opinion(model, by_model[model]) for model in sorted(by_model)]


def _opinion(model: str, by_customer: dict[str, list[float]]) -> Opinion:
    means = sorted(sum(scores) / len(scores) for scores in by_customer.values())
    left = _trimmed(means) if len(means) >= LEAST_CUSTOMERS else []
    return Opinion(
        model=model,
        ratings=sum(map(len, by_customer.values())),
        customers=len(means),
        value=sum(left) / len(left) if left else None,
        most_by_one=1 / (len(left) - 1) if left else None,
    )


def _trimmed(means: list[float]) -> list[float]:
    cut = int(TRIMMED_SHARE * len(means))
    return means[cut : len(means) - cut]
