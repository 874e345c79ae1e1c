"""Feedback says something of a model, and nobody can make it say what they want."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triplepoint.routing.feedback import LEAST_CUSTOMERS, MOST_A_DAY, Rating, counted, opinions

DAY_US = 86_400_000_000
SCORES = st.floats(0, 1)
CROWDS = st.lists(st.lists(SCORES, min_size=1, max_size=30), min_size=8, max_size=30)
"""Ratings of each customer."""
ATTACKS = st.lists(SCORES, max_size=200)


def ratings(customer: str, scores: list[float], *, model: str = "nano", at_us: int = 0) -> list[Rating]:
    """Make a customer's ratings, spread over three days."""
    return [
        Rating(f"{customer}-{model}-{n}", customer, model, at_us + n % 3 * DAY_US + n, score) for n, score in enumerate(scores)
    ]


def crowd(lists: list[list[float]]) -> list[Rating]:
    """Make the ratings of many customers."""
    return [rating for n, scores in enumerate(lists) for rating in ratings(f"cust_{n}", scores)]


@given(others=CROWDS, before=ATTACKS.filter(bool), after=ATTACKS.filter(bool))
def test_one_customer_moves_a_model_by_the_stated_bound_at_most(
    others: list[list[float]], before: list[float], after: list[float]
) -> None:
    """However many ratings it sends and whatever they say."""
    honest = crowd(others)
    (one,) = opinions([*honest, *ratings("attacker", before)])
    (other,) = opinions([*honest, *ratings("attacker", after)])
    assert one.value is not None
    assert other.value is not None
    assert one.most_by_one is not None
    assert abs(one.value - other.value) <= one.most_by_one + 1e-9


@given(others=CROWDS, attack=ATTACKS.filter(bool))
def test_nor_does_it_by_coming(others: list[list[float]], attack: list[float]) -> None:
    """The bound holds for one that was not there before, too."""
    (without,) = opinions(crowd(others))
    (with_it,) = opinions([*crowd(others), *ratings("attacker", attack)])
    assert without.value is not None
    assert with_it.value is not None
    assert without.most_by_one is not None
    assert abs(with_it.value - without.value) <= without.most_by_one + 1e-9


@given(others=CROWDS, attack=ATTACKS)
def test_ratings_of_one_model_say_nothing_of_another(others: list[list[float]], attack: list[float]) -> None:
    """Models are apart."""
    alone = opinions(crowd(others))
    both = opinions([*crowd(others), *ratings("attacker", attack, model="mini")])
    assert [one for one in both if one.model == "nano"] == alone


def test_a_fifth_of_the_customers_cannot_reach_beyond_the_honest_ones() -> None:
    """Twenty of a hundred that say 0 leave a model that the others rate 0.8…0.9 within that range."""
    honest = [rating for n in range(80) for rating in ratings(f"cust_{n}", [0.8 + n % 11 / 100])]
    attack = [rating for n in range(20) for rating in ratings(f"bad_{n}", [0.0] * 50)]
    (found,) = opinions([*honest, *attack])
    assert found.value is not None
    assert 0.8 <= found.value <= 0.9


def test_a_day_has_its_cap() -> None:
    """Of one customer, model and day the first ones count, in the order of their time whatever the order they come in."""
    many = [Rating(f"r{n:03}", "cust_1", "nano", n, 0.0) for n in range(MOST_A_DAY + 30)]
    kept = counted(reversed(many))
    assert [one.receipt_id for one in kept] == [f"r{n:03}" for n in range(MOST_A_DAY)]
    later = [Rating("later", "cust_1", "nano", DAY_US, 1.0), Rating("other", "cust_1", "mini", 5, 1.0)]
    assert len(counted([*many, *later])) == MOST_A_DAY + 2


@pytest.mark.parametrize("customers", [1, LEAST_CUSTOMERS - 1])
def test_a_few_customers_are_no_crowd(customers: int) -> None:
    """There is a count, and no value."""
    (found,) = opinions(crowd([[1.0]] * customers))
    assert (found.customers, found.ratings, found.value, found.most_by_one) == (customers, customers, None, None)
