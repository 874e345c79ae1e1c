"""A learned router on the request path, through the real gateway: what it chose, what is kept of it, what callers may turn."""

import asyncio
import hashlib
import json
from collections.abc import Generator
from typing import Any

import anthropic
import openai
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from tests.gateway.conftest import running_simulations
from tests.gateway.harness import ADMIN, Running, free_port, model, openai_upstream, start_gateway, write_configuration
from tests.gateway.raw import Raw, post
from tests.gateway.speaking import fails_once, receipt_of, script
from tests.routing.scorer.helpers import tiny_scorer

from triplepoint.ledger.drain import drain
from triplepoint.upstreams.simulated.model import Script

EASY, HARD = "say hello to the team", "prove the theorem"
WORDS = {**{word: [0.0, 0.0] for word in (*EASY.split(), "theorem")}, "prove": [-0.9, -0.01]}
SCORER = tiny_scorer(words=WORDS, quality=[[0.85, 0.9]] * 3)
HASH = hashlib.sha256(SCORER).hexdigest()
PLANS: dict[str, Any] = {
    "default": "open",
    "plans": {
        "open": {},
        "frugal": {"thrift": 100},
        "plain": {"dials": ["warmth"]},
        "small": {"models": ["small"]},
        "floored": {"floor": "large"},
        "eu": {"regions": ["eu"]},
        "ladder": {
            "thrift": 0,
            "quotas": {"day": {"unit": "messages", "limit": 1, "per": "day", "models": ["large"]}},
            "ladder": {"large": "small"},
        },
    },
}
TOOLS: list[Any] = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}]
CALL: Any = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}


@pytest.fixture(scope="module")
def routed(tmp_path_factory: pytest.TempPathFactory) -> Generator[Running]:
    """Run a gateway whose router has learnt that small is good enough but for proofs; large falls back from b to c."""
    folder = tmp_path_factory.mktemp("routed")
    ports = {name: free_port() for name in "abc"}
    router = {
        "kind": "learned",
        "default": "small",
        "good_answer_usd": "0.01",
        "scorer": {"file": "routers/tiny.safetensors", "sha256": HASH},
    }
    port = write_configuration(
        folder,
        upstreams={name: openai_upstream(where, region="eu" if name == "a" else "us") for name, where in ports.items()},
        models={"small": model("a"), "large": model("b", "c", price="test/dear")},
        lineup={"router": router},
    )
    (folder / "routers").mkdir()
    (folder / "routers" / "tiny.safetensors").write_bytes(SCORER)
    (folder / "plans.yaml").write_text(yaml.safe_dump(PLANS), "utf-8")
    with start_gateway(folder, port) as running:
        running.ports = ports
        yield running


def answers(text: str = "done") -> Script:
    """Make a script that reports the same usage for each answer."""
    return script(answer={"text": text, "usage": {"input_tokens": 10, "output_tokens": 5}})


async def key_on(gateway: Running, plan: str, name: str = "") -> str:
    """Put a new customer on a plan; returns its key."""

    def make() -> str:
        with gateway.installation() as installation:
            customer = installation.access.customers.create(ADMIN, f"{plan} {name}")
            key = installation.access.keys.create(ADMIN, customer.id, label=plan)
            installation.plans.assignments.assign(ADMIN, customer.id, plan)
            return key.text.reveal()

    return await asyncio.to_thread(make)


async def ask(gateway: Running, text: str = EASY, *headers: str, key: str = "", **members: Any) -> Raw:
    """Ask auto."""
    body = {"model": "auto", "messages": [{"role": "user", "content": text}], "max_tokens": 20, **members}
    return await post(gateway, json.dumps(body).encode(), *headers, key=key)


def served(answer: Raw) -> str:
    """Return the model that served."""
    assert answer.status == 200, answer.body
    return answer.headers["x-triplepoint-model"]


async def test_a_decision_is_on_its_receipt(routed: Running) -> None:
    """Policy, scorer, every model with what was expected of it, and the signals; a model by name has none of it."""
    async with running_simulations(routed, a=answers(), b=answers()):
        answer = await ask(routed, HARD)
        assert served(answer) == "large"
        receipt = await receipt_of(routed, answer.headers)
        found = receipt["routed"]
        assert (found["policy"], found["scorer"], found["thrift"], found["explored"]) == ("learned", HASH[:12], 50, False)
        small, large = found["candidates"]
        assert (small["model"], large["model"]) == ("small", "large")
        assert small["quality"] < 0.5 < large["quality"]
        assert large["worth_usd"] > small["worth_usd"]
        assert found["signals"]["hard"] is True
        assert "theorem" not in json.dumps(found)
        assert receipt["decision"].startswith("worth most at thrift 50")
        named = await ask(routed, model="small")
        assert (await receipt_of(routed, named.headers))["routed"] is None


