"""What a request asks for: the few fields of each dialect that an answer depends on; all others are ignored."""

from collections.abc import Callable, Iterable

import msgspec

from triplepoint.upstreams.simulated.model import Route


class AskInvalid(Exception):
    """The request is not one of its dialect; answered with 400."""


class Ask(msgspec.Struct, kw_only=True):
    """A request, whatever its dialect."""

    route: Route
    model: str
    stream: bool = False
    choices: int = 1
    last_text: str = ""
    """The last text of the user."""
    last_role: str = "user"
    """Who speaks last."""
    words: int = 0
    """Words of the whole prompt."""
    max_words: int | None = None
    """Longest answer."""
    has_tools: bool = False
    wants_usage: bool = False
    """A chat stream shall end with its usage."""
    wants_logprobs: bool = False
    texts: list[str] = []
    """What is to be embedded."""
    dimensions: int | None = None
    """Length of an embedding."""
    in_base64: bool = False
    """Embeddings as packed floats."""


class _Part(msgspec.Struct):
    text: str | None = None


_Content = str | list[_Part] | None


class _Message(msgspec.Struct):
    role: str = ""  # items of a responses input other than messages have none
    content: _Content = None


class _StreamOptions(msgspec.Struct):
    include_usage: bool | None = None


class _Chat(msgspec.Struct):
    model: str
    messages: list[_Message]
    stream: bool | None = None
    n: int | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    tools: list[msgspec.Raw] | None = None
    logprobs: bool | None = None
    stream_options: _StreamOptions | None = None


class _Responses(msgspec.Struct):
    model: str
    input: str | list[_Message] = ""
    instructions: str | None = None
    stream: bool | None = None
    max_output_tokens: int | None = None
    tools: list[msgspec.Raw] | None = None


class _Messages(msgspec.Struct):
    model: str
    messages: list[_Message]
    system: _Content = None
    stream: bool | None = None
    max_tokens: int | None = None
    tools: list[msgspec.Raw] | None = None


class _Embeddings(msgspec.Struct):
    model: str
    input: str | list[str | int | list[int]]
    dimensions: int | None = None
    encoding_format: str | None = None


_decode_chat = msgspec.json.Decoder(_Chat).decode
_decode_responses = msgspec.json.Decoder(_Responses).decode
_decode_messages = msgspec.json.Decoder(_Messages).decode
_decode_embeddings = msgspec.json.Decoder(_Embeddings).decode


def read_ask(route: Route, body: bytes) -> Ask:
    """Read what a request asks for.

    Raises: AskInvalid: the body is not JSON, or a field that matters has the wrong type.
    """
    if route is Route.MODELS:
        return Ask(route=route, model="")
    try:
        return _READERS[route](route, body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise AskInvalid(str(error)) from error


def _read_chat(route: Route, body: bytes) -> Ask:
    chat = _decode_chat(body)
    limit = chat.max_tokens if chat.max_completion_tokens is None else chat.max_completion_tokens
    return Ask(
        route=route,
        model=chat.model,
        stream=bool(chat.stream),
        choices=max(1, chat.n or 1),
        last_text=_last_text(chat.messages),
        last_role=chat.messages[-1].role if chat.messages else "",
        words=_count(message.content for message in chat.messages),
        max_words=limit,
        has_tools=bool(chat.tools),
        wants_usage=chat.stream_options is not None and bool(chat.stream_options.include_usage),
        wants_logprobs=bool(chat.logprobs),
    )


def _read_responses(route: Route, body: bytes) -> Ask:
    responses = _decode_responses(body)
    messages = [_Message("user", responses.input)] if isinstance(responses.input, str) else responses.input
    return Ask(
        route=route,
        model=responses.model,
        stream=bool(responses.stream),
        last_text=_last_text(messages),
        last_role=messages[-1].role if messages else "",
        words=_count([responses.instructions, *(message.content for message in messages)]),
        max_words=responses.max_output_tokens,
        has_tools=bool(responses.tools),
    )


def _read_messages(route: Route, body: bytes) -> Ask:
    request = _decode_messages(body)
    return Ask(
        route=route,
        model=request.model,
        stream=bool(request.stream) and route is Route.MESSAGES,
        last_text=_last_text(request.messages),
        last_role=request.messages[-1].role if request.messages else "",
        words=_count([request.system, *(message.content for message in request.messages)]),
        max_words=request.max_tokens,
        has_tools=bool(request.tools),
    )


def _read_embeddings(route: Route, body: bytes) -> Ask:
    request = _decode_embeddings(body)
    texts = _inputs(request.input)
    return Ask(
        route=route,
        model=request.model,
        last_text=texts[-1] if texts else "",
        words=_count(texts),
        texts=texts,
        dimensions=request.dimensions,
        in_base64=request.encoding_format == "base64",
    )


_READERS: dict[Route, Callable[[Route, bytes], Ask]] = {
    Route.CHAT: _read_chat,
    Route.RESPONSES: _read_responses,
    Route.MESSAGES: _read_messages,
    Route.COUNT_TOKENS: _read_messages,
    Route.EMBEDDINGS: _read_embeddings,
}


def _inputs(given: str | list[str | int | list[int]]) -> list[str]:
    """Return one text for each embedding; token ids are one input, or lists of them are one each."""
    if isinstance(given, str):
        return [given]
    if given and all(isinstance(item, int) for item in given):
        return [" ".join(map(str, given))]
    return [item if isinstance(item, str) else str(item) for item in given]


def _last_text(messages: list[_Message]) -> str:
    for message in reversed(messages):
        if message.role == "user":
            return _text(message.content)
    return ""


def _text(content: _Content) -> str:
    if isinstance(content, list):
        return "\n".join(part.text for part in content if part.text)
    return content or ""


def _count(contents: Iterable[_Content]) -> int:
    return sum(len(_text(content).split()) for content in contents)
