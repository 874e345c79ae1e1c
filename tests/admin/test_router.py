"""The router over the admin API: described, and asked about requests that nobody sends."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from tests.access.helpers import ADMIN
from tests.admin.helpers import Console

from triplepoint.access.model import Role
from triplepoint.admin.guard import LARGER_BODIES, MAX_BODY
from triplepoint.ledger.audits.model import Lapse
from triplepoint.ledger.audits.store import AuditStore

PROOF = "Prove that the square root of two is irrational."
FACT = "What is the capital of France?"


def explain(console: Console, **body: Any) -> Any:
    """Ask as a viewer."""
    answer = console.caller(Role.VIEWER).post("/api/routing/explain", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_router_is_described(console: Console) -> None:
    """What decides, what it was made from and how good it is, and what each certificate is worth now."""
    told = console.caller(Role.VIEWER).get("/api/routing").json()
    assert (told["lineup"], told["models"], told["takes_thrift"]) == ("embedded", ["nano", "mini", "regular"], True)
    assert told["router"].items() >= {"kind": "learned", "default": "mini", "thrift": 40, "explore": 0.02}.items()
    assert told["router"]["audit"]["share"] == 0.02
    assert "2 % of decisions are left to chance" in told["says"]
    assert "At most 5 % of the requests" in told["promises"]
    assert told["card"]["data"][0]["licence"] == "Apache-2.0 (class A)"
    assert told["scorer"] == told["router"]["scorer"]["sha256"]
    assert told["card"]["measured"][0].items() >= {"model": "nano", "group": "facts", "ece": 0.018}.items()
    assert [(one["group"], one["misroute"], one["state"]) for one in told["certificates"]] == [
        ("maths", 0.05, "holds"),
        ("", 0.05, "holds"),
        ("maths", 0.02, "unused"),
    ]


def test_a_lapsed_certificate_is_told_and_holds_nothing(console: Console) -> None:
    """Its state says so, and a request that it covered goes to the reference, as at the gateway."""
    scorer = console.caller(Role.VIEWER).get("/api/routing").json()["scorer"]
    assert explain(console, prompt=FACT, thrift=50)["decision"]["is_certified"] is True
    lapse = Lapse(
        scorer=scorer[:12], reference="regular", group="", at_us=1, lineup="l", why="misroutes", audits=60, found=60, above=0.05
    )
    AuditStore(console.room.engine).lapse([lapse])
    told = console.caller(Role.VIEWER).get("/api/routing").json()
    assert [one["state"] for one in told["certificates"]] == ["holds", "lapsed", "unused"]
    decision = explain(console, prompt=FACT, thrift=50)["decision"]
    assert (decision["model"], decision["is_certified"]) == ("regular", False)


def test_other_routers_are_described(console: Console) -> None:
    """Rules have neither dial nor card; without a router there is no auto."""
    lineup = console.files / "lineups" / "embedded.yaml"
    head = lineup.read_text().partition("router:")[0]
    lineup.write_text(head + "router: {kind: rules, default: mini, rules: [{when: {code: true}, use: regular, why: code}]}\n")
    told = console.caller(Role.VIEWER).get("/api/routing").json()
    assert (told["takes_thrift"], told["card"], told["certificates"]) == (False, None, [])
    assert told["says"] == "auto is decided by one rule, if it holds, else it is mini."
    lineup.write_text(head)
    told = console.caller(Role.VIEWER).get("/api/routing").json()
    assert told["router"] is None
    assert "auto is unknown" in told["says"]
    refused = console.caller(Role.VIEWER).post("/api/routing/explain", json={"prompt": "hello"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "not_found")


def test_wrong_files_are_told(console: Console) -> None:
    """With every problem, as everywhere."""
    (console.files / "routers" / "family.safetensors").unlink()
    answer = console.caller(Role.VIEWER).get("/api/routing")
    assert answer.status_code == 422
    assert "routers/family.safetensors" in answer.json()["error"]["problems"][0]


def test_a_prompt_is_explained(console: Console) -> None:
    """Chosen and why, every candidate with its numbers, what moved them, and what would lead elsewhere."""
    told = explain(console, prompt=PROOF, tags={"task": "maths"})
    assert (told["decision"]["model"], told["decision"]["thrift"]) == ("regular", 40)
    assert [one["why_not"] for one in told["decision"]["weighed"]] == ["promise of 5 % misroutes"] * 2 + [""]
    assert told["pushes"][0]["what"] == "'prove'"
    assert told["signals"]["task"] == "maths"
    assert (told["lineup"], told["on_plan"]) == ("embedded", None)
    flip = next(one for one in explain(console, prompt=FACT)["changes"] if one["thrift"] is not None)
    assert explain(console, prompt=FACT, thrift=flip["thrift"])["decision"]["model"] == flip["model"]


def test_a_whole_request_is_explained(console: Console) -> None:
    """Of any dialect; the name that it asks for is left aside, and a conversation stays where it is."""
    request = {"model": "nano", "max_tokens": 8, "messages": [{"role": "user", "content": FACT}], "id": 2**70}
    told = explain(console, request=request, dialect="messages", thrift=90)
    assert told["decision"]["model"] == "nano"
    assert explain(console, request=request, thrift=90, served_before="regular")["decision"]["model"] == "regular"
    large = {"messages": [{"role": "user", "content": "word " * 50_000}]}
    refused = console.caller(Role.VIEWER).post("/api/routing/explain", json={"request": large})
    assert refused.json()["error"]["code"] == "context_length_exceeded", "it was read: no model has room for it"


def test_as_a_customer(console: Console) -> None:
    """Its plan's floor and dial hold, and what the plan's quotas would make of it is told where that is asked."""
    console.room.access.customers.create(ADMIN, "acme")
    console.shop.plans.assignments.assign(ADMIN, "acme", "plus")
    told = explain(console, prompt=FACT, customer="acme")
    assert told["left_out"] == [{"model": "nano", "why": "below the floor mini"}]
    assert told["decision"]["thrift"] == 80
    told = explain(console, prompt=PROOF, customer="acme", thrift=10, used_percent=100)
    assert (told["decision"]["model"], told["on_plan"]["served"]) == ("regular", "mini")
    assert told["on_plan"]["downgraded_from"] == "regular"


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        ({}, 400, "prompt"),
        ({"prompt": "a", "request": {}}, 400, "prompt"),
        ({"prompt": "a", "customer": "nobody"}, 404, None),
        ({"prompt": "a", "used_percent": 50}, 400, "customer"),
        ({"prompt": "a", "thrift": 101}, 400, "thrift"),
        ({"prompt": "a", "served_before": "huge"}, 400, "served_before"),
        ({"prompt": "a", "secret": 1}, 400, "body"),
        ({"request": {"model": "auto@1900", "messages": []}}, 404, None),
        ({"prompt": "a" * 200_001}, 400, "prompt"),
        ({"prompt": "a", "tags": {str(number): "x" for number in range(17)}}, 400, "tags"),
        ({"prompt": "a", "dialect": "klingon"}, 400, "dialect"),
    ],
)
def test_what_cannot_be_is_refused(console: Console, body: dict[str, Any], status: int, param: str | None) -> None:
    """With a code, and the member that is wrong."""
    answer = console.caller(Role.VIEWER).post("/api/routing/explain", json=body)
    assert answer.status_code == status, answer.text
    if param is not None:
        assert answer.json()["error"]["param"] == param


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b'{"prompt": "' + b"a" * (LARGER_BODIES["/api/routing/explain"]) + b'"}', 413),
        (b'{"request": {"messages": ' + b"[" * 3000 + b"]" * 3000 + b"}}", 400),
        (b'{"request": {"messages": [], "temperature": NaN}}', 400),
        (b'{"prompt": "\\ud800"}', 400),
        (b"[]", 400),
    ],
    ids=["huge", "deep", "no number", "half a character", "no object"],
)
def test_odd_bodies_are_refused(console: Console, content: bytes, status: int) -> None:
    """A body of any size or shape gets an answer that says what is wrong, and is read no further than the limit."""
    answer = console.caller(Role.VIEWER).post(
        "/api/routing/explain", content=content, headers={"content-type": "application/json"}
    )
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]["message"]


def test_other_calls_take_no_more_than_before(console: Console) -> None:
    """Only the call that takes a request to a model takes a large body."""
    answer = console.caller(Role.OPERATOR).post("/api/customers", json={"name": "a" * MAX_BODY})
    assert answer.status_code == 413
    assert str(MAX_BODY) in answer.json()["error"]["message"]


def test_nothing_of_the_prompt_is_kept(console: Console, caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    """Neither answer, log, audit log nor any file has the prompt; only words of the scorer's own vocabulary are told."""
    caplog.set_level(logging.DEBUG)
    told = explain(console, prompt=f"{PROOF} xylophone")
    answer = console.caller(Role.VIEWER).post("/api/routing/explain", json={"prompt": "xylophone", "thrift": "xylophone"})
    assert "xylophone" not in json.dumps(told) + answer.text + caplog.text
    assert not any("xylophone" in line.detail for line in console.room.access.audit(ADMIN, limit=1000))
    kept = [path for path in tmp_path.rglob("*") if path.is_file() and not path.is_symlink()]
    assert kept
    assert not any(b"xylophone" in path.read_bytes() for path in kept)
