"""A response's request as a chat completion's."""

from typing import Final

import msgspec
from msgspec import UNSET, Raw, UnsetType

from triplepoint.upstreams.dialects.leg import Notices, Terms
from triplepoint.upstreams.dialects.limits import limit_name
from triplepoint.upstreams.dialects.responses_over_chat.conversation import conversation
from triplepoint.upstreams.dialects.shapes import chat, responses
from triplepoint.upstreams.dialects.shapes.reading import COUNT, FLAG, Members, compact, is_given, member, refusal

_IMPOSSIBLE: Final = {
    "previous_response_id": "cannot hold: no conversation is kept here; send the whole input",
    "conversation": "cannot hold: no conversation is kept here; send the whole input",
    "background": "cannot hold: answers are given at once",
    "prompt": "cannot hold: no prompts are kept here; send the text as instructions",
}
_READ: Final = frozenset(
    {
        "include",
        "input",
        "instructions",
        "max_output_tokens",
        "metadata",
        "model",
        "parallel_tool_calls",
        "reasoning",
        "stream",
        "stream_options",
        "text",
        "tool_choice",
        "tools",
        "top_logprobs",
        "truncation",
    }
)
_FOREIGN: Final = frozenset(
    {
        "access_programs",
        "background_options",
        "context_management",
        "image",
        "max_tool_calls",
        "moderation",
        "n",
        "prompt_cache_options",
        "store",
    }
)
"""Known to responses alone, or not to be had through them."""
_ECHO: Final[dict[str, object]] = {
    "instructions": None,
    "max_output_tokens": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "reasoning": {"effort": None, "summary": None},
    "temperature": None,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_p": None,
    "user": None,
}
"""Settings that a response repeats, each with its default; None where that is the upstream's affair."""
_FIXED_ECHO: Final[dict[str, object]] = {"previous_response_id": None, "store": False, "truncation": "disabled"}
_SUMMARY_ONLY: Final = frozenset({"effort", "summary", "generate_summary"})
_MEMBERS: msgspec.json.Decoder[dict[str, Raw] | None] = msgspec.json.Decoder(dict[str, Raw] | None)


def to_chat(fields: Members, terms: Terms, notices: Notices) -> dict[str, object]:
    """Translate a request.

    Returns: Its members in the upstream's dialect; unknown ones are carried over as they are, in order.
    Raises: RequestInvalid: something in it is wrong, or cannot be carried over.
    """
    for name, why in _IMPOSSIBLE.items():
        if is_given(fields, name):
            raise refusal(name, why)
    body: dict[str, object] = {"model": terms.upstream_model, "messages": conversation(fields, notices)}
    limit = member(fields, "max_output_tokens", COUNT)
    if limit is not None:
        body[limit_name(terms.upstream_model)] = limit
    _tools(fields, body)
    _form(fields, body)
    _reasoning(fields, body, notices)
    _logprobs(fields, body, notices)
    if member(fields, "stream", FLAG):
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    if is_given(fields, "truncation") and bytes(fields["truncation"]) != b'"disabled"':
        notices.dropped("truncation")
    for name, raw in fields.items():
        if name in _FOREIGN and is_given(fields, name):
            notices.dropped(name)
        elif name not in _READ and name not in _FOREIGN and name not in _IMPOSSIBLE:
            body.setdefault(name, raw)
    return body


def echo(fields: Members) -> dict[str, object]:
    """Return the caller's settings as a response object repeats them, defaults filled in.

    Raises: RequestInvalid: one of them is nested too deep.
    """
    given = {name: compact(fields[name], name) for name in _ECHO if name in fields}
    return {name: given.get(name, default) for name, default in _ECHO.items()} | _FIXED_ECHO


def _tools(fields: Members, body: dict[str, object]) -> None:
    tools = [_tool(tool) for tool in member(fields, "tools", responses.TOOLS) or []]
    tools, choice = chat.admitted(tools, _choice(fields))
    if not tools:
        if choice not in {None, "auto", "none"} if isinstance(choice, str | None) else True:
            raise refusal("tool_choice", "asks for a call, but there are no tools to call")
        return
    body["tools"] = tools
    if choice is not None:
        body["tool_choice"] = choice
    if is_given(fields, "parallel_tool_calls") or member(fields, "parallel_tool_calls", FLAG) is False:
        body["parallel_tool_calls"] = member(fields, "parallel_tool_calls", FLAG)


def _tool(tool: responses.Tool) -> chat.Tool:
    return chat.Tool(
        type="function",
        function=chat.FunctionTool(
            name=tool.name, description=tool.description or UNSET, parameters=tool.parameters, strict=tool.strict
        ),
    )


def _choice(fields: Members) -> chat.ToolChoice | None:
    choice = member(fields, "tool_choice", responses.TOOL_CHOICE)
    if isinstance(choice, responses.NamedTool):
        return _named(choice)
    if isinstance(choice, responses.AllowedTools):
        return chat.AllowedTools(
            allowed_tools=chat.AllowedList(mode=choice.mode, tools=[_named(tool) for tool in choice.tools])
        )
    return choice


def _named(tool: responses.NamedTool) -> chat.NamedTool:
    return chat.NamedTool(function=chat.ToolName(name=tool.name))


def _form(fields: Members, body: dict[str, object]) -> None:
    """Translate form and length of the answer."""
    text = member(fields, "text", responses.TEXT_CONFIG)
    if text is None:
        return
    if text.verbosity:
        body["verbosity"] = text.verbosity
    form = text.format
    if not form or form.type == "text":
        return
    body["response_format"] = told = chat.ResponseFormat(type=form.type)
    if form.type == "json_schema":
        if isinstance(form.schema, UnsetType):
            raise refusal("text.format.schema", "is required")
        told.json_schema = chat.JsonSchema(
            name=form.name or "answer", description=form.description or UNSET, schema=form.schema, strict=form.strict
        )


def _reasoning(fields: Members, body: dict[str, object], notices: Notices) -> None:
    reasoning = member(fields, "reasoning", responses.REASONING)
    if reasoning is None:
        return
    if reasoning.effort:
        body["reasoning_effort"] = reasoning.effort
    for name in sorted((member(fields, "reasoning", _MEMBERS) or {}).keys() - _SUMMARY_ONLY):
        notices.dropped(f"reasoning.{name}")


def _logprobs(fields: Members, body: dict[str, object], notices: Notices) -> None:
    """Translate the wish for log probabilities, which responses state in two places."""
    top = member(fields, "top_logprobs", COUNT)
    for wanted in member(fields, "include", responses.INCLUDE) or []:
        if wanted == "message.output_text.logprobs":
            body["logprobs"] = True
        else:
            notices.dropped(f"include {wanted}" if wanted.replace(".", "").replace("_", "").isalnum() else "include")
    if top:
        body |= {"logprobs": True, "top_logprobs": top}
