"""Audits on the simulated family find what was planted: the rate of under-routes, and the incident that sends 37 % to nano."""

from pathlib import Path

import pytest
from bench.audit_family import Mix, make_prompts, routers, write_family
from bench.audits import ALARM_ABOVE, audits_of, audits_to_alarm, incident, recover, running

SHARE = 1.0
"""All of them: which requests are audited is then no draw, and the test finds the same each time."""


@pytest.mark.timeout(240)
def test_what_was_planted_is_found(tmp_path: Path) -> None:
    """The interval from audits alone holds the planted rate, no verdict is wrong, and the incident alarms within 150 audits."""
    mix = Mix()
    rows = make_prompts(mix, 500, seed=3)
    prompts = [row["prompt"] for row in rows]
    port = write_family(tmp_path, rows, routers(share=SHARE, alarm_above=ALARM_ABOVE))
    with running(tmp_path, port) as asker:
        (calm,) = recover(asker, tmp_path, prompts[:300], batches=1, share=SHARE)
        before = [one.receipt_id for one in asker.installation.audits.iterate()]
        assert audits_to_alarm(audits_of(asker.installation, before), share=SHARE) is None
        length = incident(asker, tmp_path, prompts[300:], 1, share=SHARE, most=200)
        report = asker.installation.misroutes.report()
    assert calm.audits >= 250
    assert calm.low <= mix.under(is_incident=False) <= calm.high
    assert (calm.under, calm.undecided) == (calm.true_under, 0)
    assert length is not None
    assert length <= 150
    assert report is not None
    assert any(one.startswith("misroutes of all requests:") for one in report.alarms)
    everything = report.rates[0].under
    assert everything.interval.low <= mix.under(is_incident=True) <= everything.interval.high


def test_the_planted_rates_are_those_of_the_incident_that_was_reported() -> None:
    """Calm below the alarm's limit; then 37 % of all requests go to nano, as in the incident that took it from 5 to 17.4 %."""
    mix = Mix()
    assert mix.under(is_incident=False) < ALARM_ABOVE
    assert mix.hard * mix.short == pytest.approx(0.37)
    assert mix.under(is_incident=True) == pytest.approx(0.18, abs=0.01)
