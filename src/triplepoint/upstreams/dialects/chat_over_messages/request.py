"""A chat completion's request as an Anthropic request."""

from typing import Final

from msgspec import UNSET, Raw, UnsetType

from triplepoint.upstreams.dialects.chat_over_messages.conversation import conversation
from triplepoint.upstreams.dialects.chat_over_messages.thinking import Thoughtfulness, Wish, thoughtfulness
from triplepoint.upstreams.dialects.leg import Notices, Terms
from triplepoint.upstreams.dialects.shapes import chat, messages
from triplepoint.upstreams.dialects.shapes.reading import (
    COUNT,
    EFFORT,
    FLAG,
    NUMBER,
    TEXT,
    Members,
    is_given,
    member,
    refusal,
)

_READ: Final = frozenset(
    {
        "max_completion_tokens",
        "max_tokens",
        "messages",
        "model",
        "n",
        "parallel_tool_calls",
        "reasoning_effort",
        "response_format",
        "safety_identifier",
        "service_tier",
        "stop",
        "stream",
        "stream_options",
        "temperature",
        "thinking",
        "tool_choice",
        "tools",
        "top_k",
        "top_p",
        "user",
    }
)
_NATIVE: Final = frozenset({"cache_control", "container", "context_management", "inference_geo", "mcp_servers", "speed"})
"""Anthropic's own members; a chat caller who sends one means it."""
_TIERS: Final = {"auto": "auto", "default": "standard_only"}
_NO_PARAMETERS: Final = Raw(b'{"type":"object","properties":{}}')


def to_messages(fields: Members, terms: Terms, notices: Notices) -> dict[str, object]:
    """Translate a request.

    Returns: Its members in the upstream's dialect; what is known to neither is dropped with a notice.
    Raises: RequestInvalid: something in it is wrong, or cannot be carried over.
    """
    _refuse_impossible(fields)
    said = conversation(fields, notices)
    body: dict[str, object] = {"model": terms.upstream_model, "max_tokens": _limit(fields, terms)}
    if said.system:
        body["system"] = said.system
    body["messages"] = said.turns
    is_call_forced = _tools(fields, body, notices)
    _stops(fields, body, notices)
    if member(fields, "stream", FLAG):
        body["stream"] = True
    _metadata(fields, body, notices)
    wish = Wish(terms.upstream_model, _limit(fields, terms), is_call_forced, said.goes_on_after_calls())
    thought = _thinking(fields, wish, notices)
    if thought.thinking is not None:
        body["thinking"] = thought.thinking
    _form(fields, body, thought.effort, notices)
    _sampling(fields, body, notices, is_thinking=thought.is_on)
    for name, raw in fields.items():
        if name in _NATIVE:
            body.setdefault(name, raw)
        elif name not in _READ and is_given(fields, name):
            notices.dropped(name)
    return body


def _refuse_impossible(fields: Members) -> None:
    if (member(fields, "n", COUNT) or 1) != 1:
        raise refusal("n", "must be 1: this model's upstream gives one answer at a time")
    for name, instead in (("functions", "tools"), ("function_call", "tool_choice")):
        if is_given(fields, name):
            raise refusal(name, f"is not known to this model's upstream; use {instead}")


def _limit(fields: Members, terms: Terms) -> int:
    for name in ("max_completion_tokens", "max_tokens"):
        limit = member(fields, name, COUNT)
        if limit is not None:
            return limit
    return terms.max_output_tokens


def _tools(fields: Members, body: dict[str, object], notices: Notices) -> bool:
    """Translate tools and the choice among them; returns whether a call is forced."""
    offered = member(fields, "tools", chat.TOOLS) or []
    tools, choice = chat.admitted(offered, member(fields, "tool_choice", chat.TOOL_CHOICE))
    is_forced = choice not in {None, "auto", "none"} if isinstance(choice, str | None) else True
    if not tools:
        if is_forced:
            raise refusal("tool_choice", "asks for a call, but there are no tools to call")
        return False
    body["tools"] = [_tool(tool) for tool in tools]
    told = _choice(choice)
    parallel = member(fields, "parallel_tool_calls", FLAG)
    if parallel is False and choice != "none":
        told = told or messages.ToolChoice(type="auto")
        told.disable_parallel_tool_use = True
    if told is not None:
        body["tool_choice"] = told
    return is_forced


