"""A streamed answer that follows the schema, collected and told as a call or as text.

And one without tools, which needs no change but the model's name.
"""

import msgspec
from msgspec import UNSET

from triplepoint.upstreams.dialects.leg import Terms
from triplepoint.upstreams.dialects.model import Event
from triplepoint.upstreams.dialects.schema_tools.answer import call_id, meaning_of
from triplepoint.upstreams.dialects.schema_tools.offer import Offer
from triplepoint.upstreams.dialects.shapes import chat
from triplepoint.upstreams.dialects.shapes.reading import is_given, upstream_json

_FIELDS: msgspec.json.Decoder[dict[str, msgspec.Raw]] = msgspec.json.Decoder(dict[str, msgspec.Raw])
_CHOICES: msgspec.json.Decoder[list[msgspec.Raw]] = msgspec.json.Decoder(list[msgspec.Raw])


class CallEvents:
    """Translates one stream. The role goes out at once, the rest when the upstream has finished.

    Args:
        offer: What the model may do.
        terms: Names.
        is_usage_wanted: The caller asked for the chunk with the usage.
    """

    def __init__(self, offer: Offer, terms: Terms, *, is_usage_wanted: bool) -> None:
        self._offer = offer
        self._terms = terms
        self._is_usage_wanted = is_usage_wanted
        self._texts: dict[int, list[str]] = {}

    def feed(self, event: Event) -> list[Event]:
        """Translate one event.

        Raises: UpstreamFault: it is no chunk.
        """
        if event.data.startswith(chat.DONE):
            return [event]
        chunk = upstream_json(event.data, chat.CHUNK, "a chat completion's chunk")
        usage, chunk.usage = chunk.usage, None if self._is_usage_wanted else UNSET
        chunk.model = self._terms.asked_model
        told = [[part] for choice in chunk.choices for part in self._choice(choice, chunk.id)]
        if usage and self._is_usage_wanted:
            return [*(self._chunk(chunk, choices) for choices in told), self._chunk(chunk, [], usage)]
        return [self._chunk(chunk, choices) for choices in told]

    def _choice(self, choice: chat.ChunkChoice, answer_id: str) -> list[chat.ChunkChoice]:
        """Keep the text back; at the end, tell what it means and then why it ended."""
        index, delta = choice.index, choice.delta
        self._texts.setdefault(index, []).append(delta.content or "")
        delta.content, delta.tool_calls = "" if delta.role else UNSET, UNSET
        is_telling = bool(delta.role or chat.reasoning_of(delta) or delta.refusal)
        told = [chat.ChunkChoice(index=index, delta=delta)] if is_telling else []
        if choice.finish_reason:
            meant = self._meant(index, answer_id)
            reason = "tool_calls" if meant.tool_calls else choice.finish_reason
            told += [
                chat.ChunkChoice(index=index, delta=meant),
                chat.ChunkChoice(index=index, delta=chat.Delta(), finish_reason=reason),
            ]
        return told

    @staticmethod
    def _chunk(chunk: chat.Chunk, choices: list[chat.ChunkChoice], usage: chat.Usage | None = None) -> Event:
        """Write a chunk with the head of the upstream's."""
        chunk.choices = choices
        if usage is not None:
            chunk.usage = usage
        return Event(b"", msgspec.json.encode(chunk))

    def _meant(self, index: int, answer_id: str) -> chat.Delta:
        meaning = meaning_of("".join(self._texts.pop(index)), self._offer, call_id(answer_id, index))
        if meaning.call is None:
            return chat.Delta(content=meaning.content)
        function = chat.FunctionDelta(name=meaning.call.function.name, arguments=meaning.call.function.arguments)
        return chat.Delta(tool_calls=[chat.ToolCallDelta(index=0, id=meaning.call.id, type="function", function=function)])


class RenamedEvents:
    """Puts the caller's name of the model into each chunk, and keeps back the usage if the caller did not ask for it."""

    def __init__(self, terms: Terms, *, is_usage_wanted: bool) -> None:
        self._terms = terms
        self._is_usage_wanted = is_usage_wanted

    def feed(self, event: Event) -> list[Event]:
        """Translate one event.

        Raises: UpstreamFault: it is no JSON object.
        """
        if event.data.startswith(chat.DONE):
            return [event]
        fields = upstream_json(event.data, _FIELDS, "a chat completion's chunk")
        if not self._is_usage_wanted:
            if is_given(fields, "usage") and not upstream_json(fields.get("choices", msgspec.Raw(b"[]")), _CHOICES, "a list"):
                return []
            fields.pop("usage", None)
        return [Event(b"", renamed(fields, self._terms))]


def renamed(fields: dict[str, msgspec.Raw], terms: Terms) -> bytes:
    """Write an answer or chunk with the caller's name of the model."""
    return msgspec.json.encode(fields | {"model": terms.asked_model})


def renamed_answer(body: bytes, terms: Terms) -> bytes:
    """Put the caller's name of the model into a whole answer.

    Raises: UpstreamFault: it is no JSON object.
    """
    return renamed(upstream_json(body, _FIELDS, "a chat completion"), terms)
