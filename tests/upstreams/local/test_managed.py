"""A local model comes up by itself, comes back by itself, and leaves nothing behind."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from triplepoint.foundation.clock import SystemClock
from triplepoint.settings import LocalUpstream
from triplepoint.upstreams.local.catalog import FAMILY
from triplepoint.upstreams.local.managed import LocalModel, Timing
from triplepoint.upstreams.local.process import ModelProcess
from triplepoint.upstreams.ports import ManagedUpstream

from .helpers import Tiny

QUICK = Timing(file_poll_s=0.02, health_poll_s=0.1, health_timeout_s=0.3, health_misses=2, first_pause_s=0.1, stop_s=0.5)


def make(gguf: Path | str, tmp_path: Path, *, cache: Path | None = None) -> LocalModel:
    """Return a model with a small context and little patience."""
    settings = LocalUpstream(kind="local", gguf=str(gguf), slots=1, context_tokens=256)
    rng = random.Random(1)
    return LocalModel("m/1", settings, logs=tmp_path / "logs", clock=SystemClock(), cache=cache, timing=QUICK, rng=rng)


@asynccontextmanager
async def started(model: LocalModel) -> AsyncGenerator[LocalModel]:
    """Start a model, and stop it whatever happens."""
    await model.start()
    try:
        yield model
    finally:
        await model.stop()


async def until(is_so: Callable[[], bool], *, within_s: float = 15.0) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(within_s):
        while not is_so():  # noqa: ASYNC110 a state that is read, not an event that is sent
            await asyncio.sleep(0.01)


def shown_by_the_kernel(model: LocalModel) -> str:
    """Return argument list and environment of a model's process, as others may read them."""
    return "".join(Path(f"/proc/{model.pid}/{name}").read_text() for name in ("cmdline", "environ"))


def is_alive(pid: int) -> bool:
    """Say whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_waits_for_its_file_then_serves_then_stops(nano_file: Path, tmp_path: Path):
    """Without its file it waits and says so; once the file is there it comes up; stopped, its process is gone."""
    path = tmp_path / "own.gguf"
    async with started(make(path, tmp_path)) as model:
        upstream: ManagedUpstream = model
        await until(lambda: "waiting for its model file" in upstream.state())
        assert (upstream.endpoint(), model.pid) == (None, None)
        path.symlink_to(nano_file)
        await until(lambda: upstream.endpoint() is not None)
        assert upstream.state() == "ready"
        pid = model.pid
        assert pid
        await model.start()
        assert model.pid == pid
    assert not is_alive(pid)
    assert (model.state(), model.endpoint(), model.pid) == ("stopped", None, None)


@pytest.mark.parametrize(
    ("content", "said"), [(None, "`triplepoint models pull tiny`"), (b"cut", "is damaged; run `triplepoint models pull tiny`")]
)
async def test_tier_that_is_not_there(tiny: Tiny, cache: Path, tmp_path: Path, content: bytes | None, said: str):
    """A tier that was not pulled, or whose file has the wrong size, says which command mends it."""
    if content is not None:
        (cache / FAMILY["tiny"].file).write_bytes(content)
    async with started(make("tiny", tmp_path, cache=cache)) as model:
        await until(lambda: said in model.state())
        assert model.endpoint() is None


async def test_file_that_cannot_be_looked_at(tiny: Tiny, tmp_path: Path):
    """A cache folder that is none does not end the supervision; the state says what is wrong."""
    (tmp_path / "file").write_text("in the way")
    async with started(make("tiny", tmp_path, cache=tmp_path / "file")) as model:
        await until(lambda: "cannot be read" in model.state())
        assert "Not a directory" in model.state()


async def test_a_fault_of_our_own_is_not_silent(
    nano_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    """Should the supervisor itself fail, the state says so and the log has the fault."""

    async def fail(*_: object, **__: object) -> ModelProcess:
        raise LookupError("a mistake of ours")

    monkeypatch.setattr(ModelProcess, "start", fail)
    async with started(make(nano_file, tmp_path)) as model:
        await until(lambda: model.state() == "given up: LookupError")
    assert "no longer supervised" in caplog.text


async def test_broken_file_is_tried_again_ever_more_slowly(tmp_path: Path):
    """A file that does not load gives llama.cpp's reason, pauses between the tries, and a stop that does not wait for them."""
    bad = tmp_path / "bad.gguf"
    bad.write_text("this is not a model")
    async with started(make(bad, tmp_path)) as model:
        await until(lambda: "restarting in" in model.state())
        assert "invalid magic characters" in model.state()
        await until(lambda: sum("restarting" in line for line in model.log_tail()) >= 2)
    pauses = [float(line.split("restarting in ")[1].split(" s")[0]) for line in model.log_tail() if "restarting in" in line]
    assert pauses[1] > pauses[0]
    log = (tmp_path / "logs" / "m_1.log").read_text()
    assert "failed to load model" in log


