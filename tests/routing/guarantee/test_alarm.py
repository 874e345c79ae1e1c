"""A watch alarms soon on what is wrong, hardly ever on what is not, lapses what it contradicts, and is replayed bit for bit."""

import datetime

import msgspec
import numpy as np
import pytest

from triplepoint.routing.audits.model import Outcome
from triplepoint.routing.guarantee.alarm import ALARM_AT, LAPSES_AT, Watch, Watched, novelty_limit
from triplepoint.routing.guarantee.misroutes import Audited
from triplepoint.routing.guarantee.model import POOLED, Certificate, Certificates
from triplepoint.stats.binomial import upper_bound

_FIELDS = {
    "misroute": 0.05,
    "confidence": 0.95,
    "reference": "large",
    "models": ("nano",),
    "threshold": 0.2,
    "labels": 400,
    "misroutes": 12,
    "bound": 0.048,
    "downgraded": 0.4,
    "novel": 8,
    "data": "d" * 64,
    "scorer": "5" * 64,
    "date": datetime.date(2026, 11, 26),
}
_MATHS = msgspec.convert({**_FIELDS, "group": "maths"}, Certificate)
_POOLED = msgspec.convert({**_FIELDS, "group": POOLED, "groups": ("law", "art")}, Certificate)
_CERTIFICATES = Certificates((_MATHS, _POOLED))
_PROMISED = _CERTIFICATES.promised(misroute=0.05, confidence=0.95)


def _audited(
    outcome: Outcome = Outcome.FINE,
    *,
    group: str = "maths",
    has_signal: bool = True,
    propensity: float = 1.0,
    plan: str = "pro",
) -> Audited:
    return Audited(
        outcome=outcome,
        chosen_is_reference=False,
        plan=plan,
        model="nano",
        reference="large",
        group=group,
        has_signal=has_signal,
        propensity=propensity,
    )


def _drawn(generator: np.random.Generator, rate: float) -> Outcome:
    return Outcome.UNDER_ROUTE if generator.random() < rate else Outcome.FINE


def _found(watch: Watch) -> set[tuple[Watched, str]]:
    return {(stream.watched, stream.name) for stream in watch.alarms()}


def test_a_planted_incident_alarms_within_150_audits_and_no_peace_does() -> None:
    """The misroute rate rises from 5 to 17.4 %; the larger simulation is `bench alarms`. In 60 runs at least 48 are in time."""
    generator = np.random.default_rng(20261126)
    in_time = 0
    for _ in range(60):
        watch = Watch(0.05)
        for _ in range(150):
            watch = watch.after(_audited(_drawn(generator, 0.174)))
        in_time += (Watched.ALL, "") in _found(watch)
    assert in_time >= 48
    for _ in range(40):
        watch = Watch(0.05)
        for _ in range(300):
            watch = watch.after(_audited(_drawn(generator, 0.05)))
        assert not watch.alarms()


def test_each_plan_and_group_is_a_stream_of_its_own() -> None:
    """What is wrong in one plan is seen there before the whole shows it, and not held against the others."""
    watch = Watch(0.05)
    for number in range(400):
        watch = watch.after(_audited(group="law", plan="plus"))
        if number % 5 == 0:
            watch = watch.after(_audited(Outcome.UNDER_ROUTE if number % 10 == 0 else Outcome.FINE))
    assert _found(watch) == {(Watched.PLAN, "pro"), (Watched.GROUP, "maths")}
    worst = watch.alarms()[0]
    assert (worst.found, worst.bet.n) == (40, 80)
    assert watch.alarms() == sorted(watch.alarms(), key=lambda one: -one.bet.highest)


def test_an_alarm_does_not_take_itself_back() -> None:
    """It is about what has been: that it is better now is for a person to say, who begins a new watch."""
    watch = Watch(0.05)
    for outcome in [Outcome.UNDER_ROUTE] * 12 + [Outcome.FINE] * 500:
        watch = watch.after(_audited(outcome))
    assert (Watched.ALL, "") in _found(watch)
    assert watch.alarms()[0].bet.evidence < ALARM_AT


