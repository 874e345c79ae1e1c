"""Chat messages as Anthropic's system blocks and turns."""

from msgspec import UNSET, Raw, Struct, UnsetType

from triplepoint.upstreams.dialects.chat_over_messages.images import document_source, image_source
from triplepoint.upstreams.dialects.leg import Notices
from triplepoint.upstreams.dialects.shapes import chat, messages
from triplepoint.upstreams.dialects.shapes.reading import Members, is_set, refusal, required
from triplepoint.upstreams.dialects.tool_input import object_of

Turn = messages.UserMessage | messages.AssistantMessage


class Conversation(Struct):
    """What was said, as Anthropic wants it."""

    system: list[messages.TextBlock] = []
    turns: list[Turn] = []

    def goes_on_after_calls(self) -> bool:
        """Say whether the last turn brings results of tools."""
        last = self.turns[-1].content
        return not isinstance(last, str) and any(isinstance(block, messages.ToolResultBlock) for block in last)


def conversation(fields: Members, notices: Notices) -> Conversation:
    """Translate ``messages``.

    Raises: RequestInvalid: a part has no place in messages, or nothing is left to answer.
    """
    told = Conversation()
    for i, said in enumerate(required(fields, "messages", chat.MESSAGES)):
        path = f"messages[{i}]"
        if isinstance(said, chat.ToolMessage):
            _results(told.turns).append(_tool_result(said, path, notices))
            continue
        if said.name:
            notices.dropped("messages.name")
        match said:
            case chat.SystemMessage() | chat.DeveloperMessage():
                if told.turns:
                    notices.changed(f"{path}.role", "a late instruction went to the front")
                told.system += _texts(said.content, notices)
            case chat.UserMessage():
                _add_user(told.turns, _user(said.content, path, notices), path)
            case chat.AssistantMessage():
                told.turns += _assistant(said, path, notices)
    if not told.turns:
        raise refusal("messages", "must hold at least one user message")
    _trim_prefill(told.turns[-1])
    return told


def _results(turns: list[Turn]) -> list[messages.Block]:
    """Return the blocks of the user turn that collects tool results: the open one, else a new one."""
    last = turns[-1] if turns else None
    if isinstance(last, messages.UserMessage) and isinstance(last.content, list) and _is_results(last.content):
        return last.content
    blocks: list[messages.Block] = []
    turns.append(messages.UserMessage(content=blocks))
    return blocks


def _is_results(blocks: list[messages.Block]) -> bool:
    return bool(blocks) and isinstance(blocks[-1], messages.ToolResultBlock)


def _add_user(turns: list[Turn], content: str | list[messages.Block], path: str) -> None:
    """Add what the user said; right after tool results it belongs to the same turn."""
    last = turns[-1].content if turns and isinstance(turns[-1], messages.UserMessage) else ""
    if isinstance(last, list) and _is_results(last):
        last += [messages.TextBlock(text=content)] if isinstance(content, str) else content
    elif content:
        turns.append(messages.UserMessage(content=content))
    else:
        raise refusal(f"{path}.content", "must not be empty for this model's upstream")


def _user(content: str | list[chat.Part], path: str, notices: Notices) -> str | list[messages.Block]:
    if isinstance(content, str):
        return content if content.strip() else ""
    blocks = [_block(part, f"{path}.content[{i}]", notices) for i, part in enumerate(content)]
    return [block for block in blocks if block is not None]


def _block(part: chat.Part, path: str, notices: Notices) -> messages.Block | None:
    """Translate a part; blank text, which the vendor refuses, becomes none."""
    match part:
        case chat.TextPart():
            return _text(part, notices) if part.text.strip() else None
        case chat.ImagePart():
            return _image(part, path, notices)
        case chat.FilePart():
            title = part.file.filename or UNSET
            return messages.DocumentBlock(source=document_source(part, path), title=title, cache_control=_mark(part, notices))
        case chat.AudioPart():
            raise refusal(f"{path}.type", "input_audio cannot be heard by this model's upstream")


def _image(part: chat.ImagePart, path: str, notices: Notices) -> messages.ImageBlock:
    if part.image_url.detail not in {None, UNSET, "auto"}:
        notices.dropped("image_url.detail")
    return messages.ImageBlock(source=image_source(part, path), cache_control=_mark(part, notices))


def _texts(content: str | list[chat.TextPart], notices: Notices) -> list[messages.TextBlock]:
    parts = [chat.TextPart(text=content)] if isinstance(content, str) else content
    return [_text(part, notices) for part in parts if part.text.strip()]


def _text(part: chat.TextPart, notices: Notices) -> messages.TextBlock:
    return messages.TextBlock(text=part.text, cache_control=_mark(part, notices))


def _mark(part: chat.TextPart | chat.ImagePart | chat.FilePart, notices: Notices) -> Raw | UnsetType:
    """Keep Anthropic's cache mark, which some callers set on chat parts; OpenAI's differs in life and price."""
    if not isinstance(part.prompt_cache_breakpoint, UnsetType):
        notices.dropped("prompt_cache_breakpoint")
    return part.cache_control


def _tool_result(said: chat.ToolMessage, path: str, notices: Notices) -> messages.ToolResultBlock:
    if isinstance(said.content, str):
        return messages.ToolResultBlock(tool_use_id=said.tool_call_id, content=said.content)
    content: list[messages.TextBlock | messages.ImageBlock | messages.DocumentBlock] = []
    for i, part in enumerate(said.content):
        if isinstance(part, chat.ImagePart):
            content.append(_image(part, f"{path}.content[{i}]", notices))
        elif part.text.strip():
            content.append(_text(part, notices))
    return messages.ToolResultBlock(tool_use_id=said.tool_call_id, content=content)


def _assistant(said: chat.AssistantMessage, path: str, notices: Notices) -> list[Turn]:
    """Translate what the model said; nothing said is no turn."""
    for name in ("audio", "function_call"):
        if is_set(getattr(said, name)):
            raise refusal(f"{path}.{name}", "cannot be carried over to this model's upstream")
    if is_set(said.reasoning_content) or is_set(said.reasoning):
        notices.dropped("messages.reasoning_content", "the upstream takes back only what it signed itself")
    blocks = _said(said, notices)
    calls = said.tool_calls or []
    if not calls and len(blocks) == 1 and isinstance(blocks[0].cache_control, UnsetType):
        return [messages.AssistantMessage(content=blocks[0].text)]
    given = [
        messages.ToolUseBlock(id=call.id, name=call.function.name, input=object_of(call.function.arguments)) for call in calls
    ]
    return [messages.AssistantMessage(content=[*blocks, *given])] if blocks or given else []


def _said(said: chat.AssistantMessage, notices: Notices) -> list[messages.TextBlock]:
    if isinstance(said.content, list):
        texts = [chat.TextPart(text=part.refusal) if isinstance(part, chat.RefusalPart) else part for part in said.content]
        return _texts(texts, notices)
    return _texts(said.content or said.refusal or "", notices)


def _trim_prefill(last: Turn) -> None:
    """Cut white space from the end of a prefill, which the vendor refuses."""
    if isinstance(last, messages.AssistantMessage):
        if isinstance(last.content, str):
            last.content = last.content.rstrip()
        elif isinstance(block := last.content[-1], messages.TextBlock):
            block.text = block.text.rstrip()
