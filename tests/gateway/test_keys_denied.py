"""Who has no key, or not the right one, gets nothing: the same words for every reason, and no upstream hears of it."""

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.gateway.conftest import Simulate
from tests.gateway.harness import ADMIN, Running
from tests.gateway.raw import CHAT, call, get, head, post, question

from triplepoint.app import open_installation
from triplepoint.upstreams.simulated.model import Script

MESSAGES = "/v1/messages"
BODY = question()


def _request(*lines: str, path: str = CHAT, method: str = "POST") -> bytes:
    start = [f"{method} {path} HTTP/1.1", "host: gateway", f"content-length: {len(BODY)}"]
    return "\r\n".join([*start, *lines, "", ""]).encode("latin-1") + BODY


def _key_from_elsewhere(folder: Path) -> str:
    """Return a good key of another installation."""
    folder.mkdir()
    (folder / "triplepoint.yaml").write_text("lineup: none\nupstreams: {}\n", "utf-8")
    with open_installation(folder) as other:
        customer = other.access.customers.create(ADMIN, "elsewhere")
        return other.access.keys.create(ADMIN, customer.id, label="elsewhere").text.reveal()


WRONG: dict[str, Callable[[str], list[str]]] = {
    "none": lambda _: [],
    "empty": lambda _: ["authorization: Bearer "],
    "empty in x-api-key": lambda _: ["x-api-key:"],
    "no scheme": lambda key: [f"authorization: {key}"],
    "another scheme": lambda key: [f"authorization: Basic {key}"],
    "another case": lambda key: [f"authorization: Bearer {key.swapcase()}"],
    "cut off": lambda key: [f"authorization: Bearer {key[:-1]}"],
    "too long": lambda key: [f"authorization: Bearer {key}x"],
    "very long": lambda _: [f"authorization: Bearer tp-{'x' * 30_000}"],
    "not ASCII": lambda _: ["authorization: Bearer tp-\xff\xfe"],
    "a good one after a bad one": lambda key: ["authorization: Bearer tp-bad", f"x-api-key: {key}"],
    "where nobody looks": lambda key: [f"x-key: {key}", f"cookie: key={key}"],
}


async def _is_refused(gateway: Running, *lines: str) -> None:
    for path in (CHAT, MESSAGES):
        async with call(gateway) as caller:
            await caller.send(_request(*lines, path=path))
            answer = await caller.answer()
        assert answer.status == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.headers["x-should-retry"] == "false"
        error = answer.json()["error"]
        assert error["type"] == "authentication_error"
        assert error["message"] == "Give a valid key: Authorization: Bearer tp-… (or x-api-key)."
        assert ("request_id" in answer.json()) == (path == MESSAGES)


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
async def test_every_wrong_key_gets_the_same_answer(
    gateway: Running, simulate: Simulate, wrong: Callable[[str], list[str]]
) -> None:
    """Whatever is wrong with a key, the answer is the same 401, in either dialect; nothing is sent upstream."""
    server = await simulate("a", Script())
    await _is_refused(gateway, *wrong(gateway.key))
    assert server.seen.count == 0


async def test_a_key_of_another_installation_is_unknown(gateway: Running, tmp_path: Path) -> None:
    """A good key opens nothing where it was not issued."""
    await _is_refused(gateway, f"authorization: Bearer {_key_from_elsewhere(tmp_path / 'other')}")


@pytest.mark.parametrize(
    "path", ["/v1/models", "/v1/models/chat", "/v1/receipts/rcpt_1", "/v1/nothing", "/", "/metrics", "/api/keys"]
)
async def test_without_a_key_nothing_can_be_looked_at(gateway: Running, path: str) -> None:
    """Every path but the two of health asks for a key first, so that nobody learns what exists."""
    assert (await get(gateway, path, key="tp-wrong")).status == 401


async def test_health_asks_for_no_key(gateway: Running) -> None:
    """Whoever watches the process needs no key, and learns nothing but how it is."""
    assert (await get(gateway, "/healthz", key="tp-wrong")).json() == {"status": "ok"}
    assert (await get(gateway, "/readyz", key="tp-wrong")).json() == {"status": "ready", "reason": None}


