"""Plans as callers meet them: limits that hold, ladders that are announced, refusals that say when to come back."""

import asyncio
import datetime
import json
import time
from collections.abc import Generator
from decimal import Decimal
from typing import Any

import openai
import pytest
import yaml
from tests.gateway.conftest import running_simulations
from tests.gateway.harness import ADMIN, Running, free_port, model, openai_upstream, start_gateway, write_configuration
from tests.gateway.raw import Raw, post
from tests.gateway.speaking import fails, receipt_of, script, user

from triplepoint.upstreams.simulated.model import Script

TOOLS: list[dict[str, Any]] = [
    {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
]
LOOP: list[dict[str, Any]] = [
    {"role": "user", "content": "look it up"},
    {"role": "assistant", "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}]},
    {"role": "tool", "tool_call_id": "c1", "content": "found"},
]
COUNTED = {"input_tokens": 10, "output_tokens": 5}
"""What every upstream here reports."""

PLANS: dict[str, Any] = {
    "default": "open",
    "plans": {
        "open": {},
        "plus": {
            "fee_usd": "20",
            "charge": {"kind": "included"},
            "floor": "mini",
            "quotas": {
                "thinking-week": {"unit": "messages", "limit": 2, "per": "week", "models": ["thinking"]},
                "regular-day": {"unit": "messages", "limit": 1, "per": "day", "models": ["regular"]},
            },
            "ladder": {"thinking": "regular", "regular": "mini"},
        },
        "grace": {
            "quotas": {"day": {"unit": "messages", "limit": 1, "per": "day", "models": ["thinking"], "grace": 1}},
            "ladder": {"thinking": "mini"},
        },
        "strict": {"quotas": {"day": {"unit": "messages", "limit": 3, "per": "day"}}},
        "one": {"quotas": {"day": {"unit": "messages", "limit": 1, "per": "day"}}},
        "tokens": {"quotas": {"day": {"unit": "tokens", "limit": 300, "per": "day"}}},
        "money": {"quotas": {"day": {"unit": "charge_usd", "limit": "0.01", "per": "day"}}},
        "pace": {"rates": {"requests_per_minute": 2, "tokens_per_minute": 1000}},
        "weak": {"models": ["mini"], "endpoints": ["chat"], "max_context_tokens": 60, "max_output_tokens": 7},
        "markup": {"charge": {"kind": "at_cost", "margin_percent": "50"}},
        "ours": {"charge": {"kind": "prices", "prices": dict.fromkeys(("mini", "regular", "thinking"), "test/dear")}},
        "prepaid": {"prepaid": True},
        "overage": {
            "charge": {"kind": "included"},
            "quotas": {"day": {"unit": "messages", "limit": 1, "per": "day", "beyond": "credit"}},
        },
    },
}


@pytest.fixture(scope="module")
def sold(tmp_path_factory: pytest.TempPathFactory) -> Generator[Running]:
    """Run a gateway with plans, in front of upstreams a (mini), b (regular) and c (thinking)."""
    folder = tmp_path_factory.mktemp("plans")
    ports = {name: free_port() for name in "abc"}
    port = write_configuration(
        folder,
        upstreams={name: openai_upstream(where) for name, where in ports.items()},
        models={"mini": model("a"), "regular": model("b"), "thinking": model("c")},
        lineup={"aliases": {"deep": "thinking"}, "router": {"kind": "fixed", "default": "thinking"}},
    )
    (folder / "plans.yaml").write_text(yaml.safe_dump(PLANS), "utf-8")
    with start_gateway(folder, port) as running:
        running.ports = ports
        yield running


def answers(**answer: Any) -> Script:
    """Make a script that reports the same usage for each answer."""
    return script(answer={"text": "one two", "usage": COUNTED, **answer})


async def on_plan(gateway: Running, plan: str, name: str, *, credit: str | None = None, zone: str = "UTC") -> str:
    """Put a new customer on a plan; returns its key."""

    def make() -> str:
        with gateway.installation() as installation:
            customer = installation.access.customers.create(ADMIN, name, time_zone=zone)
            key = installation.access.keys.create(ADMIN, customer.id, label=name)
            installation.plans.assignments.assign(ADMIN, customer.id, plan)
            if credit is not None:
                installation.plans.credits.grant(ADMIN, customer.id, Decimal(credit), reason="test")
            return key.text.reveal()

    return await asyncio.to_thread(make)


async def ask(gateway: Running, key: str, name: str = "thinking", **members: Any) -> Raw:
    """Ask a model something short."""
    body = {"model": name, "messages": user(), "max_tokens": 20, **members}
    return await post(gateway, json.dumps(body).encode(), key=key)


async def test_a_used_up_quota_goes_down_the_ladder_and_says_so(sold: Running) -> None:
    """The third message to thinking is answered by regular, the fourth by mini; header, notice and receipt say why."""
    async with running_simulations(sold, a=answers(), b=answers(), c=answers()):
        key = await on_plan(sold, "plus", "ladder")
        served = [await ask(sold, key) for _ in range(4)]
        assert [answer.status for answer in served] == [200] * 4
        assert [answer.headers["x-triplepoint-model"] for answer in served] == ["thinking", "thinking", "regular", "mini"]
        assert [answer.json()["model"] for answer in served] == ["thinking"] * 4
        assert "x-triplepoint-notice" not in served[1].headers
        assert served[1].headers["x-triplepoint-quota"].startswith('"thinking-week";r=0;l=2;t=')
        assert served[1].headers["x-triplepoint-quota"].endswith(';next="regular"')
        assert (
            served[2]
            .headers["x-triplepoint-notice"]
            .startswith("regular answered in place of thinking: the quota thinking-week")
        )
        receipt = await receipt_of(sold, served[3].headers, key)
        assert receipt["served_model"] == "mini"
        assert receipt["attempts"][0]["downgraded_from"] == "thinking"
        assert receipt["plan"] == "plus"
        assert "thinking-week is used up, so thinking → regular" in receipt["decision"]
        assert receipt["charge_usd"] == "0"
        assert Decimal(receipt["cost_usd"]) > 0


async def test_one_exhausted_model_blocks_no_other(sold: Running) -> None:
    """With the quota of thinking used up, mini answers as before, without a word about it."""
    async with running_simulations(sold, a=answers(), b=answers(), c=answers()):
        key = await on_plan(sold, "plus", "not poisoned")
        for _ in range(3):
            await ask(sold, key)
        answer = await ask(sold, key, "mini")
        assert answer.status == 200
        assert "x-triplepoint-notice" not in answer.headers


async def test_a_caller_may_refuse_to_be_moved(sold: Running) -> None:
    """Asked with downgrade: refuse, a used-up quota is a 429 with the true reset, which the official client does not retry."""
    async with running_simulations(sold, a=answers(), b=answers(), c=answers()):
        key = await on_plan(sold, "plus", "refuses")
        for _ in range(2):
            assert (await ask(sold, key, triplepoint={"downgrade": "refuse"})).status == 200
        before_s = time.monotonic()
        async with openai.AsyncOpenAI(base_url=sold.base_url, api_key=key) as client:
            with pytest.raises(openai.RateLimitError) as refused:
                await client.chat.completions.create(
                    model="thinking", messages=user(), extra_body={"triplepoint": {"downgrade": "refuse"}}
                )
        assert time.monotonic() - before_s < 2
        assert refused.value.code == "insufficient_quota"
        headers = refused.value.response.headers
        assert headers["x-should-retry"] == "false"
        now = datetime.datetime.now(datetime.UTC)
        monday = (now + datetime.timedelta(days=7 - now.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
        assert abs(int(headers["retry-after"]) - (monday - now).total_seconds()) < 5
        assert monday.strftime("%Y-%m-%dT00:00:00+0000") in str(refused.value)
        assert "could have gone to regular" in str(refused.value)
        wrong = await ask(sold, key, triplepoint={"downgrade": "maybe"})
        assert (wrong.status, wrong.json()["error"]["param"]) == (400, "triplepoint.downgrade")


async def test_a_pin_is_not_moved(sold: Running) -> None:
    """Who asked for a pinned model gets it or a refusal, and nothing else in its place."""
    async with running_simulations(sold, a=answers(), b=answers(), c=answers()):
        key = await on_plan(sold, "plus", "pinned")
        statuses = [(await ask(sold, key, "thinking@test")).status for _ in range(3)]
        assert statuses == [200, 200, 429]


async def test_the_floor_holds_for_auto(sold: Running) -> None:
    """What auto and the ladder give is within the plan's models and from its floor on up."""
    async with running_simulations(sold, a=answers(), b=answers(), c=answers()):
        key = await on_plan(sold, "weak", "only mini")
        assert (await ask(sold, key, "auto")).headers["x-triplepoint-model"] == "mini"
        assert (await ask(sold, key, "thinking")).status == 404
        listed = await asyncio.to_thread(_names, sold, key)
        assert "thinking" not in listed
        assert "mini" in listed


def _names(gateway: Running, key: str) -> list[str]:
    with openai.OpenAI(base_url=gateway.base_url, api_key=key) as client:
        return [one.id for one in client.models.list()]


async def test_what_a_plan_does_not_include_is_refused(sold: Running) -> None:
    """Another endpoint is a 403, a longer prompt a 400, a longer answer is cut to the plan's length with a notice."""
    async with running_simulations(sold, a=answers()) as servers:
        key = await on_plan(sold, "weak", "rights")
        body = json.dumps({"model": "mini", "input": "hi", "max_output_tokens": 20}).encode()
        other = await post(sold, body, path="/v1/responses", key=key)
        assert (other.status, other.json()["error"]["code"]) == (403, "endpoint_not_entitled")
        long = await ask(sold, key, "mini", messages=user("word " * 100))
        assert (long.status, long.json()["error"]["code"]) == (400, "context_length_exceeded")
        short = await ask(sold, key, "mini", max_tokens=500)
        assert short.status == 200
        assert json.loads(servers["a"].seen[-1].body or b"")["max_tokens"] == 7
        assert "at most 7 tokens" in short.headers["x-triplepoint-notice"]
        await ask(sold, key, "mini", max_tokens=None)
        assert json.loads(servers["a"].seen[-1].body or b"")["max_completion_tokens"] == 7


async def test_a_tool_loop_is_not_moved_in_its_middle(sold: Running) -> None:
    """A request that goes on with a tool's result stays with its model on the quota's grace, and is refused after it."""
    async with running_simulations(sold, a=answers(), b=answers(), c=answers()):
        key = await on_plan(sold, "grace", "loop")
        assert (await ask(sold, key, tools=TOOLS)).headers["x-triplepoint-model"] == "thinking"
        goes_on = await ask(sold, key, messages=LOOP, tools=TOOLS)
        assert (goes_on.status, goes_on.headers["x-triplepoint-model"]) == (200, "thinking")
        stopped = await ask(sold, key, messages=LOOP, tools=TOOLS)
        assert (stopped.status, stopped.json()["error"]["code"]) == (429, "insufficient_quota")
        assert "tool loop" in stopped.json()["error"]["message"]
        fresh = await ask(sold, key, messages=user("another thing"), tools=TOOLS)
        assert fresh.headers["x-triplepoint-model"] == "mini"


async def test_a_loop_that_began_below_stays_there(sold: Running) -> None:
    """A tool loop whose first request was moved goes on at the lower model, though the model asked for has room again."""
    async with running_simulations(sold, a=answers(), b=answers(), c=answers()):
        key = await on_plan(sold, "grace", "below")
        await ask(sold, key, messages=user("something else"))
        began = await ask(sold, key, messages=LOOP[:1], tools=TOOLS)
        assert began.headers["x-triplepoint-model"] == "mini"
        await asyncio.to_thread(_raise_limit, sold, "below", "day", 10)
        goes_on = await ask(sold, key, messages=LOOP, tools=TOOLS)
        assert goes_on.headers["x-triplepoint-model"] == "mini"
        assert "its tool loop began" in goes_on.headers["x-triplepoint-notice"]
        another = await ask(sold, key, messages=user("a new question"), tools=TOOLS)
        assert another.headers["x-triplepoint-model"] == "thinking"


def _raise_limit(gateway: Running, customer: str, quota: str, limit: int) -> None:
    with gateway.installation() as installation:
        installation.plans.overrides.add(ADMIN, customer, quota, Decimal(limit), reason="test")


async def test_a_failed_request_is_no_message(sold: Running) -> None:
    """What the upstream refused or broke counts nothing, is charged nothing, and leaves the quota as it was."""
    async with running_simulations(sold, c=fails(kind="status", status=500)):
        key = await on_plan(sold, "one", "unlucky")
        assert (await ask(sold, key)).status == 502
    async with running_simulations(sold, c=answers()):
        assert (await ask(sold, key)).status == 200
        assert (await ask(sold, key)).status == 429


async def test_two_hundred_streams_race_for_the_last_message(sold: Running) -> None:
    """Of 200 streams at once for three messages exactly three are answered: no interleaving overspends."""
    slow = script(answer={"text": "one two three", "usage": COUNTED, "pace": {"first_token": "300ms"}})
    async with running_simulations(sold, c=slow):
        key = await on_plan(sold, "strict", "race")
        answers_ = await asyncio.gather(*(ask(sold, key, stream=True) for _ in range(200)))
        assert sorted(answer.status for answer in answers_) == [200] * 3 + [429] * 197


async def test_tokens_are_reserved_at_worst_and_counted_as_they_were(sold: Running) -> None:
    """A quota of tokens holds the worst case while a request runs and what was used afterwards."""
    async with running_simulations(sold, c=answers()):
        key = await on_plan(sold, "tokens", "tokens")
        statuses = [(await ask(sold, key)).status for _ in range(12)]
        assert statuses.count(200) >= 5
        refused = await ask(sold, key, max_tokens=140)
        assert refused.status == 429
        assert "are left of the quota day" in refused.json()["error"]["message"]
        never = await ask(sold, key, max_tokens=1000)
        assert "more than the whole quota day" in never.json()["error"]["message"]
        assert "retry-after" not in never.headers


async def test_usage_beyond_the_reservation_counts_whole(sold: Running) -> None:
    """An upstream that reports more than was thought possible is believed: the quota counts it all, and then refuses."""
    async with running_simulations(sold, c=script(answer={"text": "x", "usage": {"input_tokens": 5000, "output_tokens": 1}})):
        key = await on_plan(sold, "tokens", "excess")
        first = await ask(sold, key)
        assert first.status == 200
        assert (await ask(sold, key)).status == 429


async def test_rates_are_told_and_bind(sold: Running) -> None:
    """A plan's rates stand in OpenAI's headers; one request too many is a 429 that the client may retry soon."""
    async with running_simulations(sold, c=answers()):
        key = await on_plan(sold, "pace", "pace")
        first = await ask(sold, key)
        assert first.headers["x-ratelimit-limit-requests"] == "2"
        assert first.headers["x-ratelimit-remaining-requests"] == "1"
        assert first.headers["x-ratelimit-limit-tokens"] == "1000"
        assert int(first.headers["x-ratelimit-remaining-tokens"]) < 1000
        await ask(sold, key)
        third = await ask(sold, key)
        assert (third.status, third.json()["error"]["code"]) == (429, "rate_limit_exceeded")
        assert third.headers["x-should-retry"] == "true"
        assert 0 < int(third.headers["retry-after"]) <= 30


@pytest.mark.parametrize(("plan", "charge"), [("open", "0.000003"), ("markup", "0.0000045"), ("ours", "0.000105")])
async def test_charge_and_cost_are_two(sold: Running, plan: str, charge: str) -> None:
    """A receipt says what the vendor takes and what the customer pays: at cost, with a margin, or at prices of our own."""
    async with running_simulations(sold, c=answers()):
        key = await on_plan(sold, plan, f"charge {plan}")
        receipt = await receipt_of(sold, (await ask(sold, key)).headers, key)
        assert receipt["cost_usd"] == "0.000003"  # 10 at 0.10 and 5 at 0.40 for a million
        assert receipt["charge_usd"] == charge


async def test_money_is_a_hard_limit(sold: Running) -> None:
    """A request whose worst case costs more than is left is refused before it is sent."""
    async with running_simulations(sold, c=answers()) as servers:
        key = await on_plan(sold, "money", "money")
        assert (await ask(sold, key)).status == 200
        sent = len(servers["c"].seen)
        refused = await ask(sold, key, max_tokens=100_000)
        assert refused.status == 429
        assert "more than the whole quota day of plan money (0.01 USD a day)" in refused.json()["error"]["message"]
        assert len(servers["c"].seen) == sent


async def test_prepaid_use_is_burnt_from_credit(sold: Running) -> None:
    """Without credit a prepaid plan refuses; with it the receipt says which grant paid, to the last digit."""
    async with running_simulations(sold, c=answers()):
        poor = await on_plan(sold, "prepaid", "poor")
        refused = await ask(sold, poor)
        assert (refused.status, refused.json()["error"]["code"]) == (429, "insufficient_quota")
        assert "credit" in refused.json()["error"]["message"]
        key = await on_plan(sold, "prepaid", "rich", credit="0.5")
        receipt = await receipt_of(sold, (await ask(sold, key)).headers, key)
        (grant,) = receipt["attempts"][0]["burnt"]
        assert receipt["attempts"][0]["burnt"][grant] == receipt["charge_usd"] == "0.000003"
        dear = await ask(sold, key, max_tokens=100_000, n=20)
        assert "0.499997 USD of credit are left" in dear.json()["error"]["message"]


async def test_beyond_a_quota_credit_pays(sold: Running) -> None:
    """A used-up quota that turns to credit goes on at the same model, paid from the customer's credit, then refuses."""
    async with running_simulations(sold, c=answers()):
        key = await on_plan(sold, "overage", "beyond", credit="0.0001")
        first, second = await ask(sold, key), await ask(sold, key)
        free, paid = [await receipt_of(sold, answer.headers, key) for answer in (first, second)]
        assert (free["charge_usd"], free["attempts"][0]["burnt"]) == ("0", {})
        assert paid["charge_usd"] == "0.000003"
        assert list(paid["attempts"][0]["burnt"].values()) == ["0.000003"]
        poor = await ask(sold, key, max_tokens=4000)
        assert poor.status == 429
        assert "the quota day of plan overage (1 message a day) is used up" in poor.json()["error"]["message"]


async def test_a_customers_day_is_its_own(sold: Running) -> None:
    """The reset of a daily quota is the customer's next midnight, not ours."""
    async with running_simulations(sold, c=answers()):
        key = await on_plan(sold, "one", "far east", zone="Pacific/Kiritimati")
        await ask(sold, key)
        refused = await ask(sold, key)
        assert "T00:00:00+1400" in refused.json()["error"]["message"]


async def test_a_cancelled_stream_counts_what_it_was(sold: Running) -> None:
    """A caller that leaves has had a message, and what was reserved beyond it is free again."""
    slow = script(answer={"text": "word " * 50, "usage": COUNTED, "pace": {"between_tokens": "50ms"}})
    async with running_simulations(sold, c=slow):
        key = await on_plan(sold, "strict", "leaves")
        async with openai.AsyncOpenAI(base_url=sold.base_url, api_key=key, max_retries=0) as client:
            for _ in range(3):
                stream = await client.chat.completions.create(model="thinking", messages=user(), stream=True)
                async for _chunk in stream:
                    break
                await stream.close()
            await asyncio.sleep(0.3)
            with pytest.raises(openai.RateLimitError):
                await client.chat.completions.create(model="thinking", messages=user())


async def test_counting_tokens_takes_nothing(sold: Running) -> None:
    """A count of tokens is no message: the quota is whole afterwards."""
    async with running_simulations(sold, c=answers()):
        key = await on_plan(sold, "one", "counts")
        body = json.dumps({"model": "thinking", "messages": user()}).encode()
        for _ in range(3):
            assert (await post(sold, body, path="/v1/messages/count_tokens", key=key)).status == 200
        assert (await ask(sold, key)).status == 200
