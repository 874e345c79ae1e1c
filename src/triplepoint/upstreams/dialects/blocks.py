"""From a chat stream's loose deltas to blocks that come one after another.

A chat chunk may carry reasoning, text, a refusal and parts of several tool calls, in any mixture. Messages and responses want
one block open at a time, with a clear beginning and end. Prose is easy: another kind begins, so the former block has ended. A
tool call is not, because parts of parallel calls may alternate; so the first call stays open to the stream's end, and
whatever else arrives meanwhile waits and follows in the order of its beginning. Nothing is lost, and the first call streams
without delay.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

import msgspec

from triplepoint.upstreams.dialects.model import Event
from triplepoint.upstreams.dialects.shapes import chat
from triplepoint.upstreams.dialects.shapes.reading import broken


class Kind(StrEnum):
    """What a block holds."""

    THINKING = "thinking"
    TEXT = "text"
    REFUSAL = "refusal"
    TOOL = "tool"


@dataclass(slots=True)
class Block:
    """A stretch of the answer."""

    kind: Kind
    call_id: str = ""
    """Of a tool call."""
    name: str = ""
    """Of the tool."""
    index: int = 0
    """Place among the blocks; set when it is opened."""
    pieces: list[str] = field(default_factory=list[str])
    """Its text, or the tool's arguments, so far."""

    @property
    def text(self) -> str:
        """The whole of its text."""
        return "".join(self.pieces)


class BlockWriter(Protocol):
    """Writes blocks as events of the caller's dialect."""

    def opened(self, block: Block) -> list[Event]:
        """Tell that a block begins."""
        ...

    def grown(self, block: Block, piece: str, logprobs: list[msgspec.Raw]) -> list[Event]:
        """Tell more of a block."""
        ...

    def closed(self, block: Block) -> list[Event]:
        """Tell that a block is whole."""
        ...


class BlockSequence:
    """Orders the deltas of one answer into blocks.

    Args:
        writer: Gets the blocks, one at a time.
        spare_id: Begins the id of a call to which the upstream gave none.
    """

    def __init__(self, writer: BlockWriter, spare_id: str) -> None:
        self._writer = writer
        self._spare_id = spare_id
        self._open: Block | None = None
        self._waiting: list[Block] = []
        self._calls: dict[int, Block] = {}
        self._opened = 0
        self.has_calls = False

    def take(self, delta: chat.Delta, logprobs: list[msgspec.Raw]) -> list[Event]:
        """Take one delta.

        Raises: UpstreamFault: a tool call begins without a name.
        """
        events: list[Event] = []
        for kind, piece in (
            (Kind.THINKING, chat.reasoning_of(delta)),
            (Kind.TEXT, delta.content),
            (Kind.REFUSAL, delta.refusal),
        ):
            if piece:
                events += self._grow(self._prose(kind, events), piece, logprobs if kind is Kind.TEXT else [])
        for part in delta.tool_calls or []:
            block = self._call(part, events)
            piece = part.function.arguments if part.function else ""
            if piece:
                events += self._grow(block, piece, [])
        return events

    def finish(self) -> list[Event]:
        """End the open block, and tell those that waited."""
        events = self._close()
        for block in self._waiting:
            pieces, block.pieces = block.pieces, []
            events += self._begin(block)
            events += self._grow(block, "".join(pieces), []) if pieces else []
            events += self._close()
        self._waiting = []
        return events

    def _prose(self, kind: Kind, events: list[Event]) -> Block:
        """Return the block for text of a kind, opened if that can be."""
        block = self._open
        if block is not None and block.kind is kind:
            return block
        if block is not None and block.kind is Kind.TOOL:
            if not self._waiting or self._waiting[-1].kind is not kind:
                self._waiting.append(Block(kind))
            return self._waiting[-1]
        block = Block(kind)
        events += self._begin(block)
        return block

    def _call(self, part: chat.ToolCallDelta, events: list[Event]) -> Block:
        """Return the block of a call: known by its index, or a new one where the index is new or its id is another."""
        index = part.index if isinstance(part.index, int) else (len(self._calls) if part.id else len(self._calls) - 1)
        known = self._calls.get(index)
        if known is not None and (not part.id or part.id == known.call_id):
            return known
        if not (part.function and part.function.name):
            raise broken("the upstream began a tool call without a name")
        block = Block(Kind.TOOL, part.id or f"{self._spare_id}_{len(self._calls)}", part.function.name)
        self._calls[index] = block
        self.has_calls = True
        if self._open is not None and self._open.kind is Kind.TOOL:
            self._waiting.append(block)
        else:
            events += self._begin(block)
        return block

    def _begin(self, block: Block) -> list[Event]:
        events = self._close()
        block.index, self._open = self._opened, block
        self._opened += 1
        return events + self._writer.opened(block)

    def _grow(self, block: Block, piece: str, logprobs: list[msgspec.Raw]) -> list[Event]:
        block.pieces.append(piece)
        return self._writer.grown(block, piece, logprobs) if block is self._open else []

    def _close(self) -> list[Event]:
        block, self._open = self._open, None
        return [] if block is None else self._writer.closed(block)