async def test_a_fallback_keeps_the_decision_on_the_first_attempt(routed: Running) -> None:
    """Of a request that took two upstreams, the first attempt has the decision, in the ledger too."""
    async with running_simulations(routed, b=fails_once(kind="status", status=503), c=answers()):
        answer = await ask(routed, HARD)
        assert served(answer) == "large"

    def rows() -> list[Any]:
        with routed.installation() as installation:
            drain(installation.data, installation.ledger, meter=installation.meter)
            receipt = installation.ledger.receipt(answer.headers["x-triplepoint-receipt"])
            assert receipt is not None
            return [row.routed for row in receipt.attempts]

    first, *others = await asyncio.to_thread(rows)
    assert first is not None
    assert first.policy == "learned"
    assert others
    assert set(others) == {None}


async def test_thrift_moves_the_choice(routed: Running) -> None:
    """At 0 quality decides, at 100 the price; what the caller turns goes before what the plan says."""
    async with running_simulations(routed, a=answers(), b=answers()):
        assert served(await ask(routed, EASY, triplepoint={"thrift": 0})) == "large"
        assert served(await ask(routed, HARD, triplepoint={"thrift": 100})) == "small"
        frugal = await key_on(routed, "frugal")
        assert served(await ask(routed, HARD, key=frugal)) == "small"
        answer = await ask(routed, HARD, key=frugal, triplepoint={"thrift": 0})
        assert served(answer) == "large"
        assert (await receipt_of(routed, answer.headers, frugal))["routed"]["thrift"] == 0
        assert served(await ask(routed, HARD, model="small", triplepoint={"thrift": 0})) == "small"


async def test_thrift_by_the_official_clients(routed: Running) -> None:
    """Both vendors' clients turn the dial with an extra body, and are told what is wrong with a bad one as they know it."""
    extra = {"triplepoint": {"thrift": 100}}
    async with running_simulations(routed, a=answers("small one"), b=answers("large one")):
        async with openai.AsyncOpenAI(base_url=routed.base_url, api_key=routed.key, max_retries=0) as gpt:
            said = await gpt.chat.completions.create(
                model="auto", messages=[{"role": "user", "content": HARD}], extra_body=extra
            )
            assert said.choices[0].message.content == "small one"
            with pytest.raises(openai.BadRequestError) as refused:
                await gpt.responses.create(model="auto", input="hi", extra_body={"triplepoint": {"thrift": 101}})
            assert refused.value.param == "triplepoint.thrift"
        async with anthropic.AsyncAnthropic(base_url=routed.root_url, api_key=routed.key, max_retries=0) as claude:
            message = await claude.messages.create(
                model="auto", max_tokens=20, messages=[{"role": "user", "content": HARD}], extra_body=extra
            )
            assert message.content[0].type == "text"
            assert message.content[0].text == "small one"


async def test_a_plan_without_the_dial_says_so(routed: Running) -> None:
    """Where the plan's dials leave thrift out, turning it is a 400 that names plan and member; without it all is well."""
    plain = await key_on(routed, "plain")
    async with running_simulations(routed, a=answers()):
        refused = await ask(routed, key=plain, triplepoint={"thrift": 10})
        error = refused.json()["error"]
        assert (refused.status, error["code"], error["param"]) == (400, "dial_not_entitled", "triplepoint.thrift")
        assert "plan plain does not include" in error["message"]
        assert served(await ask(routed, key=plain)) == "small"


async def test_rights_hold_against_the_router(routed: Running) -> None:
    """Plan, floor and regions bind whatever the router thinks; a plan's customers do not see what they may not call."""
    async with running_simulations(routed, a=answers(), b=answers()):
        only = await key_on(routed, "small")
        answer = await ask(routed, HARD, "x-triplepoint-explain: true", key=only)
        assert served(answer) == "small"
        assert "large" not in answer.headers["x-triplepoint-candidates"]
        receipt = await receipt_of(routed, answer.headers, only)
        assert [one["model"] for one in receipt["routed"]["candidates"]] == ["small"]
        assert served(await ask(routed, EASY, key=await key_on(routed, "floored"))) == "large"
        assert served(await ask(routed, HARD, key=await key_on(routed, "eu"))) == "small"


async def test_an_explained_answer_tells_the_decision(routed: Running) -> None:
    """The headers have choice, reason, dial, propensity and every candidate, in a fixed form."""
    async with running_simulations(routed, a=answers(), b=answers()):
        told = (await ask(routed, EASY, "x-triplepoint-explain: true")).headers
        assert told["x-triplepoint-decision"] == "worth most at thrift 50: 85 % good for 0.000041 USD"
        assert told["x-triplepoint-routing"] == (
            'chosen="small", policy=learned, thrift=50, propensity=1, explored=no, certified=no, '
            f'group="maths", scorer="{HASH[:12]}"'
        )
        assert told["x-triplepoint-candidates"] == (
            '"small";quality=0.85;tokens=100;usd=0.0000413;wh=0.1223;worth=0.008459, '
            '"large";quality=0.9;tokens=100;usd=0.001539;wh=0.1223;worth=0.007461'
        )
        by_name = (await ask(routed, EASY, "x-triplepoint-explain: true", model="small")).headers
        assert by_name["x-triplepoint-decision"] == "asked by name"
        assert "x-triplepoint-candidates" not in by_name
        silent = (await ask(routed)).headers
        assert "x-triplepoint-routing" not in silent


