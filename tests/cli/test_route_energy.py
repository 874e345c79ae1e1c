"""Calls may cost energy instead of money, modelled from their tokens."""

from dataclasses import replace

import numpy as np
import pytest
from tests.routing.evaluation.helpers import made_data

from triplepoint.cli.route_energy import in_energy, profile_of, read_prices, read_sizes
from triplepoint.foundation.errors import RequestInvalid


def test_energy_is_tokens_times_what_a_token_takes() -> None:
    """Prompt by its characters, answer by its tokens; a larger model takes more."""
    models = ("llama-7b", "llama-70b")
    data = replace(made_data(30, models=models), prompts=["x" * 400] * 30, output_tokens=np.full((30, 2), 50.0))
    found = in_energy(data, sizes={}, mtok_usd={})
    wh = profile_of("llama-70b", {}).wh
    assert found.costs is not None
    np.testing.assert_allclose(found.costs[:, 1], 100 * wh.input.median + 50 * wh.output.median)
    assert (found.costs[:, 0] < found.costs[:, 1]).all()


def test_a_size_that_no_name_tells_can_be_given() -> None:
    """Then the estimate is that of the size; without, every size counts alike."""
    sizes = read_sizes(["maker/closed=7/7"])
    assert profile_of("maker/closed", sizes).wh.output.median == pytest.approx(profile_of("open-7b", {}).wh.output.median)
    spread = profile_of("maker/closed", {}).wh.output
    assert spread.high / spread.low > 20


def test_where_tokens_are_not_told_a_price_tells_them() -> None:
    """A call's cost buys so many tokens of output."""
    data = made_data(30, models=("m-7b", "n-7b"))
    found = in_energy(data, sizes={}, mtok_usd={"m-7b": 2.0, "n-7b": 2.0})
    wh = profile_of("m-7b", {}).wh.output.median
    assert data.costs is not None
    assert found.costs is not None
    np.testing.assert_allclose(found.costs, data.costs / 2.0 * 1e6 * wh)
    with pytest.raises(RequestInvalid, match=r"--price n-7b=10"):
        in_energy(data, sizes={}, mtok_usd={"m-7b": 2.0})


@pytest.mark.parametrize("text", ["m", "m=", "m=big", "m=0", "m=1/x", "m=-1"])
def test_wrong_sizes_and_prices_are_refused(text: str) -> None:
    """With what to write instead."""
    with pytest.raises(RequestInvalid, match="MODEL=ACTIVE/TOTAL"):
        read_sizes([text])
    with pytest.raises(RequestInvalid, match="MODEL=USD"):
        read_prices([text])
