"""A family whose cheap model is looked at: mini on a, regular on b, thinking on c; b speaks chat, c speaks messages."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from tests.gateway.harness import (
    Running,
    anthropic_upstream,
    free_port,
    model,
    openai_upstream,
    start_gateway,
    write_configuration,
)
from tests.gateway.speaking import script, user

from triplepoint.upstreams.simulated.model import Script

COUNTED = {"input_tokens": 10, "output_tokens": 5}
"""What every upstream here reports."""
SOUND = "12 - 10 = 2, so 2 are left."
WRONG = "12 - 10 = 3, so 3 are left."
STRONG = "Two are left: 12 - 2 * 5 = 2."
QUESTION = "Ann has 12 apples and gives 5 to each of her 2 friends. How many are left?"
CANNOT = "its equation did not hold"


@contextmanager
def family(
    folder: Path,
    *,
    escalation: Mapping[str, Any] | None = None,
    plans: Mapping[str, Any] | None = None,
    gateway: Mapping[str, Any] | None = None,
    upstream: Mapping[str, Any] | None = None,
) -> Generator[Running]:
    """Run the gateway of a family.

    Args:
        escalation: What the line-up's router says of it.
        plans: What is sold.
        gateway: Settings.
        upstream: Settings of every upstream.
    """
    ports = {name: free_port() for name in "abc"}
    port = write_configuration(
        folder,
        upstreams={
            "a": openai_upstream(ports["a"], **(upstream or {})),
            "b": openai_upstream(ports["b"], **(upstream or {})),
            "c": anthropic_upstream(ports["c"], **(upstream or {})),
        },
        models={
            "mini": model("a", capabilities=["chat", "tools", "json"]),
            "regular": model("b", price="test/dear", capabilities=["chat", "tools", "json"]),
            "thinking": model("c", price="test/dear", capabilities=["chat", "tools", "json"]),
        },
        lineup={"router": {"kind": "fixed", "default": "mini", "escalation": dict(escalation or {})}},
        settings={"gateway": dict(gateway or {})},
    )
    if plans is not None:
        (folder / "plans.yaml").write_text(yaml.safe_dump(dict(plans)), "utf-8")
    with start_gateway(folder, port) as running:
        running.ports = ports
        yield running


def answers(text: str | list[str], **answer: Any) -> Script:
    """Make a script whose every answer is a text, and reports the same usage."""
    return script(answer={"text": text, "usage": COUNTED, **answer})


def asked(text: str = QUESTION, **members: Any) -> dict[str, Any]:
    """Write a question to ``auto``, without a length for its answer."""
    return {"model": "auto", "messages": user(text), **members}
