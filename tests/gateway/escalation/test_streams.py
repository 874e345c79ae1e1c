"""Streams are looked at only for who waits: held whole, then given, or the stronger model's stream is sent live."""

import asyncio
import json
import time
from collections.abc import Generator

import anthropic
import openai
import pytest
from tests.gateway.conftest import running_simulations
from tests.gateway.escalation.family import CANNOT, QUESTION, SOUND, STRONG, WRONG, answers, asked, family
from tests.gateway.harness import Running
from tests.gateway.raw import Raw, call, post, request
from tests.gateway.speaking import MESSAGES, Ended, chunks, events, fails, receipt_of, script, until, user

WAIT = {"escalate": "wait"}


@pytest.fixture(scope="module")
def looked(tmp_path_factory: pytest.TempPathFactory) -> Generator[Running]:
    """Run a family whose gateway breaks a silence after 50 ms and holds at most 4 kB of a stream."""
    with family(tmp_path_factory.mktemp("streams"), gateway={"keep_alive_comment": "50ms", "max_answer": "4KiB"}) as running:
        yield running


async def stream(gateway: Running, *lines: str, wish: object = "wait", text: str = QUESTION) -> Raw:
    """Stream an answer of the family."""
    body = asked(text, stream=True, triplepoint={"escalate": wish})
    return await post(gateway, json.dumps(body).encode(), *lines)


def said(answer: Raw) -> str:
    """Put the deltas of a chat stream together."""
    return "".join(one["choices"][0]["delta"].get("content") or "" for one in chunks(answer.body) if one.get("choices"))


@pytest.mark.parametrize("wish", ["whole", "never", None])
async def test_a_stream_is_not_looked_at_unless_its_caller_waits(looked: Running, wish: object) -> None:
    """It begins at once, whatever it will say."""
    async with running_simulations(looked, a=answers(WRONG), c=answers(STRONG)) as servers:
        answer = await stream(looked, wish=wish)
        assert (said(answer), answer.headers["x-triplepoint-model"]) == (WRONG, "mini")
        assert not servers["c"].seen


async def test_a_sound_stream_is_given_at_once_when_it_is_whole(looked: Running) -> None:
    """All of its events, under the cheap model's name, and no comment before them."""
    slow = answers(SOUND, pace={"between_tokens": "20ms"})
    async with running_simulations(looked, a=slow):
        answer = await stream(looked)
        assert (answer.status, said(answer)) == (200, SOUND)
        assert answer.headers["x-triplepoint-model"] == "mini"
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.body.startswith(b"data: ")
        assert answer.body.endswith(b"data: [DONE]\n\n")
        assert b": keep-alive" not in answer.body


async def test_what_will_not_do_is_streamed_by_the_stronger_model(looked: Running) -> None:
    """Its events come as it makes them, and none of the cheap model's; both attempts are on the receipt."""
    async with running_simulations(looked, a=answers(WRONG), c=answers(STRONG)):
        answer = await stream(looked)
        assert (said(answer), answer.headers["x-triplepoint-model"]) == (STRONG, "thinking")
        assert answer.headers["x-triplepoint-notice"] == f"escalated from mini: {CANNOT}"
        assert answer.body.endswith(b"data: [DONE]\n\n")
        attempts = (await receipt_of(looked, answer.headers))["attempts"]
        assert [(one["served_model"], one["outcome"], one["stream"]) for one in attempts] == [
            ("mini", "finished", True),
            ("thinking", "finished", True),
        ]


