"""Reads what we act on from a request and leaves the rest as it is.

The body's top-level members are cut apart without being decoded (`msgspec.Raw`); only those that decide something are read. An
unknown member passes through untouched and in order; a member given twice counts once, with its last value, for us and for the
upstream alike, so that nobody can show us one value and the upstream another.
"""

from collections.abc import Mapping, Sequence

import msgspec
from msgspec.structs import replace

from triplepoint.foundation.errors import RequestInvalid
from triplepoint.upstreams.dialects.model import Dialect
from triplepoint.upstreams.texts import estimate_input_tokens, mentions_images

RawFields = dict[str, msgspec.Raw]

_decode_fields = msgspec.json.Decoder(RawFields).decode
_decode_text = msgspec.json.Decoder(str).decode
_decode_any = msgspec.json.Decoder().decode
_FALSE = (b"false", b"null")
_MANNERS = ("warmth", "caution")
"""Dials of a model's manner."""
_CONTROLS = {"conversation", "tags", "downgrade", "escalate", "thrift", *_MANNERS}
ALLOW, REFUSE = "allow", "refuse"
"""What a caller may say of being moved to a weaker model."""
NEVER, WHOLE, WAIT = "never", "whole", "wait"
"""What a caller may say of its answer being looked at, and another model asked instead: not at all, of answers that are no
streams, or of streams too, for which it then waits."""
_MOST_THRIFT = 100
_MAX_TAGS = 16
_MAX_LABEL = 256
_STORED = ("previous_response_id", "conversation")
_BOUND_MARKS = (b'"encrypted_content"', b'"item_reference"')
"""With their quotation marks, which are escaped inside a string: a text that speaks of them is not meant."""
DEADLINES = (b"x-stainless-read-timeout", b"x-stainless-timeout")
"""By which the official clients say how many seconds they wait; the former counts where both are there."""
SESSION = b"x-claude-code-session-id"
"""A coding agent's own name for a conversation; its gateway protocol sends it with each request."""

OUTPUT_LIMITS = {
    Dialect.CHAT: ("max_completion_tokens", "max_tokens"),
    Dialect.RESPONSES: ("max_output_tokens",),
    Dialect.MESSAGES: ("max_tokens",),
}
"""Members of a request that bound its answer; the first that is there counts."""


class Controls(msgspec.Struct, frozen=True, gc=False):
    """The body's ``triplepoint`` member."""

    conversation: str | None = None
    tags: dict[str, str] = {}
    downgrade: str = ALLOW
    """``refuse``: rather a refusal than a weaker model, where a quota is used up."""
    escalate: str = WHOLE
    """Which answers are looked at before they are given, where the line-up does so at all."""
    thrift: int | None = None
    """Dial from 0, quality at any price, to 100, the cheapest; None: it is not turned."""


_NO_CONTROLS = Controls()


class Request(msgspec.Struct, frozen=True, gc=False):
    """A request to a model, as far as we act on it."""

    dialect: Dialect
    endpoint: str
    fields: RawFields
    """Members of the body without ``triplepoint``."""
    body: bytes
    """The decoded body."""
    asked_model: str
    stream: bool
    wants_usage: bool
    """Chat: the usage chunk was asked for."""
    controls: Controls
    mentions_images: bool
    """The word stands somewhere in the body: only then is it worth looking for images."""

    @property
    def input_estimate(self) -> int:
        """Return a rough count of input tokens for admission: bytes / 4, off by −16 … +24 % on prose and code.

        Images are not text: where there may be some, the words are counted apart from them.
        """
        if self.mentions_images:
            return estimate_input_tokens(self.fields, self.dialect)
        return len(self.body) // 4

    def output_bound(self) -> int | None:
        """Return the most tokens that each answer may have, as the caller says; None: it does not say.

        Raises: RequestInvalid: the bound is no whole number.
        """
        fields = self.fields
        for name in OUTPUT_LIMITS[self.dialect]:
            raw = fields.get(name)
            if raw is not None and (number := bytes(raw)) != b"null":
                return int(number) if number.isdigit() and number != b"0" else whole_number(raw, name)
        return None


def parse_request(body: bytes, dialect: Dialect, endpoint: str) -> Request:
    """Read a request's body.

    Raises: RequestInvalid: not a JSON object, or a member that we act on has the wrong type; ``param`` names it.
    """
    try:
        if not body.isascii():
            body.decode()  # members that nobody here reads would else carry anything to the upstream
        return _parse(body, dialect, endpoint)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RequestInvalid(f"The body is not a JSON object: {error}.", code="invalid_json") from error
    except RecursionError as error:
        raise RequestInvalid("The body is nested too deeply; send it flatter.", code="invalid_json") from error


