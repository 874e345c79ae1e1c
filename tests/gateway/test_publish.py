"""A new configuration in a running gateway: one swap, at once; whoever is under way finishes where it began."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.gateway.harness import Running, free_port, model, openai_upstream, start_gateway, write_configuration
from tests.gateway.raw import Raw, call, get, head, post, question, request

from triplepoint.upstreams.simulated.model import Script
from triplepoint.upstreams.simulated.server import SimulatedServer

LINEUP = "x-triplepoint-lineup"
SLOW = {"text": "one two three four", "pace": {"between_tokens": "150ms"}}


@pytest.fixture
def changing(tmp_path: Path) -> Generator[Running]:
    """Run a gateway whose files a test may change."""
    ports = {"a": free_port(), "b": free_port()}
    port = write_configuration(tmp_path, upstreams={"a": openai_upstream(ports["a"])}, models={"chat": model("a")})
    with start_gateway(tmp_path, port) as running:
        running.ports = ports
        yield running


@pytest.fixture
async def upstreams(changing: Running) -> AsyncGenerator[dict[str, SimulatedServer]]:
    """Play an upstream on each of the two ports."""
    async with AsyncExitStack() as stack:
        servers: dict[str, SimulatedServer] = {}
        for name, port in changing.ports.items():
            slow = {"when": {"contains": "slow"}, "answer": SLOW}
            script = Script.model_validate({"cases": [slow], "answer": {"text": name}}, strict=False)
            servers[name] = await stack.enter_async_context(SimulatedServer(script, port=port))
        yield servers


def _change(gateway: Running, file: str, change: Callable[[dict[str, Any]], object]) -> None:
    path = gateway.folder / file
    value = yaml.safe_load(path.read_text("utf-8"))
    change(value)
    path.write_text(yaml.safe_dump(value, sort_keys=False), "utf-8")


def _move_upstream(gateway: Running) -> None:
    """Have the upstream a at the other port."""
    _change(gateway, "triplepoint.yaml", lambda value: value["upstreams"].update(a=openai_upstream(gateway.ports["b"])))


def _command(gateway: Running, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "triplepoint", *arguments, "--dir", str(gateway.folder)]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, env=dict(os.environ))


def _text(answer: Raw) -> str:
    return answer.json()["choices"][0]["message"]["content"]


async def test_apply_swaps_at_once(changing: Running, upstreams: dict[str, SimulatedServer]) -> None:
    """When the command returns, the next answer is the new line-up's, by its hash too, on a connection that was open before."""
    async with call(changing) as caller:
        await caller.send(request(changing, question()))
        before = await caller.answer()
        _move_upstream(changing)
        _change(changing, "lineups/test.yaml", lambda value: value.update(aliases={"fresh": "chat"}))
        done = await asyncio.to_thread(_command, changing, "lineup", "apply")
        assert done.returncode == 0, done.stderr
        await caller.send(request(changing, question(model="fresh")))
        after = await caller.answer()
    assert (_text(before), _text(after)) == ("a", "b")
    assert before.headers[LINEUP] != after.headers[LINEUP]
    assert f"test ({after.headers[LINEUP]}) is active." in done.stdout


async def test_sighup_swaps_too(changing: Running, upstreams: dict[str, SimulatedServer]) -> None:
    """The signal does what the command does."""
    before = (await post(changing, question())).headers[LINEUP]
    _change(changing, "lineups/test.yaml", lambda value: value.update(aliases={"fresh": "chat"}))
    changing.process.send_signal(signal.SIGHUP)
    give_up = time.monotonic() + 5
    while (await post(changing, question(model="fresh"))).status != 200:
        assert time.monotonic() < give_up
        await asyncio.sleep(0.01)
    assert (await post(changing, question())).headers[LINEUP] != before


async def test_a_bad_file_leaves_the_old_running(changing: Running, upstreams: dict[str, SimulatedServer]) -> None:
    """The command says file, line, key and fix; by signal the log does; the old line-up answers on under its old hash."""
    before = (await post(changing, question())).headers[LINEUP]
    _change(changing, "lineups/test.yaml", lambda value: value["models"]["chat"].update(context_tokens="much"))
    line = next(
        number
        for number, text in enumerate((changing.folder / "lineups/test.yaml").read_text("utf-8").splitlines(), 1)
        if "context_tokens" in text
    )
    done = await asyncio.to_thread(_command, changing, "lineup", "apply")
    assert done.returncode == 2
    assert f"lineups/test.yaml:{line}: models.chat.context_tokens: " in done.stderr
    assert "fix: " in done.stderr
    changing.process.send_signal(signal.SIGHUP)
    give_up = time.monotonic() + 5
    while f"lineups/test.yaml:{line}" not in changing.log:
        assert time.monotonic() < give_up
        await asyncio.sleep(0.01)
    answer = await post(changing, question())
    assert (answer.status, answer.headers[LINEUP]) == (200, before)