async def test_the_stronger_stream_is_sent_live(looked: Running) -> None:
    """Its first words are there long before its last, and a silence in it is broken as in any other."""
    slow = answers(STRONG, pace={"first_token": "200ms", "between_tokens": "150ms"})
    async with running_simulations(looked, a=answers(WRONG), c=slow):
        async with openai.AsyncOpenAI(base_url=looked.base_url, api_key=looked.key, max_retries=0) as client:
            started_s = time.monotonic()
            answer = await client.chat.completions.create(
                model="auto", messages=user(QUESTION), stream=True, extra_body={"triplepoint": WAIT}
            )
            moments = [
                time.monotonic() - started_s async for chunk in answer if chunk.choices and chunk.choices[0].delta.content
            ]
        assert moments[-1] - moments[0] > 0.5
        answer = await stream(looked)
        assert b": keep-alive" in answer.body


async def test_anthropics_client_and_responses_wait_too(looked: Running) -> None:
    """In the other two dialects, translated where the models speak another one."""
    async with running_simulations(looked, a=answers(WRONG), c=answers(STRONG)):
        async with (
            anthropic.AsyncAnthropic(base_url=looked.root_url, api_key=looked.key, max_retries=0) as claude,
            claude.messages.stream(
                model="auto", max_tokens=50, messages=user(QUESTION), extra_body={"triplepoint": WAIT}
            ) as streamed,
        ):
            assert await streamed.get_final_text() == STRONG
        async with openai.AsyncOpenAI(base_url=looked.base_url, api_key=looked.key, max_retries=0) as gpt:
            found = [
                event.delta
                async for event in await gpt.responses.create(
                    model="auto", input=QUESTION, stream=True, extra_body={"triplepoint": WAIT}
                )
                if event.type == "response.output_text.delta"
            ]
            assert "".join(found) == STRONG


async def test_a_held_stream_that_breaks_off_goes_up(looked: Running) -> None:
    """What it had brought is charged for, as of any stream that is cut, and the caller sees none of it."""
    cut = script(answer={"text": WRONG}, cases=[{"fault": {"kind": "cut", "after_chunks": 3}}])
    async with running_simulations(looked, a=cut, c=answers(STRONG)):
        answer = await stream(looked)
        assert (said(answer), answer.headers["x-triplepoint-notice"]) == (STRONG, "escalated from mini: it broke off")
        first, second = (await receipt_of(looked, answer.headers))["attempts"]
        assert (first["outcome"], second["outcome"]) == ("cut", "finished")
        assert first["usage"]["output_tokens"] > 0


async def test_a_cut_stream_that_cannot_go_up_is_given_as_it_is(looked: Running) -> None:
    """With its error event and without an end, so that it never looks whole."""
    cut = script(answer={"text": WRONG}, cases=[{"fault": {"kind": "cut", "after_chunks": 3}}])
    async with running_simulations(looked, a=cut, b=fails(kind="close"), c=fails(kind="close")):
        answer = await stream(looked)
        assert answer.headers["x-triplepoint-model"] == "mini"
        assert "mini answered although it broke off: thinking failed" in answer.headers["x-triplepoint-notice"]
        assert WRONG.startswith(said(answer))
        assert said(answer)
        assert "error" in events(answer.body)[-1][1]
        assert b"[DONE]" not in answer.body


async def test_a_stronger_stream_that_breaks_off_ends_with_an_error(looked: Running) -> None:
    """Something of it has reached the caller, so there is no way back to the cheap answer."""
    cut = script(answer={"text": STRONG}, cases=[{"fault": {"kind": "cut", "after_chunks": 3}}])
    async with running_simulations(looked, a=answers(WRONG), c=cut):
        answer = await stream(looked)
        assert answer.headers["x-triplepoint-model"] == "thinking"
        assert STRONG.startswith(said(answer))
        assert "error" in events(answer.body)[-1][1]
        attempts = (await receipt_of(looked, answer.headers))["attempts"]
        assert [one["outcome"] for one in attempts] == ["finished", "cut"]


