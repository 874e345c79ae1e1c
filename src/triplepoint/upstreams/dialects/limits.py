"""Which of its two names a chat upstream gives to the limit on the answer's tokens.

OpenAI's reasoning models refuse ``max_tokens``; many compatible servers know nothing else and would generate without a limit.
OpenAI's own models are known by their names, everything else gets the older name.
"""

import re

_OPENAI = re.compile(r"(?:^|/)(?:gpt-(?!oss)|chatgpt-|o\d)")


def limit_name(upstream_model: str) -> str:
    """Return ``max_completion_tokens`` for OpenAI's own models, ``max_tokens`` for all others."""
    return "max_completion_tokens" if _OPENAI.search(upstream_model) else "max_tokens"
