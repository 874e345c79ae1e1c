"""Signal `task`: what the caller's own tag ``task`` says that this is."""

from collections.abc import Mapping
from typing import Final

TASK: Final = "task"


def task_of(tags: Mapping[str, str]) -> str:
    """Return the caller's tag; empty where there is none."""
    return tags.get(TASK, "")
