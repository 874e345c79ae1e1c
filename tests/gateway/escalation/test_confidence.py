"""The check of confidence: log-probabilities are asked for where that can be, and taken out where the caller did not ask."""

import json
from collections.abc import Generator
from typing import Any

import pytest
from tests.gateway.conftest import running_simulations
from tests.gateway.escalation.family import STRONG, answers, asked, family
from tests.gateway.harness import Running
from tests.gateway.raw import Raw, post
from tests.gateway.speaking import MESSAGES, chunks, seen_body, user

SURE, UNSURE = {"logprob": -0.1}, {"logprob": -2.5}
TEXT = "Bern is the capital."


@pytest.fixture(scope="module")
def looked(tmp_path_factory: pytest.TempPathFactory) -> Generator[Running]:
    """Run a family whose cheap model must be sure."""
    with family(tmp_path_factory.mktemp("sure"), escalation={"checks": ["confidence"], "min_logprob": -0.5}) as running:
        yield running


async def ask(gateway: Running, path: str = "/v1/chat/completions", **members: Any) -> Raw:
    """Ask for a capital."""
    return await post(gateway, json.dumps(asked("What is the capital?", **members)).encode(), path=path)


async def test_an_unsure_answer_goes_up_and_a_sure_one_does_not(looked: Running) -> None:
    """By the mean of its tokens."""
    async with running_simulations(looked, a=answers(TEXT, **UNSURE), c=answers(STRONG)):
        answer = await ask(looked)
        wanted = "escalated from mini: the mean log-probability of its tokens was -2.5, below -0.5"
        assert answer.headers["x-triplepoint-notice"] == wanted
    async with running_simulations(looked, a=answers(TEXT, **SURE), c=answers(STRONG)):
        assert (await ask(looked)).headers["x-triplepoint-model"] == "mini"


async def test_the_caller_sees_none_unless_it_asked(looked: Running) -> None:
    """The upstream is asked either way; what nobody asked for is taken out again, and nothing else is."""
    async with running_simulations(looked, a=answers(TEXT, **SURE)) as servers:
        quiet = (await ask(looked)).json()["choices"][0]
        assert seen_body(servers["a"].seen[-1])["logprobs"] is True
        assert quiet["logprobs"] is None
        assert quiet["message"]["content"] == TEXT
        wanted = (await ask(looked, logprobs=True, top_logprobs=1)).json()["choices"][0]
        assert wanted["logprobs"]["content"]
        refused = (await ask(looked, logprobs=False)).json()["choices"][0]
        assert seen_body(servers["a"].seen[-1])["logprobs"] is True
        assert refused["logprobs"] is None


async def test_streams_that_are_waited_for_too(looked: Running) -> None:
    """Each chunk is free of them, and their mean decides."""
    wait: dict[str, Any] = {"triplepoint": {"escalate": "wait"}, "stream": True}
    async with running_simulations(looked, a=answers(TEXT, **SURE)):
        answer = await ask(looked, **wait)
        assert answer.headers["x-triplepoint-model"] == "mini"
        pieces = [choice for chunk in chunks(answer.body) for choice in chunk["choices"]]
        assert pieces
        assert not any(choice.get("logprobs") for choice in pieces)
        assert "".join(choice["delta"].get("content") or "" for choice in pieces) == TEXT
    async with running_simulations(looked, a=answers(TEXT, **UNSURE), c=answers(STRONG)):
        assert (await ask(looked, **wait)).headers["x-triplepoint-model"] == "thinking"


async def test_callers_of_other_dialects_profit_as_well(looked: Running) -> None:
    """The upstream speaks chat, so it is asked; the caller's dialect has no word for it."""
    body = {"model": "auto", "max_tokens": 20, "messages": user()}
    async with running_simulations(looked, a=answers(TEXT, **UNSURE), c=answers(STRONG)):
        answer = await post(looked, json.dumps(body).encode(), path=MESSAGES)
        assert answer.headers["x-triplepoint-model"] == "thinking"
    async with running_simulations(looked, a=answers(TEXT, **SURE)):
        answer = await post(looked, json.dumps(body).encode(), path=MESSAGES)
        assert answer.json()["content"] == [{"type": "text", "text": TEXT}]


async def test_an_upstream_that_tells_none_is_not_held_against_its_answer(looked: Running) -> None:
    """Streams that are not waited for are not asked, and a model that is asked by name is not either."""
    async with running_simulations(looked, a=answers(TEXT, **UNSURE), c=answers(STRONG)) as servers:
        await ask(looked, stream=True)
        assert "logprobs" not in seen_body(servers["a"].seen[-1])
        await post(looked, json.dumps({**asked(), "model": "mini"}).encode())
        assert "logprobs" not in seen_body(servers["a"].seen[-1])
