"""A cheap answer that will not do is answered by a stronger model instead, once, and the receipt says all of it."""

import json
from collections.abc import Generator
from decimal import Decimal
from typing import Any

import anthropic
import openai
import pytest
from tests.gateway.conftest import running_simulations
from tests.gateway.escalation.family import CANNOT, QUESTION, SOUND, STRONG, WRONG, answers, asked, family
from tests.gateway.harness import Running
from tests.gateway.raw import Raw, get, post
from tests.gateway.speaking import MESSAGES, RESPONSES, fails, receipt_of, script, seen_body, user


@pytest.fixture(scope="module")
def looked(tmp_path_factory: pytest.TempPathFactory) -> Generator[Running]:
    """Run a family without plans."""
    with family(tmp_path_factory.mktemp("looked")) as running:
        yield running


async def ask(gateway: Running, *lines: str, path: str = "/v1/chat/completions", **members: Any) -> Raw:
    """Ask the family."""
    return await post(gateway, json.dumps(asked(**members)).encode(), *lines, path=path)


async def test_a_sound_answer_is_given_as_it_is(looked: Running) -> None:
    """One attempt, no notice, and nobody else is asked."""
    async with running_simulations(looked, a=answers(SOUND), c=answers(STRONG)) as servers:
        answer = await ask(looked)
        assert (answer.status, answer.json()["choices"][0]["message"]["content"]) == (200, SOUND)
        assert answer.headers["x-triplepoint-model"] == "mini"
        assert "x-triplepoint-notice" not in answer.headers
        assert not servers["c"].seen
        receipt = await receipt_of(looked, answer.headers)
        assert [one["notices"] for one in receipt["attempts"]] == [[]]


async def test_what_will_not_do_goes_up_once(looked: Running) -> None:
    """The strongest model answers; header, notice and receipt say so, and costs add up to the last digit."""
    async with running_simulations(looked, a=answers(WRONG), b=answers(STRONG), c=answers(STRONG)) as servers:
        answer = await ask(looked, "x-triplepoint-explain: true")
        assert (answer.status, answer.json()["choices"][0]["message"]["content"]) == (200, STRONG)
        assert answer.json()["model"] == "auto"
        assert answer.headers["x-triplepoint-model"] == "thinking"
        assert answer.headers["x-triplepoint-notice"] == f"escalated from mini: {CANNOT}"
        assert answer.headers["x-triplepoint-decision"] == f"escalated from mini: {CANNOT}"
        assert [len(servers[name].seen) for name in "abc"] == [1, 0, 1]
        receipt = await receipt_of(looked, answer.headers)
        first, second = receipt["attempts"]
        assert (first["attempt"], first["served_model"], first["outcome"]) == (1, "mini", "finished")
        assert first["notices"] == [f"check arithmetic: {CANNOT}"]
        assert (second["attempt"], second["served_model"], second["outcome"]) == (2, "thinking", "finished")
        assert second["escalated_from"] == "mini"
        assert second["decision"] == f"escalated from mini: {CANNOT}"
        assert (receipt["served_model"], receipt["decision"]) == ("thinking", second["decision"])
        assert receipt["routed"]["policy"] == "fixed"
        assert Decimal(receipt["cost_usd"]) == Decimal(first["cost_usd"]) + Decimal(second["cost_usd"])
        assert first["cost_usd"] == "0.000003"  # 10 at 0.10 and 5 at 0.40 for a million
        assert second["cost_usd"] == "0.000105"  # 10 at 3 and 5 at 15
        assert receipt["charge_usd"] == receipt["cost_usd"]


@pytest.mark.parametrize(
    ("text", "finish", "words"),
    [
        ("", None, "it was empty"),
        ("I'm sorry, but I can't help with that.", None, "it refused"),
        ("The apples are", "length", "it ended for want of room"),
        ("Some are left.", None, "it came to no number"),
    ],
)
async def test_every_check_can_send_it_up(looked: Running, text: str, finish: str | None, words: str) -> None:
    """Each says what was wrong in words of its own."""
    async with running_simulations(looked, a=answers(text, finish_reason=finish), c=answers(STRONG)):
        answer = await ask(looked)
        assert answer.headers["x-triplepoint-notice"] == f"escalated from mini: {words}"


async def test_an_answer_that_was_asked_to_be_short_is_not_looked_at_for_it(looked: Running) -> None:
    """Who asks for two words gets two, of the cheap model; who leaves room and gets no end has it go up."""
    async with running_simulations(looked, a=answers("one two three four"), c=answers("one two three")):
        short = await ask(looked, text="Count.", max_tokens=2)
        assert short.json()["choices"][0]["finish_reason"] == "length"
        assert short.headers["x-triplepoint-model"] == "mini"
    async with running_simulations(looked, a=answers("word " * 400), c=answers("one two three")):
        long = await ask(looked, text="Count.", max_tokens=300)
        assert long.headers["x-triplepoint-notice"] == "escalated from mini: it ended for want of room"


