"""How many files a process may hold open: each connection of a caller costs one, and most systems allow 1,024 until asked."""

import resource


def raise_descriptor_limit() -> int:
    """Take as many descriptors as this process may without asking anybody.

    Returns: The limit in force; what is beyond it, the kernel refuses.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard
