"""``python -m bench energy``: processor time for the energy of one receipt, and for working out a profile."""

import argparse
import time
from collections.abc import Callable

from triplepoint.economics.energy import Meter
from triplepoint.economics.profile import find_place, work_out
from triplepoint.foundation.usage import Usage
from triplepoint.ledger.model import AttemptRow, Outcome
from triplepoint.settings import EnergySettings, Gpu, LocalUpstream, OpenAIUpstream, Settings, Upstream

_ROWS = 50_000
_LIMIT_US = 50
_USAGE = Usage(input_tokens=1_523, output_tokens=417, cache_read_tokens=1_024)
_UPSTREAMS: dict[str, Upstream] = {
    "known": OpenAIUpstream(
        kind="openai", base_url="http://127.0.0.1/v1", energy=EnergySettings(gpu=Gpu.H100, gpus=4, batch=64, zone="FRA")
    ),
    "closed": OpenAIUpstream(kind="openai", base_url="http://127.0.0.1/v1"),
    "local": LocalUpstream(kind="local", gguf="mini"),
}
_MODELS = {"known": "llama-3.1-70b-instruct", "closed": "gpt-5", "local": "qwen2.5-coder-0.5b-instruct"}


def main() -> None:
    """Measure and print."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    meter = Meter(Settings(lineup="bench", upstreams=_UPSTREAMS))
    for name, model in _MODELS.items():
        place = find_place(_UPSTREAMS[name], model)
        assert place is not None
        begun = time.process_time()
        work_out(place)
        once = (time.process_time() - begun) * 1e6
        profile = meter.profile(name, model)
        assert profile is not None
        row = _row(name, model)
        receipt = _us(lambda row=row: meter(row), _ROWS)
        quota = _us(lambda profile=profile: profile.energy_nwh(_USAGE), _ROWS)
        verdict = "within" if receipt <= _LIMIT_US else "ABOVE"
        print(
            f"{name:<7} {profile.grade.value:<9} receipt {receipt:6.2f} µs ({verdict} {_LIMIT_US}), quota {quota:5.2f} µs, "
            f"profile once {once / 1000:5.1f} ms"
        )


def _us(call: Callable[[], object], times: int) -> float:
    """Return the processor time of a call, microseconds, the best of three rounds."""
    best = float("inf")
    for _ in range(3):
        begun = time.process_time_ns()
        for _ in range(times):
            call()
        best = min(best, (time.process_time_ns() - begun) / times / 1000)
    return best


def _row(upstream: str, model: str) -> AttemptRow:
    return AttemptRow(
        receipt_id="rcpt_1",
        attempt=1,
        opened_us=1,
        closed_us=2,
        customer_id="cust_1",
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
        outcome=Outcome.FINISHED,
        status=200,
        error=None,
        usage=_USAGE,
        price_id="a/b@2026-01-01#1f3a",
        cost_usd="0.01",
        first_byte_us=1,
        total_us=1,
        finish_reason="stop",
        conversation=None,
        tags={},
        notices=[],
    )


if __name__ == "__main__":
    main()