async def test_killed_model_comes_back(nano_file: Path, tmp_path: Path):
    """A model killed with signal 9 is None as an endpoint at once and comes back as another process with another key."""
    async with started(make(nano_file, tmp_path)) as model:
        await until(lambda: model.endpoint() is not None)
        before, pid = model.endpoint(), model.pid
        assert before
        assert pid
        os.kill(pid, signal.SIGKILL)
        await until(lambda: model.endpoint() is None, within_s=2)
        await until(lambda: model.state().startswith("restarting in"), within_s=2)
        assert "SIGKILL" in model.state()
        await until(lambda: model.endpoint() is not None)
        after = model.endpoint()
        assert after
        assert model.pid != pid
        assert after.api_key != before.api_key
        assert str(before.api_key) not in repr(before)


async def test_hung_model_is_replaced(nano_file: Path, tmp_path: Path):
    """A process that lives but does not answer is killed and replaced."""
    async with started(make(nano_file, tmp_path)) as model:
        await until(lambda: model.endpoint() is not None)
        pid = model.pid
        assert pid
        os.kill(pid, signal.SIGSTOP)
        await until(lambda: "no sign of life" in model.state())
        assert not is_alive(pid)
        await until(lambda: model.endpoint() is not None)


async def test_ctrl_c_does_not_reach_the_model(nano_file: Path, tmp_path: Path):
    """The signal of a terminal's Ctrl-C leaves the process alone; its parent decides."""
    async with started(make(nano_file, tmp_path)) as model:
        await until(lambda: model.endpoint() is not None)
        pid = model.pid
        assert pid
        os.kill(pid, signal.SIGINT)
        await asyncio.sleep(0.3)
        assert (model.pid, model.state()) == (pid, "ready")


async def test_key_and_secrets_are_not_on_show(nano_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The key stands in no argument list and no environment, and our own secrets are not handed down."""
    monkeypatch.setenv("TRIPLEPOINT_SECRET", "planted-secret-of-the-gateway")
    monkeypatch.setenv("OPENAI_API_KEY", "planted-key")
    async with started(make(nano_file, tmp_path)) as model:
        await until(lambda: model.endpoint() is not None)
        endpoint = model.endpoint()
        assert endpoint
        assert endpoint.api_key
        shown = shown_by_the_kernel(model)
    assert endpoint.api_key not in shown
    assert "planted" not in shown
    assert endpoint.api_key not in (tmp_path / "logs" / "m_1.log").read_text()


async def test_stop_while_loading(nano_file: Path, tmp_path: Path):
    """A stop during loading does not wait for the model."""
    async with started(make(nano_file, tmp_path)) as model:
        await until(lambda: model.pid is not None)
        pid, begun = model.pid, time.monotonic()
    assert time.monotonic() - begun < 1
    assert pid
    assert not is_alive(pid)


async def test_no_process_can_be_started(nano_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A machine that cannot start another process is tried again, and the reason is said."""

    async def refuse(*_: object, **__: object) -> ModelProcess:
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(ModelProcess, "start", refuse)
    async with started(make(nano_file, tmp_path)) as model:
        await until(lambda: "no process could be started: Resource temporarily unavailable" in model.state())


def test_model_dies_with_its_gateway(nano_file: Path, tmp_path: Path):
    """A gateway that is killed with signal 9 leaves no model process behind."""
    script = textwrap.dedent(f"""
        import asyncio
        from pathlib import Path
        from triplepoint.foundation.clock import SystemClock
        from triplepoint.settings import LocalUpstream
        from triplepoint.upstreams.local.managed import LocalModel

        async def main():
            settings = LocalUpstream(kind="local", gguf={str(nano_file)!r}, slots=1, context_tokens=256)
            model = LocalModel("nano", settings, logs=Path({str(tmp_path)!r}), clock=SystemClock())
            await model.start()
            while not model.endpoint():
                await asyncio.sleep(0.01)
            print(model.pid, flush=True)
            await asyncio.sleep(60)

        asyncio.run(main())
    """)
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as gateway:
        assert gateway.stdout
        pid = int(gateway.stdout.readline())
        assert is_alive(pid)
        gateway.kill()
    deadline = time.monotonic() + 3
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_alive(pid)
