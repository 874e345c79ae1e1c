"""The data in the repository are what their page says, and what was published."""

import hashlib
import re
from pathlib import Path

import numpy as np
import pytest

from triplepoint.routing.evaluation.datasets import read_data

FOLDER = Path(__file__).parents[3] / "data" / "routing"
PAGE = (FOLDER / "README.md").read_text("utf-8")


def test_every_file_stands_on_the_page_with_its_digest_and_licence() -> None:
    """No file is there that is not permissively licensed and named with its hash."""
    rows = re.findall(
        r"^\| `(\S+\.parquet)` \| ([0-9,]+) \|.*\| (Apache-2\.0[^|]*) \| `([0-9a-f]{64})` \|$", PAGE, re.MULTILINE
    )
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in FOLDER.glob("*.parquet")}
    assert {name: digest for name, _, _, digest in rows} == found
    assert {path.name for path in FOLDER.iterdir()} == {*found, "README.md", "LICENSE-questions"}


@pytest.mark.parametrize(
    ("name", "prompts", "weak", "strong"),
    [("routellm_mmlu", 9849, 0.684, 0.807), ("routellm_gsm8k", 910, 0.633, 0.863), ("routellm_mtbench", 53, 0.796, 0.907)],
)
def test_both_models_score_what_is_told_of_them(name: str, prompts: int, weak: float, strong: float) -> None:
    """Rows without the contaminated ones, and the means of both models to the third digit."""
    pytest.importorskip("pyarrow")
    data = read_data(FOLDER / f"{name}.parquet")
    assert len(data) == prompts
    np.testing.assert_allclose(data.scores.mean(axis=0), [weak, strong], atol=0.0006)
    assert data.licence.startswith("Apache-2.0")
