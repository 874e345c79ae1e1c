"""What is said, before it is put into a dialect: choices, tool calls, reasoning, counts."""

import re
from dataclasses import dataclass
from typing import Literal

import msgspec

from triplepoint.upstreams.simulated.ask import Ask
from triplepoint.upstreams.simulated.model import Answer, Counts
from triplepoint.upstreams.simulated.quality import QualityTable

Finish = Literal["stop", "length", "tool_calls", "content_filter"]
_WORD = re.compile(r"\s*\S+|\s+\Z")


@dataclass(frozen=True, slots=True)
class SpokenCall:
    """One call of a tool."""

    id: str
    """Unique in the answer, such as ``call_7_0``."""
    name: str
    arguments: str
    """JSON text."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the answers; there are several where the caller asks for ``n``."""

    text: str
    words: int
    """Words of text, refusal and calls."""
    refusal: str | None
    calls: tuple[SpokenCall, ...]
    finish: Finish | None
    """None: the script withholds it."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer."""

    number: int
    """Number of the request; ids are made of it."""
    created_s: int
    """Unix time."""
    model: str
    choices: tuple[Choice, ...]
    reasoning: str
    usage: Counts | None
    """None: nothing is reported."""
    logprob: float | None
    """Of each word; None where nobody asked."""


def compose(answer: Answer, ask: Ask, *, number: int, created_s: int, seed: int, table: QualityTable | None) -> Reply:
    """Find what is said to a request.

    Args:
        number: Number of the request.
        created_s: Unix time.
        seed: The script's seed.
        table: The answer's quality with its table read; None where it has none.
    """
    calls = tuple(
        SpokenCall(f"call_{number}_{index}", call.name, msgspec.json.encode(call.arguments).decode())
        for index, call in enumerate(answer.tool_calls)
    )
    choices = tuple(_choice(answer, _text(answer, ask, index, seed, table), calls, ask) for index in range(ask.choices))
    return Reply(
        number=number,
        created_s=created_s,
        model=ask.model,
        choices=choices,
        reasoning=answer.reasoning or "",
        usage=_usage(answer, ask, choices),
        logprob=answer.logprob if ask.wants_logprobs else None,
    )


def split_words(text: str, size: int) -> list[str]:
    """Cut a text into pieces of ``size`` words, blanks kept: joined, the pieces are the text."""
    words = _WORD.findall(text)
    return words if size == 1 else ["".join(words[start : start + size]) for start in range(0, len(words), size)]


def _text(answer: Answer, ask: Ask, index: int, seed: int, table: QualityTable | None) -> str:
    if answer.text is not None:
        return answer.text if isinstance(answer.text, str) else answer.text[index % len(answer.text)] if answer.text else ""
    if table is not None:
        return table.text(ask.model, ask.last_text, seed=seed)
    if "json_value" in answer.model_fields_set:
        return msgspec.json.encode(answer.json_value).decode()
    return "" if answer.refusal is not None or answer.tool_calls else ask.last_text


def _choice(answer: Answer, text: str, calls: tuple[SpokenCall, ...], ask: Ask) -> Choice:
    finish: Finish = "tool_calls" if calls else "stop"
    words = len(text.split())
    if ask.max_words is not None and words > ask.max_words:
        text, words, calls, finish = _first_words(text, ask.max_words), ask.max_words, (), "length"
    elif answer.refusal is not None and ask.route == "messages":
        finish = "content_filter"  # Anthropic reports a refusal by its stop reason
    words += len(answer.refusal.split()) if answer.refusal else 0
    words += sum(1 + len(call.arguments.split()) for call in calls)
    return Choice(text, words, answer.refusal, calls, answer.finish_reason or finish)


def _first_words(text: str, count: int) -> str:
    """Cut a text after so many words."""
    rest = text.split(None, count)[count]
    return text[: len(text) - len(rest)].rstrip()


def _usage(answer: Answer, ask: Ask, choices: tuple[Choice, ...]) -> Counts | None:
    if isinstance(answer.usage, Counts):
        return answer.usage
    if answer.usage == "omitted":
        return None
    thought = len(answer.reasoning.split()) if answer.reasoning else 0
    spoken = sum(choice.words for choice in choices)
    return Counts.model_construct(
        input_tokens=ask.words,
        output_tokens=thought + spoken,
        cache_read_tokens=0,
        cache_write_tokens=0,
        reasoning_tokens=thought,
    )