@pytest.mark.parametrize("place", ["authorization: Bearer {}", "authorization: bearer {}", "x-api-key: {}", "api-key: {}"])
async def test_a_key_is_found_where_clients_put_it(gateway: Running, simulate: Simulate, place: str) -> None:
    """OpenAI's, Anthropic's and Azure's clients each have their own header for a key."""
    await simulate("a", Script())
    async with call(gateway) as caller:
        await caller.send(_request(place.format(gateway.key)))
        assert (await caller.answer()).status == 200


async def test_a_revoked_key_is_dead_when_the_command_returns(gateway: Running, simulate: Simulate) -> None:
    """Revoking reaches the running gateway before it is reported as done, also on a connection that is open already."""
    await simulate("a", Script())
    key = gateway.issue("soon revoked")
    async with call(gateway) as caller:
        request = head(gateway, f"content-length: {len(BODY)}", key=key) + BODY
        await caller.send(request)
        assert (await caller.answer()).status == 200
        with gateway.installation() as installation:
            found = next(one for one, _ in installation.access.live_keys() if one.label == "soon revoked")
            installation.access.keys.revoke(ADMIN, found.id)
        await caller.send(request)
        assert (await caller.answer()).status == 401


async def test_a_key_ends_at_its_moment(gateway: Running, simulate: Simulate) -> None:
    """A key with an end works until then and not after, with nothing published in between."""
    await simulate("a", Script())
    with gateway.installation() as installation:
        customer = installation.access.customers.create(ADMIN, "brief")
        ends_us = installation.clock.now_us() + 800_000
        key = installation.access.keys.create(ADMIN, customer.id, label="brief", expires_us=ends_us).text.reveal()
    assert (await post(gateway, BODY, key=key)).status == 200
    await asyncio.sleep(max(0.0, ends_us / 1e6 - time.time()) + 0.02)
    assert (await post(gateway, BODY, key=key)).status == 401


async def test_a_model_that_a_key_may_not_call_does_not_exist_for_it(gateway: Running, simulate: Simulate) -> None:
    """It is the same 404 as for a name that nothing answers to, by every name of it; nothing is sent, nothing listed."""
    server = await simulate("a", Script())
    key = gateway.issue("narrow", "claude")
    for name in ("chat", "small", "chat@test"):
        refused = await post(gateway, question(model=name), key=key)
        unknown = await post(gateway, question(model="nobody"), key=key)
        assert refused.status == unknown.status == 404
        assert refused.body.replace(name.encode(), b"nobody") == unknown.body
        assert (await get(gateway, f"/v1/models/{name}", key=key)).status == 404
    listed = (await get(gateway, "/v1/models", key=key)).json()["data"]
    assert [entry["id"] for entry in listed] == ["claude", "auto"]
    assert server.seen.count == 0


async def test_the_router_stays_within_what_a_key_may_call(gateway: Running, simulate: Simulate) -> None:
    """``auto`` goes to a model that the key may call, whatever the router prefers."""
    preferred = await simulate("a", Script())
    allowed = await simulate("c", Script())
    key = gateway.issue("routed", "claude")
    answer = await post(gateway, question(model="auto"), key=key)
    assert answer.headers["x-triplepoint-model"] == "claude"
    assert (preferred.seen.count, allowed.seen.count) == (0, 1)


async def test_a_receipt_is_for_its_customer_alone(gateway: Running, simulate: Simulate) -> None:
    """Another customer's receipt is the same 404 as one that never was."""
    await simulate("a", Script())
    receipt = (await post(gateway, BODY)).headers["x-triplepoint-receipt"]
    other = gateway.issue("curious")
    assert (await get(gateway, f"/v1/receipts/{receipt}")).status == 200
    refused = await get(gateway, f"/v1/receipts/{receipt}", key=other)
    unknown = await get(gateway, "/v1/receipts/rcpt_unknown", key=other)
    assert refused.status == unknown.status == 404
    assert refused.body == unknown.body


async def test_the_body_does_not_say_who_calls(gateway: Running, simulate: Simulate) -> None:
    """The customer comes from the key: what a body says of a user or a customer changes nothing on the receipt."""
    await simulate("a", Script())
    key = gateway.issue("true caller")
    answer = await post(
        gateway, json.dumps({**json.loads(BODY), "user": "cust_other", "customer_id": "cust_other"}).encode(), key=key
    )
    receipt = (await get(gateway, f"/v1/receipts/{answer.headers['x-triplepoint-receipt']}", key=key)).json()
    assert "cust_other" not in json.dumps(receipt)
