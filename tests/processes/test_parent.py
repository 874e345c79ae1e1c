"""A process that shall not outlive the one that started it."""

import os
import subprocess
import sys
import time

from tests.processes.household import await_gone, is_alive

from triplepoint.processes.parent import PARENT_VARIABLE

CHILD = """
import time
from triplepoint.processes.parent import die_with_parent
die_with_parent()
print("up", flush=True)
time.sleep(60)
"""
PARENT = f"""
import os, subprocess, sys, time
environ = {{**os.environ, {PARENT_VARIABLE!r}: str(os.getpid())}}
child = subprocess.Popen([sys.executable, "-c", {CHILD!r}], stdout=subprocess.PIPE, env=environ)
child.stdout.readline()
print(child.pid, flush=True)
time.sleep(60)
"""


def test_it_dies_with_its_parent() -> None:
    """Killed without a chance to say goodbye, a parent takes its child along."""
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert is_alive(child)
        parent.kill()
        parent.wait()
    await_gone([child])


def test_it_leaves_at_once_where_the_parent_is_gone_already() -> None:
    """A parent that died between starting it and its first instruction is noticed."""
    environ = {**os.environ, PARENT_VARIABLE: "1" if os.getpid() != 1 else "2"}
    started = time.monotonic()
    ended = subprocess.run([sys.executable, "-c", CHILD], env=environ, capture_output=True, timeout=30, check=False)
    assert (ended.returncode, ended.stdout) == (0, b"")
    assert time.monotonic() - started < 30


def test_without_a_parent_named_it_lives_on() -> None:
    """A gateway that a service manager runs is tied to nobody, and hands no parent down."""
    check = "import os; from triplepoint.processes.parent import *; die_with_parent(); print(os.environ.get(PARENT_VARIABLE))"
    environ = {name: value for name, value in os.environ.items() if name != PARENT_VARIABLE}
    ended = subprocess.run([sys.executable, "-c", check], env=environ, capture_output=True, text=True, timeout=30, check=True)
    assert ended.stdout == "None\n"
