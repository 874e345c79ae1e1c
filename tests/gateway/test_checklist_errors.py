"""The compatibility checklist, points 11 to 16: errors, as the official clients understand them."""

import json
import time
from typing import Any

import openai
import pytest
from tests.gateway.conftest import Simulate
from tests.gateway.harness import Running
from tests.gateway.raw import get, post, question
from tests.gateway.speaking import MESSAGES, fails, fails_once, says, user

from triplepoint.foundation.errors import NotEntitled, Overloaded, QuotaExhausted, RateLimited, Retired, TriplepointError
from triplepoint.gateway.wire import error_body, error_headers, error_status
from triplepoint.upstreams.dialects.model import Dialect

EVERY_ERROR: list[tuple[TriplepointError, int, str, str]] = [
    (QuotaExhausted("used up"), 429, "insufficient_quota", "rate_limit_error"),
    (RateLimited("too fast"), 429, "rate_limit_error", "rate_limit_error"),
    (NotEntitled("not yours"), 403, "permission_error", "permission_error"),
    (Retired("gone"), 410, "invalid_request_error", "not_found_error"),
]
MESSAGE = json.dumps({"model": "claude", "max_tokens": 9, "messages": user()}).encode()


async def test_an_openai_error_has_its_four_members(gateway: Running) -> None:
    """Point 11: on OpenAI's paths an error is one object of message, type, param and code, whatever went wrong."""
    for path, body in [("/v1/chat/completions", b"{"), ("/v1/responses", question(model="none")), ("/v1/embeddings", b"[]")]:
        answer = await post(gateway, body, path=path)
        assert answer.headers["content-type"] == "application/json"
        error = answer.json()["error"]
        assert list(answer.json()) == ["error"]
        assert set(error) == {"message", "type", "param", "code"}
        assert isinstance(error["code"], str)
    answer = await get(gateway, "/v1/nothing")
    assert (answer.status, answer.json()["error"]["code"]) == (404, "unknown_path")


