from pathlib import Path

import pytest

from triplepoint.files.checked import MAX_FILE_BYTES, check_text, read_file
from triplepoint.foundation.errors import Problem
from triplepoint.lineups.model import Lineup
from triplepoint.pricing.model import PriceFile
from triplepoint.settings import Settings

SETTINGS = """\
lineup: spring
gateway:
  max_body: 33
  body_timeout: 3 parsecs
  listn: 127.0.0.1:8080
  local_queue: -1
journal: {when_full: sto}
upstreams:
  a:
    kind: openai
    base_url: https://x.example/v1
    api_key: sk-abcdefghijklmnopqrstuvwx
    limits:
      fist_byte: 3s
  b: {base_url: https://x.example}
  c: {kind: opnai}
  d: {kind: azure, api_key: "${D}"}
  e: 7
"""


def problems(text: str, model: type[Settings] | type[Lineup] | type[PriceFile]) -> dict[str, Problem]:
    """Return the problems of a text by their key."""
    reading = check_text(text, model, name="f.yaml")
    assert reading.value is None
    return {problem.key: problem for problem in reading.problems}


def test_all_problems_come_at_once_with_line_key_and_fix():
    """One reading names every fault of a file, each at its line, with a fix that can be copied."""
    found = problems(SETTINGS, Settings)
    expected = {
        "gateway.max_body": (3, "33 has no unit", "32MiB"),
        "gateway.body_timeout": (4, "'3 parsecs' is not a duration", "30s"),
        "gateway.listn": (5, "not a known key", "did you mean listen?"),
        "gateway.local_queue": (6, "out of range", "at least 0"),
        "journal.when_full": (7, "'sto' is not possible", "did you mean stop?"),
        "upstreams.a.api_key": (12, "plain text", "${A_API_KEY}"),
        "upstreams.a.limits.fist_byte": (14, "not a known key", "did you mean first_byte?"),
        "upstreams.b": (15, "kind is missing", "openai, azure, anthropic, local, simulated"),
        "upstreams.c": (16, "'opnai' is not a kind", "did you mean openai?"),
        "upstreams.d.base_url": (17, "is missing", "add 'base_url:"),
        "upstreams.d.api_version": (17, "is missing", "add 'api_version:"),
        "upstreams.e": (18, "must be a mapping, not 7", "indented"),
    }
    assert set(found) == set(expected)
    for key, (line, message, fix) in expected.items():
        assert found[key].line == line, key
        assert message in found[key].message, key
        assert fix in found[key].fix, key


def test_the_allowed_keys_are_listed():
    """An unknown key that resembles none still gets the list of those that are allowed there."""
    found = problems("lineup: a\nupstreams: {}\nxyzzy: 1\n", Settings)
    assert "lineup, data, database, counters, gateway, control, journal, telemetry, billing, upstreams" in found["xyzzy"].fix


@pytest.mark.parametrize(
    ("text", "key", "message"),
    [
        ("lineup: a b\n", "lineup", "wrong form"),
        ("lineup: 5\n", "lineup", "must be text, not 5"),
        ("models: {n@x: {context_tokens: 1, upstreams: []}}\n", "models.n@x", "wrong form"),
        ("models: {n: {context_tokens: '5', upstreams: []}}\n", "models.n.context_tokens", "must be a whole number, not '5'"),
        ("models: {n: {context_tokens: 5, upstreams: []}}\n", "models.n.upstreams", "is empty"),
        ("models: {n: {capabilities: [chat, jsn]}}\n", "models.n.capabilities[1]", "'jsn' is not possible"),
        ("router: {kind: rules, rules: [{when: {cod: true}}]}\n", "router.rules[0].when.cod", "not a known key"),
        ("router: {kind: rules, rules: []}\n", "router.default", "is missing"),
        ("router: {kind: rule}\n", "router", "'rule' is not a kind"),
        ("aliases: [a]\n", "aliases", "must be a mapping, not a list of 1"),
        ("models: {}\n", "models", "is empty"),
    ],
)
def test_faults_of_a_lineup(text: str, key: str, message: str):
    """Faults deep in lists, mappings and unions are shown under the path that was written."""
    assert message in problems(text, Lineup)[key].message


@pytest.mark.parametrize(
    ("rate", "message"),
    [
        ("0.15", "is not exact"),
        ('"1e-3"', "not an amount"),
        ('"-1"', "not an amount"),
        ('"0.1234567891"', "not an amount"),
        ('"٣"', "not"),
    ],
)
def test_prices_are_quoted_decimals(rate: str, message: str):
    """A price that went through a float, is negative, or has more digits than the book keeps is refused."""
    row = f"{{model: a/b, since: 2026-01-01, input_usd_per_mtok: {rate}}}"
    found = problems(f"source: x\ncollected: 2026-01-01\nprices:\n  - {row}\n", PriceFile)["prices[0].input_usd_per_mtok"]
    assert message in found.message
    assert '"0.15"' in found.fix
    assert found.line == 4


def test_dates_and_tiers_of_prices_are_checked():
    """A date that is none, and tiers out of order, are named."""
    tiers = '[{above_input_tokens: 2, input_usd_per_mtok: "1"}, {above_input_tokens: 1, input_usd_per_mtok: "1"}]'
    text = f'source: x\ncollected: soon\nprices: [{{model: a/b, since: 2026-13-01, input_usd_per_mtok: "1", tiers: {tiers}}}]\n'
    found = problems(text, PriceFile)
    assert "2026-11-20" in found["collected"].fix
    assert "must be a date" in found["prices[0].since"].message
    assert "ascend" in found["prices[0].tiers"].message


def test_the_good_is_read():
    """A right file gives its value, frozen."""
    reading = check_text("lineup: a\nupstreams: {s: {kind: simulated}}\n", Settings, name="f")
    assert reading.problems == ()
    assert reading.value is not None
    assert reading.value.upstreams["s"].kind == "simulated"


def test_files_that_cannot_be_read_are_problems(tmp_path: Path):
    """A missing file, a folder, a file that is not UTF-8 and one that is too large are problems, not exceptions."""
    binary, large = tmp_path / "binary.yaml", tmp_path / "large.yaml"
    binary.write_bytes(b"a: 1\nb: \xff\n")
    with large.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    for path, message, line in (
        (tmp_path / "none.yaml", "cannot be read", 0),
        (tmp_path, "cannot be read", 0),
        (binary, "not UTF-8", 2),
        (large, "larger than", 0),
    ):
        (found,) = read_file(path, Settings, name=path.name).problems
        assert message in found.message
        assert found.line == line
