"""Earlier calls and results as text: the model reads what it is asked to write."""

import msgspec

from triplepoint.upstreams.dialects.shapes import chat


def rewritten(said: list[chat.Message], note: str) -> list[chat.Message]:
    """Write calls and results as text and put the note into the first instruction.

    Args:
        said: The conversation; messages without calls and results stay the same objects.
        note: What the model is told about tools; empty for nothing.
    """
    told: list[chat.Message] = []
    names: dict[str, str] = {}
    results: list[chat.TextPart | chat.ImagePart] = []
    for message in said:
        if isinstance(message, chat.ToolMessage):
            results += _result(message, names.get(message.tool_call_id, "the tool"))
            continue
        _tell_results(told, results)
        results = []
        if isinstance(message, chat.AssistantMessage) and message.tool_calls:
            names |= {call.id: call.function.name for call in message.tool_calls}
            told.append(_called(message, message.tool_calls))
        else:
            told.append(message)
    _tell_results(told, results)
    return _noted(told, note) if note else told


def _called(message: chat.AssistantMessage, calls: list[chat.ToolCall]) -> chat.AssistantMessage:
    texts = [text] if (text := chat.plain_text(message.content)) else []
    for call in calls:
        name = msgspec.json.encode(call.function.name).decode()
        texts.append(f'{{"name": {name}, "arguments": {call.function.arguments or "{}"}}}')
    return chat.AssistantMessage(content="\n".join(texts))


def _result(message: chat.ToolMessage, name: str) -> list[chat.TextPart | chat.ImagePart]:
    if isinstance(message.content, str):
        return [chat.TextPart(text=f"Result of {name}: {message.content}")]
    return [chat.TextPart(text=f"Result of {name}:"), *message.content]


def _tell_results(told: list[chat.Message], results: list[chat.TextPart | chat.ImagePart]) -> None:
    """Add the results of a turn as one user message."""
    texts = [part.text for part in results if isinstance(part, chat.TextPart)]
    if results:
        told.append(chat.UserMessage(content="\n".join(texts) if len(texts) == len(results) else [*results]))


def _noted(told: list[chat.Message], note: str) -> list[chat.Message]:
    first = told[0] if told else None
    if not isinstance(first, chat.SystemMessage | chat.DeveloperMessage):
        return [chat.SystemMessage(content=note), *told]
    content = f"{first.content}\n\n{note}" if isinstance(first.content, str) else [*first.content, chat.TextPart(text=note)]
    return [chat.SystemMessage(content=content), *told[1:]]
