"""An ended attempt as a CloudEvent."""

import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ledger.conftest import make_closed, make_opened

from triplepoint.foundation.errors import StoreFault
from triplepoint.foundation.usage import Usage, UsageSource
from triplepoint.ledger.events.make import source_of, to_event
from triplepoint.ledger.events.model import UsageEvent
from triplepoint.ledger.export import Format, export
from triplepoint.ledger.model import AttemptRow, Closed, Opened, Outcome
from triplepoint.ledger.receipts import interrupt, join

SCHEMA = json.loads((Path(__file__).parents[3] / "schemas" / "usage-event.schema.json").read_text("utf-8"))
CLOUDEVENT = {"specversion", "id", "source", "type", "subject", "time", "datacontenttype", "dataschema", "data"}


def _row(number: int = 1, attempt: int = 1, **changed: object) -> AttemptRow:
    return join(make_opened(number, attempt), make_closed(number, attempt, **changed))


def test_an_event_says_who_used_what() -> None:
    """Id of receipt and attempt, the customer as subject, the moment of opening as time; money exact, unknown null."""
    event = msgspec.to_builtins(to_event(_row(charge_usd="0.0123", burnt={"g1": "0.01", "g2": "0.0003"}), "urn:here"))
    assert event.keys() == CLOUDEVENT
    assert (event["id"], event["source"], event["subject"], event["specversion"]) == (
        "rcpt_000001-1",
        "urn:here",
        "cust_1",
        "1.0",
    )
    assert (event["type"], event["time"]) == ("dev.triplepoint.usage.v1", "2026-01-09T12:00:01.000000Z")
    data = event["data"]
    assert (data["input_tokens"], data["output_tokens"], data["cache_read_tokens"]) == (412, 48, 7)
    assert (data["charge_usd"], data["burnt_usd"], data["energy_wh"]) == ("0.0123", "0.0103", None)
    assert (data["is_first_attempt"], data["is_answered"], data["tags"]) == (True, True, {"team": "blue"})


def test_unknown_is_null_and_never_zero() -> None:
    """An interruption has an input and no output; what failed was not answered."""
    settled = interrupt(join(make_opened(1), None), input_estimate=7, input_usd_per_mtok="")
    data = to_event(settled, "urn:here").data
    assert (data.input_tokens, data.output_tokens, data.cost_usd, data.closed_at, data.outcome) == (
        7,
        None,
        None,
        None,
        Outcome.INTERRUPTED,
    )
    failed = to_event(_row(attempt=2, outcome=Outcome.FAILED), "urn:here").data
    assert (failed.is_answered, failed.is_first_attempt) == (False, False)


def test_what_runs_is_no_event() -> None:
    """Only what has ended is."""
    with pytest.raises(StoreFault, match="still runs"):
        to_event(join(make_opened(1), None), "urn:here")


counts = st.integers(0, 2**40)


@given(
    usage=st.builds(
        Usage,
        input_tokens=st.none() | counts,
        output_tokens=st.none() | counts,
        cache_read_tokens=counts,
        reasoning_tokens=counts,
        source=st.sampled_from(list(UsageSource)),
    ),
    outcome=st.sampled_from(list(Outcome)),
    cost=st.none() | st.decimals(0, 10**9, places=18).map(lambda amount: format(amount, "f")),
)
def test_every_event_keeps_to_its_schema(usage: Usage, outcome: Outcome, cost: str | None) -> None:
    """What is written is valid by the published schema, reads back equal, and is the same each time."""
    row = _row(usage=usage, outcome=outcome, cost_usd=cost, charge_usd=cost)
    encoded = msgspec.json.encode(to_event(row, "urn:here"))
    jsonschema.validate(json.loads(encoded), SCHEMA)
    assert msgspec.json.decode(encoded, type=UsageEvent) == to_event(row, "urn:here")
    assert msgspec.json.encode(to_event(row, "urn:here")) == encoded


def test_files_hold_what_has_ended(tmp_path: Path, opened: Callable[..., Opened], closed: Callable[..., Closed]) -> None:
    """A line each, or one array; attempts that run are left out, and none is an empty array."""
    rows = [join(opened(1), closed(1)), join(opened(2), None), join(opened(3), closed(3))]
    lines, batch, none = tmp_path / "lines", tmp_path / "batch", tmp_path / "none"
    assert export(iter(rows), lines, Format.CLOUDEVENTS, source="urn:here") == 2
    assert export(iter(rows), batch, Format.CLOUDEVENTS_BATCH, source="urn:here") == 2
    assert export(iter(rows[1:2]), none, Format.CLOUDEVENTS_BATCH, source="urn:here") == 0
    events = [json.loads(line) for line in lines.read_text("utf-8").splitlines()]
    assert [event["id"] for event in events] == ["rcpt_000001-1", "rcpt_000003-1"]
    assert json.loads(batch.read_text("utf-8")) == events
    assert json.loads(none.read_text("utf-8")) == []


def test_the_source_hangs_on_the_secret_alone() -> None:
    """Machines that share a secret are one source, and the source says nothing of it."""
    assert source_of(b"secret") == source_of(b"secret") != source_of(b"other")
    assert source_of(b"secret").startswith("urn:triplepoint:installation:")
