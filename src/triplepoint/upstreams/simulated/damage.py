"""Faults done to a laid-out answer. Each takes an answer and gives back another; nothing here touches a socket."""

from dataclasses import replace
from typing import assert_never

from triplepoint.upstreams.simulated.errors import Trouble, error_body, error_event, trouble
from triplepoint.upstreams.simulated.faults import (
    BothLengthsFault,
    CloseFault,
    CutFault,
    DoubleDoneFault,
    DripFault,
    EmptyFault,
    ErrorBodyFault,
    ErrorEventFault,
    Fault,
    GarbageFault,
    HugeFault,
    MalformedEventFault,
    MalformedJsonFault,
    MissingDoneFault,
    MissingFinishFault,
    StallFault,
    StatusFault,
    WrongLengthFault,
)
from triplepoint.upstreams.simulated.layout import Drip, Layout, Piece, PieceKind, whole
from triplepoint.upstreams.simulated.model import Route

_NOISE = b"\x00\xff\xfe\x16\x03\x01 this is not HTTP \x80\x81\r\n\r\n"
_BAD_CHUNK = b"zz;not-a-length\r\nwhat follows is no chunk\r\n"
_BAD_EVENTS = {
    "no_colon": b'data {"choices": []}\n\n',
    "bad_utf8": b'data: {"choices": "\xff\xfe\xc3"}\n\n',
    "unfinished": b'data: {"choices": [',
}
_FLOOD_UNIT = 4096
_HEADER_LINE = 1024


def damage(layout: Layout, fault: Fault, route: Route) -> Layout:
    """Do a fault to an answer.

    Args:
        layout: The answer as it would have been.
        route: Says in whose dialect errors are written.
    """
    match fault:
        case StatusFault():
            return _with_status(fault, route)
        case ErrorBodyFault():
            return whole(200, error_body(route, _scripted(fault)))
        case EmptyFault():
            return replace(layout, pieces=())
        case CloseFault():
            kept = min(fault.after_bytes, len(layout.head()) - 1)
            return replace(layout, replaced_head=layout.head()[:kept], pieces=(), terminated=False, end=fault.how)
        case StallFault():
            return _stalled(layout, fault)
        case CutFault():
            return _cut(layout, fault)
        case ErrorEventFault():
            return _with_error_event(layout, fault, route)
        case MissingDoneFault() | DoubleDoneFault():
            return _with_done(layout, times=0 if isinstance(fault, MissingDoneFault) else 2)
        case MissingFinishFault():
            return layout  # was left out where the answer was written, see `responder`
        case MalformedJsonFault() | MalformedEventFault():
            return _malformed(layout, fault)
        case GarbageFault():
            return _garbage(layout, fault)
        case WrongLengthFault():
            end = "close" if fault.then == "close" else "keep"
            return replace(layout, chunked=False, declared=max(0, layout.length() + fault.by), end=end)
        case BothLengthsFault():
            return replace(layout, chunked=True, declared=layout.length(), end="close")
        case DripFault():
            drip = Drip(fault.size, fault.every)
            return replace(layout, head_drip=drip) if fault.part == "head" else replace(layout, body_drip=drip)
        case HugeFault():
            return _huge(layout, fault)
    assert_never(fault)


def _with_status(fault: StatusFault, route: Route) -> Layout:
    usual = trouble(route, fault.status, fault.message)
    error = Trouble(
        message=fault.message, type=fault.error_type or usual.type, code=fault.error_code or usual.code, param=usual.param
    )
    headers = tuple(fault.headers.items())
    if fault.retry_after is not None:
        headers += (("retry-after", fault.retry_after),)
    layout = whole(fault.status, error_body(route, error), headers)
    if fault.body is None:
        return layout
    return replace(layout, headers=headers, pieces=(Piece(PieceKind.FAULT, fault.body.encode()),))


def _scripted(fault: ErrorBodyFault | ErrorEventFault) -> Trouble:
    return Trouble(message=fault.message, type=fault.error_type, code=fault.error_code)


