"""The table on the page about evaluating routers is one that is read."""

from pathlib import Path

import pytest
from tests.docs.markdown import ROOT, blocks

from triplepoint.routing.evaluation.datasets import KINDS, read_data

PAGE = ROOT / "docs" / "how-to" / "evaluate-a-router.md"


def test_the_example_is_read(tmp_path: Path) -> None:
    """Prompts, groups, models and costs come out as they stand there."""
    (block,) = blocks(PAGE, "csv")
    (tmp_path / "answers.csv").write_text(block.text, "utf-8")
    data = read_data(tmp_path / "answers.csv")
    assert data.models == ("small", "large")
    assert data.groups == ["maths", "writing", "facts"]
    assert data.scores[1].tolist() == [0.4, 0.9]
    assert data.costs is not None
    assert data.costs[0].tolist() == [0.00002, 0.0008]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_column_is_told(kind: str) -> None:
    """What may be said of a model stands on the page."""
    assert f"`{kind}:MODEL`" in PAGE.read_text("utf-8")
