"""The items of a response's input as chat messages."""

import msgspec
from msgspec import UNSET

from triplepoint.upstreams.dialects.leg import Notices
from triplepoint.upstreams.dialects.shapes import chat, responses
from triplepoint.upstreams.dialects.shapes.reading import TEXT, Members, member, refusal, required, shape


def conversation(fields: Members, notices: Notices) -> list[chat.Message]:
    """Translate ``instructions`` and ``input``.

    Raises: RequestInvalid: an item or a part has no place in chat.
    """
    told = _Told(notices)
    instructions = member(fields, "instructions", TEXT)
    if instructions:
        told.messages.append(chat.SystemMessage(content=instructions))
    given = required(fields, "input", responses.INPUT)
    if isinstance(given, str):
        told.messages.append(chat.UserMessage(content=given))
        return told.messages
    for i, raw in enumerate(given):
        told.take(raw, f"input[{i}]")
    told.show_pictures()
    if not told.messages:
        raise refusal("input", "must hold at least one item")
    return told.messages


class _Told:
    """Messages so far, and pictures that wait for the end of a run of tool results."""

    def __init__(self, notices: Notices) -> None:
        self.messages: list[chat.Message] = []
        self._notices = notices
        self._pictures: list[chat.Part] = []

    def take(self, raw: msgspec.Raw, path: str) -> None:
        """Translate one item."""
        kind = shape(raw, path, responses.ITEM_KIND).type
        if kind == "function_call_output":
            self._result(shape(raw, path, responses.FUNCTION_CALL_OUTPUT_ITEM), path)
            return
        self.show_pictures()
        match kind:
            case "message":
                self._message(shape(raw, path, responses.MESSAGE_ITEM), path)
            case "function_call":
                self._call(shape(raw, path, responses.FUNCTION_CALL_ITEM))
            case "reasoning":
                self._reasoning(shape(raw, path, responses.REASONING_ITEM), path)

    def show_pictures(self) -> None:
        """End a run of tool results with a user message that holds what was no text in them."""
        if self._pictures:
            self.messages.append(chat.UserMessage(content=self._pictures))
            self._pictures = []

    def _message(self, item: responses.MessageItem, path: str) -> None:
        if item.role == "assistant":
            text = item.content if isinstance(item.content, str) else "".join(_texts(item.content, path))
            self.messages.append(chat.AssistantMessage(content=text))
        elif item.role == "user":
            content = item.content if isinstance(item.content, str) else _plain(_parts(item.content, path))
            self.messages.append(chat.UserMessage(content=content))
        else:  # every server knows "system", and OpenAI's take it for "developer"
            content = item.content if isinstance(item.content, str) else "\n".join(_texts(item.content, path))
            self.messages.append(chat.SystemMessage(content=content))

    def _call(self, item: responses.FunctionCallItem) -> None:
        """Add a call to the assistant message before it, or to a new one."""
        call = chat.ToolCall(id=item.call_id, function=chat.Function(name=item.name, arguments=item.arguments))
        last = self.messages[-1] if self.messages else None
        if not isinstance(last, chat.AssistantMessage):
            last = chat.AssistantMessage(content=None)
            self.messages.append(last)
        last.tool_calls = [*(last.tool_calls or []), call]

    def _result(self, item: responses.FunctionCallOutputItem, path: str) -> None:
        if isinstance(item.output, str):
            self.messages.append(chat.ToolMessage(tool_call_id=item.call_id, content=item.output))
            return
        parts = _parts(item.output, path, member_name="output")
        texts = [part.text for part in parts if isinstance(part, chat.TextPart)]
        others = [part for part in parts if not isinstance(part, chat.TextPart)]
        self.messages.append(chat.ToolMessage(tool_call_id=item.call_id, content="\n".join(texts)))
        if others:
            self._notices.changed("function_call_output", "what is no text went into a user message after it")
            self._pictures += [chat.TextPart(text=f"From the result of {item.call_id}:"), *others]

    def _reasoning(self, item: responses.ReasoningItem, path: str) -> None:
        if item.encrypted_content:
            raise refusal(f"{path}.encrypted_content", "can be read by the upstream that made it only; leave the item out")
        self._notices.dropped("reasoning items", "chat does not take reasoning back")


def _plain(parts: list[chat.Part]) -> str | list[chat.Part]:
    """Write a single text as such, which every server takes."""
    first = parts[0] if parts else chat.TextPart(text="")
    return first.text if len(parts) <= 1 and isinstance(first, chat.TextPart) else parts


def _texts(content: list[responses.Content], path: str) -> list[str]:
    """Return the texts of a message that can hold nothing else."""
    texts: list[str] = []
    for i, part in enumerate(content):
        match part:
            case responses.InputText() | responses.OutputText() | responses.PlainText():
                texts.append(part.text)
            case responses.Refusal():
                texts.append(part.refusal)
            case _:
                raise refusal(f"{path}.content[{i}].type", "must be text here")
    return texts


def _parts(content: list[responses.Content], path: str, *, member_name: str = "content") -> list[chat.Part]:
    parts: list[chat.Part] = []
    for i, part in enumerate(content):
        match part:
            case responses.InputText() | responses.OutputText() | responses.PlainText():
                parts.append(chat.TextPart(text=part.text))
            case responses.Refusal():
                parts.append(chat.TextPart(text=part.refusal))
            case responses.InputImage():
                parts.append(_image(part, f"{path}.{member_name}[{i}]"))
            case responses.InputFile():
                parts.append(_file(part, f"{path}.{member_name}[{i}]"))
    return parts


def _image(part: responses.InputImage, path: str) -> chat.ImagePart:
    if not part.image_url:
        raise refusal(f"{path}.image_url", "is required: this model's upstream cannot read files kept by another vendor")
    return chat.ImagePart(image_url=chat.ImageUrl(url=part.image_url, detail=part.detail or UNSET))


def _file(part: responses.InputFile, path: str) -> chat.FilePart:
    if not part.file_data:
        raise refusal(
            f"{path}.file_data", "is required: this model's upstream can neither fetch files nor read another vendor's"
        )
    return chat.FilePart(file=chat.FileData(filename=part.filename or UNSET, file_data=part.file_data))