async def test_a_conversation_stays_with_its_model(routed: Running) -> None:
    """A turn that would go to small stays with large where the conversation is there, and says so; a stranger's does not."""
    stranger = await key_on(routed, "open", "stranger")
    async with running_simulations(routed, a=answers(), b=answers()):
        first = [{"role": "user", "content": EASY}]
        assert served(await ask(routed, messages=first, triplepoint={"thrift": 0})) == "large"
        turn = [*first, {"role": "assistant", "content": "hello team"}, {"role": "user", "content": EASY}]
        assert served(await ask(routed, messages=turn, key=stranger)) == "small"
        again = await ask(routed, messages=turn)
        assert served(again) == "large"
        assert "its conversation is with large" in (await receipt_of(routed, again.headers))["decision"]
        assert served(await ask(routed, messages=[*first])) == "small"  # the first turn of another one asks nobody


async def test_counting_is_no_answer(routed: Running) -> None:
    """A count of tokens names a model and gives no answer, so the conversation is with nobody yet."""
    first = [{"role": "user", "content": f"{EASY} the team"}]
    body = {"model": "auto", "messages": first, "triplepoint": {"thrift": 0}}
    async with running_simulations(routed, a=answers(), b=answers()):
        counted = await post(routed, json.dumps(body).encode(), path="/v1/messages/count_tokens")
        assert served(counted) == "large"
        turn = [*first, {"role": "assistant", "content": "hello team"}, {"role": "user", "content": EASY}]
        assert served(await ask(routed, messages=turn)) == "small"


async def test_a_tool_loop_stays_where_it_began(routed: Running) -> None:
    """Whatever the result says, and whatever the dial: the loop goes on at the model that began it."""
    async with running_simulations(routed, a=answers(), b=answers()):
        began = [{"role": "user", "content": f"{EASY} now"}]
        assert served(await ask(routed, messages=began, tools=TOOLS)) == "small"
        result = {"role": "tool", "tool_call_id": "c1", "content": HARD}
        goes_on = [*began, {"role": "assistant", "tool_calls": [CALL]}, result]
        answer = await ask(routed, messages=goes_on, tools=TOOLS, triplepoint={"thrift": 0})
        assert served(answer) == "small"
        assert "its tool loop is at small" in (await receipt_of(routed, answer.headers))["decision"]


async def test_a_ladder_under_auto_is_where_the_loop_stays(routed: Running) -> None:
    """A loop whose first request was moved down by a used-up quota goes on down there, by the same memory."""
    key = await key_on(routed, "ladder")
    async with running_simulations(routed, a=answers(), b=answers()):
        assert served(await ask(routed, HARD, key=key)) == "large"
        began = [{"role": "user", "content": f"{HARD} to the team"}]
        moved = await ask(routed, messages=began, tools=TOOLS, key=key)
        assert served(moved) == "small"
        receipt = await receipt_of(routed, moved.headers, key)
        assert receipt["attempts"][0]["downgraded_from"] == "large"
        result = {"role": "tool", "tool_call_id": "c1", "content": "found"}
        goes_on = [*began, {"role": "assistant", "tool_calls": [CALL]}, result]
        assert served(await ask(routed, messages=goes_on, tools=TOOLS, key=key)) == "small"


async def test_the_metrics_tell_the_mix_of_a_plan(routed: Running) -> None:
    """How many of a plan's requests went to which model, and by which policy, are counts of their own."""
    key = await key_on(routed, "frugal", "mix")
    async with running_simulations(routed, a=answers(), b=answers()):
        before = await asyncio.to_thread(_mix, routed)
        for _ in range(3):
            await ask(routed, HARD, key=key)
        await ask(routed, model="large", key=key)
        after = await asyncio.to_thread(_mix, routed)
    grown = {labels: count - before.get(labels, 0) for labels, count in after.items() if count != before.get(labels, 0)}
    assert grown == {
        ("triplepoint_decisions_total", "frugal", "small", "learned", "no", "no"): 3,
        ("triplepoint_served_total", "frugal", "small", "auto"): 3,
        ("triplepoint_served_total", "frugal", "large", "name"): 1,
    }


def _mix(gateway: Running) -> dict[tuple[str, ...], float]:
    with gateway.installation() as installation:
        text = (installation.gateway.metrics() or b"").decode()
    names = ("plan", "model", "policy", "explored", "certified", "asked")
    return {
        (sample.name, *(sample.labels[name] for name in names if name in sample.labels)): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name in {"triplepoint_decisions_total", "triplepoint_served_total"}
    }