async def test_an_anthropic_error_has_anthropics_shape(gateway: Running) -> None:
    """Point 11: on Anthropic's paths an error is theirs, with the request's id."""
    answer = await post(gateway, b"{", path=MESSAGES)
    assert answer.json()["type"] == "error"
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert answer.json()["request_id"] == answer.headers["request-id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize(("error", "status", "openai_type", "anthropic_type"), EVERY_ERROR)
def test_each_fault_has_its_status_and_type(
    error: TriplepointError, status: int, openai_type: str, anthropic_type: str
) -> None:
    """Point 11: a fault has one status, and the type that each vendor uses with it."""
    assert error_status(error, Dialect.CHAT) == error_status(error, Dialect.MESSAGES) == status
    assert json.loads(error_body(error, Dialect.CHAT, "req"))["error"]["type"] == openai_type
    assert json.loads(error_body(error, Dialect.MESSAGES, "req"))["error"]["type"] == anthropic_type


async def test_a_retry_is_counted_and_waits_as_told(gateway: Running, simulate: Simulate) -> None:
    """Point 12: the client comes back after ``retry-after-ms`` and says that it does; a storm shows in the metrics."""
    server = await simulate("l", fails_once(kind="status", status=429, headers={"retry-after-ms": "700"}))
    before = _caller_retries(gateway)
    async with openai.AsyncOpenAI(base_url=gateway.base_url, api_key=gateway.key) as gpt:
        began = time.monotonic()
        await gpt.chat.completions.create(model="hasty", messages=user())
    assert 0.65 <= time.monotonic() - began < 4
    assert len(server.seen) == 2
    assert _caller_retries(gateway) == before + 1


async def test_the_client_gives_up_on_a_long_wait(gateway: Running, simulate: Simulate) -> None:
    """Point 12: a true wait of an hour is told as such, and the client does not wait for it."""
    server = await simulate("a", fails(kind="status", status=429, retry_after="3600"))
    async with openai.AsyncOpenAI(base_url=gateway.base_url, api_key=gateway.key) as gpt:
        with pytest.raises(openai.RateLimitError) as raised:
            await gpt.chat.completions.create(model="chat", messages=user())
    assert raised.value.response.headers["retry-after"] == "3600"
    assert len(server.seen) == 1


@pytest.mark.parametrize("body", [b"{", question(model="none"), question(temperature={}, stream="yes")])
async def test_what_a_retry_cannot_help_is_not_retried(gateway: Running, body: bytes) -> None:
    """Point 12: a request that is wrong says so to the client's retries."""
    answer = await post(gateway, body)
    assert 400 <= answer.status < 500
    assert answer.headers["x-should-retry"] == "false"


def test_quota_and_throttling_are_told_apart() -> None:
    """Point 13: a used-up quota is 429 insufficient_quota, not retried, with the true reset; throttling is retried soon."""
    quota = dict(error_headers(QuotaExhausted("used up", retry_after_s=86_399.2)))
    assert quota == {b"x-should-retry": b"false", b"retry-after": b"86400"}
    assert json.loads(error_body(QuotaExhausted("x"), Dialect.CHAT, "req"))["error"]["code"] == "insufficient_quota"
    throttled = dict(error_headers(RateLimited("too fast", retry_after_s=1.25)))
    assert throttled == {b"x-should-retry": b"true", b"retry-after": b"2", b"retry-after-ms": b"1250"}


async def test_throttling_has_a_short_wait_in_whole_seconds(gateway: Running, simulate: Simulate) -> None:
    """Point 13: an upstream's 429 reaches the caller as a 429 with whole seconds, to be retried."""
    await simulate("l", fails(kind="status", status=429, retry_after="1.2"))
    answer = await post(gateway, question(model="hasty"))
    assert (answer.status, answer.headers["retry-after"], answer.headers["x-should-retry"]) == (429, "2", "true")
    assert answer.json()["error"]["type"] == "rate_limit_error"


async def test_an_unknown_model_is_404(gateway: Running) -> None:
    """Point 14: a name that means nothing, or that this key may not call, is 404 model_not_found in the same words."""
    narrow = gateway.issue("point 14", "plain")
    unknown = await post(gateway, question(model="nothing"), key=narrow)
    forbidden = await post(gateway, question(model="claude"), key=narrow)
    for answer, name in ((unknown, "nothing"), (forbidden, "claude")):
        assert answer.status == 404
        assert answer.json()["error"]["code"] == "model_not_found"
        assert answer.json()["error"]["message"].replace(name, "X") == unknown.json()["error"]["message"].replace(
            "nothing", "X"
        )


@pytest.mark.parametrize(("upstream", "openai_status", "anthropic_status"), [(429, 429, 429), (503, 503, 529), (529, 503, 529)])
async def test_overload_is_no_rate_limit(
    gateway: Running, simulate: Simulate, upstream: int, openai_status: int, anthropic_status: int
) -> None:
    """Point 14: a limit is 429 and never 400; overload is 503, and 529 for Anthropic's clients."""
    await simulate("l", fails(kind="status", status=upstream))
    assert (await post(gateway, question(model="hasty"))).status == openai_status
    message = json.dumps({"model": "hasty", "max_tokens": 9, "messages": user()}).encode()
    assert (await post(gateway, message, path=MESSAGES)).status == anthropic_status


async def test_an_empty_answer_is_no_success(gateway: Running, simulate: Simulate) -> None:
    """Point 14: a 200 with nothing in it is a 502, streamed or not."""
    await simulate("l", fails(kind="empty"))
    for is_stream in (False, True):
        answer = await post(gateway, question(model="hasty", stream=is_stream))
        assert answer.status == 502
        assert answer.json()["error"]["type"] == "server_error"


def test_our_own_queue_is_overloaded_not_limited() -> None:
    """Point 14: no room in our own queue is 503 (529 for Anthropic's clients), to be retried."""
    full = Overloaded("no room", retry_after_s=3)
    assert (error_status(full, Dialect.CHAT), error_status(full, Dialect.MESSAGES)) == (503, 529)
    assert (b"x-should-retry", b"true") in error_headers(full)


@pytest.mark.parametrize("status", [500, 502, 503, 529])
@pytest.mark.parametrize("model", ["chat", "claude"])
async def test_an_upstreams_words_in_a_5xx_stay_with_us(gateway: Running, simulate: Simulate, status: int, model: str) -> None:
    """Point 15: what an upstream says in a 5xx, and its address, reach no caller."""
    upstream = {"chat": "a", "claude": "c"}[model]
    await simulate(upstream, fails(kind="status", status=status, message="secret of host db-7"))
    answer = await post(gateway, question(model=model))
    assert answer.status >= 500
    assert b"db-7" not in answer.body
    assert str(gateway.ports[upstream]).encode() not in answer.body


@pytest.mark.parametrize("kind", ["cut", "reset_before", "malformed"])
@pytest.mark.parametrize("is_stream", [False, True])
async def test_faults_on_the_way_name_no_address(gateway: Running, simulate: Simulate, kind: str, is_stream: bool) -> None:
    """Point 15: nor does an error that came from the transport say where the upstream is, in a body or in a stream."""
    faults: dict[str, dict[str, Any]] = {
        "cut": {"kind": "cut", "after_chunks": 2},
        "reset_before": {"kind": "close", "how": "reset"},
        "malformed": {"kind": "garbage", "where": "framing"},
    }
    await simulate("a", fails(**faults[kind]))
    answer = await post(gateway, question(stream=is_stream))
    assert b"error" in answer.body
    assert b"127.0.0.1" not in answer.body
    assert str(gateway.ports["a"]).encode() not in answer.body


async def test_an_upstreams_words_in_a_400_help_the_caller(gateway: Running, simulate: Simulate) -> None:
    """Point 15: what it says in a 400 is passed on, for it is about the request."""
    await simulate("a", fails(kind="status", status=400, message="temperature must be below 2", error_code="bad_temperature"))
    error = (await post(gateway, question())).json()["error"]
    assert (error["message"], error["code"]) == ("temperature must be below 2", "bad_temperature")


async def test_a_refused_key_of_ours_is_not_the_callers(gateway: Running, simulate: Simulate) -> None:
    """Point 15: an upstream that refuses our credentials is our fault: 502, so that no client throws its good key away."""
    await simulate("a", fails(kind="status", status=401, message="bad key sk-live"))
    answer = await post(gateway, question())
    assert (answer.status, answer.json()["error"]["code"]) == (502, "upstream_misconfigured")
    assert b"sk-live" not in answer.body


@pytest.mark.parametrize("key", ["tp-wrong", "sk-other", " "])
async def test_a_401_describes_nothing(gateway: Running, simulate: Simulate, key: str) -> None:
    """Point 16: who has no key learns nothing: the same words for every wrong key, and no line-up, upstream or model."""
    await simulate("a", says())
    answer = await post(gateway, question(), key=key)
    assert answer.status == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["error"] == {
        "message": "Give a valid key: Authorization: Bearer tp-… (or x-api-key).",
        "type": "authentication_error",
        "param": None,
        "code": "invalid_api_key",
    }
    assert not [name for name in answer.headers if name.startswith(("x-triplepoint-model", "x-ratelimit", "server"))]


def _caller_retries(gateway: Running) -> int:
    with gateway.installation() as installation:
        text = (installation.gateway.metrics() or b"").decode()
    [line] = [line for line in text.splitlines() if line.startswith("triplepoint_caller_retries_total ")]
    return int(float(line.rpartition(" ")[2]))
