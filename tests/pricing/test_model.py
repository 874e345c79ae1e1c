"""What a price file may not say, and how it is told so."""

from datetime import date

import pytest

from triplepoint.files.checked import check_text
from triplepoint.pricing.model import PriceFile

HEAD = 'source: test\ncollected: 2026-11-20\nprices:\n  - model: a/x\n    since: 2026-01-01\n    input_usd_per_mtok: "1"\n'
TIERS = '    tiers: [{above_input_tokens: 100, input_usd_per_mtok: "2"}]\n'


@pytest.mark.parametrize(
    ("more", "key", "message", "fix"),
    [
        ('    tiers: [{input_usd_per_mtok: "2"}]\n', "prices[0].tiers[0]", "one start", "above_input_tokens"),
        (
            '    tiers: [{above_input_tokens: 9, from_input_tokens: 9, input_usd_per_mtok: "2"}]\n',
            "prices[0].tiers[0]",
            "one start",
            "one of the two",
        ),
        (
            '    tiers: [{above_input_tokens: 9, input_usd_per_mtok: "2"}, {from_input_tokens: 10, input_usd_per_mtok: "3"}]\n',
            "prices[0].tiers",
            "ascend",
            "each once",
        ),
        ("    until: 2025-12-31\n", "prices[0]", "ends before it begins", "2026-01-01"),
        (TIERS + "    service_tiers: {batch: {}}\n", "prices[0]", "batch says nothing of long contexts", "tiers: []"),
        (
            TIERS + '    hours: [{from_utc: "01:00", to_utc: "02:00"}]\n',
            "prices[0]",
            "hours from 01:00 says nothing of long contexts",
            "tiers: []",
        ),
        ('    hours: [{from_utc: "01:00", to_utc: "01:00"}]\n', "prices[0].hours", "are none", "the row's own"),
        (
            '    hours: [{from_utc: "22:00", to_utc: "02:00"}, {from_utc: "01:30", to_utc: "03:00", days: [tue]}]\n',
            "prices[0].hours",
            "overlap on tue 01:30",
            "begin later",
        ),
        ("    usd_per_web_search: 0.01\n", "prices[0].usd_per_web_search", "0.01 is not exact", "quotes"),
        ('    service_tiers: {Batch: {input_usd_per_mtok: "1"}}\n', "prices[0].service_tiers", "", ""),
    ],
)
def test_a_row_that_contradicts_itself_is_refused(more: str, key: str, message: str, fix: str):
    """Each mistake is told with its line, its key and a way out."""
    reading = check_text(HEAD + more, PriceFile, name="prices/p.yaml")
    assert reading.value is None
    (problem, *_) = reading.problems
    assert problem.key.startswith(key)
    assert problem.line >= 4
    assert message in problem.message
    assert fix in problem.fix


def test_a_row_may_say_everything_at_once():
    """Tiers, service tiers, hours, pieces, names, end and evidence stand beside each other."""
    more = (
        TIERS
        + '    service_tiers: {batch: {input_usd_per_mtok: "0.5", tiers: []}, flex: {tiers: []}}\n'
        + '    hours: [{from_utc: "22:00", to_utc: "02:00", days: [sat, sun], input_usd_per_mtok: "0.7", tiers: []}]\n'
        + '    usd_per_web_search: "0.01"\n    until: 2026-12-31\n    also: [x-latest]\n    evidence: "the price page"\n'
    )
    reading = check_text(HEAD + more, PriceFile, name="prices/p.yaml")
    assert reading.problems == ()
    assert reading.value is not None
    (row,) = reading.value.prices
    assert (row.until, row.also, list(row.service_tiers)) == (date(2026, 12, 31), ["x-latest"], ["batch", "flex"])
