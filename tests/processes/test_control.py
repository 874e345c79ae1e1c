"""The control plane's view of the line-up."""

from pathlib import Path

import pytest
from tests.gateway.harness import model, openai_upstream, write_configuration

from triplepoint.foundation.errors import SettingsInvalid
from triplepoint.processes.control import describe_lineup


def test_the_line_up_is_described_with_its_prices(tmp_path: Path) -> None:
    """Models, hash and the price rows in force: what the console shows, as the files say at this moment."""
    write_configuration(tmp_path, upstreams={"a": openai_upstream(1)}, models={"chat": model("a")})
    described = describe_lineup(tmp_path)
    assert described["lineup"] == "test"
    assert len(str(described["digest"])) == 64
    assert str(described["digest"]).startswith(str(described["hash"]))
    assert "'test/cheap': 'test/cheap@2026-01-01#" in str(described["prices"])


def test_wrong_files_are_no_line_up(tmp_path: Path) -> None:
    """The problems come out as they are."""
    write_configuration(tmp_path, upstreams={"a": openai_upstream(1)}, models={"chat": model("nobody")})
    with pytest.raises(SettingsInvalid):
        describe_lineup(tmp_path)
