"""A package that is not installed is asked for in words."""

import pytest

from triplepoint.foundation.errors import RequestInvalid
from triplepoint.foundation.extras import load_extra


def test_an_extra_that_is_there_is_loaded() -> None:
    """What is installed is returned."""
    assert load_extra("json", "never said", extra="json").loads("1") == 1


def test_an_extra_that_is_missing_is_asked_for() -> None:
    """What is not says so, and what asked for it."""
    with pytest.raises(
        RequestInvalid, match=r"^Charts need ink, which is not installed; pip install 'triplepoint\[route\]', or do without$"
    ) as refused:
        load_extra("no_such_package", "Charts need ink", extra="route", otherwise=", or do without", param="format")
    assert (refused.value.code, refused.value.param) == ("extra_missing", "format")
