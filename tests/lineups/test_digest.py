import pytest

from triplepoint.files.checked import check_text
from triplepoint.lineups.digest import lineup_digest
from triplepoint.lineups.model import Lineup
from triplepoint.settings import Settings

LINEUP = """\
lineup: a
models:
  x: {context_tokens: 9, capabilities: [chat, json], upstreams: [{upstream: u, model: m, price: a/b}]}
  y: {context_tokens: 9, upstreams: [{upstream: u, model: n, price: a/b}]}
aliases: {s: x, t: y}
"""
SETTINGS = 'lineup: a\nupstreams: {u: {kind: openai, base_url: "https://x.example/v1", api_key: "${KEY}"}}\n'


def digest(lineup: str = LINEUP, settings: str = SETTINGS, price: str = "1") -> str:
    """Hash a line-up from its text."""
    read, upstreams = check_text(lineup, Lineup, name="f").value, check_text(settings, Settings, name="f").value
    assert read is not None
    assert upstreams is not None
    return lineup_digest(read, prices={"a/b": {"input": price}}, upstreams=upstreams.upstreams)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("aliases: {s: x, t: y}", "# a comment\naliases: {t: y, s: x}"),
        ("[chat, json]", "[json, chat]"),
        ("context_tokens: 9, capabilities", "max_output_tokens: 4096, context_tokens: 9, capabilities"),
    ],
)
def test_ways_of_writing_do_not_count(old: str, new: str):
    """Comments, the order of aliases and capabilities, and defaults written out leave the hash as it is."""
    assert old in LINEUP
    assert digest(LINEUP.replace(old, new)) == digest()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("s: x", "s: y"),
        ("context_tokens: 9, capa", "context_tokens: 8, capa"),
        ("lineup: a", "lineup: b"),
        ("model: m", "model: k"),
    ],
)
def test_what_a_lineup_means_counts(old: str, new: str):
    """Any change of what is on offer changes the hash."""
    assert old in LINEUP
    assert digest(LINEUP.replace(old, new)) != digest()


def test_the_order_of_models_counts():
    """Weaker and stronger are said by the order of models, so swapping two is another line-up."""
    lines = LINEUP.splitlines(keepends=True)
    swapped = "".join([*lines[:2], lines[3], lines[2], *lines[4:]])
    assert digest(swapped) != digest()


def test_prices_and_upstreams_count_but_secrets_do_not():
    """Another price or address is another hash; another name for the key's variable is not."""
    assert digest(price="2") != digest()
    assert digest(settings=SETTINGS.replace("x.example", "y.example")) != digest()
    assert digest(settings=SETTINGS.replace("${KEY}", "${OTHER}")) == digest()
