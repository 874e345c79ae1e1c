"""Has an upstream tell how likely it found its words, and takes that out of the answer again where the caller did not ask.

Only chat completions are asked: messages have no log-probabilities, and of responses they are read where they come. A
model that reasons is not asked either, for OpenAI's refuse the whole request over it.
"""

import msgspec

from triplepoint.foundation.usage import Usage
from triplepoint.gateway.outgoing import Outgoing
from triplepoint.routing.escalation.confidence import Logprobs
from triplepoint.upstreams.dialects.model import Dialect, Event
from triplepoint.upstreams.dialects.reader import UNREADABLE, AnswerReader, RawFields, decode_fields, encode
from triplepoint.upstreams.dialects.sse import parse, write

_decode_choices = msgspec.json.Decoder(list[RawFields]).decode
_TRUE, _NULL = msgspec.Raw(b"true"), msgspec.Raw(b"null")
_MARK = b'"logprobs"'


def with_logprobs(outgoing: Outgoing, logprobs: Logprobs, *, may_ask: bool) -> Outgoing:
    """Return a request whose answer adds up its log-probabilities.

    Args:
        outgoing: As it would be sent.
        logprobs: Where they are added up; fresh.
        may_ask: The upstream may be asked for them, where the caller has not.
    """
    if outgoing.dialect is Dialect.MESSAGES:
        return outgoing
    body, takes_out = outgoing.body, False
    if may_ask and outgoing.dialect is Dialect.CHAT:
        fields = decode_fields(body)
        if bytes(fields.get("logprobs", _NULL)) != b"true":
            body, takes_out = encode({**fields, "logprobs": _TRUE}), True
    reader = _ConfidenceReader(outgoing.reader, logprobs, takes_out=takes_out)
    return msgspec.structs.replace(outgoing, body=body, reader=reader)


class _ConfidenceReader:
    """Reads log-probabilities beside what another reader reads.

    Args:
        inner: The reader of the answer.
        logprobs: Where they are added up.
        takes_out: The caller did not ask for them.
    """

    def __init__(self, inner: AnswerReader, logprobs: Logprobs, *, takes_out: bool) -> None:
        self._inner = inner
        self._logprobs = logprobs
        self._takes_out = takes_out

    @property
    def usage(self) -> Usage | None:
        return self._inner.usage

    @property
    def finish_reason(self) -> str | None:
        return self._inner.finish_reason

    @property
    def is_complete(self) -> bool:
        return self._inner.is_complete

    @property
    def has_failed(self) -> bool:
        return self._inner.has_failed

    def whole(self, body: bytes) -> bytes:
        self._logprobs.read(body)
        read = self._inner.whole(body)
        return _without(read) if self._takes_out and _MARK in read else read

    def block(self, block: bytes) -> bytes:
        event = parse(block) if _MARK in block else None
        if event is not None:
            self._logprobs.read(event.data)
        read = self._inner.block(block)
        if event is None or not self._takes_out or _MARK not in read:
            return read
        again = parse(read)
        return read if again is None else write(Event(again.name, _without(again.data)))

    def end(self) -> bytes:
        return self._inner.end()

    def output_text(self) -> str:
        return self._inner.output_text()


def _without(data: bytes) -> bytes:
    """Write an answer, or a chunk of one, as the upstream does that was not asked for log-probabilities: with null for them."""
    try:
        fields = decode_fields(data)
        choices = _decode_choices(fields["choices"])
    except (KeyError, *UNREADABLE):
        return data
    fields["choices"] = msgspec.Raw(encode([{**one, "logprobs": _NULL} if "logprobs" in one else one for one in choices]))
    return encode(fields)
