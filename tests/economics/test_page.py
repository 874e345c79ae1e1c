import re

import pytest
from tests.docs.markdown import ROOT
from tests.economics.making import hosted, local, row, settings
from tools import energy as tool

from triplepoint.economics.energy import Meter
from triplepoint.economics.tabled import curves, interpolate
from triplepoint.foundation.usage import Usage
from triplepoint.ledger.energies import add_energies, short_text
from triplepoint.settings import Upstream
from triplepoint.upstreams.measured import measurements

PAGE = (ROOT / "docs/concepts/energy.md").read_text("utf-8")
FOUR = {"gpu": "H100", "gpus": 4}
LLAMA = "llama-3.1-70b-instruct"


@pytest.mark.parametrize(
    ("begin", "upstream", "model"),
    [
        ("Llama 3.1 70B on 4 H100", hosted(**FOUR, batch=64.0, zone="FRA", pue=1.2), LLAMA),
        ("the same, batch unknown", hosted(**FOUR, zone="FRA", pue=1.2), LLAMA),
        ("the same, batch, grid", hosted(**FOUR), LLAMA),
        ("70 billion parameters", hosted(), "some-70b"),
        ("a closed model", hosted(), "gpt-5"),
        ("Qwen2.5-Coder 1.5B", local(), "qwen2.5-coder-1.5b-instruct"),
    ],
)
def test_the_page_shows_what_a_receipt_would(begin: str, upstream: Upstream, model: str):
    """Each row of the page's table is worked out anew."""
    known = add_energies([Meter(settings(big=upstream))(row(Usage(input_tokens=500, output_tokens=300), model=model))])
    assert known is not None
    wh, low, high, g, g_low, g_high = map(
        short_text, (known.wh, known.low_wh, known.high_wh, known.g, known.low_g, known.high_g)
    )
    (line,) = re.findall(rf"^\| {re.escape(begin)}.*$", PAGE, re.MULTILINE)
    assert line.endswith(f"| {wh} ({low} to {high}) | {g} ({g_low} to {g_high}) | {known.grade} |")


def test_the_page_says_how_good_it_is():
    """The shares on the page are those that the table gives now."""
    errors = tool.left_out(curves(measurements()), interpolate)
    for bound in (0.05, 0.10):
        assert f"{100 * sum(error <= bound for error in errors) / len(errors):.1f}% within {bound:.0%}" in PAGE
    covered, _ = tool.coverage(tool.fitted_rows())
    assert f"cover {100 * covered:.1f}% of its runs" in PAGE
