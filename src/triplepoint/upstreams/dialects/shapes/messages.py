"""Anthropic messages: content blocks, tools, answers and events.

Source: Anthropic API reference, messages. Blocks that belong to the vendor's own server tools are not here: they are refused
in a request, with their place, and passed over in an answer.
"""

from typing import Literal

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType


class Base64Source(Struct, kw_only=True, tag_field="type", tag="base64"):
    """Content inside the request."""

    media_type: str
    data: str


class UrlSource(Struct, kw_only=True, tag_field="type", tag="url"):
    """Content that the vendor fetches."""

    url: str


class TextSource(Struct, kw_only=True, tag_field="type", tag="text"):
    """A document of plain text."""

    data: str
    media_type: str = "text/plain"


class TextBlock(Struct, kw_only=True, tag_field="type", tag="text"):
    """Text."""

    text: str
    cache_control: Raw | UnsetType = UNSET
    citations: Raw | UnsetType = UNSET


class ImageBlock(Struct, kw_only=True, tag_field="type", tag="image"):
    """An image."""

    source: Base64Source | UrlSource
    cache_control: Raw | UnsetType = UNSET


class DocumentBlock(Struct, kw_only=True, tag_field="type", tag="document"):
    """A document."""

    source: Base64Source | UrlSource | TextSource
    title: str | UnsetType | None = UNSET
    context: str | UnsetType | None = UNSET
    citations: Raw | UnsetType = UNSET
    cache_control: Raw | UnsetType = UNSET


class ToolUseBlock(Struct, kw_only=True, tag_field="type", tag="tool_use"):
    """A call of a tool."""

    id: str
    name: str
    input: Raw
    cache_control: Raw | UnsetType = UNSET


class ToolResultBlock(Struct, kw_only=True, tag_field="type", tag="tool_result"):
    """What a tool answered."""

    tool_use_id: str
    content: str | list[TextBlock | ImageBlock | DocumentBlock] | UnsetType | None = UNSET
    is_error: bool | UnsetType | None = UNSET
    cache_control: Raw | UnsetType = UNSET


class ThinkingBlock(Struct, kw_only=True, tag_field="type", tag="thinking"):
    """Signed reasoning, which only the vendor that made it can read back."""

    thinking: str = ""
    signature: str = ""


class RedactedThinkingBlock(Struct, kw_only=True, tag_field="type", tag="redacted_thinking"):
    """Encrypted reasoning."""

    data: str = ""


Block = TextBlock | ImageBlock | DocumentBlock | ToolUseBlock | ToolResultBlock | ThinkingBlock | RedactedThinkingBlock
Reasoning = (ThinkingBlock, RedactedThinkingBlock)


class UserMessage(Struct, kw_only=True, tag_field="role", tag="user"):
    """What the person said, and what tools answered."""

    content: str | list[Block]


class AssistantMessage(Struct, kw_only=True, tag_field="role", tag="assistant"):
    """What the model said."""

    content: str | list[Block]


class SystemMessage(Struct, kw_only=True, tag_field="role", tag="system"):
    """Instructions in the middle of a conversation."""

    content: str | list[TextBlock]


Message = UserMessage | AssistantMessage | SystemMessage


class Tool(Struct, kw_only=True):
    """A tool of the caller; other types are the vendor's own."""

    type: Literal["custom"] | UnsetType | None = UNSET
    name: str
    description: str | UnsetType | None = UNSET
    input_schema: Raw
    strict: bool | UnsetType | None = UNSET
    cache_control: Raw | UnsetType = UNSET
    allowed_callers: Raw | UnsetType = UNSET
    defer_loading: Raw | UnsetType = UNSET
    eager_input_streaming: Raw | UnsetType = UNSET
    input_examples: Raw | UnsetType = UNSET


class ToolChoice(Struct, kw_only=True):
    """Whether and what the model must call."""

    type: Literal["auto", "any", "tool", "none"]
    name: str | UnsetType = UNSET
    disable_parallel_tool_use: bool | UnsetType = UNSET


class Thinking(Struct, kw_only=True):
    """Whether the model reasons first."""

    type: Literal["enabled", "disabled", "adaptive", "between_tools"]
    budget_tokens: int | UnsetType = UNSET
    display: str | UnsetType | None = UNSET


