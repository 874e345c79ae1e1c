"""A chat request with tools as one without."""

from typing import Final

from triplepoint.upstreams.dialects.leg import Notices, Terms
from triplepoint.upstreams.dialects.schema_tools.history import rewritten
from triplepoint.upstreams.dialects.schema_tools.offer import Offer
from triplepoint.upstreams.dialects.shapes import chat
from triplepoint.upstreams.dialects.shapes.reading import FLAG, Members, is_given, member, refusal, required

_OURS: Final = frozenset({"tools", "tool_choice", "parallel_tool_calls", "messages", "model", "stream_options"})
_MEANINGLESS: Final = frozenset({"logprobs", "top_logprobs"})
"""They would describe the JSON around the answer."""


def to_schema(fields: Members, offer: Offer | None, terms: Terms, notices: Notices) -> dict[str, object]:
    """Translate a request; all members but those about tools are carried over as they are, in order.

    Args:
        fields: The request.
        offer: What the model may do; None for no tools.
        terms: Names.
        notices: Gets what is dropped.
    Raises: RequestInvalid: the caller wants a form of answer of its own beside tools.
    """
    said = rewritten(required(fields, "messages", chat.MESSAGES), "" if offer is None else offer.note())
    body: dict[str, object] = {"model": terms.upstream_model, "messages": said}
    for name, raw in fields.items():
        if name in _MEANINGLESS and offer is not None:
            if is_given(fields, name):
                notices.dropped(name, "the answer is a choice among tools")
        elif name not in _OURS:
            body[name] = raw
    if member(fields, "stream", FLAG):
        body["stream_options"] = {"include_usage": True}
    if offer is None:
        return body
    own = member(fields, "response_format", chat.RESPONSE_FORMAT)
    if own is not None and own.type != "text":
        raise refusal("response_format", "and tools exclude each other on this model; leave one out")
    if member(fields, "parallel_tool_calls", FLAG):
        notices.dropped("parallel_tool_calls", "this model makes one call in an answer")
    schema = {"name": "tool_or_reply", "strict": True, "schema": offer.schema()}
    body["response_format"] = {"type": "json_schema", "json_schema": schema}
    return body
