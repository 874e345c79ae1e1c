"""OpenAI responses: input items, tools and settings. Its answers are written, never read.

Source: OpenAI API reference, responses. Items of the vendor's own tools (web search, shell, computer) are not here: they are
refused, with their place.
"""

from typing import Literal

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType


class InputText(Struct, kw_only=True, tag_field="type", tag="input_text"):
    """Text of the person."""

    text: str


class OutputText(Struct, kw_only=True, tag_field="type", tag="output_text"):
    """Text of the model."""

    text: str


class PlainText(Struct, kw_only=True, tag_field="type", tag="text"):
    """Text, as some clients name it."""

    text: str


class Refusal(Struct, kw_only=True, tag_field="type", tag="refusal"):
    """An earlier refusal of the model."""

    refusal: str


class InputImage(Struct, kw_only=True, tag_field="type", tag="input_image"):
    """An image."""

    image_url: str | None = None
    file_id: str | None = None
    detail: str | UnsetType | None = UNSET


class InputFile(Struct, kw_only=True, tag_field="type", tag="input_file"):
    """A document."""

    filename: str | UnsetType | None = UNSET
    file_data: str | UnsetType | None = UNSET
    file_id: str | UnsetType | None = UNSET
    file_url: str | UnsetType | None = UNSET


Content = InputText | OutputText | PlainText | Refusal | InputImage | InputFile


class ItemKind(Struct, kw_only=True):
    """What an input item is; a message may leave its type out."""

    type: Literal["message", "function_call", "function_call_output", "reasoning"] = "message"


class MessageItem(Struct, kw_only=True):
    """A message."""

    role: Literal["user", "assistant", "system", "developer"]
    content: str | list[Content]


class FunctionCallItem(Struct, kw_only=True):
    """A call that the model made."""

    call_id: str
    name: str
    arguments: str = ""


class FunctionCallOutputItem(Struct, kw_only=True):
    """What the called function answered."""

    call_id: str
    output: str | list[Content]


class ReasoningItem(Struct, kw_only=True):
    """Reasoning of an earlier answer; encrypted, it can be read by the upstream that made it only."""

    encrypted_content: str | UnsetType | None = UNSET


class Tool(Struct, kw_only=True):
    """A function on offer; other types are the vendor's own."""

    type: Literal["function"]
    name: str
    description: str | UnsetType | None = UNSET
    parameters: Raw | UnsetType = UNSET
    strict: bool | UnsetType | None = UNSET


class NamedTool(Struct, kw_only=True, tag_field="type", tag="function"):
    """Must be called; also an entry of `AllowedTools`."""

    name: str


class AllowedTools(Struct, kw_only=True, tag_field="type", tag="allowed_tools"):
    """Only some of the tools may be called."""

    mode: Literal["auto", "required"]
    tools: list[NamedTool]


class TextFormat(Struct, kw_only=True):
    """Form of the answer."""

    type: Literal["text", "json_object", "json_schema"]
    name: str | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    schema: Raw | UnsetType = UNSET
    strict: bool | UnsetType | None = UNSET


class TextConfig(Struct, kw_only=True):
    """Form and length of the answer."""

    format: TextFormat | UnsetType | None = UNSET
    verbosity: Literal["low", "medium", "high"] | UnsetType | None = UNSET


class Reasoning(Struct, kw_only=True):
    """How much the model reasons, and what of it is shown."""

    effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | UnsetType | None = UNSET
    summary: str | UnsetType | None = UNSET


INPUT: msgspec.json.Decoder[str | list[Raw]] = msgspec.json.Decoder(str | list[Raw])
ITEM_KIND: msgspec.json.Decoder[ItemKind] = msgspec.json.Decoder(ItemKind)
MESSAGE_ITEM: msgspec.json.Decoder[MessageItem] = msgspec.json.Decoder(MessageItem)
FUNCTION_CALL_ITEM: msgspec.json.Decoder[FunctionCallItem] = msgspec.json.Decoder(FunctionCallItem)
FUNCTION_CALL_OUTPUT_ITEM: msgspec.json.Decoder[FunctionCallOutputItem] = msgspec.json.Decoder(FunctionCallOutputItem)
REASONING_ITEM: msgspec.json.Decoder[ReasoningItem] = msgspec.json.Decoder(ReasoningItem)
TOOLS: msgspec.json.Decoder[list[Tool] | None] = msgspec.json.Decoder(list[Tool] | None)
TOOL_CHOICE: msgspec.json.Decoder[Literal["none", "auto", "required"] | NamedTool | AllowedTools | None] = msgspec.json.Decoder(
    Literal["none", "auto", "required"] | NamedTool | AllowedTools | None
)
TEXT_CONFIG: msgspec.json.Decoder[TextConfig | None] = msgspec.json.Decoder(TextConfig | None)
REASONING: msgspec.json.Decoder[Reasoning | None] = msgspec.json.Decoder(Reasoning | None)
INCLUDE: msgspec.json.Decoder[list[str] | None] = msgspec.json.Decoder(list[str] | None)
