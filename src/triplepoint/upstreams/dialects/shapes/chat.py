"""OpenAI chat completions: messages, tools, answers and chunks.

Source: OpenAI API reference, chat; the extra members of vLLM and DeepSeek (``reasoning_content``, ``reasoning``,
``stop_reason``) and OpenRouter (``cache_control`` on parts) are read where they occur.
"""

from typing import Literal

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

DONE = b"[DONE]"
"""Data of the last event."""


class TextPart(Struct, kw_only=True, tag_field="type", tag="text"):
    """Text, with the marks that tell a prompt cache where to cut."""

    text: str
    cache_control: Raw | UnsetType = UNSET
    prompt_cache_breakpoint: Raw | UnsetType = UNSET


class ImageUrl(Struct, kw_only=True):
    """``https:`` or ``data:``."""

    url: str
    detail: str | UnsetType | None = UNSET


class ImagePart(Struct, kw_only=True, tag_field="type", tag="image_url"):
    """An image."""

    image_url: ImageUrl
    cache_control: Raw | UnsetType = UNSET
    prompt_cache_breakpoint: Raw | UnsetType = UNSET


class FileData(Struct, kw_only=True):
    """A file, inside the request or known to the vendor."""

    filename: str | UnsetType | None = UNSET
    file_data: str | UnsetType | None = UNSET
    file_id: str | UnsetType | None = UNSET


class FilePart(Struct, kw_only=True, tag_field="type", tag="file"):
    """A document."""

    file: FileData
    cache_control: Raw | UnsetType = UNSET
    prompt_cache_breakpoint: Raw | UnsetType = UNSET


class AudioPart(Struct, kw_only=True, tag_field="type", tag="input_audio"):
    """Sound; no other dialect has it."""

    input_audio: Raw


class RefusalPart(Struct, kw_only=True, tag_field="type", tag="refusal"):
    """An earlier refusal of the model."""

    refusal: str


Part = TextPart | ImagePart | FilePart | AudioPart


class Function(Struct, kw_only=True):
    """What the model wants to call; the arguments are JSON text, as the model wrote it."""

    name: str
    arguments: str = ""


class ToolCall(Struct, kw_only=True):
    """One call."""

    id: str
    type: Literal["function"] = "function"
    function: Function


class SystemMessage(Struct, kw_only=True, tag_field="role", tag="system"):
    """Instructions."""

    content: str | list[TextPart]
    name: str | UnsetType | None = UNSET


class DeveloperMessage(Struct, kw_only=True, tag_field="role", tag="developer"):
    """Instructions, by the newer name."""

    content: str | list[TextPart]
    name: str | UnsetType | None = UNSET


class UserMessage(Struct, kw_only=True, tag_field="role", tag="user"):
    """What the person said."""

    content: str | list[Part]
    name: str | UnsetType | None = UNSET


class AssistantMessage(Struct, kw_only=True, tag_field="role", tag="assistant"):
    """What the model said."""

    content: str | list[TextPart | RefusalPart] | UnsetType | None = UNSET
    refusal: str | UnsetType | None = UNSET
    tool_calls: list[ToolCall] | UnsetType | None = UNSET
    name: str | UnsetType | None = UNSET
    reasoning_content: Raw | UnsetType = UNSET
    reasoning: Raw | UnsetType = UNSET
    audio: Raw | UnsetType = UNSET
    function_call: Raw | UnsetType = UNSET


class ToolMessage(Struct, kw_only=True, tag_field="role", tag="tool"):
    """What a tool answered."""

    tool_call_id: str
    content: str | list[TextPart | ImagePart]


Message = SystemMessage | DeveloperMessage | UserMessage | AssistantMessage | ToolMessage


class FunctionTool(Struct, kw_only=True):
    """What can be called."""

    name: str
    description: str | UnsetType | None = UNSET
    parameters: Raw | UnsetType = UNSET
    strict: bool | UnsetType | None = UNSET


class Tool(Struct, kw_only=True):
    """A tool on offer."""

    type: Literal["function"]
    function: FunctionTool
    cache_control: Raw | UnsetType = UNSET


class ToolName(Struct, kw_only=True):
    """A tool, by its name."""

    name: str


class NamedTool(Struct, kw_only=True, tag_field="type", tag="function"):
    """Must be called; also an entry of `AllowedTools`."""

    function: ToolName


class AllowedList(Struct, kw_only=True):
    """Some of the tools."""

    mode: Literal["auto", "required"]
    tools: list[NamedTool]


class AllowedTools(Struct, kw_only=True, tag_field="type", tag="allowed_tools"):
    """Only some of the tools may be called."""

    allowed_tools: AllowedList


ToolChoice = Literal["none", "auto", "required"] | NamedTool | AllowedTools


class StreamOptions(Struct, kw_only=True):
    """What the caller wants to see in a stream."""

    include_usage: bool | None = None


class JsonSchema(Struct, kw_only=True):
    """A schema that the answer must follow."""

    name: str | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    schema: Raw | UnsetType = UNSET
    strict: bool | UnsetType | None = UNSET


