"""Structured logs on standard error: one JSON object a line, or coloured text where a person watches.

``get_logger("gateway").warning("upstream is resting", upstream="openai", failures=5)``: the event is a constant sentence, facts
are keywords, and `redaction` lets only scalars through. Records of the libraries (uvicorn, SQLAlchemy, asyncio) take the same
way; since they put their text together themselves, only the first line of it is kept, without arguments that are no scalars.
"""

import contextlib
import logging
import sys
from collections.abc import Mapping
from typing import Final, TextIO

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

from triplepoint.telemetry.faults import describe, trace
from triplepoint.telemetry.redaction import plain

_LEVELS: Final = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_OURS: Final = "triplepoint"
_QUIET: Final = ("uvicorn.access", "sqlalchemy.engine", "alembic", "httpcore", "httpx")
"""Libraries whose records below a warning say nothing that our own records and receipts do not."""


def configure_logging(level: str, *, stream: TextIO | None = None, pretty: bool | None = None) -> None:
    """Set up logging for this process; the last call counts.

    Args:
        level: Least level that is written: ``debug``, ``info``, ``warning``, ``error``.
        stream: Where to; standard error without.
        pretty: Text for people instead of JSON; by default where the stream is a terminal.
    """
    out = sys.stderr if stream is None else stream
    renderer = _renderer(out.isatty() if pretty is None else pretty)
    structlog.configure(
        processors=[*_common(), renderer],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(out),
        cache_logger_on_first_use=False,  # a later call to configure must reach loggers that exist already
    )
    _configure_libraries(_LEVELS[level])


def get_logger(room: str) -> FilteringBoundLogger:
    """Return the logger of a room."""
    logger: FilteringBoundLogger = structlog.get_logger(room=room)
    return logger


def loop_fault(_loop: object, context: Mapping[str, object]) -> None:
    """Log what nobody awaited; for `asyncio.loop.set_exception_handler`, whose own handler prints the exception's message."""
    get_logger("asyncio").error(str(context.get("message", "fault in the event loop")), exc_info=context.get("exception"))


def _common() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        _write_exception,
        _only_scalars,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    ]


def _renderer(pretty: bool) -> Processor:
    if pretty:
        return structlog.dev.ConsoleRenderer(timestamp_key="time")
    return structlog.processors.JSONRenderer(ensure_ascii=False)


def _configure_libraries(level: int) -> None:
    root = logging.getLogger()
    root.handlers[:] = [_LibraryHandler()]
    root.setLevel(level)
    for name in list(logging.Logger.manager.loggerDict):  # whatever a library set up for itself ends up with us
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))


class _LibraryHandler(logging.Handler):
    """Hands records of the standard library's logging to our pipeline."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log a record under its logger's name."""
        try:
            error = record.exc_info[1] if record.exc_info else None
            get_logger(record.name).log(record.levelno, _message(record), exc_info=error)
        except Exception:  # noqa: BLE001 (a log line that cannot be written must not stop what it speaks of)
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (the name is the base class's)
        """Say that a record was lost; the inherited method would print its arguments."""
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(f"a log record of {record.name} could not be written\n")


def _message(record: logging.LogRecord) -> str:
    """Rebuild a message from its template and the arguments that may be shown; of a library, the first line only."""
    text = str(_plain(record.msg)) if not isinstance(record.msg, str) else record.msg
    if record.args:
        with contextlib.suppress(TypeError, ValueError, KeyError):  # %d met the name of a type: the template says enough
            text %= _plain_arguments(text, record.args)
    return text if record.name.startswith(_OURS) else text.partition("\n")[0]


def _plain_arguments(template: str, arguments: tuple[object, ...] | Mapping[str, object]) -> object:
    if isinstance(arguments, Mapping):  # logging unpacks a dictionary that is the only argument, meant so or not
        named = {name: _plain(value) for name, value in arguments.items()}
        return named if "%(" in template else (_plain(arguments),)
    return tuple(_plain(value) for value in arguments)


def _plain(value: object) -> object:
    return describe(value) if isinstance(value, BaseException) else plain(value)


def _write_exception(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    error: object = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()[1]
    if isinstance(error, BaseException):
        event["exception"] = _Clean(trace(error))
    return event


class _Clean(str):
    """Text that `faults` has cleaned already, so that it is not cut like other text."""

    __slots__ = ()


def _only_scalars(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    for name, value in event.items():
        event[name] = str(value) if isinstance(value, _Clean) else _plain(value)
    return event