async def test_a_stream_finishes_where_it_began(changing: Running, upstreams: dict[str, SimulatedServer]) -> None:
    """A stream under way during a swap keeps its upstream, which is let go only then, and its hash; the next has the new."""
    async with call(changing) as caller:
        await caller.send(request(changing, question("slow", stream=True)))
        top = (await caller.reader.readuntil(b'"content":"one"')).decode()
        _move_upstream(changing)
        with changing.installation() as installation:
            published = installation.gateway.publish()
        assert published is not None
        assert published.ok
        answer = await post(changing, question())
        assert _text(answer) == "b"
        async with asyncio.timeout(5):
            rest = await caller.reader.readuntil(b"data: [DONE]\n\n")
    assert b'"content":" four"' in rest
    old = re.search(rf"{LINEUP}: (\S+)", top)
    assert old is not None
    assert old[1] != answer.headers[LINEUP] == published.lineup_hash


async def test_a_request_that_is_still_being_sent_finishes_where_it_began(
    changing: Running, upstreams: dict[str, SimulatedServer]
) -> None:
    """Whoever sends its body during a swap is answered by the upstream of the line-up that it came under, late as it is."""
    body = question()
    async with call(changing) as caller:
        before = (await get(changing, "/v1/models")).headers[LINEUP]
        await caller.send(head(changing, f"content-length: {len(body)}") + body[:10])
        await asyncio.sleep(0.1)
        _move_upstream(changing)
        with changing.installation() as installation:
            installation.gateway.publish()
        await asyncio.sleep(0.8)  # an upstream that nobody holds is let go in the meantime
        await caller.send(body[10:])
        answer = await caller.answer()
    assert (answer.status, answer.headers[LINEUP]) == (200, before)
    assert _text(answer) == "a"


async def test_swapping_under_load_fails_nobody(changing: Running, upstreams: dict[str, SimulatedServer]) -> None:
    """While line-ups are swapped again and again, every answer is whole and wholly of one of them."""
    served: list[Raw] = []
    is_over = asyncio.Event()

    async def keep_asking() -> None:
        while not is_over.is_set():
            served.append(await post(changing, question()))

    async with asyncio.TaskGroup() as callers:
        for _ in range(4):
            callers.create_task(keep_asking())
        for number in range(12):
            name = "ab"[number % 2]
            upstream = openai_upstream(changing.ports[name])
            _change(changing, "triplepoint.yaml", lambda value, upstream=upstream: value["upstreams"].update(a=upstream))
            with changing.installation() as installation:
                await asyncio.to_thread(installation.gateway.publish)
        is_over.set()
    assert {answer.status for answer in served} == {200}
    texts: dict[str, set[str]] = {}
    for answer in served:
        texts.setdefault(answer.headers[LINEUP], set()).add(_text(answer))
    assert sorted(texts.values(), key=str) == [{"a"}, {"b"}]


@pytest.mark.parametrize("are_files_broken", [False, True], ids=["files right", "files broken"])
async def test_a_key_revoked_by_command_is_dead(
    changing: Running, upstreams: dict[str, SimulatedServer], are_files_broken: bool
) -> None:
    """``triplepoint key revoke`` reaches the running gateway at once, also while a line-up file is broken."""
    key = changing.issue("unlucky")
    assert (await post(changing, question(), key=key)).status == 200
    with changing.installation() as installation:
        found = next(one for one, _ in installation.access.live_keys() if one.label == "unlucky")
    if are_files_broken:
        (changing.folder / "lineups" / "test.yaml").write_text("models: [", "utf-8")
    done = await asyncio.to_thread(_command, changing, "key", "revoke", found.id)
    assert done.returncode == 0, done.stderr
    assert (await post(changing, question(), key=key)).status == 401
    assert (await post(changing, question())).status == 200
