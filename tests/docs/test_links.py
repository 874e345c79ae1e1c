"""Links of the documentation lead somewhere."""

from pathlib import Path

import pytest
from tests.docs.markdown import PAGES, ROOT, anchors, links


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_resolves(page: Path) -> None:
    """Each relative link names a file or folder of the repository, and its fragment a heading there."""
    broken: list[str] = []
    for target in links(page):
        if "://" in target or target.startswith("mailto:"):
            continue
        path, _, fragment = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        if not there.is_relative_to(ROOT) or not there.exists() or (fragment and fragment not in anchors(there)):
            broken.append(target)
    assert broken == []


def test_every_page_can_be_reached_from_the_index() -> None:
    """Whoever begins at ``docs/README.md`` and follows links comes to every page of the documentation."""
    found: set[Path] = set()
    queue = [ROOT / "docs" / "README.md"]
    while queue:
        page = queue.pop()
        found.add(page)
        targets = ((page.parent / target.partition("#")[0]).resolve() for target in links(page) if "://" not in target)
        queue += [one for one in targets if one.suffix == ".md" and one.is_file() and one not in found]
    assert [str(page.relative_to(ROOT)) for page in PAGES if page.is_relative_to(ROOT / "docs") and page not in found] == []
