import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.economics.making import hosted, local, row, scripted, settings

from triplepoint.economics.energy import Meter, amount_text
from triplepoint.economics.model import Profile, Spread
from triplepoint.foundation.usage import Usage
from triplepoint.ledger.model import ENERGIES, AttemptRow, Outcome
from triplepoint.settings import LocalUpstream, Upstream

USAGE = Usage(input_tokens=1500, output_tokens=400, cache_read_tokens=1000)
COUNTS = st.integers(0, 2_000_000)
METER = Meter(
    settings(
        big=hosted(gpu="H100", gpus=4, batch=64.0, zone="FRA", pue=1.2),
        vague=hosted(gpu="H100", gpus=4, zone="FRA", pue=1.2),
        closed=hosted(),
        mini=local(),
        script=scripted(),
    )
)


def profile(upstream: Upstream, model: str = "llama-3.1-70b-instruct") -> Profile:
    """Work out a profile that exists."""
    found = Meter(settings(it=upstream)).profile("it", model)
    assert found is not None
    return found


def width(spread: Spread) -> float:
    """Return how far an interval reaches, as a factor."""
    return spread.high / spread.low


def amounts(metered: AttemptRow) -> list[Decimal]:
    """Return the six amounts of a row, which are all there."""
    return [Decimal(str(getattr(metered, name))) for name in ENERGIES]


@pytest.mark.parametrize(
    ("upstream", "model", "grade"),
    [
        ("big", "llama-3.1-70b-instruct", "tabled"),
        ("vague", "llama-3.1-70b-instruct", "tabled"),
        ("big", "some-13b", "modelled"),
        ("closed", "gpt-5", "modelled"),
        ("mini", "qwen2.5-coder-0.5b-instruct", "modelled"),
    ],
)
def test_a_receipt_has_energy_carbon_and_grade(upstream: str, model: str, grade: str):
    """Six amounts in order, and how they are known."""
    metered = METER(row(USAGE, upstream=upstream, model=model))
    wh, wh_low, wh_high, g, g_low, g_high = amounts(metered)
    assert metered.energy_grade == grade
    assert 0 < wh_low < wh < wh_high
    assert 0 < g_low < g < g_high


@given(COUNTS, COUNTS, COUNTS)
def test_every_interval_is_in_order_and_in_few_digits(fresh: int, cached: int, output: int):
    """Low ≤ median ≤ high for any tokens, in at most six digits that count and nine decimals."""
    usage = Usage(input_tokens=fresh + cached, cache_read_tokens=cached, output_tokens=output)
    for upstream in ("big", "closed", "mini"):
        metered = METER(row(usage, upstream=upstream))
        wh, wh_low, wh_high, g, g_low, g_high = amounts(metered)
        assert wh_low <= wh <= wh_high
        assert g_low <= g <= g_high
        for name in ENERGIES:
            text = str(getattr(metered, name))
            assert re.fullmatch(r"\d+(\.\d{1,9})?", text)
            assert len(text.replace(".", "").strip("0")) <= 6


@given(COUNTS, COUNTS, st.integers(1, 100_000))
def test_more_tokens_never_take_less(fresh: int, output: int, more: int):
    """Each further token of any kind adds energy, and one from the cache adds less than one read afresh."""
    known = METER.profile("vague", "llama-3.1-70b-instruct")
    assert known is not None

    def nwh(fresh: int, cached: int, output: int) -> int:
        found = known.energy_nwh(Usage(input_tokens=fresh + cached, cache_read_tokens=cached, output_tokens=output))
        assert found is not None
        return found

    least = nwh(fresh, 0, output)
    assert least <= nwh(fresh, more, output) <= nwh(fresh + more, 0, output)
    assert least <= nwh(fresh, 0, output + more)


@given(COUNTS, st.floats(0, 1), COUNTS, st.floats(0, 1))
def test_the_worst_case_is_never_exceeded(most_in: int, cached: float, most_out: int, written: float):
    """What was reserved covers every usage within it, however much of it was cached or left unwritten."""
    for upstream, model in (("big", "llama-3.1-70b-instruct"), ("closed", "gpt-5"), ("mini", "some-1b")):
        known = METER.profile(upstream, model)
        assert known is not None
        used = Usage(input_tokens=most_in, cache_read_tokens=int(most_in * cached), output_tokens=int(most_out * written))
        settled = known.energy_nwh(used)
        assert settled is not None
        assert settled <= known.worst_energy_nwh(most_in, most_out)


def test_what_a_quota_counts_is_what_the_receipt_shows():
    """It is the receipt's median to the last digit, so counters begin again from the ledger as they were."""
    for tokens in (1, 37, 400, 123_457, 98_765_432):
        used = Usage(input_tokens=3 * tokens, cache_read_tokens=tokens, output_tokens=tokens)
        for upstream, model in (("big", "llama-3.1-70b-instruct"), ("closed", "gpt-5"), ("mini", "some-1b")):
            known = METER.profile(upstream, model)
            assert known is not None
            assert known.energy_nwh(used) == Decimal(METER(row(used, upstream=upstream, model=model)).energy_wh or 0) * 10**9


@pytest.mark.parametrize(
    "usage",
    [
        Usage(),
        Usage(input_tokens=5),
        Usage(output_tokens=5),
        Usage(input_tokens=5, output_tokens=5, images=1),
        Usage(input_tokens=5, output_tokens=5, output_audio_tokens=5),
    ],
)
def test_an_unknown_usage_has_no_energy(usage: Usage):
    """What nobody counted, and what is not text, is unknown and never zero."""
    metered = METER(row(usage))
    assert [getattr(metered, name) for name in ENERGIES] == [None] * 6
    assert metered.energy_grade is None
    known = METER.profile("big", "llama-3.1-70b-instruct")
    assert known is not None
    assert known.energy_nwh(usage) is None


