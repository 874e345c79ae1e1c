"""Ids of answers across dialects: the upstream's own id under the prefix that the caller's dialect uses.

``chatcmpl-9aX`` becomes ``msg_9aX`` and comes back as ``chatcmpl-9aX``: support can follow an answer from the caller's log to
the vendor's, and a replayed answer gets the same ids. An upstream that sends none gets a random one.
"""

import re
import secrets

_PREFIX = re.compile(r"^(?:chatcmpl-|cmpl-|chatcmpl_|msg_|resp_)")


def tail(upstream_id: str) -> str:
    """Return what names an answer, without the prefix of its dialect."""
    return _PREFIX.sub("", upstream_id) or secrets.token_hex(12)


def chat_id(upstream_id: str) -> str:
    """Name an answer as chat completions do."""
    return f"chatcmpl-{tail(upstream_id)}"


def message_id(upstream_id: str) -> str:
    """Name an answer as messages do."""
    return f"msg_{tail(upstream_id)}"
