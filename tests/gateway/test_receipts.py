import json
from decimal import Decimal
from typing import Any

import pytest
from tests.gateway.conftest import Simulate
from tests.gateway.harness import PRICES, Running
from tests.gateway.raw import CHAT, get, post, question
from tests.gateway.speaking import MESSAGES, RESPONSES, fails, receipt_of, says, script, user

USAGE = {"input_tokens": 100, "output_tokens": 20, "cache_read_tokens": 60, "cache_write_tokens": 0, "reasoning_tokens": 5}
WAYS = [
    (CHAT, "chat", "a"),
    (CHAT, "claude", "c"),
    (RESPONSES, "native", "r"),
    (RESPONSES, "chat", "a"),
    (RESPONSES, "claude", "c"),
    (MESSAGES, "claude", "c"),
    (MESSAGES, "chat", "a"),
]


def body(model: str, **members: Any) -> bytes:
    """Write a request that all three paths understand."""
    return json.dumps({"model": model, "input": "hello", "messages": user(), "max_tokens": 99, **members}).encode()


@pytest.mark.parametrize(("path", "model", "upstream"), WAYS)
@pytest.mark.parametrize("is_stream", [False, True])
async def test_every_way_is_charged_alike(
    gateway: Running, simulate: Simulate, path: str, model: str, upstream: str, is_stream: bool
) -> None:
    """Whatever the dialects, streamed or not, the receipt has the reported counts and their exact cost."""
    await simulate(upstream, script(answer={"text": "one two", "usage": USAGE, "reasoning": "hm"}))
    answer = await post(gateway, body(model, stream=is_stream), path=path)
    assert answer.status == 200
    receipt = await receipt_of(gateway, answer.headers)
    [attempt] = receipt["attempts"]
    usage = attempt["usage"]
    assert (usage["input_tokens"], usage["output_tokens"], usage["cache_read_tokens"]) == (100, 20, 60)
    assert usage["source"] == "reported"
    row = next(row for row in PRICES["prices"] if attempt["price"].startswith(row["model"]))
    cached = Decimal(row.get("cache_read_usd_per_mtok", row["input_usd_per_mtok"]))
    due = 40 * Decimal(row["input_usd_per_mtok"]) + 60 * cached + 20 * Decimal(row["output_usd_per_mtok"])
    assert Decimal(receipt["cost_usd"]) == due / 1_000_000
    assert (receipt["outcome"], receipt["endpoint"], attempt["stream"]) == ("finished", path, is_stream)


async def test_a_receipt_from_memory_has_energy(gateway: Running, simulate: Simulate) -> None:
    """The gateway's own answer, before the ledger has the attempt, has energy and carbon with interval and grade."""
    await simulate("a", script(answer={"text": "one two", "usage": USAGE}))
    receipt = await receipt_of(gateway, (await post(gateway, body("chat"))).headers)
    energy, carbon = receipt["energy"], receipt["carbon"]
    assert 0 < Decimal(energy["low_wh"]) < Decimal(energy["wh"]) < Decimal(energy["high_wh"])
    assert energy["grade"] == "modelled"
    assert 0 < Decimal(carbon["low_g"]) < Decimal(carbon["g"]) < Decimal(carbon["high_g"])
    assert receipt["attempts"][0]["energy"] == energy


async def test_a_receipt_is_its_customers_alone(gateway: Running, simulate: Simulate) -> None:
    """Another customer's key, or none, does not see it, and learns not that it exists."""
    await simulate("a", says())
    path = f"/v1/receipts/{(await post(gateway, question())).headers['x-triplepoint-receipt']}"
    assert (await get(gateway, path)).status == 200
    other = await get(gateway, path, key=gateway.issue("a stranger"))
    nothing = await get(gateway, "/v1/receipts/rcpt_none")
    assert (other.status, other.body) == (nothing.status, nothing.body)
    assert other.json()["error"]["code"] == "receipt_not_found"
    assert (await get(gateway, path, key="tp-wrong")).status == 401


async def test_a_receipt_keeps_the_upstreams_model_to_itself(gateway: Running, simulate: Simulate) -> None:
    """What the model is called at the upstream, and where that is, is the operator's affair."""
    await simulate("a", says())
    answer = await post(gateway, question())
    receipt = await get(gateway, f"/v1/receipts/{answer.headers['x-triplepoint-receipt']}")
    assert b"a-model" not in receipt.body
    assert b"127.0.0.1" not in receipt.body


async def test_an_attempt_that_broke_is_of_unknown_cost(gateway: Running, simulate: Simulate) -> None:
    """Where an upstream took a request and then failed, nobody knows what it cost: unknown, and not zero."""
    await simulate("l", fails(kind="close"))
    answer = await post(gateway, question(model="hasty"))
    receipt = await receipt_of(gateway, answer.headers)
    assert receipt["cost_usd"] is None
    assert receipt["attempts"][0]["usage"]["input_tokens"] is None


async def test_nobody_there_costs_nothing(gateway: Running) -> None:
    """Where nothing was sent nothing is due, and the receipt says whom we could not reach."""
    answer = await post(gateway, question(model="hasty"))
    receipt = await receipt_of(gateway, answer.headers)
    assert (receipt["cost_usd"], receipt["attempts"][0]["error"]) == ("0", "connect_failed")
    assert receipt["attempts"][0]["status"] is None


async def test_embeddings_are_charged(gateway: Running, simulate: Simulate) -> None:
    """An embedding's receipt has its input, no output, and a cost."""
    await simulate("a", script())
    answer = await post(gateway, json.dumps({"model": "chat", "input": ["one two", "three"]}).encode(), path="/v1/embeddings")
    [attempt] = (await receipt_of(gateway, answer.headers))["attempts"]
    assert (attempt["usage"]["input_tokens"], attempt["usage"]["output_tokens"]) == (3, 0)
    assert Decimal(attempt["cost_usd"]) == Decimal("0.0000003")


async def test_a_cut_stream_is_charged_for_what_came(gateway: Running, simulate: Simulate) -> None:
    """The tokens that reached the caller before the cut are estimated, flagged, and charged."""
    await simulate(
        "a", script(answer={"text": "one two three four five six"}, cases=[{"fault": {"kind": "cut", "after_chunks": 4}}])
    )
    answer = await post(gateway, question(stream=True))
    receipt = await receipt_of(gateway, answer.headers)
    [attempt] = receipt["attempts"]
    assert (receipt["outcome"], attempt["usage"]["source"]) == ("cut", "estimated")
    assert 3 <= attempt["usage"]["output_tokens"] <= 6
    assert Decimal(receipt["cost_usd"]) > 0


async def test_counting_tokens_at_the_upstream_is_free(gateway: Running, simulate: Simulate) -> None:
    """``count_tokens`` has a receipt of the upstream's request, and costs nothing."""
    await simulate("c", says())
    answer = await post(gateway, body("claude"), path="/v1/messages/count_tokens")
    assert answer.json() == {"input_tokens": 1}
    receipt = await receipt_of(gateway, answer.headers)
    assert receipt["cost_usd"] == "0"


async def test_a_refusal_has_a_receipt_that_says_why(gateway: Running) -> None:
    """A request that was sent to nobody can be looked up by its receipt for a while: refused, why, and at no cost."""
    answer = await post(gateway, body("nobody"))
    assert answer.status == 404
    receipt = await receipt_of(gateway, answer.headers)
    assert (receipt["outcome"], receipt["error"], receipt["status"]) == ("refused", "model_not_found", 404)
    assert (receipt["cost_usd"], receipt["attempts"]) == ("0", [])
