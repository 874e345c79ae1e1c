import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from triplepoint.files.strict_yaml import read_yaml

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("tool", ["seed_prices.py", "schemas.py"])
def test_generated_files_are_current(tool: str):
    """What lies in prices/ and schemas/ is what the tools would write now."""
    result = subprocess.run(
        [sys.executable, ROOT / "tools" / tool, "--check"], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    ("schema", "pattern"), [("triplepoint", "triplepoint.yaml"), ("lineup", "lineups/*.yaml"), ("prices", "prices/*.yaml")]
)
def test_shipped_files_meet_their_schema(schema: str, pattern: str):
    """An editor that checks the shipped files against their schema finds nothing, and each file names its schema."""
    document = json.loads((ROOT / "schemas" / f"{schema}.schema.json").read_text(encoding="utf-8"))
    paths = sorted(ROOT.glob(pattern))
    assert paths
    for path in paths:
        text = path.read_text(encoding="utf-8")
        named = text.splitlines()[0].removeprefix("# yaml-language-server: $schema=")
        assert (path.parent / named).resolve() == ROOT / "schemas" / f"{schema}.schema.json"
        value: Any = read_yaml(text, file=path.name).value
        jsonschema.validate(value, document)


@pytest.mark.parametrize("schema", ["triplepoint", "lineup", "prices", "simulated"])
def test_schemas_explain_themselves(schema: str):
    """Each schema is valid, has a title, and describes every key, so that an editor shows what it is for."""
    document = json.loads((ROOT / "schemas" / f"{schema}.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(document)
    assert document["title"]
    objects = [document, *document.get("$defs", {}).values()]
    silent = [
        key for item in objects for key, value in item.get("properties", {}).items() if not {"description", "$ref"} & set(value)
    ]
    assert silent == []
