"""A price book that follows its files."""

from pathlib import Path

import pytest

from triplepoint.configuration.current_book import CurrentBook
from triplepoint.foundation.errors import SettingsInvalid

ROW = """collected: 2026-01-01
source: our own list
prices:
  - model: ours/regular
    since: 2026-01-01
    input_usd_per_mtok: "{usd}"
    output_usd_per_mtok: "2"
"""


def test_the_book_is_read_again_when_a_file_is_another(tmp_path: Path) -> None:
    """While the files stay, the same book is given; a file that changes, comes or breaks is seen at the next call."""
    (tmp_path / "prices").mkdir()
    file = tmp_path / "prices" / "ours.yaml"
    file.write_text(ROW.format(usd="1"), "utf-8")
    book = CurrentBook(tmp_path)
    first = book()
    assert book() is first
    file.write_text(ROW.format(usd="10"), "utf-8")
    second = book()
    assert second.digest != first.digest
    (tmp_path / "prices" / "more.yaml").write_text(ROW.format(usd="3").replace("ours/regular", "ours/mini"), "utf-8")
    assert sorted(book().models()) == ["ours/mini", "ours/regular"]
    file.write_text("prices: 7\n", "utf-8")
    with pytest.raises(SettingsInvalid, match=r"prices/ours\.yaml"):
        book()
