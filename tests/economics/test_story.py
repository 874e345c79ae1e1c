import subprocess
import sys

from tests.docs.markdown import ROOT

PAGE = ROOT / "docs/concepts/plans-and-margins.md"


def test_the_page_shows_what_the_example_prints():
    """Each figure of the worked example on the page is what the example works out now."""
    command = [sys.executable, str(ROOT / "examples/margins/story.py")]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=50).stdout
    page = PAGE.read_text("utf-8")
    for line in filter(None, printed.splitlines()):
        assert line in page
