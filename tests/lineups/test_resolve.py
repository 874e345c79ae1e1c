from triplepoint.files.checked import check_text
from triplepoint.lineups.model import Lineup
from triplepoint.lineups.resolve import Names, Resolved


def lineup(name: str, models: str, more: str = "") -> Lineup:
    """Make a line-up of models that all run at one upstream."""
    listed = "".join(
        f"  {model}: {{context_tokens: 9, upstreams: [{{upstream: u, model: m, price: a/b}}]}}\n" for model in models.split()
    )
    reading = check_text(f"lineup: {name}\nmodels:\n{listed}{more}", Lineup, name="f")
    assert reading.value is not None
    return reading.value


NEW = lineup("new", "nano regular", "aliases: {small: nano}\nrouter: {kind: fixed, default: nano}\n")
OLD = lineup("old", "nano large")


def test_plain_names_mean_the_active_lineup():
    """Models, aliases and auto resolve to the active line-up, each saying how."""
    names = Names(NEW, {"new": NEW, "old": OLD})
    assert names.resolve("regular") == Resolved("new", "regular", "asked by name")
    assert names.resolve("small") == Resolved("new", "nano", "alias small")
    assert names.resolve("auto") == Resolved("new", None, "auto")
    assert names.plain == ("nano", "regular", "small", "auto")


def test_a_pin_means_its_own_lineup():
    """A pin resolves in the line-up that it names, whatever is active."""
    for active in (NEW, OLD):
        names = Names(active, {"new": NEW, "old": OLD})
        assert names.resolve("large@old") == Resolved("old", "large", "pin old")
        assert names.resolve("small@new") == Resolved("new", "nano", "alias small, pin new")
        assert names.resolve("auto@new") == Resolved("new", None, "auto, pin new")


def test_other_names_mean_nothing():
    """Unknown models, models of another line-up without a pin, unknown pins and auto without a router do not resolve."""
    names = Names(OLD, {"new": NEW, "old": OLD})
    assert [
        name for name in ("regular", "nano@gone", "regular@old", "auto", "auto@old", "", "@new", "nano@") if name in names
    ] == []
    assert names.resolve("regular") is None
    assert set(names) == {"nano", "large", "nano@old", "large@old", "nano@new", "regular@new", "small@new", "auto@new"}