def _parse(body: bytes, dialect: Dialect, endpoint: str) -> Request:
    fields = _decode_fields(body)
    raw_model = fields.get("model")
    if raw_model is None:
        raise RequestInvalid("Say which model to use.", param="model", code="missing_model")
    stream = "stream" in fields and _flag(fields["stream"], "stream")
    wants_usage = False
    if stream and "stream_options" in fields:
        options = _decode_any(fields["stream_options"])
        if isinstance(options, dict):
            wants_usage = options.get("include_usage") is True  # pyright: ignore[reportUnknownMemberType]
        elif options is not None:
            raise RequestInvalid("An object is expected.", param="stream_options")
    controls = _read_controls(fields.pop("triplepoint")) if "triplepoint" in fields else _NO_CONTROLS
    try:
        asked = _decode_text(raw_model)
    except msgspec.DecodeError as error:
        raise RequestInvalid("A string is expected.", param="model") from error
    return Request(dialect, endpoint, fields, body, asked, stream, wants_usage, controls, mentions_images(body))


def is_bound(request: Request) -> bool:
    """Tell whether a request refers to what one upstream alone can know or read: a stored response, or encrypted reasoning.

    Another upstream of the same model would fail on it, or worse, answer without it.
    """
    if request.dialect is not Dialect.RESPONSES:
        return False
    fields = request.fields
    return any(name in fields and bytes(fields[name]) != b"null" for name in _STORED) or any(
        mark in request.body for mark in _BOUND_MARKS
    )


def in_session(request: Request, headers: Mapping[bytes, bytes]) -> Request:
    """Take an agent's session for the conversation, where the body names none."""
    session = headers.get(SESSION)
    if session is None or request.controls.conversation is not None or not 0 < len(session) <= _MAX_LABEL:
        return request
    return replace(request, controls=replace(request.controls, conversation=session.decode("latin-1")))


def caller_deadline_s(headers: Mapping[bytes, bytes], now_s: float) -> float | None:
    """Return the steady-clock moment until which the caller waits, by the headers of the official clients; None if unsaid."""
    header = headers.get(DEADLINES[0]) or headers.get(DEADLINES[1])
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        return None
    return now_s + seconds if 0 < seconds < 86_400 else None


def whole_number(raw: msgspec.Raw, name: str) -> int:
    """Read a member that must be a whole number of at least 1.

    Raises: RequestInvalid: it is none.
    """
    value = _decode_any(raw)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise RequestInvalid("A whole number of at least 1 is expected.", param=name)
    return value


def _flag(raw: msgspec.Raw, name: str) -> bool:
    value = bytes(raw)
    if value == b"true":
        return True
    if value in _FALSE:
        return False
    raise RequestInvalid("true or false is expected.", param=name)


def _read_controls(raw: msgspec.Raw) -> Controls:
    """Read our own member; what it does not know it refuses, so that nobody believes to have set what was not."""
    value = _decode_any(raw)
    if not isinstance(value, dict):
        raise RequestInvalid("An object is expected.", param="triplepoint")
    members: dict[str, object] = value  # pyright: ignore[reportUnknownVariableType]
    for name in members:
        if name not in _CONTROLS:
            known = ", ".join(sorted(_CONTROLS))
            raise RequestInvalid(
                f"This control is unknown; there are {known}.", param=f"triplepoint.{name}", code="unknown_control"
            )
        if name in _MANNERS:
            raise RequestInvalid("No line-up offers this dial yet.", param=f"triplepoint.{name}", code="unknown_control")
    conversation = members.get("conversation")
    if conversation is not None and not (isinstance(conversation, str) and 0 < len(conversation) <= _MAX_LABEL):
        raise RequestInvalid(f"A string of 1 to {_MAX_LABEL} characters is expected.", param="triplepoint.conversation")
    return Controls(
        conversation,
        _read_tags(members.get("tags")),
        _read_word(members.get("downgrade"), "downgrade", (ALLOW, REFUSE), default=ALLOW),
        _read_word(members.get("escalate"), "escalate", (NEVER, WHOLE, WAIT), default=WHOLE),
        _read_thrift(members.get("thrift")),
    )


def _read_thrift(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST_THRIFT:
        raise RequestInvalid(
            "A whole number from 0 (quality at any price) to 100 (the cheapest) is expected.", param="triplepoint.thrift"
        )
    return value


def _read_word(value: object, name: str, words: Sequence[str], *, default: str) -> str:
    if value is None:
        return default
    if value not in words:
        known = f"{', '.join(words[:-1])} or {words[-1]}"
        raise RequestInvalid(f"{known} is expected.", param=f"triplepoint.{name}", code="unknown_control")
    return str(value)


def _read_tags(value: object) -> dict[str, str]:
    if value is None:
        return {}
    try:
        tags = msgspec.convert(value, dict[str, str])
    except msgspec.ValidationError as error:
        raise RequestInvalid("An object of strings is expected.", param="triplepoint.tags") from error
    if len(tags) > _MAX_TAGS or any(len(name) > _MAX_LABEL or len(text) > _MAX_LABEL for name, text in tags.items()):
        raise RequestInvalid(f"At most {_MAX_TAGS} tags of {_MAX_LABEL} characters are kept.", param="triplepoint.tags")
    return tags
