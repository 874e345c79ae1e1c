"""Ties a process to the one that started it, so that none is left behind when that one is killed."""

import ctypes
import os
import signal
import sys

PARENT_VARIABLE = "TRIPLEPOINT_PARENT"
"""Process id of the parent, set for processes that shall not outlive it."""

_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Where a parent is named, be asked to stop when it dies; and leave at once if it has died already."""
    parent = os.environ.pop(PARENT_VARIABLE, None)
    if parent is None or sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(parent):
        sys.exit(0)
