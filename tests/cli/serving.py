"""A gateway with a simulated family, and its configuration's folder, for commands that talk to one."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import yaml
from tests.gateway.harness import Running, model, start_gateway, write_configuration

SCRIPT = {
    "cases": [{"when": {"contains": "break"}, "fault": {"kind": "status", "status": 400, "message": "the prompt is odd"}}],
    "answer": {"text": "forty [bold]two[/bold]"},
}


@contextmanager
def serve(folder: Path) -> Generator[Running]:
    """Run a gateway whose upstream plays a script."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "script.yaml").write_text(yaml.safe_dump(SCRIPT), "utf-8")
    port = write_configuration(
        folder,
        upstreams={"played": {"kind": "simulated", "script": "script.yaml"}},
        models={
            "small": model("played", capabilities=["chat"]),
            "large": model("played", price="test/dear", capabilities=["chat"]),
        },
        lineup={
            "aliases": {"best": "large"},
            "router": {
                "kind": "rules",
                "rules": [{"when": {"code": True}, "use": "large", "why": "holds code"}],
                "default": "small",
            },
        },
    )
    with start_gateway(folder, port) as running:
        yield running
