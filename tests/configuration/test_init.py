import json
import socket
import threading
import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from datetime import date
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from triplepoint.configuration.discover import PROBES, Discovery, FoundServer, Probe, ServedModel, ask, discover
from triplepoint.configuration.load import load_configuration
from triplepoint.configuration.render import OWN_PRICES, OwnPrice, render
from triplepoint.configuration.vendors import VENDORS
from triplepoint.configuration.write import write_files
from triplepoint.files.seed import seed_folder
from triplepoint.foundation.errors import Conflict

TODAY = date(2026, 11, 21)
KEYS = {vendor.variables[0]: f"planted-{vendor.name}" for vendor in VENDORS}
AZURE = {"AZURE_OPENAI_API_KEY": "planted-azure", "AZURE_OPENAI_ENDPOINT": "https://ours.openai.azure.com/"}
OLLAMA, VLLM = PROBES


@contextmanager
def server(body: bytes, status: int = 200) -> Generator[int]:
    """Serve one answer to everything on a free port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield listening.server_address[1]
        finally:
            listening.shutdown()
            thread.join()


def at(probe: Probe, port: int) -> Probe:
    """Return a probe that asks another port."""
    return Probe(probe.name, f"http://127.0.0.1:{port}/v1", probe.path, probe.read)


def found_on(probe: Probe, document: object, status: int = 200) -> FoundServer | None:
    """Ask a server that answers with a document."""
    with server(json.dumps(document).encode(), status) as port:
        return ask(at(probe, port))


def init(folder: Path, found: Discovery, own_price: OwnPrice | None = None) -> None:
    """Write what init writes."""
    write_files(folder, render(seed_folder(), found, own_price=own_price, today=TODAY), force=False)


def test_servers_on_loopback_are_found_with_their_models():
    """Ollama and vLLM are recognised by what they list; vLLM also says how long a context is."""
    ollama = found_on(OLLAMA, {"models": [{"name": "llama3.2:3b"}, {"name": "bad name"}, {"size": 1}, 5]})
    assert ollama is not None
    assert ollama.models == (ServedModel("llama3.2:3b", None),)
    vllm = found_on(VLLM, {"data": [{"id": "org/model", "max_model_len": 8192}, {"id": "other", "max_model_len": "x"}]})
    assert vllm is not None
    assert vllm.models == (ServedModel("org/model", 8192), ServedModel("other", None))


@pytest.mark.parametrize("document", [[], {}, {"models": {}}, {"models": []}, "text", None, 5])
def test_other_servers_are_not_taken_for_one(document: object):
    """Whatever else answers on that port is left alone."""
    assert found_on(OLLAMA, document) is None


def test_nothing_there_is_not_an_error():
    """A refused connection, a server that stays silent, an error and garbage are all 'not there', and none is waited for."""
    began = time.monotonic()
    with closing(socket.socket()) as silent:
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        assert ask(at(OLLAMA, port)) is None  # bound, but nobody listens: refused
        silent.listen()
        assert ask(at(OLLAMA, port)) is None
    assert time.monotonic() - began < 2
    assert found_on(OLLAMA, {"models": [{"name": "x"}]}, status=500) is None
    with server(b"\xff not json") as port:
        assert ask(at(OLLAMA, port)) is None


def test_keys_are_found_by_their_variable_and_never_kept():
    """Each vendor is known by a variable that is set and not empty; its value is in nothing that is found."""
    found = discover(KEYS | AZURE, probes=())
    assert [vendor.vendor.name for vendor in found.vendors] == [vendor.name for vendor in VENDORS]
    assert found.azure == ("AZURE_OPENAI_API_KEY", "https://ours.openai.azure.com")
    assert "planted" not in repr(found)
    assert discover({"OPENAI_API_KEY": ""}, probes=()) == Discovery((), (), None)
    assert discover({"AZURE_OPENAI_API_KEY": "x", "AZURE_OPENAI_ENDPOINT": "not an address"}, probes=()).azure is None
    assert discover({"GOOGLE_API_KEY": "x"}, probes=()).vendors[0].variable == "GOOGLE_API_KEY"


def test_with_nothing_found_the_seed_is_written_as_it_is(tmp_path: Path):
    """On a bare machine init gives the embedded family, byte for byte what ships, and it loads without any environment."""
    init(tmp_path, discover({}, probes=()))
    for name in ("triplepoint.yaml", "lineups/embedded.yaml", "schemas/lineup.schema.json", "prices/local.yaml"):
        assert (tmp_path / name).read_bytes() == (seed_folder() / name).read_bytes()
    assert load_configuration(tmp_path, {}, TODAY).names.plain[:3] == ("nano", "mini", "regular")


@pytest.mark.parametrize("vendor", [vendor.name for vendor in VENDORS])
def test_each_vendor_alone_gives_a_right_configuration(tmp_path: Path, vendor: str):
    """Whichever key is there, what init writes loads, every offered model is priced, and no key is in any file."""
    (one,) = (candidate for candidate in VENDORS if candidate.name == vendor)
    environ = {one.variables[-1]: "planted-key"}
    init(tmp_path, discover(environ, probes=()))
    configuration = load_configuration(tmp_path, environ, TODAY)
    assert configuration.warnings == ()
    assert {offer.name for offer in one.offers} <= set(configuration.names.plain)
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"planted" in path.read_bytes()]


def test_everything_together_gives_a_right_configuration(tmp_path: Path):
    """All vendors and a server with a stated price: one line-up, one model at two vendors has both as upstreams."""
    models = (ServedModel("llama3.2:3b", None), ServedModel("nano", 8192), ServedModel("gpt-oss-20b", None))
    found = discover(KEYS | AZURE, probes=())
    servers = (
        FoundServer("ollama", "http://127.0.0.1:11434/v1", models),
        FoundServer("vllm", "http://127.0.0.1:8000/v1", models),
    )
    init(tmp_path, Discovery(found.vendors, servers, found.azure), OwnPrice(Decimal("0.05"), Decimal("0.2")))
    configuration = load_configuration(tmp_path, KEYS | AZURE, TODAY)
    assert configuration.lineup.lineup == "start"
    assert {"llama3.2:3b", "ollama/nano", "ollama/gpt-oss-20b", "vllm/llama3.2:3b", "vllm/nano"} <= set(
        configuration.names.plain
    )
    assert [target.upstream for target in configuration.lineup.models["gpt-oss-20b"].upstreams] == ["groq", "openrouter"]
    assert configuration.active.prices["vllm/nano"].input_usd_per_mtok == Decimal("0.05")
    assert configuration.names.resolve("nano@embedded") is not None


def test_a_model_of_unknown_price_is_written_as_a_comment(tmp_path: Path):
    """Without a price from the caller, models on loopback are there to be completed but not on offer: unknown is not zero."""
    found = FoundServer("ollama", "http://127.0.0.1:11434/v1", (ServedModel("llama3.2:3b", None),))
    init(tmp_path, Discovery((), (found,), None))
    configuration = load_configuration(tmp_path, {}, TODAY)
    assert "llama3.2:3b" not in configuration.names
    assert "ollama" in configuration.settings.upstreams
    text = (tmp_path / "lineups/start.yaml").read_text(encoding="utf-8")
    assert '  # "llama3.2:3b":' in text
    assert "--own-price" in text
    assert not (tmp_path / OWN_PRICES).exists()


def test_nothing_is_overwritten_and_nothing_half_written(tmp_path: Path):
    """One file that is there already stops all of them and is named; force replaces it."""
    (tmp_path / "prices").mkdir()
    (tmp_path / "prices/local.yaml").write_text("mine", encoding="utf-8")
    with pytest.raises(Conflict, match=r"prices/local\.yaml") as caught:
        init(tmp_path, discover({}, probes=()))
    assert "--force" in caught.value.message
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["local.yaml"]
    files = render(seed_folder(), discover({}, probes=()), own_price=None, today=TODAY)
    written = write_files(tmp_path, files, force=True)
    assert len(written) == len(files)
    assert (tmp_path / "prices/local.yaml").read_text(encoding="utf-8") != "mine"
    assert not list(tmp_path.rglob("*.new"))
