"""What can go wrong with an answer, as a script says it.

Faults that break an answer somewhere inside count ``after_chunks``: pieces of content, so 0 is after the head and the role but
before the first word. An answer that is not a stream has one body; there the break is in the middle of it.
"""

from typing import Annotated, Literal

from pydantic import Field

from triplepoint.settings import Duration, FileModel, Size

Ending = Literal["close", "reset"]
"""How a connection ends: with FIN (orderly), or with RST (as a crashed process or a firewall does)."""


class StatusFault(FileModel):
    """An error status with its body in the caller's dialect."""

    kind: Literal["status"]
    """Always ``status``."""
    status: int = Field(ge=400, le=599)
    """Such as 429, 500, 503, 529."""
    retry_after: str | None = None
    """``Retry-After`` as it is sent: seconds, or a date."""
    error_type: str | None = None
    """``error.type``; without, the one that the vendor uses with this status."""
    error_code: str | None = None
    """``error.code``; without, the one that OpenAI uses with this status."""
    message: str = "a scripted fault"
    """``error.message``."""
    headers: dict[str, str] = Field(default_factory=dict[str, str])
    """Further headers."""
    body: str | None = None
    """Sent instead of the error in JSON, such as a proxy's page."""


class ErrorBodyFault(FileModel):
    """Status 200, and an error in the body."""

    kind: Literal["error_body"]
    """Always ``error_body``."""
    error_type: str = "server_error"
    """``error.type``."""
    error_code: str | None = None
    """``error.code``."""
    message: str = "a scripted fault"
    """``error.message``."""


class EmptyFault(FileModel):
    """Status 200, and nothing in the body."""

    kind: Literal["empty"]
    """Always ``empty``."""


class CloseFault(FileModel):
    """The connection ends before the head is complete."""

    kind: Literal["close"]
    """Always ``close``."""
    after_bytes: int = Field(default=0, ge=0)
    """Bytes of the head that are sent before; never the whole head."""
    how: Ending = "close"
    """FIN or RST."""


class StallFault(FileModel):
    """Silence."""

    kind: Literal["stall"]
    """Always ``stall``."""
    where: Literal["before_head", "after_head", "in_body"] = "before_head"
    """Where the answer falls silent."""
    after_chunks: int = Field(default=1, ge=0)
    """Pieces of content sent before, for ``in_body``."""
    lasts: Duration | None = None
    """Without, until the client leaves."""
    then: Literal["close", "reset", "go_on"] = "close"
    """What follows."""


class CutFault(FileModel):
    """The answer breaks off inside its body."""

    kind: Literal["cut"]
    """Always ``cut``."""
    after_chunks: int = Field(default=1, ge=0)
    """Pieces of content sent before."""
    how: Literal["terminated", "close", "reset"] = "close"
    """``terminated``: the last, empty chunk is sent, so that only the missing end of the stream tells; else FIN or RST."""


class MissingDoneFault(FileModel):
    """A whole stream without its last event: ``[DONE]``, ``message_stop``, ``response.completed``."""

    kind: Literal["missing_done"]
    """Always ``missing_done``."""


class DoubleDoneFault(FileModel):
    """A stream with its last event twice."""

    kind: Literal["double_done"]
    """Always ``double_done``."""


class MissingFinishFault(FileModel):
    """A chat or messages answer that never gives the reason why it ended."""

    kind: Literal["missing_finish"]
    """Always ``missing_finish``."""


class ErrorEventFault(FileModel):
    """An error as an event inside a stream, after which it ends."""

    kind: Literal["error_event"]
    """Always ``error_event``."""
    after_chunks: int = Field(default=1, ge=0)
    """Pieces of content sent before."""
    error_type: str = "server_error"
    """``error.type``."""
    error_code: str | None = None
    """``error.code``."""
    message: str = "a scripted fault"
    """``error.message``."""
    done: bool = False
    """``[DONE]`` follows all the same."""


class MalformedJsonFault(FileModel):
    """JSON that ends in the middle: one event more in a stream, else the body."""

    kind: Literal["malformed_json"]
    """Always ``malformed_json``."""
    after_chunks: int = Field(default=1, ge=0)
    """Pieces of content sent before."""
    replaces: bool = False
    """Takes the place of a good event, whose content is lost."""


class MalformedEventFault(FileModel):
    """Lines in a stream that are no server-sent event."""

    kind: Literal["malformed_event"]
    """Always ``malformed_event``."""
    after_chunks: int = Field(default=1, ge=0)
    """Pieces of content sent before."""
    form: Literal["no_colon", "bad_utf8", "unfinished"] = "no_colon"
    """A field without its colon; bytes that are no UTF-8; an event that ends without its empty line, and the answer with it."""


class GarbageFault(FileModel):
    """Bytes that mean nothing."""

    kind: Literal["garbage"]
    """Always ``garbage``."""
    where: Literal["head", "framing", "body"] = "head"
    """Instead of HTTP; instead of a chunk's length; instead of JSON or events."""


class WrongLengthFault(FileModel):
    """A ``content-length`` that lies; a stream is sent with a length, too."""

    kind: Literal["wrong_length"]
    """Always ``wrong_length``."""
    by: int
    """Added to the true length: above 0 promises bytes that never come, below 0 sends bytes that were not promised."""
    then: Literal["close", "keep_open"] = "close"
    """Whether the connection ends afterwards."""


class BothLengthsFault(FileModel):
    """``content-length`` and ``transfer-encoding: chunked`` in one head, as request smuggling has it."""

    kind: Literal["both_lengths"]
    """Always ``both_lengths``."""


class DripFault(FileModel):
    """A head or body that comes in crumbs."""

    kind: Literal["drip"]
    """Always ``drip``."""
    part: Literal["head", "body"]
    """What drips."""
    size: int = Field(default=1, ge=1)
    """Bytes at a time."""
    every: Duration
    """Pause between them."""


class HugeFault(FileModel):
    """More than anyone asked for."""

    kind: Literal["huge"]
    """Always ``huge``."""
    part: Literal["head", "body", "line"]
    """Headers; blanks after the JSON, or comments in the stream, all of it legal; one line of a stream that does not end."""
    size: Size
    """How much more."""


Fault = Annotated[
    StatusFault
    | ErrorBodyFault
    | EmptyFault
    | CloseFault
    | StallFault
    | CutFault
    | MissingDoneFault
    | DoubleDoneFault
    | MissingFinishFault
    | ErrorEventFault
    | MalformedJsonFault
    | MalformedEventFault
    | GarbageFault
    | WrongLengthFault
    | BothLengthsFault
    | DripFault
    | HugeFault,
    Field(discriminator="kind"),
]
"""One of the faults above."""
