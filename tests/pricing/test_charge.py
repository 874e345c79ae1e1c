"""What a customer is charged beside what the vendor takes."""

import datetime
from decimal import Decimal
from fractions import Fraction

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from triplepoint.foundation.usage import Usage
from triplepoint.pricing.charge import AT_COST, AtCost, Included, OwnPrices
from triplepoint.pricing.model import Hours, PriceRow, ServiceTier
from triplepoint.pricing.price import compile_price

OURS = compile_price(
    PriceRow(
        model="ours/regular",
        since=datetime.date(2026, 1, 1),
        input_usd_per_mtok=Decimal("0.000000003"),
        output_usd_per_mtok=Decimal(30),
    )
)
USAGE = Usage(input_tokens=7, output_tokens=11)


def test_what_is_included_is_charged_nothing() -> None:
    """Under a fee each charge is exactly zero, also where the cost is unknown."""
    assert Included().charge_usd("regular", USAGE, None, 0) == 0
    assert Included().worst_units("regular", 5, 100, 100) == 0
    assert Included().input_usd_per_mtok("regular", Decimal(5)) == "0"


def test_at_cost_the_unknown_stays_unknown() -> None:
    """Where nobody knows the cost, nobody knows the charge."""
    assert AT_COST.charge_usd("regular", USAGE, Decimal("0.1"), 0) == Decimal("0.1")
    assert AtCost(Decimal("12.5")).charge_usd("regular", USAGE, None, 0) is None


@given(units=st.integers(0, 10**24), tenths=st.integers(0, 20_000))
def test_a_margin_is_exact(units: int, tenths: int) -> None:
    """A cost of 15 decimals and a margin of one make a charge that no digit is missing from."""
    cost, margin = Decimal(units).scaleb(-15), Decimal(tenths) / 10
    charge = AtCost(margin).charge_usd("regular", USAGE, cost, 0)
    assert charge is not None
    assert Fraction(charge) * 10**18 == units * 1000 + units * tenths
    assert AtCost(margin).worst_units("regular", units, 1, 1) == charge * 10**18


def test_own_prices_charge_by_the_model() -> None:
    """A model is charged by its own row, whatever the vendor takes; one without a row is unknown and not free."""
    ours = OwnPrices({"regular": OURS})
    assert ours.charge_usd("regular", USAGE, Decimal(9), 0) == OURS.cost_usd(USAGE)
    assert ours.charge_usd("regular", USAGE, None, 0) == OURS.cost_usd(USAGE)
    assert ours.charge_usd("old", USAGE, Decimal(9), 0) is None
    assert ours.worst_units("old", 9, 1, 1) == 9000
    assert ours.worst_units("regular", 9, 7, 11) == OURS.worst_usd(7, 11) * 10**18
    assert ours.input_usd_per_mtok("regular", Decimal(9)) == "0.000000003"
    assert ours.input_usd_per_mtok("old", Decimal(9)) == ""


def test_an_own_price_pays_no_heed_to_the_vendors_service_tier() -> None:
    """A customer pays the own row however the vendor processed a request, unless that row prices the tier itself."""
    tiered = compile_price(
        OURS.row.model_copy(update={"service_tiers": {"batch": ServiceTier(output_usd_per_mtok=Decimal(15))}})
    )
    terms = OwnPrices({"regular": OURS, "tiered": tiered})
    flex, batch = (msgspec.structs.replace(USAGE, service_tier=tier) for tier in ("flex", "batch"))
    assert OURS.cost_usd(flex) is None
    assert terms.charge_usd("regular", flex, None, 0) == OURS.cost_usd(USAGE)
    assert terms.charge_usd("tiered", flex, None, 0) == OURS.cost_usd(USAGE)
    assert terms.charge_usd("tiered", batch, None, 0) == tiered.cost_usd(batch) != OURS.cost_usd(USAGE)


def test_an_own_price_may_depend_on_the_hour() -> None:
    """The moment of the request reaches the own row."""
    night = Hours(from_utc="00:00", to_utc="06:00", output_usd_per_mtok=Decimal(3))
    by_hour = compile_price(OURS.row.model_copy(update={"hours": [night]}))
    terms = OwnPrices({"regular": by_hour})
    charges = [terms.charge_usd("regular", USAGE, None, hour * 3_600_000_000) for hour in (5, 6)]
    assert charges == [by_hour.cost_usd(USAGE, 0), OURS.cost_usd(USAGE)]
    assert charges[0] != charges[1]
