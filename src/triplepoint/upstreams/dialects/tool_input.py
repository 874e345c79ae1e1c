"""Arguments of a tool call: JSON text in chat and responses, a JSON object in messages."""

import msgspec

_OBJECT: msgspec.json.Decoder[dict[str, msgspec.Raw]] = msgspec.json.Decoder(dict[str, msgspec.Raw])
_EMPTY = msgspec.Raw(b"{}")


def object_of(arguments: str) -> msgspec.Raw:
    """Turn the model's text into an object, bytes untouched; no text is no arguments.

    A model may write what is no object, for one because it ran into its limit. Then the text stands under ``INVALID_JSON``, as
    Anthropic advises for handing such a call back (tool use, fine-grained streaming).
    """
    text = arguments.strip()
    if not text:
        return _EMPTY
    try:
        _OBJECT.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return msgspec.Raw(msgspec.json.encode({"INVALID_JSON": arguments}))
    return msgspec.Raw(text.encode())


def text_of(value: msgspec.Raw) -> str:
    """Return an object's JSON text as it came."""
    return bytes(value).decode()