def test_nothing_used_takes_nothing():
    """An attempt that the upstream refused at once used no token, and that is known."""
    assert METER(row(Usage(input_tokens=0, output_tokens=0), outcome=Outcome.FAILED)).energy_wh == "0"


def test_what_runs_or_ran_nowhere_is_left_alone():
    """A running attempt, a scripted upstream and one that the settings no longer know have no energy."""
    for untouched in (row(USAGE, outcome=None), row(USAGE, upstream="script"), row(USAGE, upstream="gone")):
        assert METER(untouched) is untouched


def test_the_same_question_has_the_same_answer():
    """Two meters that never met agree to the last digit."""
    again = Meter(settings(closed=hosted()))
    assert again(row(USAGE, upstream="closed")) == METER(row(USAGE, upstream="closed"))


def test_knowing_less_widens_the_interval():
    """The batch known, the batch unknown, the machine unknown, the model unknown: each interval is wider than the last."""
    known = [
        profile(hosted(gpu="H100", gpus=4, batch=64.0)),
        profile(hosted(gpu="H100", gpus=4)),
        profile(hosted(), "other-70b"),
        profile(hosted(), "gpt-5"),
    ]
    widths = [width(one.wh.output) for one in known]
    assert widths == sorted(widths)
    assert widths[1] > 1.3 * widths[0]


def test_an_unknown_batch_spans_what_known_ones_say():
    """With the batch unknown, the median lies between those of the likely ends, and the interval holds both."""
    vague, few, many = (
        profile(hosted(gpu="H100", gpus=4, **said)).wh.output for said in ({}, {"batch": 8.0}, {"batch": 256.0})
    )
    assert many.median < vague.median < few.median
    assert vague.low < many.median
    assert vague.high > few.median


def test_a_table_at_a_measured_batch_says_what_was_measured():
    """At its own batch, the table gives the measured joules, times the overhead of the whole."""
    found = profile(hosted(gpu="H100", gpus=1, batch=63.9, pue=1.0), "Qwen/Qwen3-8B")
    joules = found.wh.output.median * 3600 / found.overhead.median
    assert 0.1 < joules < 0.25  # chat 0.12 and reasoning above it, between which the median lies


def test_a_model_may_differ_from_its_upstream():
    """What is said of one model there takes the place of what is said of all."""
    both = hosted(gpu="H100", batch=8.0, models={"other-8b": {"batch": 256.0}})
    assert profile(both, "other-8b") == profile(hosted(gpu="H100", batch=256.0), "other-8b")
    assert profile(both, "third-8b").wh.output.median > profile(both, "other-8b").wh.output.median


def test_a_model_is_measured_under_another_name():
    """``measured_as`` finds in the table what the upstream calls otherwise."""
    named = profile(hosted(gpu="H100", gpus=4, measured_as="meta-llama/Llama-3.1-70B-Instruct"), "prod-chat")
    assert named == profile(hosted(gpu="H100", gpus=4))


def test_a_local_model_has_the_size_of_its_file():
    """Where the model's name does not say it, the name of the family's tier or of the file does."""
    tier = LocalUpstream(kind="local", gguf="mini")
    file = LocalUpstream(kind="local", gguf="models/Some_Model-0.5B-Q4_K_M.gguf")
    assert profile(tier, "m") == profile(file, "m") == profile(tier, "qwen2.5-coder-0.5b-instruct")
    assert profile(LocalUpstream(kind="local", gguf="x.gguf"), "m") != profile(tier, "m")


def test_a_scripted_upstream_may_play_a_real_one():
    """A script that says what it stands for has that energy."""
    assert profile(scripted(gpu="H100")) == profile(hosted(gpu="H100"))


def test_carbon_goes_with_the_grid():
    """The same energy gives off a tenth in France of what it does in Poland, and a grid unknown has the widest interval."""
    france, poland, world = (profile(hosted(gpu="H100", **said)) for said in ({"zone": "FRA"}, {"zone": "POL"}, {}))
    assert france.wh == poland.wh == world.wh
    assert france.g.output.median < poland.g.output.median / 10
    assert width(world.g_per_wh) > width(poland.g_per_wh)
    assert world.g_per_wh.median == pytest.approx(0.48, rel=0.25)


def test_a_meter_of_ours_is_believed_before_any_table():
    """Where a counter was shared out, its joules stand on the receipt, within the error of counter and overhead."""

    class Board:
        def joules(self, row: AttemptRow) -> float | None:
            return 3600.0 if row.attempt == 1 else None

    measured = Meter(settings(big=hosted(gpu="H100", pue=1.0)), Board())
    metered = measured(row(USAGE))
    assert metered.energy_grade == "measured"
    assert float(metered.energy_wh or 0) == pytest.approx(1.60, abs=0.01)
    assert amounts(metered)[1] < amounts(metered)[0] < amounts(metered)[2]


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0.0, "0"),
        (1.0, "1"),
        (0.123456789, "0.123457"),
        (1234567.0, "1234570"),
        (100.0, "100"),
        (2e-10, "0"),
        (1.23456789e-4, "0.000123457"),
    ],
)
def test_an_amount_has_six_digits(amount: float, text: str):
    """Plain digits, without exponent and trailing zeros."""
    assert amount_text(amount) == text
