"""Decisions of the ledger, joined with audits, give the value of other routers: by hand, and where the truth is known."""

from collections.abc import Sequence

import msgspec
import numpy as np
import pytest

from triplepoint.ledger.audits.model import Audit
from triplepoint.ledger.model import AttemptRow
from triplepoint.ledger.routed import Candidate, Routed
from triplepoint.lineups.model import Rule, RuleCondition, RulesRouter
from triplepoint.routing.evaluation.logged import Log, read_log
from triplepoint.routing.evaluation.off_policy import Seen, always, as_it_was, value_of
from triplepoint.routing.evaluation.replay import policies_of, policy_of, replayed
from triplepoint.routing.facts import ModelFacts
from triplepoint.routing.policies.compile import RouterSetup
from triplepoint.routing.policies.exploration import explore

MODELS = ("nano", "mini", "large")
FACTS = {name: ModelFacts(context_tokens=8192, input_usd_per_mtok=1.0, output_usd_per_mtok=4.0) for name in MODELS}


def routed(
    qualities: Sequence[float],
    *,
    propensity: float = 1.0,
    explored: bool = False,
    policy: str = "learned",
    **signals: bool | int,
) -> Routed:
    """Make a decision among three models that cost 1, 10 and 100."""
    candidates = tuple(
        Candidate(model, quality, 100.0, cost, worth_usd=quality - cost / 500)
        for model, quality, cost in zip(MODELS, qualities, (1.0, 10.0, 100.0), strict=True)
    )
    return Routed(policy, propensity=propensity, explored=explored, candidates=candidates, signals=dict(signals))


def row(number: int, served: str, decision: Routed | None, **others: object) -> AttemptRow:
    """Make the first attempt of a request."""
    plain: dict[str, object] = dict.fromkeys(AttemptRow.__struct_fields__, "")
    unknown = dict.fromkeys(("closed_us", "outcome", "error", "conversation", "downgraded_from", "first_byte_us", "total_us"))
    kinds: dict[str, object] = {"usage": {}, "tags": {}, "notices": [], "burnt": {}, "stream": False, "unreserved": False}
    numbers = {"opened_us": 0, "status": 200, "attempt": 1}
    ours = {"receipt_id": f"r{number}", "served_model": served, "routed": decision and msgspec.to_builtins(decision)}
    return msgspec.convert(plain | unknown | kinds | numbers | ours | others, AttemptRow)


def audit(number: int, chosen: str, other: str, outcome: str, share: float = 0.5) -> Audit:
    """Make what came of an audit whose reference is large."""
    plain: dict[str, object] = dict.fromkeys(Audit.__struct_fields__, "")
    unknown = dict.fromkeys(("chosen_score", "other_score", "cost_usd"))
    ours = {"receipt_id": f"r{number}", "chosen": chosen, "other": other, "outcome": outcome, "share": share}
    return msgspec.convert(
        plain | unknown | ours | {"reference": "large", "asked_us": 0, "at_us": 0, "is_certified": False, "has_signal": True},
        Audit,
    )


def seen_of(log: Log) -> list[Seen]:
    """Return what was seen beside the reference, which is always."""
    (decision,) = log.decisions
    assert decision.seen[0] == Seen("large", 1.0, 1.0)
    return list(decision.seen[1:])


def plain_of(seen: Sequence[Seen]) -> list[tuple[str, float, float]]:
    """Return what was seen as plain values, to be compared nearly."""
    return [(one.model, one.score, one.probability) for one in seen]


def test_a_weaker_models_answer_is_seen_as_often_as_it_is_chosen_and_drawn() -> None:
    """Nano has 0.1 of the three alike, mini, which is meant, 0.8: an audit of half of them sees nano with 0.05."""
    log = read_log(
        [row(1, "nano", routed([0.5, 0.8, 0.9], propensity=0.1, explored=True))], [audit(1, "nano", "large", "under_route")]
    )
    assert plain_of(seen_of(log)) == [("nano", 0.0, pytest.approx(0.05))]
    assert log.audited == 1


