"""What is audited is what the caller got: the stronger model's answer where a request went up."""

import json
from pathlib import Path

import pytest
from tests.gateway.audits.auditing import audited_family, family_script, playing, until_audited
from tests.gateway.raw import Raw, post
from tests.gateway.speaking import script

AUDIT = {"share": 1.0, "max_usd_per_day": "5", "judge": "judge"}
ROUTER = {"kind": "fixed", "default": "nano", "escalation": {"checks": ["answers"]}, "audit": AUDIT}
REFUSAL = "I'm sorry, but I can't help with that."


@pytest.mark.parametrize("is_stream", [False, True])
async def test_an_audit_knows_the_model_that_answered(tmp_path: Path, is_stream: bool) -> None:
    """Going up is part of what is served, so the strongest is held against the next weaker one."""
    with audited_family(tmp_path / "up", router=ROUTER) as gateway:
        refuses = script(answer={"text": REFUSAL})
        async with playing(gateway.ports, {"a": refuses, "b": family_script(), "judge": family_script()}):
            body = {
                "model": "auto",
                "messages": [{"role": "user", "content": "Is it so?"}],
                "stream": is_stream,
                "triplepoint": {"escalate": "wait"},
            }
            answer: Raw = await post(gateway, json.dumps(body).encode())
            assert answer.headers["x-triplepoint-model"] == "regular"
            (audit,) = await until_audited(gateway, answer)
    assert (audit.chosen, audit.other, audit.reference) == ("regular", "nano", "regular")
    assert (audit.outcome, audit.scored_by) == ("fine", "refusal")
