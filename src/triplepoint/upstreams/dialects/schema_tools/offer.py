"""The tools on offer, as a schema that the answer must follow and as a note that the model can read."""

import re
from typing import Final

import msgspec
from msgspec import Raw, Struct, UnsetType

from triplepoint.upstreams.dialects.shapes import chat
from triplepoint.upstreams.dialects.shapes.reading import Members, compact, member, refusal, shape

_ANY_OBJECT: Final = Raw(b'{"type":"object"}')
_SCHEMA: msgspec.json.Decoder[dict[str, Raw]] = msgspec.json.Decoder(dict[str, Raw])
_REFERENCE: Final = re.compile(rb'("\$ref"\s*:\s*")#')


class Offer(Struct):
    """What the model may do."""

    tools: list[chat.Tool]
    may_reply: bool
    """It may answer in words as well."""

    def schema(self) -> dict[str, object]:
        """Return the schema of the answer.

        Schemas that refer to parts of themselves stand in the definitions, where their references still find what they mean.
        """
        definitions: dict[str, object] = {}
        ways: list[object] = []
        for i, tool in enumerate(self.tools):
            arguments: object = _parameters(tool)
            if _REFERENCE.search(bytes(_parameters(tool))):
                definitions[f"tool_{i}"] = _rebased(_parameters(tool), f"#/$defs/tool_{i}")
                arguments = {"$ref": f"#/$defs/tool_{i}"}
            ways.append(_object(name={"const": tool.function.name}, arguments=arguments))
        if self.may_reply:
            ways.append(_object(reply={"type": "string"}))
        return {"anyOf": ways, "$defs": definitions} if definitions else {"anyOf": ways}

    def note(self) -> str:
        """Return what the model is told."""
        lines = ["You can call these tools:"]
        for tool in self.tools:
            about = f": {tool.function.description}" if tool.function.description else ""
            lines.append(f"- {tool.function.name}{about}\n  arguments: {bytes(_parameters(tool)).decode()}")
        lines.append('To call a tool, answer with JSON: {"name": "<tool>", "arguments": {…}}.')
        if self.may_reply:
            lines.append('If no tool is needed, answer with JSON: {"reply": "<your answer>"}.')
        return "\n".join(lines)

    def knows(self, name: str) -> bool:
        """Say whether a tool of that name is on offer."""
        return any(tool.function.name == name for tool in self.tools)


def offer_of(fields: Members) -> Offer | None:
    """Read what a request offers.

    Returns: The offer; None where there are no tools, or none may be called.
    Raises: RequestInvalid: the tools or the choice among them are wrong.
    """
    given = member(fields, "tools", chat.TOOLS) or []
    for i, tool in enumerate(given):
        path = f"tools[{i}].function.parameters"
        shape(_parameters(tool), path, _SCHEMA)
        tool.function.parameters = compact(_parameters(tool), path)
    tools, choice = chat.admitted(given, member(fields, "tool_choice", chat.TOOL_CHOICE))
    if isinstance(choice, chat.NamedTool):
        tools = [tool for tool in tools if tool.function.name == choice.function.name]
    if not tools and (choice == "required" or isinstance(choice, chat.NamedTool)):
        raise refusal("tool_choice", "asks for a call of a tool that is not among the tools")
    if not tools or choice == "none":
        return None
    return Offer(tools, may_reply=choice is None or choice == "auto")


def _parameters(tool: chat.Tool) -> Raw:
    given = tool.function.parameters
    return _ANY_OBJECT if isinstance(given, UnsetType) or bytes(given) in {b"null", b"{}"} else given


def _object(**properties: object) -> dict[str, object]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _rebased(schema: Raw, base: str) -> Raw:
    """Let references within a schema begin at its new place.

    Works on the text: a quote inside a JSON string is escaped, so what matches is a member.
    """
    return Raw(_REFERENCE.sub(lambda match: match[1] + base.encode(), bytes(schema)))
