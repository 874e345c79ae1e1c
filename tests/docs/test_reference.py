"""The generated reference is what the code says, and lacks nothing."""

import functools
import re
from pathlib import Path
from typing import Any

import pytest
from tools import reference
from tools.pages import cli, errors, files, markdown, metrics

from triplepoint.admin.guard import RULES
from triplepoint.gateway.endpoints import MODEL_ENDPOINTS
from triplepoint.settings import Settings


def page(name: str) -> str:
    """Return a page as it is on disk."""
    return (reference.FOLDER / name).read_text("utf-8")


def test_the_pages_are_current() -> None:
    """Every generated page is what would be written now."""
    assert reference.stale() == [], "run make docs"


def test_a_changed_page_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that was edited by hand, or is missing, is named."""
    monkeypatch.setattr(reference, "FOLDER", tmp_path)
    monkeypatch.setattr(reference, "render", functools.cache(reference.render))  # a page takes a second to make
    for name in reference.PAGES:
        (tmp_path / name).write_text(reference.render(name), "utf-8")
    assert reference.stale() == []
    (tmp_path / "cli.md").write_text(reference.render("cli.md") + "more\n", "utf-8")
    (tmp_path / "errors.md").unlink()
    assert reference.stale() == ["cli.md", "errors.md"]


def test_every_command_is_there_with_every_option() -> None:
    """No command and no option is without a line and a meaning."""
    text = page("cli.md")
    for name, command in cli.commands():
        assert f"## `triplepoint {name}`" in text
        section = text.split(f"## `triplepoint {name}`")[1].split("\n## ")[0]
        for option in (one for one in command.params if one.param_type_name == "option" and not one.hidden):
            assert option.help, f"{name} {option.opts[0]} has no help"
            assert all(word in section for word in option.opts), (name, option.opts)


def test_every_setting_is_there_with_a_meaning() -> None:
    """Each key of each object of the schema stands in its section, and says what it means."""
    text = page("settings.md")
    schema: dict[str, Any] = Settings.model_json_schema()
    for definition in [schema, *schema["$defs"].values()]:
        for key in definition.get("properties", {}):
            assert f"| `{key}` |" in text
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert [row for row in rows if row.endswith("|  |")] == []


def test_every_error_code_is_there() -> None:
    """Each kind and each code that the source gives to an error stands on the page, with what it means."""
    text = page("errors.md")
    for kind in errors.kinds():
        assert f"| `{kind.code}` | {kind.status} | {kind.__name__} |" in text
    found = errors.specific_codes()
    assert {"breaker_open", "stream_cut", "model_not_found", "journal_full"} <= {one.code for one in found}
    assert [one for one in found if f"| `{one.code}` | {one.status} |" not in text] == []
    assert [one.code for one in found if not one.message] == []


def test_every_metric_is_there() -> None:
    """Each family that a gateway shows, and each name that goes to a collector, stands on the page."""
    text = page("metrics.md")
    names = [family.name for family in metrics.families()]
    assert len(names) > 15
    assert [name for name in names if f"`{name}" not in text] == []
    assert [name for name in metrics.otel_names() if f"`{name}`" not in text] == []


def test_every_route_is_there() -> None:
    """Each route of either plane stands on its page."""
    admin, data = page("admin-api.md"), page("http-api.md")
    assert [path for method, path in RULES if f"`{method} {path}`" not in admin] == []
    assert [path for path in MODEL_ENDPOINTS if f"`POST {path}`" not in data] == []


@pytest.mark.parametrize(
    ("default", "shown"),
    [(0.1, "100ms"), (90, "90s"), (3600.0, "1h"), (0.0, "0s"), (43200, "12h"), (0.25, "250ms")],
)
def test_durations_are_shown_with_the_unit_that_leaves_a_whole_number(default: float, shown: str) -> None:
    """A default is written as a person would write it into the file."""
    schema = {"type": "string", "pattern": r"^\d+(\.\d+)?\s*(us|ms|s|m|h|d)$", "default": default}
    assert files.default_text(schema, is_required=False) == f"`{shown}`"


def test_bars_in_cells_do_not_end_them() -> None:
    """A table keeps its columns whatever is in a cell."""
    lines = markdown.table(["a", "b"], [["x | y", "z"]]).splitlines()
    assert all(len(re.findall(r"(?<!\\)\|", line)) == 3 for line in lines)
