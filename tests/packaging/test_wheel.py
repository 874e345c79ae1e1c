"""The wheel holds everything that an installation without the repository needs."""

import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from triplepoint import __version__

ROOT = Path(__file__).parent.parent.parent
PACKAGE = ROOT / "src" / "triplepoint"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """Build the wheel as a release does."""
    out = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index"]
    built = subprocess.run([*pip, "-w", str(out), str(ROOT)], capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return zipfile.ZipFile(next(out.glob("triplepoint-*.whl")))


def test_the_seed_is_the_configuration_of_the_repository(wheel: zipfile.ZipFile) -> None:
    """``triplepoint init`` writes from ``_seed`` what the repository holds, byte for byte."""
    seed = [ROOT / "triplepoint.yaml", *(ROOT / "lineups").glob("*.yaml"), *(ROOT / "prices").glob("*.yaml")]
    seed += (ROOT / "schemas").glob("*.json")
    assert len(seed) >= 8
    for path in seed:
        assert wheel.read(f"triplepoint/_seed/{path.relative_to(ROOT)}") == path.read_bytes(), path.name


def test_every_module_and_every_data_file_is_in_it(wheel: zipfile.ZipFile) -> None:
    """Nothing that git keeps under the package is left out: types, migrations, pinned models, prompts, licences of data."""
    ours = {str(path.relative_to(ROOT / "src")) for path in PACKAGE.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    packed = {name for name in wheel.namelist() if name.startswith("triplepoint/") and "/_seed/" not in name}
    assert packed == ours
    assert {
        "triplepoint/py.typed",
        "triplepoint/upstreams/local/models.lock",
        "triplepoint/cli/data/demo_prompts.jsonl",
        "triplepoint/storage/migrations/env.py",
    } <= packed
    assert any(name.startswith("triplepoint/storage/migrations/versions/0001") for name in packed)


def test_the_metadata_names_version_licence_and_command(wheel: zipfile.ZipFile) -> None:
    """What an index shows, and the command that is installed."""
    folder = f"triplepoint-{__version__}.dist-info"
    metadata = Parser().parsestr(wheel.read(f"{folder}/METADATA").decode())
    assert metadata["Version"] == __version__
    assert metadata["License-Expression"] == "Apache-2.0"
    assert {"local", "console", "otel", "parquet", "pdf", "postgres", "route", "valkey"} == set(
        metadata.get_all("Provides-Extra") or []
    )
    assert "triplepoint = triplepoint.cli.main:main" in wheel.read(f"{folder}/entry_points.txt").decode()
    assert {f"{folder}/licenses/LICENSE", f"{folder}/licenses/NOTICE"} <= set(wheel.namelist())


def test_data_to_evaluate_routers_on_stays_in_the_repository(wheel: zipfile.ZipFile) -> None:
    """Published questions and answers are megabytes that no installation needs."""
    assert (ROOT / "data" / "routing").is_dir()
    assert [name for name in wheel.namelist() if "routellm" in name] == []
