"""``triplepoint route evaluate --ledger`` says what other routers would have been worth on an installation's traffic."""

import json
from pathlib import Path

import pytest
from tests.doctor.patient import furnish
from typer.testing import CliRunner, Result

from triplepoint.cli.route import app
from triplepoint.foundation.errors import NotFound
from triplepoint.ledger.audits.model import Audit, Audited
from triplepoint.ledger.journal import Journal
from triplepoint.ledger.model import Opened
from triplepoint.ledger.routed import CandidateRecord, RoutedRecord
from triplepoint.settings import JournalSettings

NOON_US = 1_767_960_000_000_000  # 2026-01-09 12:00 UTC
HOUR_US = 3_600_000_000
LINEUP = """\
lineup: spring
models:
  small: {context_tokens: 2048, upstreams: [{upstream: here, model: s, price: ours/small}]}
  large: {context_tokens: 8192, upstreams: [{upstream: far, model: l, price: ours/small}]}
router:
  kind: rules
  rules: [{when: {code: true}, use: large, why: code}]
  default: small
"""


def run(*words: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(app, ["evaluate", *words], catch_exceptions=False)


def opened(number: int, served: str, *, code: bool) -> Opened:
    """Make a request that was routed by the toss of a coin."""
    candidates = (CandidateRecord("small", 0.6, 40.0, 0.001), CandidateRecord("large", 0.9, 40.0, 0.01))
    signals: dict[str, bool | int | str] = {"code": True} if code else {}
    return Opened(
        receipt_id=f"rcpt_{number:03d}",
        attempt=1,
        at_us=NOON_US + number * HOUR_US,
        customer_id="cust_a",
        key_id="key_1",
        request_id=f"req_{number}",
        endpoint="/v1/chat/completions",
        asked_model="auto",
        served_model=served,
        upstream="here",
        upstream_model="m.gguf",
        lineup="f" * 64,
        decision="explored: one of 2 by chance",
        stream=False,
        price_id="here/m@2026-01-01#1f3a",
        input_estimate=100,
        input_usd_per_mtok="0.15",
        routed=RoutedRecord("threshold", propensity=0.5, explored=True, candidates=candidates, signals=signals),
    )


def audited(number: int, outcome: str) -> Audited:
    """Make an audit of what small answered; each was certain to be drawn."""
    plain: dict[str, object] = dict.fromkeys(Audit.__struct_fields__, "")
    plain |= dict.fromkeys(("chosen_score", "other_score", "cost_usd"))
    ours = {"receipt_id": f"rcpt_{number:03d}", "asked_us": NOON_US + number * HOUR_US, "at_us": NOON_US, "share": 1.0}
    models = {
        "chosen": "small",
        "other": "large",
        "reference": "large",
        "outcome": outcome,
        "is_certified": False,
        "has_signal": True,
    }
    return Audited(**(plain | ours | models))  # pyright: ignore[reportArgumentType] - the values come by name


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give an installation with forty requests, half of them about code, on which small is worse; half went to either."""
    furnish(tmp_path)
    (tmp_path / "lineups" / "spring.yaml").write_text(LINEUP)
    with Journal(tmp_path / ".triplepoint", boot="boot_a", settings=JournalSettings()) as journal:
        for number in range(40):
            served, code = ("small", "large")[number // 2 % 2], number % 2 == 0
            journal.write(opened(number, served, code=code))
            if served == "small":
                journal.write(audited(number, "under_route" if code else "fine"))
    return tmp_path


def test_routers_are_tried_on_what_was_logged(folder: Path) -> None:
    """The rules send code to large: as good as always large, at half of its cost; always small is so on half."""
    found = json.loads(run("--ledger", str(folder), "--json").stdout)
    assert (found["decisions"], found["audited"]) == (40, 20)
    values = {one["policy"]: one for one in found["policies"]}
    assert list(values) == [
        "as it was",
        "the line-up's router, without chance",
        "always small, where it could",
        "always large, where it could",
    ]
    assert values["always small, where it could"]["ips"]["value"] == pytest.approx(0.5)
    assert values["always large, where it could"]["dr"]["value"] == pytest.approx(1.0)
    assert values["as it was"]["dr"]["value"] == pytest.approx(0.75)
    assert values["as it was"]["is_supported"]
    rules = values["the line-up's router, without chance"]
    assert rules["ips"]["value"] == pytest.approx(1.0)
    assert rules["cost_usd"] == pytest.approx((0.001 + 0.01) / 2)


def test_the_table_says_how_far_it_can_be_trusted(folder: Path) -> None:
    """How many outcomes count, and what as good means."""
    shown = run("--ledger", str(folder)).stdout
    for words in ("as it was", "counts", "40 decisions, 20 of them", "1 less it is the rate of under-routes", "20*"):
        assert words in shown, words


def test_only_recent_traffic_can_be_taken(folder: Path) -> None:
    """The moment is in UTC."""
    found = json.loads(run("--ledger", str(folder), "--since", "2026-01-10T12:00:00", "--json").stdout)
    assert found["decisions"] == 16


def test_what_is_not_there_is_told(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No such line-up, no decision of a router, files besides."""
    with pytest.raises(NotFound, match="did you mean spring"):
        run("--ledger", str(folder), "--lineup", "sprin")
    empty = tmp_path_factory.mktemp("empty")
    furnish(empty)
    with pytest.raises(NotFound, match="besides: nothing"):
        run("--ledger", str(empty))
    assert run("x.csv", "--ledger", str(folder)).exit_code == 2
