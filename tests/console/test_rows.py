"""Attempts as lines of the table, and what a lens keeps of them."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.console.attempts import make_attempt

from triplepoint.console.rows import EVERYTHING, LENS_DEPTH, TABLE_ROWS, Ending, Lens, source_text, to_line
from triplepoint.foundation.usage import Usage, UsageSource
from triplepoint.ledger.model import Outcome

OUTCOMES = [None, *Outcome]


def test_a_finished_attempt_is_one_line() -> None:
    """Time, asked and served, why, tokens, price, times and outcome stand as people read them, the exact price beside."""
    line = to_line(make_attempt(asked_model="auto", served_model="nano", cost_usd="0.0000051708"))
    assert (line.asked, line.served, line.tokens, line.price) == ("auto", "nano", "412 + 48", "$0.000005")
    assert (line.price_hint, line.first, line.total, line.ending) == ("$0.0000051708", "120 ms", "840 ms", "finished")
    assert not line.is_trouble


def test_a_running_attempt_claims_nothing() -> None:
    """What is not known yet is left open, and no price is shown."""
    line = to_line(make_attempt(outcome=None, cost_usd=None, usage=Usage(), first_byte_us=None, total_us=None))
    assert {line.tokens, line.price, line.first, line.total} == {"…"}
    assert line.ending == "running"


def test_trouble_says_what_went_wrong() -> None:
    """A failed attempt has its error's code or the upstream's status, and says which attempt it was."""
    assert to_line(make_attempt(outcome=Outcome.CUT, error="upstream_cut", attempt=2)).detail == "upstream_cut, attempt 2"
    assert to_line(make_attempt(outcome=Outcome.FAILED, status=503)).detail == "status 503"
    assert to_line(make_attempt(outcome=Outcome.FAILED, first_byte_us=None, cost_usd=None)).first == "–"


def test_a_name_that_is_a_command_to_terminals_is_made_harmless() -> None:
    """What is not printable in a caller's words is replaced."""
    assert to_line(make_attempt(asked_model="a\x1b[2Jb\u202e")).asked == "a�[2Jb�"


def test_every_usage_says_where_it_comes_from() -> None:
    """Reported, estimated with which tokenizer, unknown, and none at all are told apart."""
    notes = {
        source_text(usage)
        for usage in (
            Usage(),
            Usage(input_tokens=0, output_tokens=0),
            Usage(input_tokens=1, output_tokens=1, source=UsageSource.REPORTED),
            Usage(input_tokens=1, output_tokens=1, source=UsageSource.ESTIMATED, tokenizer="o200k_base"),
            Usage(input_tokens=1, source=UsageSource.INTERRUPTED),
        )
    }
    assert len(notes) == 5


@given(st.lists(st.tuples(st.sampled_from(OUTCOMES), st.sampled_from(["nano", "mini"])), max_size=400))
def test_lenses_part_what_happened(kinds: list[tuple[Outcome | None, str]]) -> None:
    """Each attempt is seen through exactly one ending, in the order in which it came, never more than the table holds."""
    rows = [make_attempt(outcome=outcome, served_model=model, attempt=n + 1) for n, (outcome, model) in enumerate(kinds)]
    seen = [ending for row in rows for ending in Ending if ending and ending.covers(row.outcome)]
    assert len(seen) == len(rows)
    for ending in Ending:
        for model in (None, "nano"):
            picked = Lens(model, ending).pick(rows)
            wanted = [row for row in rows if ending.covers(row.outcome) and model in {None, row.served_model}]
            assert picked == wanted[:TABLE_ROWS]


@pytest.mark.parametrize("ending", [ending for ending in Ending if ending])
def test_an_ending_is_looked_for_further_back(ending: Ending) -> None:
    """A lens for some outcomes reads deeper than the table is long."""
    assert Lens(ending=ending).depth == LENS_DEPTH > EVERYTHING.depth == TABLE_ROWS


def test_lines_travel_as_json() -> None:
    """A line is made of what JSON has."""
    assert msgspec.json.decode(msgspec.json.encode(to_line(make_attempt())))["key"] == "rcpt_000001/1"