async def test_a_schema_holds_for_the_answer_and_for_calls(looked: Running) -> None:
    """JSON that does not keep to its schema goes up, and so does a call with wrong arguments; a right one does not."""
    schema = {"type": "object", "properties": {"left": {"type": "integer"}}, "required": ["left"]}
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    tools = [{"type": "function", "function": {"name": "look", "parameters": schema}}]
    async with running_simulations(looked, a=script(answer={"json": {"left": "two"}}), c=script(answer={"json": {"left": 2}})):
        answer = await ask(looked, response_format=form)
        assert answer.headers["x-triplepoint-notice"] == "escalated from mini: it did not keep to the schema"
        assert json.loads(answer.json()["choices"][0]["message"]["content"]) == {"left": 2}
    calls = [{"name": "look", "arguments": {"left": "two"}}], [{"name": "look", "arguments": {"left": 2}}]
    cheap, strong = (script(answer={"tool_calls": one}) for one in calls)
    async with running_simulations(looked, a=cheap, c=strong):
        answer = await ask(looked, tools=tools)
        assert "tool's schema" in answer.headers["x-triplepoint-notice"]
        (call,) = answer.json()["choices"][0]["message"]["tool_calls"]
        assert json.loads(call["function"]["arguments"]) == {"left": 2}
    async with running_simulations(looked, a=strong, c=strong):
        assert (await ask(looked, tools=tools)).headers["x-triplepoint-model"] == "mini"


async def test_official_clients_in_all_three_dialects(looked: Running) -> None:
    """Whatever the caller speaks and the models do, it gets the stronger answer under its own name."""
    async with running_simulations(looked, a=answers(WRONG), c=answers(STRONG)):
        async with openai.AsyncOpenAI(base_url=looked.base_url, api_key=looked.key, max_retries=0) as gpt:
            chat = await gpt.chat.completions.with_raw_response.create(model="auto", messages=user(QUESTION))
            assert chat.parse().choices[0].message.content == STRONG
            response = await gpt.responses.with_raw_response.create(model="auto", input=QUESTION)
            assert response.parse().output_text == STRONG
        async with anthropic.AsyncAnthropic(base_url=looked.root_url, api_key=looked.key, max_retries=0) as claude:
            message = await claude.messages.with_raw_response.create(model="auto", max_tokens=50, messages=user(QUESTION))
            (block,) = (await message.parse()).content
            assert block.type == "text"
            assert block.text == STRONG
        for told in (chat, response, message):
            assert told.headers["x-triplepoint-model"] == "thinking"
            assert "escalated from mini" in told.headers["x-triplepoint-notice"]


@pytest.mark.parametrize(
    ("fault", "code"),
    [({"kind": "status", "status": 500}, "upstream_error"), ({"kind": "status", "status": 400}, "invalid_request"),
     ({"kind": "close"}, "")],
)  # fmt: skip
async def test_where_the_stronger_model_fails_the_cheap_answer_is_given(
    looked: Running, fault: dict[str, Any], code: str
) -> None:
    """With a notice, and with all attempts on the receipt, of which the one that answered counts."""
    async with running_simulations(looked, a=answers(WRONG), b=fails(**fault), c=fails(**fault)):
        answer = await ask(looked)
        assert (answer.status, answer.json()["choices"][0]["message"]["content"]) == (200, WRONG)
        assert answer.headers["x-triplepoint-model"] == "mini"
        assert answer.headers["x-triplepoint-notice"].startswith(f"mini answered although {CANNOT}: thinking failed ({code}")
        receipt = await receipt_of(looked, answer.headers)
        assert (receipt["served_model"], receipt["outcome"]) == ("mini", "finished")
        later = receipt["attempts"][1:]
        assert later
        assert {(one["served_model"], one["outcome"], one["escalated_from"]) for one in later} == {
            ("thinking", "failed", "mini")
        }
        assert [one["attempt"] for one in receipt["attempts"]] == list(range(1, len(later) + 2))


async def test_retries_of_both_models_are_numbered_on(looked: Running) -> None:
    """Two attempts at the cheap one, two at the strong one, one receipt."""
    once = [{"when": {"nth": 1}, "fault": {"kind": "status", "status": 500}}]
    cheap = script(answer={"text": WRONG}, cases=once)
    strong = script(answer={"text": STRONG}, cases=once)
    async with running_simulations(looked, a=cheap, c=strong):
        answer = await ask(looked)
        assert answer.headers["x-triplepoint-model"] == "thinking"
        attempts = (await receipt_of(looked, answer.headers))["attempts"]
        found = [(one["attempt"], one["served_model"], one["outcome"]) for one in attempts]
        assert found == [(1, "mini", "failed"), (2, "mini", "finished"), (3, "thinking", "failed"), (4, "thinking", "finished")]


