"""``python -m bench alarms``: how many audits until an alarm, and how often there is a false one.

Audits are drawn as zeros and ones; the bets are those of `stats.betting`, for many streams at once. An incident begins at once,
or after a time in which all was well. "Best stake" is one bet made at once, of the size that is right for just this incident:
nobody can know it beforehand, and it shows what not knowing costs.
"""

import argparse
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from triplepoint.routing.guarantee.alarm import ALARM_AT
from triplepoint.stats.betting import STAKES, EProcess, Stake, deposit_at

Draws = NDArray[np.bool_]
"""Audits × streams."""

_LIMIT = 0.05
_GOAL_AUDITS = 150
_GOAL_SHARE = 0.9
_GOAL_FALSE = 0.001


class Incident(NamedTuple):
    """A misroute rate that rises."""

    name: str
    before: float
    rate: float
    healthy: int
    """Audits before it rises."""
    limit: float = _LIMIT


_INCIDENTS = (
    Incident("37 % to nano", 0.05, 0.174, 0),
    Incident("37 % to nano, after 1,000 audits", 0.05, 0.174, 1000),
    Incident("37 % to nano, after 4,000 audits", 0.05, 0.174, 4000),
    Incident("37 % to nano, after 4,000 audits at 3 %", 0.03, 0.174, 4000),
    Incident("5 to 10 %", 0.05, 0.10, 0),
    Incident("5 to 8 %", 0.05, 0.08, 0),
    Incident("2 to 10 %, limit 2 %", 0.02, 0.10, 0, 0.02),
)


def first_alarms(draws: Draws, *, limit: float, at: float = ALARM_AT, stakes: Sequence[Stake] = STAKES) -> NDArray[np.intp]:
    """Return the audit, from 1, after which the evidence of each stream first reaches ``at``; 0: never."""
    found = np.zeros(draws.shape[1], dtype=np.intp)
    for audit, evidence in enumerate(evidences(draws, limit=limit, stakes=stakes), start=1):
        found[(evidence >= at) & (found == 0)] = audit
    return found


def evidences(draws: Draws, *, limit: float, stakes: Sequence[Stake] = STAKES) -> Iterator[NDArray[np.float64]]:
    """Yield the evidence of each stream after each audit, as `EProcess` has it."""
    fractions, shares = (np.array(column)[:, None] for column in zip(*stakes, strict=True))
    capitals, reserve = np.zeros((len(stakes), draws.shape[1])), 1.0
    for audit, values in enumerate(draws):
        reserve -= deposit_at(audit)
        capitals += shares * deposit_at(audit)
        capitals *= 1.0 + fractions * (values - limit) / limit
        yield capitals.sum(axis=0) + reserve


def draw(incident: Incident, *, audits: int, runs: int, seed: int) -> Draws:
    """Draw the streams of an incident: the healthy time, then ``audits`` of it."""
    generator = np.random.default_rng(seed)
    rates = np.repeat([incident.before, incident.rate], [incident.healthy, audits])
    return generator.random((len(rates), runs), dtype=np.float32) < rates[:, None].astype(np.float32)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5000, help="streams for each incident (default 5000)")
    parser.add_argument("--false-runs", type=int, default=20_000, help="streams without an incident (default 20000)")
    parser.add_argument("--audits", type=int, default=4000, help="audits of each stream without an incident (default 4000)")
    options = parser.parse_args()
    _check()
    print(f"{'incident':<42}{'median':>8}{'p90':>7}{'p99':>7}{'in 150':>9}{'best stake: median':>21}{'p90':>6}{'in 150':>9}")
    for incident in _INCIDENTS:
        _print_incident(incident, options.runs)
    _print_false(options.false_runs, options.audits)


def _print_incident(incident: Incident, runs: int) -> None:
    audits = 600 if incident.rate > 0.15 else 4000
    draws = draw(incident, audits=audits, runs=runs, seed=1)
    best = Stake((incident.rate - incident.limit) / (1.0 - incident.limit), 1.0)
    words: list[str] = []
    delays = _delays(first_alarms(draws, limit=incident.limit), incident, audits)
    words += [f"{np.median(delays):8.0f}", f"{np.quantile(delays, 0.9):7.0f}", f"{np.quantile(delays, 0.99):7.0f}"]
    in_time = float((delays <= _GOAL_AUDITS).mean())
    words.append(f"{in_time:9.1%}")
    known = _delays(_at_once(draws[incident.healthy :], incident.limit, best), incident._replace(healthy=0), audits)
    words += [f"{np.median(known):21.0f}", f"{np.quantile(known, 0.9):6.0f}", f"{(known <= _GOAL_AUDITS).mean():9.1%}"]
    print(f"{incident.name:<42}{''.join(words)}", flush=True)
    if incident == _INCIDENTS[0]:
        verdict = "met" if in_time >= _GOAL_SHARE else "MISSED"
        print(f"  goal: within {_GOAL_AUDITS} audits in {_GOAL_SHARE:.0%} of runs: {verdict}")


def _delays(alarms: NDArray[np.intp], incident: Incident, audits: int) -> NDArray[np.intp]:
    """Return audits from the beginning of the incident; runs that had alarmed before are left out, the late count as all."""
    delays = np.where(alarms == 0, audits, alarms - incident.healthy)
    return delays[delays > 0]


def _at_once(draws: Draws, limit: float, stake: Stake) -> NDArray[np.intp]:
    factors = np.array([1.0 - stake.fraction, 1.0 + stake.fraction * (1.0 - limit) / limit])
    steps = np.log(factors)[draws.astype(np.intp)]
    reached = np.cumsum(steps, axis=0) >= np.log(ALARM_AT)
    return np.where(reached.any(axis=0), reached.argmax(axis=0) + 1, 0)


def _print_false(runs: int, audits: int) -> None:
    for rate in (_LIMIT, 0.04):
        peace = Incident("", rate, rate, 0)
        parts = [draw(peace, audits=audits, runs=min(2000, runs - done), seed=100 + done) for done in range(0, runs, 2000)]
        alarms = sum(int((first_alarms(part, limit=_LIMIT) > 0).sum()) for part in parts)
        verdict = "within" if alarms <= runs * _GOAL_FALSE else "ABOVE"
        streams = f"{alarms} of {runs:,} streams of {audits:,} audits alarmed ({verdict} 1 in 1,000)"
        print(f"no incident, {rate:.0%} at a limit of {_LIMIT:.0%}: {streams}")


def _check() -> None:
    """Hold the arrays against the one stream at a time that runs in production."""
    draws = draw(Incident("", 0.05, 0.2, 50), audits=50, runs=3, seed=2)
    streams = [EProcess(_LIMIT)] * 3
    for values, evidence in zip(draws, evidences(draws, limit=_LIMIT), strict=True):
        streams = [stream.after(float(value)) for stream, value in zip(streams, values, strict=True)]
        np.testing.assert_allclose(evidence, [stream.evidence for stream in streams], rtol=1e-9)


if __name__ == "__main__":
    main()
