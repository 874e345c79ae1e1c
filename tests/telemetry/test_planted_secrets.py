"""A key and a prompt, planted wherever they could slip through, are in no log, metric, span or error."""

import asyncio
import io
import json
import logging
from typing import Any

import msgspec
import pydantic
import pytest
from tests.telemetry.conftest import Collector
from tests.telemetry.records import CLOSED, OPENED, STATUS

from triplepoint.foundation.secret import Secret
from triplepoint.telemetry.faults import trace
from triplepoint.telemetry.logs import configure_logging, get_logger, loop_fault
from triplepoint.telemetry.metrics import GatewayMetrics
from triplepoint.telemetry.tracing import open_tracing

KEY = "tp-PLANTEDKEYplantedkeyPLANTEDKEYplantedkey012"
PROMPT = "planted words about my medical history"
BODY = json.dumps({"model": "auto", "messages": [{"role": "user", "content": PROMPT}], "api_key": KEY}).encode()


class Strict(pydantic.BaseModel):
    """Refuses the body, and quotes it in its message."""

    model: int


def fail_in_every_way() -> list[BaseException]:
    """Trip over the body as a careless program would."""

    def undecodable() -> object:
        return (BODY + b"\xff").decode()

    def no_number() -> object:
        return int(PROMPT)

    def no_member() -> object:
        nothing: dict[str, object] = {}
        return nothing[KEY + PROMPT]

    def invalid() -> object:
        return Strict.model_validate_json(BODY)

    def unequal() -> object:
        raise AssertionError(BODY)

    def malformed() -> object:
        return msgspec.json.decode(BODY + b"!")

    found: list[BaseException] = []
    for way in (undecodable, no_number, no_member, invalid, unequal, malformed):
        try:
            way()
        except Exception as error:  # noqa: BLE001 (every kind is wanted)
            found.append(error)
    return found


def leaks(text: str | bytes) -> list[str]:
    """Return what of the planted words is in an output."""
    data = text if isinstance(text, str) else text.decode("latin-1")
    return [piece for piece in (KEY, "PLANTEDKEY", PROMPT, "planted words", "medical") if piece in data]


def test_the_plants_would_be_found() -> None:
    """Written without care, the same failures do show what was planted: so the tests below can fail."""
    careless = " ".join(repr(error) for error in fail_in_every_way())
    assert set(leaks(careless)) == {KEY, "PLANTEDKEY", PROMPT, "planted words", "medical"}


@pytest.mark.parametrize("pretty", [False, True])
def test_logs(pretty: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """No log line, ours or a library's, shows what was planted, whatever was handed to it."""
    out = io.StringIO()
    configure_logging("debug", stream=out, pretty=pretty)
    handed: list[Any] = [BODY, bytearray(BODY), memoryview(BODY), msgspec.Raw(BODY), json.loads(BODY), [PROMPT], Secret(KEY)]
    logger = get_logger("gateway")
    for value in handed:
        logger.info("request", value=value, header=f"Bearer {KEY}", query=f"api_key={KEY}")
        logging.getLogger("uvicorn.error").warning("request %s with %r", value, value)
        logging.getLogger("uvicorn.error").warning("request %s", value)
        logging.getLogger("uvicorn.error").warning({"headers": f"authorization: Bearer {KEY}", "body": PROMPT})
    for error in fail_in_every_way():
        logger.error("failed", exc_info=error)
        logger.error("failed", error=error)
        logging.getLogger("uvicorn.error").error("failed %s", error, exc_info=error)
        logging.getLogger("asyncio").error("never retrieved\nfuture: %r", error)
    assert out.getvalue().count("\n") >= 45
    assert leaks(out.getvalue()) == []
    assert leaks("".join(capsys.readouterr())) == []


async def test_event_loop(capsys: pytest.CaptureFixture[str]) -> None:
    """A task that fails with nobody waiting for it does not show what it failed over."""
    out = io.StringIO()
    configure_logging("debug", stream=out)
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(loop_fault)

    async def fail() -> None:
        raise ValueError(PROMPT + KEY)

    task = loop.create_task(fail())
    await asyncio.sleep(0)
    del task
    await asyncio.sleep(0.01)
    assert "Task exception was never retrieved" in out.getvalue()
    assert leaks(out.getvalue()) == []
    assert leaks("".join(capsys.readouterr())) == []


def test_errors() -> None:
    """A traceback as we write it has places and types, and nothing of the values."""
    for error in fail_in_every_way():
        written = trace(error)
        assert "test_planted_secrets.py" in written
        assert leaks(written) == []


def test_metrics() -> None:
    """Of a record, metrics show names of ours only: not what the caller asked for, wrote or is called."""
    metrics = GatewayMetrics()
    planted = {"asked_model": PROMPT, "conversation": PROMPT, "tags": {KEY: PROMPT}, "key_id": KEY, "customer_id": KEY}
    metrics.attempt(msgspec.structs.replace(OPENED, **planted), CLOSED)
    assert leaks(metrics.render(STATUS)) == []


def test_spans(collector: Collector) -> None:
    """Spans and OpenTelemetry metrics show neither headers nor what the caller wrote."""
    tracing = open_tracing(collector.endpoint, version="0.1.0")
    headers = {b"authorization": f"Bearer {KEY}".encode(), b"baggage": f"k={KEY}".encode(), b"x-prompt": PROMPT.encode()}
    request = tracing.request("/v1/messages", headers, receipt_id="rcpt_1")
    planted = {"asked_model": PROMPT, "conversation": PROMPT, "tags": {KEY: PROMPT}, "key_id": KEY, "decision": PROMPT}
    attempt = request.attempt(msgspec.structs.replace(OPENED, **planted), kind="openai")
    assert leaks(b"".join(name + value for name, value in attempt.headers)) == []
    attempt.end(msgspec.structs.replace(CLOSED, notices=[PROMPT]))
    request.end(status=200, error=None)
    tracing.close()
    assert {path for path, _ in collector.bodies} == {"/v1/traces", "/v1/metrics"}
    for _, body in collector.bodies:
        assert leaks(body) == []