def test_the_next_weaker_is_seen_by_either_audit() -> None:
    """Mini is meant with 0.8 and large has 0.1, of which an audit asks mini too: 0.9 of a half; the same from either side."""
    decision = routed([0.5, 0.8, 0.9], propensity=0.8)
    own = seen_of(read_log([row(1, "mini", decision)], [audit(1, "mini", "large", "fine")]))
    chance = routed([0.5, 0.8, 0.9], propensity=0.1, explored=True)
    other = seen_of(read_log([row(1, "large", chance)], [audit(1, "large", "mini", "over_route")]))
    assert plain_of(own) == plain_of(other) == [("mini", 1.0, pytest.approx(0.45))]
    worse = seen_of(read_log([row(1, "large", chance)], [audit(1, "large", "mini", "fine")]))
    assert plain_of(worse) == [("mini", 0.0, pytest.approx(0.45))]


def test_undecided_audits_say_nothing() -> None:
    """Whichever side was chosen."""
    for chosen, other in (("mini", "large"), ("large", "mini")):
        found = audit(1, chosen, other, "undecided")
        assert seen_of(read_log([row(1, chosen, routed([0.5, 0.8, 0.9]))], [found])) == []


def test_an_answer_that_was_sent_up_is_as_good_as_the_reference() -> None:
    """The caller got the reference's answer for choosing mini, whatever the audit says of the next weaker."""
    for outcome in ("over_route", "fine", "undecided"):
        found = seen_of(read_log([row(1, "mini", routed([0.5, 0.8, 0.9]))], [audit(1, "large", "mini", outcome)]))
        assert plain_of(found) == [("mini", 1.0, pytest.approx(0.5))]


def test_expected_is_as_good_as_the_reference() -> None:
    """A weaker model is not so where the reference is good and it is bad: 0.9 times a half."""
    (decision,) = read_log([row(1, "mini", routed([0.5, 0.8, 0.9]))], []).decisions
    assert decision.expected == pytest.approx({"nano": 1 - 0.9 * 0.5, "mini": 1 - 0.9 * 0.2, "large": 1.0})
    assert decision.costs == {"nano": 1.0, "mini": 10.0, "large": 100.0}


def test_what_the_router_did_not_decide_is_left_out_and_counted() -> None:
    """Models asked for by name, ladders, later attempts, audits' own attempts, fallbacks of the gateway."""
    decision = routed([0.5, 0.8, 0.9])
    log = read_log(
        [
            row(1, "mini", None),
            row(2, "mini", decision, downgraded_from="large"),
            row(3, "mini", decision, attempt=2),
            row(4, "mini", decision, audit_of="r1"),
            row(5, "huge", decision),
            row(6, "mini", decision, conversation="c"),
        ],
        [],
    )
    assert [one.receipt_id for one in log.rows] == ["r6"]
    assert log.decisions[0].unit == "c"
    assert sum(log.left_out.values()) == 3
    assert log.left_out["asked for by name"] == 1


def test_rules_count_by_their_own_propensity_alone() -> None:
    """Nothing says whom rules would have chosen, so what an audit asks besides is not used."""
    decision = routed([0.5, 0.8, 0.9], propensity=0.9, policy="rules")
    own = seen_of(read_log([row(1, "mini", decision)], [audit(1, "mini", "large", "fine")]))
    assert plain_of(own) == [("mini", 1.0, pytest.approx(0.45))]
    assert seen_of(read_log([row(1, "large", decision)], [audit(1, "large", "mini", "fine")])) == []


