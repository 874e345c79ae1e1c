"""A model's log is bounded, and holds no request."""

from pathlib import Path

import pytest

from triplepoint.upstreams.local.model_log import ModelLog


class StoppedClock:
    """Always the same moment."""

    def now_us(self) -> int:
        return 1_795_000_000_000_000

    def steady_s(self) -> float:
        return 0.0


def make(tmp_path: Path, max_bytes: int = 2**20) -> ModelLog:
    """Return a log."""
    return ModelLog(tmp_path / "logs" / "nano.log", clock=StoppedClock(), max_bytes=max_bytes, keep_lines=3)


def test_lines_go_to_file_and_memory(tmp_path: Path):
    """Lines of the start are kept on disk, the last of them in memory, our own with their date."""
    log = make(tmp_path)
    log.note("started")
    for number in range(3):
        log.line(f"line {number}", is_serving=False)
    assert log.tail() == ["line 0", "line 1", "line 2"]
    log.close()
    text = (tmp_path / "logs" / "nano.log").read_text()
    assert text == "--- 2026-11-18T11:06:40Z started\nline 0\nline 1\nline 2\n"


def test_files_stay_small(tmp_path: Path):
    """However much is written, there are two files, neither larger than allowed, also over restarts."""
    for _ in range(3):
        log = make(tmp_path, max_bytes=1000)
        for number in range(200):
            log.line(f"line {number:03}", is_serving=False)
        log.close()
    sizes = {path.name: path.stat().st_size for path in (tmp_path / "logs").iterdir()}
    assert set(sizes) == {"nano.log", "nano.log.1"}
    assert max(sizes.values()) <= 1000
    assert (tmp_path / "logs" / "nano.log").read_text().endswith("line 199\n")


@pytest.mark.parametrize(
    "line",
    [
        "0.00.440.912 E srv send_error: task id = 0, error: PLANTED",
        "root ::= PLANTED (",
        'GGML_ASSERT("PLANTED") failed',
        "terminate called after throwing an instance of PLANTED",
    ],
)
def test_requests_are_not_kept(tmp_path: Path, line: str):
    """Once requests are served, a line that may quote one is dropped."""
    log = make(tmp_path)
    log.line(line, is_serving=True)
    assert log.tail() == []


@pytest.mark.parametrize(
    "line",
    [
        "/src/ggml/src/ggml.c:123: GGML_ASSERT(a->ne[0] == b->ne[0]) failed",
        "terminate called after throwing an instance of 'std::bad_alloc'",
        "Fatal Python error: Segmentation fault",
        "double free or corruption (out)",
    ],
)
def test_crashes_are_kept(tmp_path: Path, line: str):
    """The lines that say where a process crashed are kept at any time."""
    log = make(tmp_path)
    log.line(line, is_serving=True)
    log.close()
    assert log.tail() == [line]


def test_a_disk_that_cannot_be_written_stops_nothing(tmp_path: Path):
    """Where the file cannot be written, the lines in memory remain."""
    (tmp_path / "logs").write_text("a file where the folder should be")
    log = make(tmp_path)
    log.line("still here", is_serving=False)
    assert log.tail() == ["still here"]
