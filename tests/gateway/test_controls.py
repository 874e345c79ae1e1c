import json
from typing import Any

import pytest
from tests.gateway.conftest import Simulate
from tests.gateway.harness import Running
from tests.gateway.raw import CHAT, post, question
from tests.gateway.speaking import MESSAGES, RESPONSES, receipt_of, says, seen_body, user

from triplepoint.gateway.crossing import told
from triplepoint.gateway.request import parse_request
from triplepoint.upstreams.dialects.model import Dialect

PATHS = [(CHAT, "chat", "a"), (RESPONSES, "native", "r"), (MESSAGES, "claude", "c"), (MESSAGES, "chat", "a")]


@pytest.mark.parametrize(("path", "model", "upstream"), PATHS)
async def test_controls_are_dropped_before_the_upstream(
    gateway: Running, simulate: Simulate, path: str, model: str, upstream: str
) -> None:
    """Conversation and tags go into the receipt, and no upstream sees the member that held them."""
    server = await simulate(upstream, says())
    controls = {"conversation": "c-1", "tags": {"team": "blue", "größe": "ü"}}
    body = {"model": model, "input": "hello", "messages": user(), "max_tokens": 9, "triplepoint": controls}
    answer = await post(gateway, json.dumps(body).encode(), path=path)
    assert answer.status == 200
    assert "triplepoint" not in seen_body(server.seen[0])
    receipt = await receipt_of(gateway, answer.headers)
    assert (receipt["conversation"], receipt["tags"]) == ("c-1", controls["tags"])


WRONG: list[tuple[Any, str]] = [
    ({"warmt": 5}, "triplepoint.warmt"),
    ({"warmth": 50}, "triplepoint.warmth"),
    ({"conversation": 5}, "triplepoint.conversation"),
    ({"conversation": ""}, "triplepoint.conversation"),
    ({"conversation": "x" * 257}, "triplepoint.conversation"),
    ({"tags": ["a"]}, "triplepoint.tags"),
    ({"tags": {"a": 1}}, "triplepoint.tags"),
    ({"tags": {str(number): "x" for number in range(17)}}, "triplepoint.tags"),
    ("warm", "triplepoint"),
]


@pytest.mark.parametrize(("controls", "param"), WRONG, ids=[f"{param}-{number}" for number, (_, param) in enumerate(WRONG)])
async def test_an_unknown_or_wrong_control_is_refused(gateway: Running, controls: Any, param: str) -> None:
    """A control that is not understood is a 400 that names it, so that nobody believes to have set what was not."""
    answer = await post(gateway, question(triplepoint=controls))
    assert (answer.status, answer.json()["error"]["param"]) == (400, param)


async def test_null_is_no_control(gateway: Running, simulate: Simulate) -> None:
    """Members that are null count as left out."""
    await simulate("a", says())
    answer = await post(gateway, question(triplepoint={"conversation": None, "tags": None}))
    assert answer.status == 200


async def test_explaining_is_on_request(gateway: Running, simulate: Simulate) -> None:
    """The decision is told to those who ask; any other value than true and false is a 400 with our headers, each once."""
    await simulate("a", says())
    assert "x-triplepoint-decision" not in (await post(gateway, question(model="auto"))).headers
    told_so = await post(gateway, question(model="auto"), "x-triplepoint-explain: true")
    assert told_so.headers["x-triplepoint-decision"]
    assert "x-triplepoint-decision" not in (await post(gateway, question(), "x-triplepoint-explain: false")).headers
    wrong = await post(gateway, question(), "x-triplepoint-explain: maybe")
    assert (wrong.status, wrong.json()["error"]["code"]) == (400, "unknown_control")
    assert len(wrong.headers["x-triplepoint-lineup"]) == 12


def test_our_member_is_taken_out_alone() -> None:
    """Reading controls leaves every other member where it was."""
    body = b'{"a":1.0,"triplepoint":{"conversation":"c"},"model":"m","b":[ ]}'
    request = parse_request(body, Dialect.CHAT, CHAT)
    assert {name: bytes(raw) for name, raw in request.fields.items()} == {"a": b"1.0", "model": b'"m"', "b": b"[ ]"}
    assert list(request.fields) == ["a", "model", "b"]


def test_a_header_holds_no_line_break() -> None:
    """Whatever a text is, as a header's value it is printable ASCII of bounded length."""
    assert told("dropped: a\r\nset-cookie: x\u2028é") == b"dropped: a??set-cookie: x??"
    assert len(told("x" * 5000)) == 1000
