"""A small right configuration in a folder, to break in one place at a time."""

from pathlib import Path

import pytest

SETTINGS = """\
lineup: spring
upstreams:
  big:
    kind: openai
    base_url: https://big.example/v1
    api_key: ${BIG_KEY}
  unused:
    kind: anthropic
    api_key: ${UNUSED_KEY}
  here: {kind: local, gguf: nano, context_tokens: 2048}
"""
LINEUP = """\
lineup: spring
models:
  small:
    context_tokens: 2048
    max_output_tokens: 512
    upstreams:
      - {upstream: here, model: s, price: ours/small}
  large:
    context_tokens: 8192
    capabilities: [chat, tools]
    upstreams:
      - {upstream: big, model: l, price: ours/large}
aliases: {quick: small}
router:
  kind: rules
  rules:
    - {when: {code: true}, use: large, why: code}
    - {when: {min_input_tokens: 500}, use: large, why: long}
  default: small
"""
PRICES = """\
source: test
collected: 2026-01-01
prices:
  - {model: ours/small, since: 2026-01-01, input_usd_per_mtok: "0.1", output_usd_per_mtok: "0.2"}
  - {model: ours/large, since: 2026-01-01, input_usd_per_mtok: "1", output_usd_per_mtok: "2"}
  - {model: ours/embedder, since: 2026-01-01, input_usd_per_mtok: "0.02"}
  - {model: ours/later, since: 2027-01-01, input_usd_per_mtok: "1", output_usd_per_mtok: "2"}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a right configuration."""
    for name, text in (("triplepoint.yaml", SETTINGS), ("lineups/spring.yaml", LINEUP), ("prices/1.yaml", PRICES)):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path
