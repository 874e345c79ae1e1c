"""Anthropic's conversation as chat messages."""

from msgspec import UNSET, UnsetType

from triplepoint.upstreams.dialects.leg import Notices
from triplepoint.upstreams.dialects.shapes import chat, messages
from triplepoint.upstreams.dialects.shapes.reading import Members, member, refusal, required
from triplepoint.upstreams.dialects.tool_input import text_of


def conversation(fields: Members, notices: Notices) -> list[chat.Message]:
    """Translate ``system`` and ``messages``.

    Raises: RequestInvalid: a block has no place in chat.
    """
    told: list[chat.Message] = []
    system = member(fields, "system", messages.SYSTEM)
    if system:
        told.append(chat.SystemMessage(content=_texts(system, notices)))
    turns = required(fields, "messages", messages.MESSAGES)
    for i, turn in enumerate(turns):
        path = f"messages[{i}].content"
        match turn:
            case messages.SystemMessage():
                told.append(chat.SystemMessage(content=_texts(turn.content, notices)))
            case messages.UserMessage():
                told += _user(turn.content, path, notices)
            case messages.AssistantMessage():
                told += _assistant(turn.content, path, notices)
    if turns and isinstance(turns[-1], messages.AssistantMessage):
        notices.changed("prefill", "the upstream may answer the last assistant message instead of continuing it")
    return told


def _texts(content: str | list[messages.TextBlock], notices: Notices) -> str | list[chat.TextPart]:
    """Keep the blocks apart and in order; a single one is plain text, which every server takes."""
    if isinstance(content, str):
        return content
    for block in content:
        _note_marks(block, notices)
    return content[0].text if len(content) == 1 else [chat.TextPart(text=block.text) for block in content]


def _user(content: str | list[messages.Block], path: str, notices: Notices) -> list[chat.Message]:
    if isinstance(content, str):
        return [chat.UserMessage(content=content)]
    told: list[chat.Message] = []
    parts: list[chat.Part] = []
    pictures: list[chat.Part] = []
    for i, block in enumerate(content):
        _note_marks(block, notices)
        match block:
            case messages.ToolResultBlock():
                told.append(_tool_message(block, f"{path}[{i}]", pictures, notices))
            case messages.TextBlock() | messages.ImageBlock() | messages.DocumentBlock():
                parts.append(_part(block, f"{path}[{i}]", notices))
            case _:
                raise refusal(f"{path}[{i}].type", "is a block that only the assistant may send")
    if pictures or parts:
        told.append(chat.UserMessage(content=_plain_if_single([*pictures, *parts])))
    return told or [chat.UserMessage(content="")]


def _plain_if_single(parts: list[chat.Part]) -> str | list[chat.Part]:
    first = parts[0]
    return first.text if len(parts) == 1 and isinstance(first, chat.TextPart) else parts


def _tool_message(block: messages.ToolResultBlock, path: str, pictures: list[chat.Part], notices: Notices) -> chat.ToolMessage:
    """Translate a tool's result; what is no text goes to ``pictures``, for a user message after the results."""
    content = block.content or ""
    texts: list[chat.TextPart | chat.ImagePart] = []
    if isinstance(content, str):
        texts.append(chat.TextPart(text=content))
    else:
        for i, inner in enumerate(content):
            _note_marks(inner, notices)
            part = _part(inner, f"{path}.content[{i}]", notices)
            if isinstance(part, chat.TextPart):
                texts.append(part)
            else:
                if not pictures or not isinstance(pictures[-1], chat.ImagePart):
                    notices.changed("tool_result", "what is no text went into a user message after it")
                pictures += [chat.TextPart(text=f"From the result of {block.tool_use_id}:"), part]
    first = texts[0] if texts else chat.TextPart(text="")
    if block.is_error and isinstance(first, chat.TextPart):
        first = chat.TextPart(text=f"Error: {first.text}")
    texts = [first, *texts[1:]]
    plain = first.text if len(texts) == 1 and isinstance(first, chat.TextPart) else texts
    return chat.ToolMessage(tool_call_id=block.tool_use_id, content=plain)


def _part(block: messages.TextBlock | messages.ImageBlock | messages.DocumentBlock, path: str, notices: Notices) -> chat.Part:
    match block:
        case messages.TextBlock():
            return chat.TextPart(text=block.text)
        case messages.ImageBlock():
            return chat.ImagePart(image_url=chat.ImageUrl(url=_url(block.source)))
        case messages.DocumentBlock():
            return _document(block, path, notices)


def _url(source: messages.Base64Source | messages.UrlSource) -> str:
    if isinstance(source, messages.UrlSource):
        return source.url
    return f"data:{source.media_type};base64,{source.data}"


def _document(block: messages.DocumentBlock, path: str, notices: Notices) -> chat.Part:
    """Chat takes a file inside the request; a text document becomes text."""
    if block.context:
        notices.dropped("document.context")
    match block.source:
        case messages.TextSource():
            return chat.TextPart(text=f"{block.title}\n\n{block.source.data}" if block.title else block.source.data)
        case messages.Base64Source():
            name = block.title or "document.pdf"
            return chat.FilePart(file=chat.FileData(filename=name, file_data=_url(block.source)))
        case messages.UrlSource():
            raise refusal(
                f"{path}.source.type", "is a url, which this model's upstream cannot fetch; send the document as base64"
            )


def _assistant(content: str | list[messages.Block], path: str, notices: Notices) -> list[chat.Message]:
    if isinstance(content, str):
        return [chat.AssistantMessage(content=content)]
    texts: list[chat.TextPart | chat.RefusalPart] = []
    calls: list[chat.ToolCall] = []
    for i, block in enumerate(content):
        _note_marks(block, notices)
        match block:
            case messages.TextBlock():
                texts.append(chat.TextPart(text=block.text))
            case messages.ToolUseBlock():
                if not bytes(block.input).lstrip().startswith(b"{"):
                    raise refusal(f"{path}[{i}].input", "must be an object")
                calls.append(
                    chat.ToolCall(id=block.id, function=chat.Function(name=block.name, arguments=text_of(block.input)))
                )
            case messages.ThinkingBlock() | messages.RedactedThinkingBlock():
                notices.dropped("thinking blocks", "they cannot be read by another vendor's model")
            case _:
                raise refusal(f"{path}[{i}].type", "is a block that only the user may send")
    if not texts and not calls:
        return []
    plain = chat.plain_text(texts) if len(texts) == 1 else texts or None
    return [chat.AssistantMessage(content=plain, tool_calls=calls or UNSET)]


def _note_marks(block: messages.Block, notices: Notices) -> None:
    """Note what stands on a block and has no counterpart."""
    if isinstance(block, messages.Reasoning):
        return
    if not isinstance(block.cache_control, UnsetType):
        notices.dropped("cache_control")
    if isinstance(block, messages.TextBlock | messages.DocumentBlock) and not isinstance(block.citations, UnsetType):
        notices.dropped("citations")