def logs(seed: int, *, n: int = 700, share: float = 0.4, chance: float = 0.3) -> Log:
    """Draw requests, decide with chance, audit a share; nano is as good as large with 1 - h, mini with 1 - h²/2, h uniform."""
    generator = np.random.default_rng(seed)
    rows: list[AttemptRow] = []
    audits: list[Audit] = []
    for number in range(n):
        hard = generator.random()
        good = {"nano": generator.random() < 1 - hard, "mini": generator.random() < 1 - hard**2 / 2, "large": True}
        qualities = (1 - hard, 1 - hard**2 / 2, 1.0)
        worth = {model: quality - cost / 500 for model, quality, cost in zip(MODELS, qualities, (1, 10, 100), strict=True)}
        meant = max(worth, key=lambda model: worth[model])
        choice = explore(meant, MODELS, share=chance, draw=generator.random())
        decision = routed(qualities, propensity=choice.propensity, explored=choice.explored)
        rows.append(row(number, choice.model, decision))
        if generator.random() < share:
            other = "mini" if choice.model == "large" else "large"
            is_worth_it = not good["mini" if choice.model == "large" else choice.model]
            outcome = (
                ("fine" if is_worth_it else "over_route")
                if choice.model == "large"
                else ("under_route" if is_worth_it else "fine")
            )
            audits.append(audit(number, choice.model, other, outcome, share))
    return read_log(rows, audits)


@pytest.mark.parametrize(("model", "truth"), [("nano", 1 / 2), ("mini", 1 - 1 / 6), ("large", 1.0)])
def test_values_from_the_ledger_are_unbiased_and_covered(model: str, truth: float) -> None:
    """Over sixty logs the means hit the truth, and nearly all intervals hold it."""
    found = [value_of(always(model), logs(seed).decisions) for seed in range(60)]
    for values in ([one.ips for one in found], [one.dr for one in found]):
        error = np.std([one.value for one in values]) / np.sqrt(len(values))
        assert np.mean([one.value for one in values]) == pytest.approx(truth, abs=3.5 * float(error) + 1e-9)
        assert np.mean([one.low - 1e-9 <= truth <= one.high + 1e-9 for one in values]) >= 0.87
    assert np.mean([one.is_supported for one in found]) >= 0.85


def test_what_was_served_is_told_by_what_was_looked_at() -> None:
    """Over sixty logs the value of the router as it was, its chance included, hits the mean of what was served."""
    found = [as_it_was(logs(seed).decisions) for seed in range(60)]
    hard = (np.arange(100_000) + 0.5) / 100_000
    worth = np.stack([1 - hard - 1 / 500, 1 - hard**2 / 2 - 10 / 500, np.full(len(hard), 1 - 100 / 500)])
    good = np.stack([1 - hard, 1 - hard**2 / 2, np.ones(len(hard))])
    meant = np.take_along_axis(good, worth.argmax(axis=0)[None], axis=0)[0]
    truth = float((0.7 * meant + 0.3 * good.mean(axis=0)).mean())
    error = np.std([one.dr.value for one in found]) / np.sqrt(60)
    assert np.mean([one.dr.value for one in found]) == pytest.approx(truth, abs=3.5 * float(error))
    assert np.mean([one.dr.low <= truth <= one.dr.high for one in found]) >= 0.87


def test_without_chance_only_what_was_chosen_or_comes_next_is_supported() -> None:
    """Nothing says how nano would have done where it was never tried."""
    assert not value_of(always("nano"), logs(1, chance=0.0).decisions).is_supported


def test_a_router_is_replayed_on_logged_signals() -> None:
    """Rules read what was logged; a model that was not allowed is not chosen."""
    rules = RulesRouter(kind="rules", default="nano", rules=[Rule(when=RuleCondition(code=True), use="large", why="code")])
    setup = RouterSetup(rules, FACTS)
    with_code, without = routed([0.5, 0.8, 0.9], code=True), routed([0.5, 0.8, 0.9])
    only_mini = msgspec.structs.replace(without, candidates=without.candidates[1:2])
    log = read_log([row(1, "mini", with_code), row(2, "mini", without), row(3, "mini", only_mini)], [])
    policy = policy_of(replayed(setup, thrift=None), log.rows, log.decisions)
    assert [policy(one) for one in log.decisions] == [{"large": 1.0}, {"nano": 1.0}, {"mini": 1.0}]
    assert [name for name, _ in policies_of(setup, log.rows, log.decisions)] == ["the line-up's router, without chance"]
    assert list(policies_of(None, log.rows, log.decisions)) == []
