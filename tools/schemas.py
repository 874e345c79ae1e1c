"""Writes ``schemas/*.schema.json`` from the types that read the files, so that editors complete and check them.

Run ``python tools/schemas.py`` after a change to a type; a test fails while the files on disk differ.
"""

import argparse
import json
import sys
from pathlib import Path

import msgspec
from pydantic import BaseModel

from triplepoint.ledger.events.model import UsageEvent
from triplepoint.lineups.model import Lineup
from triplepoint.plans.model import PlansFile
from triplepoint.pricing.model import PriceFile
from triplepoint.settings import Settings
from triplepoint.upstreams.simulated.model import Script

FOLDER = Path(__file__).parent.parent / "schemas"

TYPES: dict[str, tuple[type[BaseModel], str]] = {
    "triplepoint": (Settings, "triplepoint.yaml: settings and upstreams"),
    "lineup": (Lineup, "lineups/NAME.yaml: a line-up"),
    "prices": (PriceFile, "prices/*.yaml: a part of the price book"),
    "plans": (PlansFile, "plans.yaml: what is sold"),
    "simulated": (Script, "Script of a simulated upstream"),
}


STRUCTS: dict[str, tuple[type[msgspec.Struct], str]] = {
    "usage-event": (UsageEvent, "Usage event: CloudEvents 1.0, structured mode"),
}
"""Those of what is written, and not read."""


def main() -> None:
    """Write the files, or check that they are what would be written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a file differs")
    arguments = parser.parse_args()
    FOLDER.mkdir(exist_ok=True)
    for name in (*TYPES, *STRUCTS):
        path, text = FOLDER / f"{name}.schema.json", render(name)
        if not arguments.check:
            path.write_text(text, encoding="utf-8")
        elif not path.is_file() or path.read_text(encoding="utf-8") != text:
            sys.exit(f"schemas/{path.name} is not what its types say: run python tools/schemas.py")


def render(name: str) -> str:
    """Return the text of one schema file."""
    if name in STRUCTS:
        struct, title = STRUCTS[name]
        schema = msgspec.json.schema(struct)
    else:
        model, title = TYPES[name]
        schema = model.model_json_schema()
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title}
    return (
        json.dumps(head | {key: value for key, value in schema.items() if key != "title"}, indent=2, ensure_ascii=False) + "\n"
    )


if __name__ == "__main__":
    main()
