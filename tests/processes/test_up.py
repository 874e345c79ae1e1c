"""``triplepoint up`` from end to end: starts everything, shows each request, restarts what dies, and leaves nothing behind."""

import json
import os
import re
import shlex
import signal
import stat
import threading
import time
import urllib.request
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from tests.processes.household import Household, Said, ask, await_gone, install, is_alive

from triplepoint.processes.up import Screen, ensure_configuration


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an installation that the tests of this module use one after another."""
    return install(tmp_path_factory.mktemp("up"))


@pytest.fixture(scope="module")
def running(folder: Path) -> Generator[tuple[Household, Said]]:
    """Run it, and give what it said when it was up."""
    household = Household(folder, "--json")
    try:
        yield household, household.await_event("up")
    finally:
        children = list(household.children().values())
        assert household.stop() == 0
        await_gone(children)


def test_it_says_where_everything_is(running: tuple[Household, Said], folder: Path) -> None:
    """URLs, a key and a password; the key lies where only its owner can read it."""
    _, up = running
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/v1", up["api"])
    assert up["key"].startswith("tp-")
    assert len(up["password"]) >= 12
    kept = folder / ".triplepoint" / "first-key"
    assert kept.read_text("utf-8").strip() == up["key"]
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert _answers(f"{up['console']}/healthz")


def test_the_key_works_and_the_request_is_shown(running: tuple[Household, Said]) -> None:
    """Each request is a line with what was asked, what served it, why, and what it cost."""
    household, up = running
    assert ask(up["api"], up["key"], "good morning")["choices"][0]["message"]["content"] == "good morning"
    line = household.await_event("attempt")
    assert (line["asked"], line["served"], line["outcome"]) == ("auto", "echo", "finished")
    assert float(line["cost_usd"]) > 0


@pytest.mark.parametrize("name", ["gateway", "control"])
def test_what_dies_is_started_again(running: tuple[Household, Said], name: str) -> None:
    """A process that is killed is said to have died, and comes back as another; the key still works."""
    household, up = running
    killed = household.children()[name]
    os.kill(killed, signal.SIGKILL)
    household.await_event("died", name=name)
    give_up = time.monotonic() + 20
    while not _answers(up["api"].replace("/v1", "/healthz")) or not _answers(up["console"] + "/healthz"):
        assert time.monotonic() < give_up
        time.sleep(0.05)
    assert household.children()[name] != killed
    assert ask(up["api"], up["key"])["model"] == "auto"
    household.await_event("attempt")


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except OSError:
        return False


def test_a_second_start_knows_the_first_key(running: tuple[Household, Said], folder: Path) -> None:
    """Stopped by Ctrl-C nothing is left; started again, the key is the same and no password is shown a second time."""
    household, first = running
    children = list(household.children().values())
    assert len(children) == 2
    assert household.stop() == 0
    await_gone(children)
    assert not (folder / ".triplepoint" / "gateway.sock").exists()
    again = Household(folder, "--json")
    up = again.await_event("up")
    assert (up["key"], up["password"]) == (first["key"], None)
    assert ask(up["api"], up["key"])["model"] == "auto"
    assert again.stop(signal.SIGTERM) == 0


def test_for_people_it_prints_a_command_that_works(tmp_path: Path) -> None:
    """The printed curl has the right address, key and body; each request is one line; the end is said."""
    household = Household(install(tmp_path))
    try:
        household.await_line(lambda line: "is up. Ctrl-C stops it." in line)
        household.await_line(lambda line: "triplepoint chat" in line)
        words = shlex.split(
            "\n".join(household.seen).partition("Try it:")[2].partition("Or, in another")[0].replace("\\\n", " ")
        )
        assert words[0] == "curl"
        asked = json.loads(words[words.index("-d") + 1])["messages"][0]["content"]
        assert _curl(words)["choices"][0]["message"]["content"] == asked
        line = household.await_line(lambda line: "echo" in line)
        assert "auto" in line
        assert "$0.00000" in line
    finally:
        assert household.stop() == 0


def _curl(words: list[str]) -> Any:
    """Send what a curl command would send."""
    url = next(word for word in words if word.startswith("http"))
    headers = dict(word.split(": ", 1) for option, word in pairwise(words) if option == "-H")
    data = words[words.index("-d") + 1].encode()
    with urllib.request.urlopen(urllib.request.Request(url, data=data, headers=headers), timeout=10) as answer:
        return json.load(answer)


def test_killed_it_takes_its_processes_along(tmp_path: Path) -> None:
    """Even SIGKILL leaves no gateway and no control plane behind: the kernel tells them."""
    household = Household(install(tmp_path), "--json")
    household.await_event("up")
    children = list(household.children().values())
    assert all(is_alive(child) for child in children)
    assert household.stop(signal.SIGKILL) == -signal.SIGKILL
    await_gone(children)


@pytest.mark.parametrize("which", ["gateway", "control"])
def test_a_port_that_is_taken_ends_it(tmp_path: Path, which: str) -> None:
    """Another's answer is never taken for its own: it names address and setting, ends, and leaves nothing running."""
    other = ThreadingHTTPServer(("127.0.0.1", 0), _Healthy)
    serving = threading.Thread(target=other.serve_forever)
    serving.start()
    try:
        port = other.server_address[1]
        household = Household(install(tmp_path, **{which: port}), "--json")
        assert household.process.wait(30) == 1
        assert household.children() == {}
        household.stop()
    finally:
        other.shutdown()
        serving.join()
        other.server_close()
    told = "\n".join(household.errors)
    assert f"port_taken: another process listens on 127.0.0.1:{port} already" in told
    assert f"set {which}.listen in triplepoint.yaml" in told


class _Healthy(BaseHTTPRequestHandler):
    """Somebody else's server, which is well."""

    def do_GET(self) -> None:
        """Say so."""
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Say nothing."""


def test_wrong_files_are_said_before_anything_starts(tmp_path: Path) -> None:
    """Two of them, both named, with the exit code of wrong files."""
    install(tmp_path)
    (tmp_path / "lineups" / "test.yaml").write_text("lineup: test\nmodels: {}\nmodel: {}\n", "utf-8")
    household = Household(tmp_path, "--json")
    assert household.process.wait(30) == 2
    household.stop()
    told = "\n".join(household.errors)
    assert "lineups/test.yaml:3: model: " in told
    assert "Traceback" not in told


def test_an_empty_folder_gets_a_configuration(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where there is none, one of what this machine has is written, and said; where there is one, it is left alone."""
    ensure_configuration(tmp_path / "new", Screen(as_json=True))
    settings = tmp_path / "new" / "triplepoint.yaml"
    assert "nano" in settings.read_text("utf-8")
    assert str(settings) in capsys.readouterr().out.replace("\\n", "")
    settings.write_text("lineup: mine\nupstreams: {}\n", "utf-8")
    ensure_configuration(tmp_path / "new", Screen(as_json=True))
    assert settings.read_text("utf-8") == "lineup: mine\nupstreams: {}\n"