async def test_where_no_stronger_model_is_up_the_cheap_answer_is_given(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Both stronger ones rest after failures that came meanwhile."""
    breaker = {"breaker": {"failures": 1, "rest": "60s"}, "retry": {"attempts": 1}}
    with family(tmp_path_factory.mktemp("resting"), upstream=breaker) as resting:
        async with running_simulations(resting, a=answers(WRONG), b=fails(kind="status", status=500), c=fails(kind="close")):
            for name in ("regular", "thinking"):
                await post(resting, json.dumps({**asked(), "model": name}).encode())
            answer = await ask(resting)
            assert answer.json()["choices"][0]["message"]["content"] == WRONG
            assert "x-triplepoint-notice" not in answer.headers  # there was nobody from the start, so it was not looked at


@pytest.mark.parametrize(
    "members",
    [
        {"triplepoint": {"escalate": "never"}},
        {"model": "mini"},
        {"n": 2},
        {"messages": [*user(QUESTION), {"role": "assistant", "content": "12 -"}]},
        {
            "messages": [
                *user(QUESTION),
                {
                    "role": "assistant",
                    "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
                },
                {"role": "tool", "tool_call_id": "c", "content": "12"},
            ]
        },
    ],
    ids=["never", "by name", "several", "prefill", "tool loop"],
)
async def test_some_answers_are_not_looked_at(looked: Running, members: dict[str, Any]) -> None:
    """Where the caller says so, names the model, wants several, gives the beginning, or is in a tool loop."""
    async with running_simulations(looked, a=answers(WRONG), c=answers(STRONG)) as servers:
        answer = await post(looked, json.dumps({**asked(), **members}).encode())
        assert (answer.status, answer.headers["x-triplepoint-model"]) == (200, "mini")
        assert not servers["c"].seen


async def test_a_response_that_one_upstream_keeps_is_not_looked_at(looked: Running) -> None:
    """Another one would not know what it goes on with."""
    async with running_simulations(looked, a=answers(WRONG), c=answers(STRONG)) as servers:
        body = {"model": "auto", "input": QUESTION, "conversation": "conv_1"}
        await post(looked, json.dumps(body).encode(), path=RESPONSES)
        assert not servers["c"].seen


@pytest.mark.parametrize("value", ["always", "", 1, True, ["wait"]])
async def test_an_unknown_wish_is_refused(looked: Running, value: object) -> None:
    """Nobody shall believe to have set what was not."""
    answer = await ask(looked, triplepoint={"escalate": value})
    assert (answer.status, answer.json()["error"]["param"]) == (400, "triplepoint.escalate")
    assert "never, whole or wait" in answer.json()["error"]["message"]


async def test_the_control_is_dropped_and_the_second_request_is_the_first(looked: Running) -> None:
    """The stronger model gets what the caller sent, and no word of ours."""
    async with running_simulations(looked, a=answers(WRONG), b=answers(STRONG)) as servers:
        await post(looked, json.dumps(asked(temperature=0.3, triplepoint={"escalate": "whole"})).encode())
        cheap = seen_body(servers["a"].seen[0])
        assert "triplepoint" not in cheap
        assert cheap["temperature"] == 0.3


async def test_the_whole_is_counted(looked: Running) -> None:
    """Looks by what was found, escalations by what came of them."""
    cases = [{"when": {"nth": 1}, "answer": {"text": SOUND}}]
    async with running_simulations(looked, a=script(cases=cases, answer={"text": WRONG}), c=answers(STRONG)):
        for _ in range(2):
            await ask(looked)
    with looked.installation() as installation:
        text = (installation.gateway.metrics() or b"").decode()
    assert 'triplepoint_looked_total{found="arithmetic",model="mini"}' in text
    assert 'triplepoint_looked_total{found="sound",model="mini"}' in text
    assert 'triplepoint_escalated_total{check="arithmetic",model="mini",outcome="answered",to="thinking"}' in text


async def test_messages_callers_get_their_own_error_where_the_cheap_model_fails(looked: Running) -> None:
    """What never became an answer is not looked at, and fails as it always did."""
    async with running_simulations(looked, a=fails(kind="status", status=500), c=answers(STRONG)) as servers:
        body = {"model": "auto", "max_tokens": 20, "messages": user()}
        answer = await post(looked, json.dumps(body).encode(), path=MESSAGES)
        assert (answer.status, answer.json()["type"]) == (502, "error")
        assert not servers["c"].seen
        assert (await get(looked, f"/v1/receipts/{answer.headers['x-triplepoint-receipt']}")).json()["outcome"] == "failed"
