"""What may be written, and what is refused with the reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triplepoint.access import rules
from triplepoint.access.keys import make_key
from triplepoint.access.model import Actor, Role
from triplepoint.foundation.errors import NotEntitled, RequestInvalid

NOW_US = 1_800_000_000_000_000


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("needed", Role)
def test_each_role_may_what_those_below_it_may(role: Role, needed: Role) -> None:
    """Admin covers operator covers viewer, and nothing the other way round."""
    ladder = ["viewer", "operator", "admin"]
    allowed = ladder.index(role) >= ladder.index(needed)
    assert role.covers(needed) is allowed
    if allowed:
        rules.require(Actor("operator:ada", role), needed)
    else:
        with pytest.raises(NotEntitled, match=f"needs the role {needed}; operator:ada has {role}"):
            rules.require(Actor("operator:ada", role), needed)


@pytest.mark.parametrize(
    "name", ["", "  ", "x" * 81, "two\nlines", "nul\0", "bell\a", "cust_01jd", pytest.param(make_key().reveal(), id="a key")]
)
def test_bad_customer_names_are_refused(name: str) -> None:
    """A name that is empty, long, unprintable, an id or a key is refused, and a key is not repeated."""
    with pytest.raises(RequestInvalid) as caught:
        rules.checked_customer_name(name)
    assert caught.value.param == "name"
    assert "tp-" not in str(caught.value)


@given(st.text(max_size=100))
def test_a_name_is_kept_clean_or_refused(name: str) -> None:
    """Whatever is written, what is kept is trimmed, printable, short and not empty."""
    try:
        kept = rules.checked_customer_name(name)
    except RequestInvalid:
        return
    assert kept == name.strip()
    assert 0 < len(kept) <= 80
    assert kept.isprintable()


@pytest.mark.parametrize("name", ["ada", "a", "ada@example.org", "ci-deploy_2", "x" * 64])
def test_good_operator_names(name: str) -> None:
    """Plain names and mail addresses are good."""
    assert rules.checked_operator_name(name) == name


@pytest.mark.parametrize("name", ["", "Ada", "-ada", "a b", "ada\n", "x" * 65, "é", "oper_01jd", "tpo-" + "x" * 43])
def test_bad_operator_names_are_refused(name: str) -> None:
    """Anything else is refused."""
    with pytest.raises(RequestInvalid) as caught:
        rules.checked_operator_name(name)
    assert caught.value.param == "name"


def test_models_are_kept_once_in_order() -> None:
    """A list of models keeps its order and loses repetitions; None stays every model."""
    assert rules.checked_models(("mini", "nano", "mini")) == ("mini", "nano")
    assert rules.checked_models(None) is None


@pytest.mark.parametrize("models", [(), ("nano", ""), ("nano@2026",), ("two words",), ("x" * 129,), ("m",) * 257])
def test_bad_models_are_refused(models: tuple[str, ...]) -> None:
    """An empty list, a long one, and what is no model's name are refused."""
    with pytest.raises(RequestInvalid) as caught:
        rules.checked_models(models)
    assert (caught.value.param or "").startswith("models")


@pytest.mark.parametrize("expires_us", [NOW_US, NOW_US - 1, 0, -1, rules.LATEST_US + 1])
def test_ends_in_the_past_or_beyond_dates_are_refused(expires_us: int) -> None:
    """A key ends later than now, and within what can be written as a date."""
    with pytest.raises(RequestInvalid):
        rules.checked_expiry(expires_us, NOW_US)


def test_good_ends() -> None:
    """The next microsecond, the last one, and never are good."""
    assert [rules.checked_expiry(end, NOW_US) for end in (NOW_US + 1, rules.LATEST_US, None)] == [
        NOW_US + 1,
        rules.LATEST_US,
        None,
    ]


@pytest.mark.parametrize("overlap_s", [-1.0, float("nan"), float("inf"), 90 * 86400.0 + 1])
def test_bad_overlaps_are_refused(overlap_s: float) -> None:
    """An overlap is a number of seconds between none and 90 days."""
    with pytest.raises(RequestInvalid):
        rules.checked_overlap(overlap_s)