def _tool(tool: chat.Tool) -> messages.Tool:
    function = tool.function
    given = function.parameters
    return messages.Tool(
        name=function.name,
        description=function.description or UNSET,
        input_schema=_NO_PARAMETERS if isinstance(given, UnsetType) or bytes(given) in {b"null", b"{}"} else given,
        strict=function.strict if isinstance(function.strict, bool) else UNSET,
        cache_control=tool.cache_control,
    )


def _choice(choice: chat.ToolChoice | None) -> messages.ToolChoice | None:
    match choice:
        case None:
            return None
        case "auto" | "none":
            return messages.ToolChoice(type=choice)
        case "required" | chat.AllowedTools():
            return messages.ToolChoice(type="any")
        case chat.NamedTool():
            return messages.ToolChoice(type="tool", name=choice.function.name)


def _stops(fields: Members, body: dict[str, object], notices: Notices) -> None:
    stop = member(fields, "stop", chat.STOP)
    sequences = [stop] if isinstance(stop, str) else stop or []
    kept = [sequence for sequence in sequences if sequence.strip()]
    if len(kept) < len(sequences):
        notices.dropped("stop", "the upstream takes no sequence of white space alone")
    if kept:
        body["stop_sequences"] = kept


def _metadata(fields: Members, body: dict[str, object], notices: Notices) -> None:
    user = member(fields, "safety_identifier", TEXT) or member(fields, "user", TEXT)
    if user:
        body["metadata"] = messages.Metadata(user_id=user)
    tier = member(fields, "service_tier", TEXT)
    if tier in _TIERS:
        body["service_tier"] = _TIERS[tier]
    elif tier:
        notices.dropped("service_tier")


def _thinking(fields: Members, wish: Wish, notices: Notices) -> Thoughtfulness:
    """Translate the effort; a caller who sends ``thinking`` says it in the vendor's own words."""
    effort = member(fields, "reasoning_effort", EFFORT)
    own = member(fields, "thinking", messages.THINKING)
    if own is not None:
        return Thoughtfulness(own, None if effort == "none" else effort)
    if effort is None:
        return Thoughtfulness()
    told = thoughtfulness(effort, wish)
    if told.hindrance:
        notices.dropped("reasoning_effort", told.hindrance)
    return told


def _form(fields: Members, body: dict[str, object], effort: str | None, notices: Notices) -> None:
    """Translate the form of the answer, which stands beside the effort."""
    config: dict[str, object] = {} if effort is None else {"effort": effort}
    wanted = member(fields, "response_format", chat.RESPONSE_FORMAT)
    if wanted is not None and wanted.type == "json_schema":
        schema = wanted.json_schema.schema if isinstance(wanted.json_schema, chat.JsonSchema) else UNSET
        if isinstance(schema, UnsetType):
            raise refusal("response_format.json_schema.schema", "is required")
        config["format"] = messages.OutputFormat(type="json_schema", schema=schema)
    elif wanted is not None and wanted.type == "json_object":
        notices.dropped("response_format", "the upstream knows no json_object; give a json_schema")
    if config:
        body["output_config"] = config


def _sampling(fields: Members, body: dict[str, object], notices: Notices, *, is_thinking: bool) -> None:
    """Carry over how tokens are drawn, within what the vendor allows."""
    temperature = member(fields, "temperature", NUMBER)
    if temperature is not None and is_thinking and temperature != 1:
        notices.dropped("temperature", "the model thinks")
    elif temperature is not None and temperature > 1:
        notices.changed("temperature", "to 1, the most that the upstream allows")
        body["temperature"] = 1
    elif temperature is not None:
        body["temperature"] = fields["temperature"]
    if is_given(fields, "top_p"):
        body["top_p"] = fields["top_p"]
    if is_given(fields, "top_k"):
        if is_thinking:
            notices.dropped("top_k", "the model thinks")
        else:
            body["top_k"] = fields["top_k"]
