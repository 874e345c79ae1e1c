"""Settings and rows for the tests of this room."""

from triplepoint.foundation.usage import Usage
from triplepoint.ledger.model import AttemptRow, Outcome
from triplepoint.settings import EnergySettings, LocalUpstream, OpenAIUpstream, Settings, SimulatedUpstream, Upstream


def settings(**upstreams: Upstream) -> Settings:
    """Make settings with these upstreams."""
    return Settings(lineup="spring", upstreams=upstreams)


def hosted(**energy: object) -> OpenAIUpstream:
    """Make an upstream that says this of its energy, as a file would; without arguments it says nothing."""
    said = EnergySettings.model_validate(energy) if energy else None
    return OpenAIUpstream(kind="openai", base_url="https://big.example/v1", energy=said)


def local(**energy: object) -> LocalUpstream:
    """Make a model on this machine."""
    return LocalUpstream(kind="local", gguf="mini", energy=EnergySettings.model_validate(energy) if energy else None)


def scripted(**energy: object) -> SimulatedUpstream:
    """Make a scripted upstream."""
    return SimulatedUpstream(kind="simulated", energy=EnergySettings.model_validate(energy) if energy else None)


def row(
    usage: Usage, *, upstream: str = "big", model: str = "llama-3.1-70b-instruct", outcome: Outcome | None = Outcome.FINISHED
) -> AttemptRow:
    """Make a row of the ledger."""
    return AttemptRow(
        receipt_id="rcpt_1",
        attempt=1,
        opened_us=1_000_000,
        closed_us=2_000_000,
        customer_id="cus_1",
        key_id="key_1",
        request_id="req_1",
        endpoint="/v1/chat/completions",
        asked_model="auto",
        served_model="large",
        upstream=upstream,
        upstream_model=model,
        lineup="0123456789ab",
        decision="asked by name",
        stream=False,
        outcome=outcome,
        status=200,
        error=None,
        usage=usage,
        price_id="ours/large@2026-01-01#1f3a",
        cost_usd="0.01",
        first_byte_us=1000,
        total_us=1_000_000,
        finish_reason="stop",
        conversation=None,
        tags={},
        notices=[],
    )
