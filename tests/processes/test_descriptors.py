"""As many descriptors as a process may take without asking."""

import resource
import subprocess
import sys

from triplepoint.processes.descriptors import raise_descriptor_limit

CHECK = """
import resource
from triplepoint.processes.descriptors import raise_descriptor_limit
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 300))
print(raise_descriptor_limit(), raise_descriptor_limit(), *resource.getrlimit(resource.RLIMIT_NOFILE))
"""


def test_the_soft_limit_becomes_the_hard_one() -> None:
    """A process that begins with few descriptors takes all that it may, and taking them twice changes nothing."""
    said = subprocess.run([sys.executable, "-c", CHECK], capture_output=True, text=True, timeout=30, check=True).stdout
    assert said.split() == ["300", "300", "300", "300"]


def test_what_is_at_its_limit_stays_there() -> None:
    """In this process it takes no more than the kernel has said."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        assert raise_descriptor_limit() == hard == resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
