"""An Anthropic request as a chat completion's."""

import re
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from triplepoint.upstreams.dialects.leg import Notices, Terms
from triplepoint.upstreams.dialects.limits import limit_name
from triplepoint.upstreams.dialects.messages_over_chat.conversation import conversation
from triplepoint.upstreams.dialects.shapes import chat, messages
from triplepoint.upstreams.dialects.shapes.reading import COUNT, FLAG, TEXT, Members, is_given, member, refusal, required

_READ: Final = frozenset(
    {
        "model",
        "system",
        "messages",
        "max_tokens",
        "metadata",
        "output_config",
        "output_format",
        "service_tier",
        "stop_sequences",
        "stream",
        "temperature",
        "thinking",
        "tool_choice",
        "tools",
        "top_p",
    }
)
_FOREIGN: Final = frozenset(
    {
        "betas",
        "cache_control",
        "container",
        "context_management",
        "diagnostics",
        "inference_geo",
        "mcp_servers",
        "n",
        "speed",
        "stream_options",
        "top_k",
        "user_profile_id",
        "workspace_id",
    }
)
"""Known to Anthropic alone, or not to be had through its dialect; a chat server would refuse them or act otherwise."""
_CHOICES: Final = {"auto": "auto", "any": "required", "none": "none"}
_TIERS: Final = {"auto": "auto", "standard_only": "default"}
_EFFORT_BUDGETS: Final = ((4096, "low"), (16384, "medium"))
"""Thinking budgets below these count as that effort; from the last on as high. Ours: the vendors state no equivalence."""
_SAFE_SCHEMA_NAME: Final = re.compile(r"[^A-Za-z0-9_-]")


def to_chat(fields: Members, terms: Terms, notices: Notices) -> dict[str, object]:
    """Translate a request.

    Returns: Its members in the upstream's dialect; unknown ones are carried over as they are, in order.
    Raises: RequestInvalid: something in it is wrong, or cannot be carried over.
    """
    body: dict[str, object] = {"model": terms.upstream_model, "messages": conversation(fields, notices)}
    body[limit_name(terms.upstream_model)] = required(fields, "max_tokens", COUNT)
    _copy(fields, body, "temperature", "top_p")
    stop = member(fields, "stop_sequences", messages.STOP_SEQUENCES)
    if stop:
        body["stop"] = stop
    _tools(fields, body, notices)
    _output(fields, body, notices)
    _metadata(fields, body, notices)
    if member(fields, "stream", FLAG):
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    for name, raw in fields.items():
        if name in _FOREIGN and is_given(fields, name):
            notices.dropped(name)
        elif name not in _READ and name not in _FOREIGN:
            body.setdefault(name, raw)
    return body


def _copy(fields: Members, body: dict[str, object], *names: str) -> None:
    for name in names:
        if name in fields:
            body[name] = fields[name]


def _tools(fields: Members, body: dict[str, object], notices: Notices) -> None:
    tools = member(fields, "tools", messages.TOOLS)
    if not tools:
        return
    body["tools"] = [_tool(tool, notices) for tool in tools]
    choice = member(fields, "tool_choice", messages.TOOL_CHOICE)
    if choice is None:
        return
    if choice.type == "tool":
        if isinstance(choice.name, UnsetType):
            raise refusal("tool_choice.name", "is required")
        body["tool_choice"] = chat.NamedTool(function=chat.ToolName(name=choice.name))
    else:
        body["tool_choice"] = _CHOICES[choice.type]
    if not isinstance(choice.disable_parallel_tool_use, UnsetType):
        body["parallel_tool_calls"] = not choice.disable_parallel_tool_use


def _tool(tool: messages.Tool, notices: Notices) -> chat.Tool:
    for name in ("cache_control", "allowed_callers", "defer_loading", "eager_input_streaming", "input_examples"):
        if getattr(tool, name) is not UNSET:
            notices.dropped(name if name == "cache_control" else f"tools.{name}")
    return chat.Tool(
        type="function",
        function=chat.FunctionTool(
            name=tool.name, description=tool.description, parameters=tool.input_schema, strict=tool.strict
        ),
    )


def _output(fields: Members, body: dict[str, object], notices: Notices) -> None:
    """Translate effort and form of the answer."""
    config = member(fields, "output_config", messages.OUTPUT_CONFIG) or messages.OutputConfig()
    form = config.format or member(fields, "output_format", messages.OUTPUT_FORMAT)
    if form:
        body["response_format"] = chat.ResponseFormat(
            type="json_schema", json_schema=chat.JsonSchema(name=_schema_name(form.schema), schema=form.schema, strict=True)
        )
    effort = config.effort or _effort_of_budget(fields, notices)
    if effort:
        body["reasoning_effort"] = effort


def _schema_name(schema: msgspec.Raw) -> str:
    """Chat wants a name for a schema: its title in the letters that are allowed, else ``answer``."""
    try:
        title = msgspec.json.decode(schema, type=dict[str, msgspec.Raw]).get("title")
        name = msgspec.json.decode(title, type=str) if title else ""
    except (msgspec.DecodeError, RecursionError):
        name = ""
    return _SAFE_SCHEMA_NAME.sub("_", name)[:64] or "answer"


def _effort_of_budget(fields: Members, notices: Notices) -> str | None:
    """Translate a thinking budget; ``adaptive`` leaves the effort to the model, as leaving it out does."""
    thinking = member(fields, "thinking", messages.THINKING)
    if thinking is None or thinking.type == "adaptive":
        return None
    if thinking.type != "enabled":
        notices.dropped("thinking", f"{thinking.type} has no counterpart; the model's default holds")
        return None
    if isinstance(thinking.budget_tokens, UnsetType):
        raise refusal("thinking.budget_tokens", "is required where thinking is enabled")
    return next((effort for limit, effort in _EFFORT_BUDGETS if thinking.budget_tokens < limit), "high")


def _metadata(fields: Members, body: dict[str, object], notices: Notices) -> None:
    metadata = member(fields, "metadata", messages.METADATA)
    if metadata and metadata.user_id:
        body["user"] = metadata.user_id
    tier = member(fields, "service_tier", TEXT)
    if tier in _TIERS:
        body["service_tier"] = _TIERS[tier]
    elif tier:
        notices.dropped("service_tier")
