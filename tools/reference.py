"""Writes the generated pages of ``docs/reference`` from the code.

Run ``python -m tools.reference`` after a change to a command, a setting, an error, a metric or a route; a test fails while the
pages on disk differ. Nothing on these pages is written by hand: what they lack is a docstring or a help text at its source.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from tools.pages import admin_api, cli, errors, files, metrics

FOLDER = Path(__file__).parent.parent / "docs" / "reference"

PAGES: dict[str, Callable[[], str]] = {
    "cli.md": cli.render,
    "settings.md": files.render_settings,
    "lineup-file.md": files.render_lineup,
    "price-file.md": files.render_prices,
    "plans-file.md": files.render_plans,
    "simulated-script.md": files.render_script,
    "errors.md": errors.render,
    "metrics.md": metrics.render,
    "admin-api.md": admin_api.render,
}
"""What makes each page, by its file's name."""

_MARK = "<!-- Written by `python -m tools.reference` from the code; not edited by hand. -->\n\n"


def main() -> None:
    """Write the pages, or check that they are what would be written."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a page differs")
    arguments = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    if not arguments.check:
        for name in PAGES:
            (FOLDER / name).write_text(render(name), encoding="utf-8")
    elif differing := stale():
        sys.exit(f"not what the code says: docs/reference/{', '.join(differing)}; run python -m tools.reference")


def render(name: str) -> str:
    """Return the text of one page."""
    return _MARK + PAGES[name]().rstrip() + "\n"


def stale() -> list[str]:
    """Name the pages that differ from what the code says."""
    return [name for name in PAGES if not _holds(FOLDER / name, render(name))]


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    main()
