"""The compatibility checklist as a whole: every point has a test that names it."""

import ast
import re
from collections import Counter
from pathlib import Path

_POINT = re.compile(r"Point (\d+): \w")
POINTS = range(1, 33)


def points(path: Path) -> list[int]:
    """Return the points that the docstrings of a file's tests begin with."""
    tree = ast.parse(path.read_text("utf-8"))
    tests = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    docstrings = [ast.get_docstring(test) or "" for test in tests if test.name.startswith("test_")]
    return [int(found[1]) for docstring in docstrings if (found := _POINT.match(docstring))]


def test_every_point_has_a_test() -> None:
    """Each of the thirty-two points is claimed by at least one test, and no test claims another number."""
    count = Counter(point for path in Path(__file__).parent.glob("test_*.py") for point in points(path))
    assert set(count) == set(POINTS)
