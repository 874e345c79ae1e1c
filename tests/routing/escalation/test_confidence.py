"""Mean log-probabilities are read from whole answers and from events, where there are any."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triplepoint.routing.escalation.confidence import Logprobs
from triplepoint.upstreams.dialects.model import Dialect


def mean(dialect: Dialect, *pieces: Any) -> float | None:
    """Read the pieces of an answer."""
    logprobs = Logprobs(dialect)
    for piece in pieces:
        logprobs.read(piece if isinstance(piece, bytes) else json.dumps(piece).encode())
    return logprobs.mean


def tokens(*values: Any) -> list[dict[str, Any]]:
    """Write tokens with their log-probabilities."""
    return [{"token": "x", "logprob": value, "top_logprobs": []} for value in values]


def test_a_whole_chat_completion() -> None:
    """The first choice's tokens."""
    answer = {
        "choices": [{"index": 0, "logprobs": {"content": tokens(-1, -3)}}, {"index": 1, "logprobs": {"content": tokens(-9)}}]
    }
    assert mean(Dialect.CHAT, answer) == -2.0


def test_the_events_of_a_chat_stream() -> None:
    """Added up as they come; the last event has none."""
    pieces = [{"choices": [{"index": 0, "logprobs": {"content": tokens(value)}}]} for value in (-0.5, -1.5)]
    assert mean(Dialect.CHAT, *pieces, b"[DONE]", {"choices": []}) == -1.0


def test_responses_whole_and_streamed() -> None:
    """Of a stream the pieces count, and not again the whole text at its end."""
    whole = {"output": [{"type": "message", "content": [{"type": "output_text", "logprobs": tokens(-2, -4)}]}]}
    assert mean(Dialect.RESPONSES, whole) == -3.0
    pieces = [{"type": "response.output_text.delta", "logprobs": tokens(value)} for value in (-2, -4)]
    assert mean(Dialect.RESPONSES, *pieces, {"type": "response.output_text.done", "logprobs": tokens(-2, -4, -9)}) == -3.0


@pytest.mark.parametrize(
    "answer", [{}, {"choices": [{"logprobs": None}]}, {"content": [{"text": '"logprob"'}]}, b'{"logprob"', b"\xff"]
)
def test_where_none_are_told_there_is_no_mean(answer: Any) -> None:
    """Which is no low one."""
    for dialect in Dialect:
        assert mean(dialect, answer) is None


def test_what_is_no_log_probability_is_bounded_or_left_out() -> None:
    """Some servers write minus infinity as a number of their own; none can be above 0."""
    answer = {"choices": [{"logprobs": {"content": tokens(-9999.0, 5, True, "x", None)}}]}
    assert mean(Dialect.CHAT, answer) == -50.0


@given(st.recursive(st.none() | st.floats() | st.text(max_size=3), lambda inner: st.lists(inner, max_size=2) | st.dictionaries(
    st.sampled_from(["choices", "logprobs", "content", "logprob", "output", "index", "type"]), inner, max_size=3)))  # fmt: skip
def test_odd_answers_tell_nothing(answer: Any) -> None:
    """Nothing raises."""
    for dialect in Dialect:
        Logprobs(dialect).read(json.dumps(answer).encode())
