"""Answers in OpenAI chat completions: one body, or a stream of chunks that ends with ``[DONE]``."""

from typing import Any

import msgspec

from triplepoint.upstreams.simulated.layout import Piece, PieceKind, event
from triplepoint.upstreams.simulated.model import Answer, Counts
from triplepoint.upstreams.simulated.reply import Choice, Reply, SpokenCall, split_words

DONE = Piece(PieceKind.DONE, b"data: [DONE]\n\n")


def chat_body(reply: Reply) -> bytes:
    """Write a whole answer."""
    body = _base(reply, "chat.completion")
    body["choices"] = [_whole_choice(reply, index, choice) for index, choice in enumerate(reply.choices)]
    if reply.usage is not None:
        body["usage"] = chat_usage(reply.usage)
    return msgspec.json.encode(body)


def chat_stream(reply: Reply, answer: Answer, *, wants_usage: bool) -> list[Piece]:
    """Write a stream.

    Args:
        answer: Says how words are put into events.
        wants_usage: The caller asked for a last chunk with the usage; all others then carry ``usage: null``.
    """
    chunks = _Chunks(reply, wants_usage=wants_usage)
    for index, choice in enumerate(reply.choices):
        chunks.choice(index, choice, answer)
    if wants_usage and reply.usage is not None:
        chunks.usage(reply.usage)
    return [*chunks.pieces, DONE]


def chat_usage(usage: Counts) -> dict[str, Any]:
    """Write counts as OpenAI chat does."""
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cache_read_tokens},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }


def _base(reply: Reply, kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-sim-{reply.number}", "object": kind, "created": reply.created_s, "model": reply.model}


def _whole_choice(reply: Reply, index: int, choice: Choice) -> dict[str, Any]:
    calls = [_whole_call(call) for call in choice.calls]
    has_content = bool(choice.text) or not (calls or choice.refusal)
    message: dict[str, Any] = {"role": "assistant", "content": choice.text if has_content else None, "refusal": choice.refusal}
    if reply.reasoning:
        message["reasoning_content"] = reply.reasoning
    if calls:
        message["tool_calls"] = calls
    return {
        "index": index,
        "message": message,
        "logprobs": None if reply.logprob is None else _logprobs(split_words(choice.text, 1), reply.logprob),
        "finish_reason": choice.finish,
    }


def _whole_call(call: SpokenCall) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _logprobs(words: list[str], logprob: float) -> dict[str, Any]:
    tokens = [{"token": word, "logprob": logprob, "bytes": list(word.encode()), "top_logprobs": []} for word in words]
    return {"content": tokens, "refusal": None}


class _Chunks:
    """The chunks of one stream as they are written."""

    def __init__(self, reply: Reply, *, wants_usage: bool) -> None:
        self.pieces: list[Piece] = []
        self._reply = reply
        self._base = _base(reply, "chat.completion.chunk")
        self._wants_usage = wants_usage

    def choice(self, index: int, choice: Choice, answer: Answer) -> None:
        """Write one choice from its role to its finish reason."""
        role: dict[str, Any] = {"role": "assistant"}
        if answer.role_alone:
            self._chunk(PieceKind.OPENING, index, {**role, "content": ""})
            role = {}
        deltas = self._deltas(choice, answer.chunk_tokens)
        for position, (delta, words) in enumerate(deltas):
            is_last = answer.finish_joined and position == len(deltas) - 1
            finish = choice.finish if is_last else None
            self._chunk(PieceKind.CONTENT, index, {**role, **delta}, words, finish=finish)
            role = {}
        if choice.finish is not None and not (answer.finish_joined and deltas):
            self._chunk(PieceKind.FINISH, index, role, finish=choice.finish)

    def usage(self, usage: Counts) -> None:
        """Write the chunk that has the usage and no choices."""
        self.pieces.append(event(PieceKind.USAGE, {**self._base, "choices": [], "usage": chat_usage(usage)}))

    def _deltas(self, choice: Choice, size: int) -> list[tuple[dict[str, Any], int]]:
        """Return the content as deltas, each with its number of words."""
        texts = [("reasoning_content", self._reply.reasoning), ("content", choice.text), ("refusal", choice.refusal or "")]
        deltas: list[tuple[dict[str, Any], int]] = []
        for name, text in texts:
            deltas += [({name: piece}, len(piece.split())) for piece in split_words(text, size)]
        for index, call in enumerate(choice.calls):
            opening = {"index": index, "id": call.id, "type": "function", "function": {"name": call.name, "arguments": ""}}
            deltas.append(({"tool_calls": [opening]}, 1))
            for piece in split_words(call.arguments, size):
                deltas.append(({"tool_calls": [{"index": index, "function": {"arguments": piece}}]}, len(piece.split())))
        return deltas

    def _chunk(self, kind: PieceKind, index: int, delta: dict[str, Any], words: int = 0, *, finish: str | None = None) -> None:
        logprob = self._reply.logprob
        logprobs = _logprobs([delta["content"]], logprob) if logprob is not None and delta.get("content") else None
        choice = {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
        data = {**self._base, "choices": [choice]}
        if self._wants_usage:
            data["usage"] = None
        self.pieces.append(event(kind, data, words=words))