class ResponseFormat(Struct, kw_only=True):
    """Form of the answer."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | UnsetType = UNSET


class PromptDetails(Struct, kw_only=True):
    """Parts of the prompt."""

    cached_tokens: int | UnsetType | None = UNSET
    cache_write_tokens: int | UnsetType | None = UNSET


class CompletionDetails(Struct, kw_only=True):
    """Parts of the completion."""

    reasoning_tokens: int | UnsetType | None = UNSET


class Usage(Struct, kw_only=True):
    """Counted tokens; the prompt includes what came from and went into the cache."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int = 0
    prompt_tokens_details: PromptDetails | UnsetType | None = UNSET
    completion_tokens_details: CompletionDetails | UnsetType | None = UNSET


class AnswerMessage(Struct, kw_only=True):
    """The model's message."""

    role: str = "assistant"
    content: str | None = None
    refusal: str | None = None
    reasoning_content: str | UnsetType | None = UNSET
    reasoning: str | UnsetType | None = UNSET
    tool_calls: list[ToolCall] | UnsetType | None = UNSET


class Logprobs(Struct, kw_only=True):
    """Log probabilities of the answer's tokens, carried only."""

    content: list[Raw] | None = None


class Choice(Struct, kw_only=True):
    """One of the answers."""

    index: int = 0
    message: AnswerMessage
    logprobs: Logprobs | None = None
    finish_reason: str | None = None
    stop_reason: int | str | UnsetType | None = UNSET


class Answer(Struct, kw_only=True):
    """A whole answer."""

    id: str = ""
    object: str = "chat.completion"
    created: int = 0
    model: str = ""
    choices: list[Choice]
    usage: Usage | UnsetType | None = UNSET
    service_tier: str | UnsetType | None = UNSET
    system_fingerprint: str | UnsetType | None = UNSET


class FunctionDelta(Struct, kw_only=True):
    """More of a call."""

    name: str | UnsetType | None = UNSET
    arguments: str | UnsetType | None = UNSET


class ToolCallDelta(Struct, kw_only=True):
    """More of the call at an index; id, type and name come only with the first."""

    index: int | UnsetType | None = UNSET
    id: str | UnsetType | None = UNSET
    type: str | UnsetType | None = UNSET
    function: FunctionDelta | UnsetType | None = UNSET


class Delta(Struct, kw_only=True):
    """More of the answer."""

    role: str | UnsetType | None = UNSET
    content: str | UnsetType | None = UNSET
    reasoning_content: str | UnsetType | None = UNSET
    reasoning: str | UnsetType | None = UNSET
    refusal: str | UnsetType | None = UNSET
    tool_calls: list[ToolCallDelta] | UnsetType | None = UNSET


class ChunkChoice(Struct, kw_only=True):
    """More of one of the answers."""

    index: int = 0
    delta: Delta
    logprobs: Logprobs | UnsetType | None = UNSET
    finish_reason: str | None = None
    stop_reason: int | str | UnsetType | None = UNSET


class Chunk(Struct, kw_only=True):
    """One event of a streamed answer."""

    id: str = ""
    object: str = "chat.completion.chunk"
    created: int = 0
    model: str = ""
    service_tier: str | UnsetType | None = UNSET
    system_fingerprint: str | UnsetType | None = UNSET
    choices: list[ChunkChoice] = []
    usage: Usage | UnsetType | None = UNSET


MESSAGES: msgspec.json.Decoder[list[Message]] = msgspec.json.Decoder(list[Message])
TOOLS: msgspec.json.Decoder[list[Tool] | None] = msgspec.json.Decoder(list[Tool] | None)
TOOL_CHOICE: msgspec.json.Decoder[ToolChoice | None] = msgspec.json.Decoder(ToolChoice | None)
STREAM_OPTIONS: msgspec.json.Decoder[StreamOptions | None] = msgspec.json.Decoder(StreamOptions | None)
RESPONSE_FORMAT: msgspec.json.Decoder[ResponseFormat | None] = msgspec.json.Decoder(ResponseFormat | None)
STOP: msgspec.json.Decoder[str | list[str] | None] = msgspec.json.Decoder(str | list[str] | None)
ANSWER: msgspec.json.Decoder[Answer] = msgspec.json.Decoder(Answer)
CHUNK: msgspec.json.Decoder[Chunk] = msgspec.json.Decoder(Chunk)


def reasoning_of(said: AnswerMessage | Delta) -> str:
    """Return the reasoning text, by whichever of its two names the server uses."""
    return (said.reasoning_content or said.reasoning) or ""


def plain_text(content: str | list[TextPart] | list[TextPart | RefusalPart] | UnsetType | None) -> str:
    """Return the text of a content, parts joined by line ends."""
    if isinstance(content, str):
        return content
    if not content:
        return ""
    return "\n".join(part.refusal if isinstance(part, RefusalPart) else part.text for part in content)


def admitted(tools: list[Tool], choice: ToolChoice | None) -> tuple[list[Tool], ToolChoice | None]:
    """Resolve ``allowed_tools``, which few servers know, into a shorter list and its mode."""
    if not isinstance(choice, AllowedTools):
        return tools, choice
    names = {tool.function.name for tool in choice.allowed_tools.tools}
    return [tool for tool in tools if tool.function.name in names], choice.allowed_tools.mode
