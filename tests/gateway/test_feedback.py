"""Feedback: a customer's word on its own answers, kept as a number, refused in the shape that its client knows."""

import json
from typing import Any

import pytest
from tests.gateway.conftest import Simulate
from tests.gateway.harness import Running, free_port, model, openai_upstream, start_gateway, write_configuration
from tests.gateway.raw import Raw, get, post, question
from tests.gateway.speaking import fails, says

from triplepoint.ledger.audits.model import Feedback
from triplepoint.ledger.audits.store import AuditStore
from triplepoint.ledger.drain import drain
from triplepoint.upstreams.simulated.server import SimulatedServer

PATH = "/v1/feedback"
SECRET = "PLANTED-COMMENT on my medical history"


async def rate(gateway: Running, *lines: str, key: str = "", **members: Any) -> Raw:
    """Post feedback."""
    return await post(gateway, json.dumps(members).encode(), *lines, path=PATH, key=key)


async def answered(gateway: Running, simulate: Simulate, key: str = "") -> str:
    """Have a model answer; returns the receipt's id."""
    await simulate("a", says("Bern"))
    answer = await post(gateway, question(), key=key)
    assert answer.status == 200
    return answer.headers["x-triplepoint-receipt"]


def kept(gateway: Running, receipt_id: str) -> list[Feedback]:
    """Return every rating of a receipt that the ledger has."""
    with gateway.installation() as installation:
        drain(installation.data, installation.ledger, wait_s=5)
        return AuditStore(installation.database).history(receipt_id)


async def test_a_rating_is_kept_with_what_it_is_about(gateway: Running, simulate: Simulate) -> None:
    """The model, the customer, the number and the label; the answer says what was kept."""
    receipt_id = await answered(gateway, simulate)
    answer = await rate(gateway, receipt_id=receipt_id, rating="bad", label="wrong")
    assert answer.status == 200
    told = answer.json()
    assert {name: told[name] for name in told if name != "id"} == {
        "object": "feedback",
        "receipt_id": receipt_id,
        "score": 0.0,
        "label": "wrong",
        "notices": [],
    }
    (one,) = kept(gateway, receipt_id)
    receipt = (await get(gateway, f"/v1/receipts/{receipt_id}")).json()
    assert (one.rating_id, one.model, one.score, one.label) == (told["id"], "chat", 0.0, "wrong")
    assert (one.customer_id, one.key_id, one.lineup) == (receipt["customer_id"], receipt["key_id"], receipt["lineup"])


async def test_the_latest_counts_whoever_of_the_customer_says_it(gateway: Running, simulate: Simulate) -> None:
    """Said again it is an entry more, and not another rating; the receipt may have left the gateway's memory."""
    receipt_id = await answered(gateway, simulate)
    for score in (1, 0.25, 0.25):
        assert (await rate(gateway, receipt_id=receipt_id, score=score)).status == 200
    assert [one.score for one in kept(gateway, receipt_id)] == [1.0, 0.25, 0.25]
    with gateway.installation() as installation:
        mine = [one for one in AuditStore(installation.database).ratings() if one.receipt_id == receipt_id]
    assert [one.score for one in mine] == [0.25]


async def test_nobody_rates_what_another_customer_got(gateway: Running, simulate: Simulate) -> None:
    """A receipt of somebody else is as unknown as one that never was."""
    receipt_id = await answered(gateway, simulate)
    stranger = gateway.issue("stranger")
    theirs = await rate(gateway, key=stranger, receipt_id=receipt_id, rating="good")
    none = await rate(gateway, key=stranger, receipt_id="rcpt_0000000000000000", rating="good")
    assert (theirs.status, theirs.json()) == (none.status, none.json())
    assert theirs.json()["error"]["code"] == "receipt_not_found"
    assert kept(gateway, receipt_id) == []


