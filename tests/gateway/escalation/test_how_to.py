"""What the page on checking cheap answers shows is what happens."""

import json
import re
import shutil
from pathlib import Path

import yaml
from tests.docs.markdown import ROOT, blocks
from tests.docs.test_yaml import lay_over
from tests.gateway.harness import free_port, start_gateway
from tests.gateway.raw import post
from tests.gateway.speaking import receipt_of

from triplepoint.files.seed import seed_folder

PAGE = ROOT / "docs" / "how-to" / "check-cheap-answers.md"


async def test_the_page_does_what_it_says(tmp_path: Path) -> None:
    """Its files, laid over a fresh installation, answer its question with the headers and the receipt that it shows."""
    for name in ("lineups", "prices", "schemas"):
        shutil.copytree(seed_folder() / name, tmp_path / name)
    shutil.copy(seed_folder() / "triplepoint.yaml", tmp_path)
    lay_over(tmp_path, PAGE)
    settings = yaml.safe_load((tmp_path / "triplepoint.yaml").read_text("utf-8"))
    port = free_port()
    rehearsal = {"rehearsal": settings["upstreams"]["rehearsal"]}
    changed = {**settings, "lineup": "checked", "upstreams": rehearsal, "gateway": {"listen": f"127.0.0.1:{port}"}}
    (tmp_path / "triplepoint.yaml").write_text(yaml.safe_dump(changed), "utf-8")
    for path in (tmp_path / "lineups").glob("*.yaml"):
        if path.stem != "checked":  # the embedded family is not there
            path.unlink()
    (question,) = blocks(PAGE, "json")
    shown = dict(re.findall(r"^(x-triplepoint-\w+): (.+)$", PAGE.read_text("utf-8"), re.MULTILINE))
    with start_gateway(tmp_path, port) as running:
        answer = await post(running, json.dumps(json.loads(question.text)).encode())
        assert answer.status == 200
        assert {name: answer.headers[name] for name in shown} == shown
        attempts = (await receipt_of(running, answer.headers))["attempts"]
    told = [(one["served_model"], [*one["notices"]]) for one in attempts]
    assert told == [
        ("small", ["check arithmetic: its equation did not hold"]),
        ("large", ["escalated from small: its equation did not hold"]),
    ]