def test_undecided_audits_are_no_bets() -> None:
    """Neither for nor against; only that the request was there without signal is seen."""
    watch = Watch(0.05).after(_audited())
    assert watch.after(_audited(Outcome.UNDECIDED)) == watch
    with_novelty = watch.after(_audited(Outcome.UNDECIDED), _PROMISED)
    assert {stream.watched for stream in with_novelty.streams.values()} - {s.watched for s in watch.streams.values()} == {
        Watched.NOVELTY
    }


def test_a_certificate_that_audits_contradict_lapses_alone() -> None:
    """The pooled one stays: its groups did nothing wrong. What has lapsed is no longer found by a policy."""
    watch = Watch(0.5)
    generator = np.random.default_rng(1)
    for _ in range(400):
        watch = watch.after(_audited(_drawn(generator, 0.2)), _PROMISED)
        watch = watch.after(_audited(_drawn(generator, 0.02), group="law"), _PROMISED)
    assert watch.lapsed() == {("large", "maths")}
    assert not watch.alarms() or _found(watch) == {(Watched.CERTIFICATE, "maths")}
    promised = _CERTIFICATES.promised(misroute=0.05, confidence=0.95, lapsed=watch.lapsed())
    assert promised.find("large", "maths") is None
    assert promised.find("large", "law") == _POOLED


def test_small_groups_are_watched_together_as_they_are_certified() -> None:
    """Their certificate is one, so its stream is: what law and art do counts against both."""
    watch = Watch(0.5)
    for number in range(60):
        watch = watch.after(_audited(Outcome.UNDER_ROUTE if number % 3 == 0 else Outcome.FINE, group="art"), _PROMISED)
        watch = watch.after(_audited(group="law"), _PROMISED)
        watch = watch.after(_audited(group="of no certificate"), _PROMISED)
    assert watch.lapsed() == {("large", POOLED)}
    stream = next(one for one in watch.streams.values() if one.watched is Watched.CERTIFICATE)
    assert (stream.bet.n, stream.found) == (120, 20)


def test_requests_unlike_the_labels_lapse_a_certificate() -> None:
    """8 of 400 labels had no signal: up to 8.6 % of live requests may, by the labels' own bound and the promise; 30 % may
    not.
    """
    assert novelty_limit(_MATHS) == pytest.approx(upper_bound(8, 400, confidence=0.95) + 0.05)
    generator = np.random.default_rng(2)
    for share, lapsed in ((0.05, frozenset[tuple[str, str]]()), (0.3, frozenset({("large", "maths")}))):
        watch = Watch(0.05)
        for _ in range(200):
            watch = watch.after(_audited(has_signal=generator.random() >= share), _PROMISED)
        assert watch.lapsed() == lapsed


def test_a_checkpoint_goes_on_bit_for_bit_at_any_moment() -> None:
    """A restart in the middle changes nothing, and neither does a replay of all audits."""
    generator = np.random.default_rng(3)
    audits = [
        _audited(_drawn(generator, 0.1), group=str(generator.choice(["maths", "law", "x"])), propensity=float(propensity))
        for propensity in generator.choice([0.01, 0.02, 0.5], 200)
    ]
    straight = halted = Watch(0.05, 0.01)
    for audited in audits:
        straight = straight.after(audited, _PROMISED)
        halted = msgspec.json.decode(msgspec.json.encode(halted), type=Watch).after(audited, _PROMISED)
    assert halted == straight
    assert len(straight.streams) == 1 + 1 + 3 + 2 + 2


def test_requests_that_are_audited_more_often_count_for_less() -> None:
    """The rate that is watched is that of all requests."""
    generator = np.random.default_rng(4)
    watch = Watch(0.05, 0.1)
    for _ in range(20_000):
        bad = generator.random() < 0.03
        propensity = 0.5 if bad else 0.1
        if generator.random() < propensity:
            watch = watch.after(_audited(Outcome.UNDER_ROUTE if bad else Outcome.FINE, propensity=propensity))
    assert not watch.alarms()
    with pytest.raises(ValueError, match="begin a new watch"):
        watch.after(_audited(propensity=0.01))


def test_a_lapse_comes_before_an_alarm() -> None:
    """It costs less to be wrong about."""
    assert LAPSES_AT < ALARM_AT
