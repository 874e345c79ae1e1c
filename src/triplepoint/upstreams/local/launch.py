"""What the supervisor tells a model's process, and the two lines that the process says back.

The order goes in as the first line of standard input, so the key stands neither in the argument list, where other users of the
machine could read it, nor in the environment. The open pipe is also the leash: when it closes, the process leaves.
"""

import msgspec

READY = "READY"
"""``READY host port``: the model is loaded and listens."""
FAILED = "FAILED"
"""``FAILED reason``: it never will."""


class LaunchOrder(msgspec.Struct, frozen=True, kw_only=True):
    """How to run one model."""

    path: str
    """The GGUF file."""
    alias: str
    """Name of the model in its answers."""
    api_key: str
    """What callers must show; random for each process."""
    parent_pid: int
    """Who started it; the process leaves when that one is gone."""
    port: int = 0
    """Port on loopback; 0 has the kernel choose."""
    slots: int
    """Generations that are batched at once."""
    context_tokens: int
    """Context of each slot."""
    threads: int
    """Threads that compute; more than there are free cores is slower than one."""
    embeddings: bool = False
    """Serve embeddings as well."""
    prompt_cache_mib: int = 256
    """Memory for contexts of conversations that lost their slot; llama.cpp's own default, 8 GiB, is not for small machines."""

    def __repr__(self) -> str:
        return f"LaunchOrder({self.alias!r}, {self.path!r})"
