"""YAML on the pages is right: the blocks of a page, laid over the seed configuration, make an installation that loads.

The first line of a block says which file it is: ``# triplepoint.yaml`` (a part of it is enough), ``# plans.yaml``,
``# lineups/NAME.yaml``, ``# prices/NAME.yaml`` or ``# script: NAME.yaml``. Names, prices and keys are so held against each
other, not only against a schema.
"""

import datetime
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from tests.docs.markdown import PAGES, ROOT, Block, blocks

from triplepoint.configuration.load import load_configuration
from triplepoint.files.seed import seed_folder
from triplepoint.foundation.errors import SettingsInvalid
from triplepoint.upstreams.simulated.script_file import load_script

DAY = datetime.date(2026, 11, 21)
_FILE = re.compile(r"# ((?:script: |lineups/|prices/)[\w.-]+\.yaml|triplepoint\.yaml|plans\.yaml)\n")
WITH_YAML = [page for page in PAGES if any(blocks(page, "yaml"))]


def file_of(block: Block) -> str:
    """Return the file that a block says to be."""
    found = _FILE.match(block.text)
    assert found, f"{block}: the first line of a yaml block says which file it is"
    return found[1]


def merged(base: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one mapping over another, deeply; an upstream is replaced as a whole."""
    result = dict(base)
    for key, value in more.items():
        inner = result.get(key)
        both = isinstance(inner, dict) and isinstance(value, dict) and "kind" not in value
        result[key] = merged(cast("dict[str, Any]", inner), cast("dict[str, Any]", value)) if both else value
    return result


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make an installation of the seed configuration."""
    seed = seed_folder()
    shutil.copy(seed / "triplepoint.yaml", tmp_path)
    for name in ("lineups", "prices", "schemas"):
        shutil.copytree(seed / name, tmp_path / name)
    return tmp_path


def lay_over(folder: Path, page: Path) -> list[str]:
    """Put the blocks of a page into an installation; return the line-ups among them."""
    settings: dict[str, Any] = yaml.safe_load((folder / "triplepoint.yaml").read_text("utf-8"))
    lineups: list[str] = []
    for block in blocks(page, "yaml"):
        name = file_of(block)
        if name == "triplepoint.yaml":
            settings = merged(settings, yaml.safe_load(block.text))
        else:
            (folder / name.removeprefix("script: ")).write_text(block.text, "utf-8")
            lineups += [Path(name).stem] if name.startswith("lineups/") else []
    for upstream in settings["upstreams"].values():
        if upstream.get("gguf", "").endswith(".gguf"):  # a page may name a model file that the reader has
            (folder / upstream["gguf"]).parent.mkdir(exist_ok=True)
            (folder / upstream["gguf"]).write_bytes(b"GGUF")
    (folder / "triplepoint.yaml").write_text(yaml.safe_dump(settings), "utf-8")
    return lineups


class AnyKey(dict[str, str]):
    """An environment in which every variable is set."""

    def __missing__(self, name: str) -> str:
        return f"value-of-{name}"

    def get(self, name: str, default: Any = None) -> Any:  # type: ignore[override]
        """Return a value for any name but those of our own that are no address of a server."""
        return default if name.startswith("TRIPLEPOINT_") and not name.endswith("_URL") else self[name]

    def __contains__(self, name: object) -> bool:
        return True


@pytest.mark.parametrize("page", WITH_YAML, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_files_on_a_page_load(page: Path, folder: Path) -> None:
    """With each line-up of the page as the active one, everything resolves, and there is nothing to warn of."""
    lineups = lay_over(folder, page)
    text = (folder / "triplepoint.yaml").read_text("utf-8")
    for name in lineups or ["embedded"]:
        (folder / "triplepoint.yaml").write_text(re.sub(r"(?m)^lineup: .*$", f"lineup: {name}", text), "utf-8")
        configuration = load_configuration(folder, AnyKey(), DAY)
        assert configuration.lineup.lineup == name
        assert [str(one) for one in configuration.warnings] == []
    for block in blocks(page, "yaml"):
        if file_of(block).startswith("script: "):
            assert load_script(folder / file_of(block).removeprefix("script: ")).script.cases


def test_a_wrong_file_on_a_page_is_found_out(folder: Path, tmp_path: Path) -> None:
    """A dangling name on a page fails, so that the test above means something."""
    page = tmp_path / "page.md"
    page.write_text("```yaml\n# triplepoint.yaml\nlineup: nowhere\n```\n", "utf-8")
    lay_over(folder, page)
    with pytest.raises(SettingsInvalid, match="nowhere"):
        load_configuration(folder, AnyKey(), DAY)