async def test_a_stream_that_is_too_large_to_hold_is_let_go(looked: Running) -> None:
    """It goes on as any other, unseen, and is whole."""
    long = WRONG + " word" * 400
    async with running_simulations(looked, a=answers(long, pace={"between_tokens": "1ms"}), c=answers(STRONG)) as servers:
        answer = await stream(looked)
        assert (said(answer), answer.headers["x-triplepoint-model"]) == (long, "mini")
        assert answer.body.endswith(b"data: [DONE]\n\n")
        assert not servers["c"].seen


async def test_a_stream_is_let_go_before_its_caller_gives_up(looked: Running) -> None:
    """Who said how long it waits gets the beginning before that, though the answer is not whole yet."""
    slow = answers(WRONG, pace={"between_tokens": "150ms"})
    async with running_simulations(looked, a=slow, c=answers(STRONG)) as servers:
        body = json.dumps(asked(stream=True, triplepoint=WAIT)).encode()
        async with call(looked) as caller:
            started_s = time.monotonic()
            await caller.send(request(looked, body, "x-stainless-read-timeout: 1"))
            await caller.reader.readuntil(b"\r\n\r\n")
            begun_s = time.monotonic() - started_s
            assert 0.6 < begun_s < 1.05
            rest = await caller.reader.readuntil(b"0\r\n\r\n")
        assert b"[DONE]" in rest
        assert not servers["c"].seen


async def test_who_leaves_while_a_stream_is_held_stops_it(looked: Running) -> None:
    """The upstream is stopped, what it had brought is charged, and nobody else is asked."""
    slow = answers(WRONG, pace={"between_tokens": "100ms"})
    async with running_simulations(looked, a=slow, c=answers(STRONG)) as servers:
        with Ended(looked) as ended:
            async with call(looked) as caller:
                await caller.send(request(looked, json.dumps(asked(stream=True, triplepoint=WAIT)).encode()))
                await asyncio.sleep(0.4)
                caller.leave()
            (row,) = await ended.until(1)
        assert (row.outcome, row.served_model) == ("cancelled", "mini")
        assert row.usage.output_tokens
        assert not servers["c"].seen


@pytest.mark.parametrize("is_stream", [True, False])
async def test_who_leaves_during_the_second_attempt_stops_that(looked: Running, is_stream: bool) -> None:
    """The first stays finished and charged, the second is cancelled."""
    slow = answers(STRONG, pace={"first_token": "2s"})
    async with running_simulations(looked, a=answers(WRONG), c=slow) as servers:
        with Ended(looked) as ended:
            async with call(looked) as caller:
                await caller.send(request(looked, json.dumps(asked(stream=is_stream, triplepoint=WAIT)).encode()))
                await until(lambda: bool(servers["c"].seen))
                caller.leave()
            rows = await ended.until(2)
        assert [(row.served_model, row.outcome, row.attempt) for row in rows] == [
            ("mini", "finished", 1),
            ("thinking", "cancelled", 2),
        ]
        assert rows[1].escalated_from == "mini"


async def test_an_upstream_that_fails_before_a_held_stream_begins_is_tried_again(looked: Running) -> None:
    """As for any stream of which nothing has come."""
    once = script(answer={"text": SOUND}, cases=[{"when": {"nth": 1}, "fault": {"kind": "status", "status": 500}}])
    async with running_simulations(looked, a=once):
        answer = await stream(looked)
        assert said(answer) == SOUND
        attempts = (await receipt_of(looked, answer.headers))["attempts"]
        assert [one["outcome"] for one in attempts] == ["failed", "finished"]


async def test_messages_get_whole_events_of_their_own(looked: Running) -> None:
    """A held stream of messages begins with its first event and ends with its last."""
    async with running_simulations(looked, a=answers(SOUND)):
        body = {"model": "auto", "max_tokens": 50, "messages": user(QUESTION), "stream": True, "triplepoint": WAIT}
        answer = await post(looked, json.dumps(body).encode(), path=MESSAGES)
        names = [name for name, _ in events(answer.body)]
        assert (names[0], names[-1]) == ("message_start", "message_stop")
