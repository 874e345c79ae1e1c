"""Logs are JSON lines of scalars, ours and the libraries' alike, and hold neither prompts nor keys."""

import asyncio
import io
import json
import logging
from typing import Any

import pytest

from triplepoint.foundation.errors import NotFound, UpstreamFault
from triplepoint.foundation.secret import Secret
from triplepoint.telemetry.faults import describe, trace
from triplepoint.telemetry.logs import configure_logging, get_logger, loop_fault


def logged(stream: io.StringIO) -> list[dict[str, Any]]:
    """Read the lines of a log."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.fixture
def stream() -> io.StringIO:
    """Return where the log goes."""
    out = io.StringIO()
    configure_logging("info", stream=out)
    return out


def test_line(stream: io.StringIO) -> None:
    """A line has its event, level, room, time and facts."""
    get_logger("gateway").info("started", port=8080, ready=True, cost=None)
    (line,) = logged(stream)
    assert line.pop("time").endswith("Z")
    assert line == {"event": "started", "level": "info", "room": "gateway", "port": 8080, "ready": True, "cost": None}


def test_types_are_redacted(stream: io.StringIO) -> None:
    """A body, a dictionary or a secret handed to a log is named by its type."""
    get_logger("gateway").info("sent", body=b"my prompt", fields={"a": "my prompt"}, key=Secret("my key"))
    (line,) = logged(stream)
    assert (line["body"], line["fields"], line["key"]) == ("<bytes>", "<dict>", "<Secret>")


def test_level(stream: io.StringIO) -> None:
    """What is below the level is not written, from libraries neither."""
    get_logger("gateway").debug("quiet")
    logging.getLogger("some.library").debug("quiet")
    logging.getLogger("uvicorn.access").info("GET /v1/models")
    assert stream.getvalue() == ""
    configure_logging("debug", stream=stream)
    get_logger("gateway").debug("loud")
    assert [line["event"] for line in logged(stream)] == ["loud"]


def test_loggers_made_before_are_reached(stream: io.StringIO) -> None:
    """A logger that a module made before logging was set up writes where the setting says."""
    logger = get_logger("early")
    second = io.StringIO()
    configure_logging("info", stream=second)
    logger.info("here")
    assert stream.getvalue() == ""
    assert [line["event"] for line in logged(second)] == ["here"]


def test_libraries_take_the_same_way(stream: io.StringIO) -> None:
    """A library's record becomes a line of ours, its arguments reduced like our own values."""
    logging.getLogger("uvicorn.error").warning("%s left after %d bytes", "somebody", 12)
    logging.getLogger("uvicorn.error").warning("body was %s", {"messages": "my prompt"})
    first, second = logged(stream)
    assert (first["event"], first["room"], first["level"]) == ("somebody left after 12 bytes", "uvicorn.error", "warning")
    assert second["event"] == "body was <dict>"


def test_library_text_is_kept_to_its_first_line(stream: io.StringIO) -> None:
    """What a library prints below its first line (a task's repr, with an exception's message) is not written; ours is."""
    logging.getLogger("asyncio").error("Task exception was never retrieved\nfuture: <Task exception=ValueError('my prompt')>")
    logging.getLogger("triplepoint.processes").error("files are wrong:\nline 3")
    first, second = logged(stream)
    assert first["event"] == "Task exception was never retrieved"
    assert second["event"] == "files are wrong:\nline 3"


def test_named_arguments(stream: io.StringIO) -> None:
    """A template with names takes them from a dictionary, each value reduced."""
    logging.getLogger("some.library").warning("%(count)d of %(body)s", {"count": 3, "body": b"my prompt"})
    assert logged(stream)[0]["event"] == "3 of <bytes>"


def test_arguments_that_do_not_fit(capsys: pytest.CaptureFixture[str]) -> None:
    """A record whose arguments do not fit its template is written without them, and nothing is printed beside the log."""
    stream = io.StringIO()
    configure_logging("info", stream=stream)  # here, so that pytest's own handler, which raises, is not among the handlers
    logging.getLogger("some.library").error("%d bytes", b"my prompt")
    (line,) = logged(stream)
    assert line["event"] == "%d bytes"
    assert capsys.readouterr() == ("", "")


def test_broken_stream(capsys: pytest.CaptureFixture[str]) -> None:
    """A log that cannot be written is told on standard error in one line, without the record's arguments."""

    class Broken(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError("gone")

    configure_logging("info", stream=Broken())
    logging.getLogger("some.library").error("hello %s", "my prompt")
    assert capsys.readouterr().err == "a log record of some.library could not be written\n"


def test_exception(stream: io.StringIO) -> None:
    """An exception is written with its cause and frames; a foreign message, which may quote a prompt, is not."""
    try:
        try:
            int("my prompt")
        except ValueError as error:
            raise UpstreamFault("the upstream sent sk-abcdefghijklmnop") from error
    except UpstreamFault:
        get_logger("gateway").exception("failed")
    (line,) = logged(stream)
    assert line["exception"].startswith("ValueError\n  ")
    assert "UpstreamFault: the upstream sent sk-…" in line["exception"]
    assert "in test_exception" in line["exception"]
    assert "my prompt" not in stream.getvalue()


def test_our_faults_as_arguments(stream: io.StringIO) -> None:
    """A fault of ours that is a log's argument is written with its message."""
    logging.getLogger("triplepoint.gateway").error("refused: %s", NotFound("no model tiny"))
    assert logged(stream)[0]["event"] == "refused: NotFound: no model tiny"


def test_pretty(stream: io.StringIO) -> None:
    """For people the same facts are text, one line each."""
    configure_logging("info", stream=stream, pretty=True)
    get_logger("gateway").info("started", body=b"my prompt")
    text = stream.getvalue()
    assert "started" in text
    assert "<bytes>" in text
    assert text.count("\n") == 1


async def test_loop_fault(stream: io.StringIO) -> None:
    """A fault that nobody awaited is logged without the exception's message."""
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(loop_fault)
    loop.call_exception_handler({"message": "nobody awaited it", "exception": ValueError("my prompt")})
    (line,) = logged(stream)
    assert (line["event"], line["exception"]) == ("nobody awaited it", "ValueError")


def test_describe() -> None:
    """Messages of ours and of the operating system are told, others are not."""
    assert describe(NotFound("no model tiny")) == "NotFound: no model tiny"
    assert describe(FileNotFoundError(2, "No such file", "a.yaml")) == "FileNotFoundError: [Errno 2] No such file: 'a.yaml'"
    assert describe(KeyError("my prompt")) == "KeyError"
    assert describe(UnicodeDecodeError("utf-8", b"my prompt", 0, 1, "bad")) == "UnicodeDecodeError"


def test_trace_of_group_and_cycle() -> None:
    """A group names its members, and a cycle of causes ends."""
    group = ExceptionGroup("two", [NotFound("no model tiny"), KeyError("my prompt")])
    assert trace(group) == "ExceptionGroup\n  with NotFound: no model tiny\n  with KeyError"
    first, second = ValueError("a"), TypeError("b")
    first.__cause__, second.__cause__ = second, first
    assert trace(first) == "TypeError\nwhich led to\nValueError"