def _parts(layout: Layout, after_chunks: int) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Part the pieces after so many of content, but before their end; a whole body is parted in its middle."""
    if not layout.chunked:
        body = b"".join(piece.data for piece in layout.pieces)
        first, second = body[: len(body) // 2], body[len(body) // 2 :]
        return (Piece(PieceKind.WHOLE, first),), (Piece(PieceKind.WHOLE, second),)
    seen = 0
    for index, piece in enumerate(layout.pieces):
        is_content = piece.kind is PieceKind.CONTENT and piece.words > 0
        if (is_content and seen == after_chunks) or piece.kind in {PieceKind.FINISH, PieceKind.USAGE, PieceKind.DONE}:
            return layout.pieces[:index], layout.pieces[index:]
        seen += is_content
    return layout.pieces, ()


def _cut(layout: Layout, fault: CutFault) -> Layout:
    kept, _ = _parts(layout, fault.after_chunks)
    is_terminated = fault.how == "terminated" and layout.chunked
    end = "keep" if is_terminated else "reset" if fault.how == "reset" else "close"
    return replace(layout, pieces=kept, terminated=is_terminated, declared=_true_length(layout), end=end)


def _true_length(layout: Layout) -> int | None:
    """Return what a length-framed answer promised before it was shortened."""
    return None if layout.chunked else layout.length()


def _stalled(layout: Layout, fault: StallFault) -> Layout:
    if fault.where == "before_head":
        return _after_stall(layout, fault, replace(layout, wait_s=fault.lasts), b"")
    kept, rest = ((), layout.pieces) if fault.where == "after_head" else _parts(layout, fault.after_chunks)
    pause = Piece(PieceKind.FAULT, b"", wait_s=fault.lasts)
    going_on = replace(layout, pieces=(*kept, pause, *rest))
    if fault.then == "go_on":
        return going_on
    return replace(layout, pieces=(*kept, pause), declared=_true_length(layout), terminated=False, end=fault.then)


def _after_stall(layout: Layout, fault: StallFault, going_on: Layout, head: bytes) -> Layout:
    if fault.then == "go_on":
        return going_on
    return replace(going_on, pieces=(), replaced_head=head, terminated=False, end=fault.then)


def _with_error_event(layout: Layout, fault: ErrorEventFault, route: Route) -> Layout:
    error = _scripted(fault)
    if not layout.chunked:
        return whole(200, error_body(route, error))
    kept, rest = _parts(layout, fault.after_chunks)
    done = tuple(piece for piece in rest if piece.kind is PieceKind.DONE) if fault.done else ()
    return replace(layout, pieces=(*kept, error_event(route, error), *done))


def _with_done(layout: Layout, *, times: int) -> Layout:
    others = tuple(piece for piece in layout.pieces if piece.kind is not PieceKind.DONE)
    done = tuple(piece for piece in layout.pieces if piece.kind is PieceKind.DONE)
    return replace(layout, pieces=others + done * times)


def _malformed(layout: Layout, fault: MalformedJsonFault | MalformedEventFault) -> Layout:
    kept, rest = _parts(layout, fault.after_chunks)
    if not layout.chunked:
        broken = kept[0].data + (b'"oops' if isinstance(fault, MalformedJsonFault) else b"\xff\xfe")
        return replace(layout, pieces=(Piece(PieceKind.FAULT, broken),))
    if isinstance(fault, MalformedEventFault):
        piece = Piece(PieceKind.FAULT, _BAD_EVENTS[fault.form])
        return replace(layout, pieces=(*kept, piece) if fault.form == "unfinished" else (*kept, piece, *rest))
    sample = rest[0].data if rest else b"data: {}\n\n"
    broken = Piece(PieceKind.FAULT, sample[: len(sample) * 2 // 3].rstrip() + b"\n\n")
    return replace(layout, pieces=(*kept, broken, *rest[1:]) if fault.replaces else (*kept, broken, *rest))


def _garbage(layout: Layout, fault: GarbageFault) -> Layout:
    if fault.where == "head":
        return replace(layout, replaced_head=_NOISE, pieces=(), terminated=False, end="close")
    if fault.where == "body":
        return replace(layout, pieces=(Piece(PieceKind.FAULT, _NOISE),))
    kept, _ = _parts(layout, 1)
    return replace(layout, chunked=True, pieces=kept, terminated=False, tail=_BAD_CHUNK, end="close")


def _huge(layout: Layout, fault: HugeFault) -> Layout:
    if fault.part == "head":
        lines = -(-fault.size // _HEADER_LINE)
        filler = tuple((f"x-filler-{index}", "x" * _HEADER_LINE) for index in range(lines))
        return replace(layout, headers=layout.headers + filler)
    times = max(1, -(-fault.size // _FLOOD_UNIT))
    if not layout.chunked:
        return replace(layout, pieces=(*layout.pieces, Piece(PieceKind.FAULT, b" " * _FLOOD_UNIT, times=times)))
    kept, rest = _parts(layout, 1)
    if fault.part == "line":
        start, end = Piece(PieceKind.FAULT, b": "), Piece(PieceKind.FAULT, b"\n\n")
        return replace(layout, pieces=(*kept, start, Piece(PieceKind.FAULT, b"x" * _FLOOD_UNIT, times=times), end, *rest))
    comment = b": " + b"x" * (_FLOOD_UNIT - 4) + b"\n\n"
    return replace(layout, pieces=(*kept, Piece(PieceKind.FAULT, comment, times=times), *rest))