class OutputFormat(Struct, kw_only=True):
    """A schema that the answer must follow."""

    type: Literal["json_schema"]
    schema: Raw


class OutputConfig(Struct, kw_only=True):
    """Effort and form of the answer."""

    effort: Literal["low", "medium", "high", "xhigh", "max"] | UnsetType | None = UNSET
    format: OutputFormat | UnsetType | None = UNSET


class Metadata(Struct, kw_only=True):
    """Who is behind the request."""

    user_id: str | UnsetType | None = UNSET


class OutputDetails(Struct, kw_only=True):
    """Parts of the output."""

    thinking_tokens: int | UnsetType | None = UNSET


class Usage(Struct, kw_only=True):
    """Counted tokens; the three parts of the input stand apart. In a stream each event updates what it names."""

    input_tokens: int | UnsetType | None = UNSET
    cache_creation_input_tokens: int | UnsetType | None = UNSET
    cache_read_input_tokens: int | UnsetType | None = UNSET
    output_tokens: int | UnsetType | None = UNSET
    output_tokens_details: OutputDetails | UnsetType | None = UNSET
    service_tier: str | UnsetType | None = UNSET


class AnswerBlock(Struct, kw_only=True):
    """A block of an answer; which members it has depends on its type."""

    type: str
    id: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    input: Raw | UnsetType = UNSET
    text: str | UnsetType = UNSET
    thinking: str | UnsetType = UNSET
    signature: str | UnsetType = UNSET


class StopDetails(Struct, kw_only=True):
    """Why the model refused."""

    explanation: str | None = None


class Answer(Struct, kw_only=True):
    """A whole answer, or the beginning of a streamed one."""

    id: str = ""
    type: str = "message"
    role: str = "assistant"
    model: str = ""
    content: list[AnswerBlock]
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: StopDetails | UnsetType | None = UNSET
    usage: Usage


class EventDelta(Struct, kw_only=True):
    """More of a block, or of the message; which members it has depends on its type."""

    type: str | UnsetType = UNSET
    text: str | UnsetType = UNSET
    thinking: str | UnsetType = UNSET
    partial_json: str | UnsetType = UNSET
    stop_reason: str | UnsetType | None = UNSET
    stop_details: StopDetails | UnsetType | None = UNSET


class StreamEvent(Struct, kw_only=True):
    """One event of a streamed answer; which members it has depends on its type."""

    type: str
    message: Answer | UnsetType = UNSET
    index: int | UnsetType = UNSET
    content_block: AnswerBlock | UnsetType = UNSET
    delta: EventDelta | UnsetType = UNSET
    usage: Usage | UnsetType | None = UNSET


SYSTEM: msgspec.json.Decoder[str | list[TextBlock] | None] = msgspec.json.Decoder(str | list[TextBlock] | None)
MESSAGES: msgspec.json.Decoder[list[Message]] = msgspec.json.Decoder(list[Message])
TOOLS: msgspec.json.Decoder[list[Tool] | None] = msgspec.json.Decoder(list[Tool] | None)
TOOL_CHOICE: msgspec.json.Decoder[ToolChoice | None] = msgspec.json.Decoder(ToolChoice | None)
THINKING: msgspec.json.Decoder[Thinking | None] = msgspec.json.Decoder(Thinking | None)
OUTPUT_CONFIG: msgspec.json.Decoder[OutputConfig | None] = msgspec.json.Decoder(OutputConfig | None)
OUTPUT_FORMAT: msgspec.json.Decoder[OutputFormat | None] = msgspec.json.Decoder(OutputFormat | None)
METADATA: msgspec.json.Decoder[Metadata | None] = msgspec.json.Decoder(Metadata | None)
STOP_SEQUENCES: msgspec.json.Decoder[list[str] | None] = msgspec.json.Decoder(list[str] | None)
ANSWER: msgspec.json.Decoder[Answer] = msgspec.json.Decoder(Answer)
STREAM_EVENT: msgspec.json.Decoder[StreamEvent] = msgspec.json.Decoder(StreamEvent)
