"""A chat completion as a response."""

import msgspec

from triplepoint.upstreams.dialects.blocks import Block, Kind
from triplepoint.upstreams.dialects.leg import Terms
from triplepoint.upstreams.dialects.responses_over_chat.response import ResponseHead, head_of, item_of, parts_of, status_of
from triplepoint.upstreams.dialects.shapes import chat
from triplepoint.upstreams.dialects.shapes.reading import broken, upstream_json


def to_response(body: bytes, terms: Terms, echo: dict[str, object]) -> bytes:
    """Translate a whole answer.

    Args:
        body: A chat completion.
        terms: Names and clock.
        echo: The caller's settings.
    Raises: UpstreamFault: it is no chat completion, or holds no choice.
    """
    answer = upstream_json(body, chat.ANSWER, "a chat completion")
    if not answer.choices:
        raise broken("the upstream's chat completion holds no choice")
    choice = answer.choices[0]
    head = head_of(answer, terms, echo)
    status = status_of(choice.finish_reason)
    output = _items(choice, head)
    if output and "status" in output[-1]:
        output[-1]["status"] = status
    return msgspec.json.encode(head.object(status, output, finish=choice.finish_reason, usage=answer.usage or None))


def _items(choice: chat.Choice, head: ResponseHead) -> list[dict[str, object]]:
    said = choice.message
    prose = ((Kind.THINKING, chat.reasoning_of(said)), (Kind.TEXT, said.content), (Kind.REFUSAL, said.refusal))
    blocks = [Block(kind, pieces=[text]) for kind, text in prose if text]
    for call in said.tool_calls or []:
        blocks.append(Block(Kind.TOOL, call.id, call.function.name, pieces=[call.function.arguments]))
    logprobs = choice.logprobs.content if choice.logprobs else None
    items: list[dict[str, object]] = []
    for i, block in enumerate(blocks):
        block.index = i
        items.append(item_of(head.item_id(block), block, "completed", parts_of(block, logprobs)))
    return items
