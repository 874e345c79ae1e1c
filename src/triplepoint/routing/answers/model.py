"""What was said, and what was asked of its form."""

import msgspec


class Call(msgspec.Struct, frozen=True, gc=False):
    """A tool that the model wants to have called; nobody has called it."""

    name: str
    arguments: str
    """JSON text, as the model wrote it."""


class Said(msgspec.Struct, frozen=True, gc=False):
    """One answer."""

    text: str
    """Its words, without hidden reasoning; a refusal's words too."""
    calls: tuple[Call, ...] = ()
    """In their order."""
    is_cut: bool = False
    """It ended for want of room."""
    refused: bool = False
    """The model, or its vendor's filter, says in so many words that this is a refusal."""

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing was said."""
        return not self.calls and not self.text.strip()


class Wanted(msgspec.Struct, frozen=True, gc=False):
    """What a request asks of its answer's form."""

    json: bool = False
    """JSON, whatever it holds."""
    schema: bytes = b""
    """JSON schema of the answer, as JSON text; empty: none."""
    must_call: bool = False
    """A tool has to be called."""
