"""``plans.yaml``: every mistake is found when it is written, with its line and its mend."""

from datetime import date
from pathlib import Path

import pytest

from triplepoint.configuration.load import load_configuration
from triplepoint.foundation.errors import Problem, SettingsInvalid

TODAY = date(2026, 11, 1)
ENVIRON = {"BIG_KEY": "k", "UNUSED_KEY": "k"}


def _problems(folder: Path, text: str) -> list[Problem]:
    (folder / "plans.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsInvalid) as caught:
        load_configuration(folder, ENVIRON, TODAY)
    return caught.value.problems


def _plan(body: str) -> str:
    return f"plans:\n  plus: {{{body}}}\n"


def test_an_installation_may_do_without_plans(folder: Path) -> None:
    """Without the file there are no plans, and nothing is wrong."""
    assert load_configuration(folder, ENVIRON, TODAY).plans is None


def test_a_right_file_is_loaded_with_its_prices(folder: Path) -> None:
    """Plans are loaded with the price rows that they charge by, and hashed over both."""
    text = """
    default: free
    plans:
      free:
        charge: {kind: included}
        models: [small]
        quotas: {day: {unit: messages, limit: 20, per: day}}
      plus:
        fee_usd: "20"
        charge: {kind: prices, prices: {small: ours/large, large: ours/large}}
        floor: small
        rates: {requests_per_minute: 60, tokens_per_minute: 100000}
        quotas:
          large-week: {unit: messages, limit: 3000, per: week, models: [large], grace: 50}
          burst: {unit: charge_usd, limit: "2.50", sliding: 3h, scope: key, beyond: credit}
        ladder: {large: small}
    """
    (folder / "plans.yaml").write_text(text, encoding="utf-8")
    first = load_configuration(folder, ENVIRON, TODAY).plans
    assert first is not None
    assert list(first.file.plans) == ["free", "plus"]
    assert list(first.prices) == ["ours/large"]
    (folder / "plans.yaml").write_text(text.replace("3000", "3001"), encoding="utf-8")
    second = load_configuration(folder, ENVIRON, TODAY).plans
    assert second is not None
    assert second.hash != first.hash


@pytest.mark.parametrize(
    ("text", "key", "message", "fix"),
    [
        ("default: fre\n" + _plan("fee_usd: 1"), "default", "there is no plan fre", "plans: plus"),
        (_plan("fee_usd: 19.99"), ".fee_usd", "19.99 is not exact", 'such as "2.50"'),
        (_plan("fee_usd: -1"), ".fee_usd", "-1 is not an amount", 'such as "2.50"'),
        (_plan("fee_usd: 1, fee_per: day"), ".fee_per", "a fee of each day", "write week, month or year"),
        (_plan("models: []"), ".models", "can never be served", "small, large"),
        (_plan("models: [smal]"), ".models[0]", "there is no model smal", "small"),
        (_plan("models: [quick]"), ".models[0]", "quick is an alias", "write the model: small"),
        (_plan("endpoints: []"), ".endpoints", "can never be served", "chat, responses"),
        (_plan("floor: large, models: [small]"), ".floor", "does not entitle to large", "write one of small"),
        (_plan("ladder: {large: small, small: large}"), ".ladder.large", "goes round in a circle", "large → small"),
        (_plan("ladder: {small: small}"), ".ladder.small", "goes round in a circle", "small → small"),
        (_plan("ladder: {small: large}"), ".ladder.small", "large is not weaker than small", "small, large"),
        (_plan("ladder: {large: small}, models: [large]"), ".ladder.large", "does not entitle to small", "large"),
        (
            _plan("ladder: {large: small}, floor: large"),
            ".ladder.large",
            "below the plan's floor",
            "from large on up",
        ),
        (_plan("quotas: {q: {unit: messages, limit: 1}}"), ".quotas.q", "has no period", "write per: week"),
        (
            _plan("quotas: {q: {unit: messages, limit: 1, per: day, sliding: 1h}}"),
            ".quotas.q",
            "two periods",
            "one of",
        ),
        (
            _plan("quotas: {q: {unit: messages, limit: 1, sliding: 5s}}"),
            ".quotas.q.sliding",
            "no length",
            "1m and 366d",
        ),
        (_plan('quotas: {q: {unit: messages, limit: "1.5", per: day}}'), ".quotas.q.limit", "1.5 messages", "whole"),
        (_plan("quotas: {q: {unit: minutes, limit: 1, per: day}}"), ".quotas.q.unit", "not possible", "messages"),
        (
            _plan("quotas: {q: {unit: messages, limit: 0, per: day}}"),
            ".quotas.q.limit",
            "can never be served",
            "raise",
        ),
        (
            _plan("charge: {kind: included}, quotas: {q: {unit: charge_usd, limit: 1, per: day}}"),
            ".quotas.q.unit",
            "never binds",
            "count cost_usd instead",
        ),
        (_plan("charge: {kind: prices, prices: {small: ours/small}}"), ".charge.prices", "large has no price", "add"),
        (
            _plan("models: [small], charge: {kind: prices, prices: {small: ours/later}}"),
            ".charge.prices.small",
            "ours/later has no price today",
            "priced models",
        ),
        (
            _plan("models: [small], charge: {kind: prices, prices: {small: ours/embedder}}"),
            ".charge.prices.small",
            "has no price for output",
            "output_usd_per_mtok",
        ),
        (
            _plan('charge: {kind: at_cost, margin_percent: "1.25"}'),
            ".charge.margin_percent",
            "more than one",
            '"12.5"',
        ),
        (
            _plan("quotas: {a: {unit: tokens, limit: 1, per: day}, b: {unit: tokens, limit: 2, per: day}}"),
            ".quotas.b",
            "counts the same as a",
            "remove one",
        ),
        (
            _plan("models: [small], overage: {kind: prices, prices: {small: ours/later}}"),
            ".overage.prices.small",
            "ours/later has no price today",
            "priced models",
        ),
        (_plan("regions: []"), ".regions", "is empty", "name at least one"),
        (_plan("regions: [EU]"), ".regions[0]", "wrong form", "schema"),
        (_plan("regions: [eu]"), ".regions[0]", "no upstream is in the region eu", "there are no regions of upstreams"),
        (_plan("rates: {requests_per_minute: 0}"), ".rates.requests_per_minute", "out of range", "at least 1"),
        (_plan("qotas: {}"), ".qotas", "is not a known key", "quotas"),
        ("plans: {}\n", "plans", "is empty", "name at least one"),
    ],
)
def test_a_mistake_is_said_with_its_place_and_its_mend(folder: Path, text: str, key: str, message: str, fix: str) -> None:
    """What is wrong is named with file, line, key and what to write instead, and stops the loading."""
    problems = _problems(folder, text)
    key = f"plans.plus{key}" if key.startswith(".") else key
    found = [problem for problem in problems if problem.key == key and message in problem.message]
    assert found, [str(problem) for problem in problems]
    assert fix in found[0].fix
    assert found[0].file == "plans.yaml"
    assert found[0].line > 0


def test_a_quota_of_nothing_is_right_where_something_is_left(folder: Path) -> None:
    """A model may be shut by a quota of 0 as long as another one can serve."""
    (folder / "plans.yaml").write_text(_plan("quotas: {q: {unit: messages, limit: 0, per: day, models: [large]}}"))
    assert load_configuration(folder, ENVIRON, TODAY).plans is not None


@pytest.mark.parametrize(
    ("body", "key", "message"),
    [
        ("regions: [es]", "plans.plus.regions[0]", "no upstream is in the region es"),
        ("models: [large], regions: [eu]", "plans.plus.regions", "no model that it entitles to has an upstream"),
        ("floor: large, regions: [eu]", "plans.plus.floor", "large has no upstream in the plan's regions"),
    ],
)
def test_regions_are_held_against_upstreams(folder: Path, body: str, key: str, message: str) -> None:
    """A plan's regions are those of upstreams, and leave something to serve; a right one is loaded."""
    settings = folder / "triplepoint.yaml"
    settings.write_text(settings.read_text("utf-8").replace("gguf: nano", "gguf: nano, region: eu"), "utf-8")
    (problem,) = _problems(folder, _plan(body))
    assert problem.key == key
    assert message in problem.message
    (folder / "plans.yaml").write_text(_plan("regions: [eu]"), encoding="utf-8")
    assert load_configuration(folder, ENVIRON, TODAY).plans is not None


def test_a_unit_that_nobody_can_say_is_refused(folder: Path) -> None:
    """Energy cannot be counted of a model that a script plays, unless the settings say what to count it as."""
    settings = (folder / "triplepoint.yaml").read_text("utf-8")
    (folder / "triplepoint.yaml").write_text(
        settings.replace("{kind: local, gguf: nano, context_tokens: 2048}", "{kind: simulated}")
    )
    (problem,) = _problems(folder, _plan('quotas: {q: {unit: energy_wh, limit: "1.5", per: day}}'))
    assert problem.key == "plans.plus.quotas.q.unit"
    assert "nobody can say what small takes" in problem.message
    assert "write energy: for here" in problem.fix