async def test_words_are_not_kept(gateway: Running, simulate: Simulate) -> None:
    """A comment is taken and dropped, and the caller is told; it is in no file."""
    receipt_id = await answered(gateway, simulate)
    for comment in (SECRET, {"text": SECRET}, None):
        answer = await rate(gateway, receipt_id=receipt_id, rating="good", comment=comment)
        assert answer.json()["notices"] == ["comment: words are not kept, only the rating and the label are"]
    assert (await rate(gateway, receipt_id=receipt_id, rating=SECRET)).status == 400
    assert len(kept(gateway, receipt_id)) == 3
    for path in gateway.folder.rglob("*"):
        assert not path.is_file() or SECRET.encode() not in path.read_bytes(), path


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "nothing": ({}, "invalid_feedback"),
    "no rating": ({"receipt_id": "rcpt_1"}, "invalid_feedback"),
    "both": ({"receipt_id": "rcpt_1", "rating": "good", "score": 1}, "invalid_feedback"),
    "another word": ({"receipt_id": "rcpt_1", "rating": "excellent"}, "invalid_feedback"),
    "too much": ({"receipt_id": "rcpt_1", "score": 1.5}, "invalid_feedback"),
    "below": ({"receipt_id": "rcpt_1", "score": -0.1}, "invalid_feedback"),
    "a text": ({"receipt_id": "rcpt_1", "score": "1"}, "invalid_feedback"),
    "a flag": ({"receipt_id": "rcpt_1", "score": True}, "invalid_feedback"),
    "another label": ({"receipt_id": "rcpt_1", "rating": "bad", "label": "rude"}, "invalid_feedback"),
    "another member": ({"receipt_id": "rcpt_1", "rating": "bad", "customer_id": "cust_1"}, "invalid_feedback"),
    "no id": ({"receipt_id": "rcpt_1\u0000", "rating": "bad"}, "invalid_feedback"),
    "a long id": ({"receipt_id": "r" * 65, "rating": "bad"}, "invalid_feedback"),
    "no receipt": ({"receipt_id": "rcpt_1", "rating": "bad"}, "receipt_not_found"),
}


@pytest.mark.parametrize(("members", "code"), BAD.values(), ids=BAD.keys())
async def test_what_is_no_feedback_is_refused_in_either_shape(gateway: Running, members: dict[str, Any], code: str) -> None:
    """As OpenAI's clients and as Anthropic's understand it, with a code, and nothing of the caller's words in it."""
    answer = await rate(gateway, **members)
    assert (answer.status, answer.json()["error"]["code"]) == (404 if code == "receipt_not_found" else 400, code)
    other = await rate(gateway, "anthropic-version: 2023-06-01", **members)
    assert other.status == answer.status
    assert other.json()["type"] == "error"
    assert other.json()["error"]["type"] == ("not_found_error" if answer.status == 404 else "invalid_request_error")
    assert "excellent" not in answer.body.decode()


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b"[" * 10_000, b'"x"'])
async def test_what_is_no_json_object_is_refused(gateway: Running, body: bytes) -> None:
    """However it is broken."""
    assert (await post(gateway, body, path=PATH)).status == 400


async def test_who_may_ask_and_how(gateway: Running, simulate: Simulate) -> None:
    """With a key, by POST, with a body that is not too long, about an answer that was given."""
    assert (await rate(gateway, key="tp-nobody", receipt_id="rcpt_1", rating="good")).status == 401
    assert (await get(gateway, PATH)).status == 405
    assert (await post(gateway, b'{"comment":"' + b"x" * 17_000 + b'"}', path=PATH)).status == 413
    await simulate("a", fails(kind="status", status=400, message="no"))
    failed = await post(gateway, question())
    answer = await rate(gateway, receipt_id=failed.headers["x-triplepoint-receipt"], rating="bad")
    assert (answer.status, answer.json()["error"]["param"]) == (400, "receipt_id")


async def test_feedback_is_counted_and_paced(tmp_path: Any) -> None:
    """By model and label; and no key can fill the journal faster than it may ask."""
    upstream = free_port()
    port = write_configuration(
        tmp_path,
        upstreams={"a": openai_upstream(upstream)},
        models={"chat": model("a")},
        settings={"gateway": {"requests_per_minute_per_key": 3}},
    )
    async with SimulatedServer(says("Bern"), port=upstream):
        with start_gateway(tmp_path, port) as gateway:
            receipt_id = (await post(gateway, question())).headers["x-triplepoint-receipt"]
            told = [await rate(gateway, receipt_id=receipt_id, rating="bad", label="too_slow") for _ in range(4)]
            with gateway.installation() as installation:
                page = (installation.gateway.metrics() or b"").decode()
    assert [answer.status for answer in told] == [200, 200, 200, 429]
    assert told[0].headers["x-ratelimit-remaining-requests"] == "2"
    assert int(told[3].headers["retry-after"]) >= 1
    assert 'triplepoint_feedback_total{label="too_slow",model="chat"} 3.0' in page
