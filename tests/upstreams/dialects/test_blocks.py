"""Loose deltas become blocks that come one after another."""

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triplepoint.foundation.errors import UpstreamFault
from triplepoint.upstreams.dialects.blocks import Block, BlockSequence, Kind
from triplepoint.upstreams.dialects.model import Event
from triplepoint.upstreams.dialects.shapes.chat import Delta, FunctionDelta, ToolCallDelta


class Scribe:
    """Writes down what it is told, and that only one block is open at a time."""

    def __init__(self) -> None:
        self.blocks: list[tuple[Kind, str, str]] = []
        self._open: Block | None = None

    def opened(self, block: Block) -> list[Event]:
        assert self._open is None
        assert block.index == len(self.blocks)
        self._open = block
        return [Event(b"opened", b"")]

    def grown(self, block: Block, piece: str, logprobs: list[msgspec.Raw]) -> list[Event]:
        assert block is self._open
        assert piece
        return [Event(b"grown", piece.encode())]

    def closed(self, block: Block) -> list[Event]:
        assert block is self._open
        self._open = None
        self.blocks.append((block.kind, block.call_id, block.text))
        return [Event(b"closed", b"")]


def call(index: int | None, call_id: str | None = None, name: str | None = None, arguments: str | None = None) -> Delta:
    """Build a delta of a tool call."""
    function = FunctionDelta(name=name, arguments=arguments)
    return Delta(tool_calls=[ToolCallDelta(index=index, id=call_id, function=function)])


def written(*deltas: Delta) -> list[tuple[Kind, str, str]]:
    """Return the blocks that deltas make."""
    scribe = Scribe()
    sequence = BlockSequence(scribe, "spare")
    for delta in deltas:
        sequence.take(delta, [])
    sequence.finish()
    return scribe.blocks


PIECES = st.text(min_size=1, max_size=3)
DELTAS: list[Callable[[str], Delta]] = [
    lambda text: Delta(content=text),
    lambda text: Delta(reasoning_content=text),
    lambda text: call(0, None, None, text),
    lambda text: call(1, None, None, text),
    lambda text: call(2, None, None, text),
]


@given(st.lists(st.tuples(st.integers(0, 4), PIECES), max_size=25))
def test_nothing_is_lost_or_mixed_up(drawn: list[tuple[int, str]]) -> None:
    """However deltas alternate, each call has its arguments in order and prose of a kind adds up to what was said."""
    begun: set[int] = set()
    deltas: list[Delta] = []
    for which, text in drawn:
        if which >= 2 and which not in begun:
            begun.add(which)
            deltas.append(call(which - 2, f"id{which - 2}", "f"))
        deltas.append(DELTAS[which](text))
    blocks = written(*deltas)
    for which, kind, call_id in (
        (0, Kind.TEXT, ""),
        (1, Kind.THINKING, ""),
        *((n, Kind.TOOL, f"id{n - 2}") for n in (2, 3, 4)),
    ):
        said = "".join(text for drawn_which, text in drawn if drawn_which == which)
        assert "".join(text for block, name, text in blocks if (block, name) == (kind, call_id)) == said
    assert len([block for block in blocks if block[0] is Kind.TOOL]) == len(begun)


def test_the_first_call_streams_while_others_wait() -> None:
    """Parts of the first call go out at once; those of the second only when the stream has ended."""
    sequence = BlockSequence(Scribe(), "spare")
    sequence.take(call(0, "a", "f"), [])
    assert sequence.take(call(1, "b", "g", "{}"), []) == []
    assert [event.data for event in sequence.take(call(0, arguments='{"x"'), [])] == [b'{"x"']
    assert [event.name for event in sequence.finish()] == [b"closed", b"opened", b"grown", b"closed"]


def test_calls_that_all_say_index_0_are_told_apart_by_id() -> None:
    """A server that numbers every parallel call 0 still makes separate calls (a fault seen in the field)."""
    blocks = written(call(0, "a", "f", "{}"), call(0, "b", "g", '{"y":'), call(0, None, None, "1}"))
    assert blocks == [(Kind.TOOL, "a", "{}"), (Kind.TOOL, "b", '{"y":1}')]


def test_calls_without_index_are_told_apart_by_id() -> None:
    """Without an index, a new id begins a call, and parts without id belong to the last."""
    blocks = written(call(None, "a", "f"), call(None, None, None, "{"), call(None, "b", "g", "{}"))
    assert blocks == [(Kind.TOOL, "a", "{"), (Kind.TOOL, "b", "{}")]


def test_a_repeated_id_and_name_do_not_begin_a_new_call() -> None:
    """Servers that repeat id and name in every part make one call."""
    assert written(call(0, "a", "f", "{"), call(0, "a", "f", "}")) == [(Kind.TOOL, "a", "{}")]


def test_a_call_without_id_gets_one() -> None:
    """A call that the server did not name is named after the answer."""
    assert written(call(0, None, "f", "{}"), call(1, None, "g", "{}")) == [
        (Kind.TOOL, "spare_0", "{}"),
        (Kind.TOOL, "spare_1", "{}"),
    ]


def test_a_call_without_name_breaks_the_dialect() -> None:
    """A call that begins without the tool's name cannot be told to anyone."""
    with pytest.raises(UpstreamFault) as caught:
        written(call(0, "a", None, "{}"))
    assert caught.value.code == "protocol_error"
