"""What commands write with ``--json``, held against the files of ``tests/golden/commands``.

Ids and moments are different each time: an id becomes its prefix and its number in order of appearance, a moment ``"moment"``.
"""

import json
import os
import re
from pathlib import Path
from typing import Any, cast

FOLDER = Path(__file__).parent.parent / "golden" / "commands"
IS_UPDATE = os.environ.get("UPDATE_GOLDEN") == "1"

_ID = re.compile(r"(cust|key|asgn|ovrd|mony)_[0-9a-z]{26}")


def hold(name: str, written: Any) -> None:
    """Hold JSON that a command wrote against its golden file."""
    known: dict[str, str] = {}
    text = json.dumps(_settled(written, known), indent=2, ensure_ascii=False) + "\n"
    path = FOLDER / f"{name}.json"
    if IS_UPDATE:
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8")


def _settled(value: Any, known: dict[str, str], key: str = "") -> Any:
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        return {name: _settled(member, known, name) for name, member in members.items()}
    if isinstance(value, list):
        return [_settled(item, known) for item in cast("list[Any]", value)]
    if isinstance(value, str) and (match := _ID.fullmatch(value)):
        return known.setdefault(value, f"{match[1]}_{sum(one.startswith(match[1]) for one in known) + 1}")
    if isinstance(value, int) and key.endswith("_us"):
        return "moment"
    return value
