"""Going up is within the plan: quotas stay hard, a request stays one message, and what it takes is charged by its terms."""

import asyncio
import json
from collections.abc import Generator
from decimal import Decimal
from typing import Any

import pytest
from tests.gateway.conftest import running_simulations
from tests.gateway.escalation.family import CANNOT, SOUND, STRONG, WRONG, answers, asked, family
from tests.gateway.harness import Running
from tests.gateway.raw import Raw, get, post
from tests.gateway.speaking import fails, receipt_of
from tests.gateway.test_plans import on_plan

PLANS: dict[str, Any] = {
    "default": "open",
    "plans": {
        "open": {},
        "cheap": {"models": ["mini", "regular"]},
        "only": {"models": ["mini"]},
        "few": {"quotas": {"day": {"unit": "messages", "limit": 4, "per": "day"}}},
        "two-strong": {"quotas": {"week": {"unit": "messages", "limit": 2, "per": "week", "models": ["thinking"]}}},
        "ladder": {
            "quotas": {"day": {"unit": "messages", "limit": 1, "per": "day", "models": ["thinking"]}},
            "ladder": {"thinking": "regular"},
        },
        "pace": {"rates": {"requests_per_minute": 3}},
        "money": {"quotas": {"day": {"unit": "charge_usd", "limit": "0.004", "per": "day"}}},
        "tokens": {"quotas": {"day": {"unit": "tokens", "limit": 900, "per": "day"}}},
        "markup": {"charge": {"kind": "at_cost", "margin_percent": "50"}},
        "prepaid": {"prepaid": True},
        "credit": {
            "charge": {"kind": "included"},
            "quotas": {"week": {"unit": "messages", "limit": 1, "per": "week", "models": ["thinking"], "beyond": "credit"}},
        },
        "short": {"max_output_tokens": 40},
    },
}


@pytest.fixture(scope="module")
def sold(tmp_path_factory: pytest.TempPathFactory) -> Generator[Running]:
    """Run a family with plans."""
    with family(tmp_path_factory.mktemp("sold"), plans=PLANS) as running:
        yield running


async def ask(gateway: Running, key: str, **members: Any) -> Raw:
    """Ask for a short answer."""
    return await post(gateway, json.dumps(asked(max_tokens=20, **members)).encode(), key=key)


def served(answer: Raw) -> str:
    """Name the model that answered; the status of a refusal."""
    return answer.headers["x-triplepoint-model"] if answer.status == 200 else str(answer.status)


@pytest.mark.parametrize(("plan", "model"), [("open", "thinking"), ("cheap", "regular"), ("only", "mini")])
async def test_it_goes_no_higher_than_the_plan(sold: Running, plan: str, model: str) -> None:
    """The strongest that the customer may call; where there is none above, nothing is looked at."""
    async with running_simulations(sold, a=answers(WRONG), b=answers(STRONG), c=answers(STRONG)):
        key = await on_plan(sold, plan, f"rights {plan}")
        answer = await ask(sold, key)
        assert served(answer) == model
        assert ("x-triplepoint-notice" in answer.headers) == (model != "mini")


async def test_one_request_is_one_message_of_a_quota_over_all_models(sold: Running) -> None:
    """Four a day are four requests, though each had two answers."""
    async with running_simulations(sold, a=answers(WRONG), b=answers(STRONG), c=answers(STRONG)):
        key = await on_plan(sold, "few", "one message")
        assert [served(await ask(sold, key)) for _ in range(5)] == ["thinking"] * 4 + ["429"]


async def test_a_quota_of_the_stronger_model_holds(sold: Running) -> None:
    """Two answers a week; after them the cheap one is given with a notice, and no ladder is gone down."""
    async with running_simulations(sold, a=answers(WRONG), b=answers(STRONG), c=answers(STRONG)) as servers:
        key = await on_plan(sold, "two-strong", "two")
        found = [await ask(sold, key) for _ in range(4)]
        assert [served(answer) for answer in found] == ["thinking", "thinking", "mini", "mini"]
        notice = f"mini answered although {CANNOT}: the plan has no room for a stronger model"
        assert found[2].headers["x-triplepoint-notice"] == notice
        assert len(servers["c"].seen) == 2
        assert not servers["b"].seen
        receipt = await receipt_of(sold, found[2].headers, key)
        assert [one["notices"] for one in receipt["attempts"]] == [[f"check arithmetic: {CANNOT}"]]
        assert await served_by_name(sold, key, "thinking") == 429
        laddered = await on_plan(sold, "ladder", "no ladder")
        assert [served(await ask(sold, laddered)) for _ in range(2)] == ["thinking", "mini"]


async def served_by_name(gateway: Running, key: str, name: str) -> int:
    """Ask a model by name; returns the status."""
    return (await post(gateway, json.dumps({**asked(max_tokens=20), "model": name}).encode(), key=key)).status


async def test_a_stronger_model_that_fails_takes_no_message(sold: Running) -> None:
    """What was reserved for it is free again."""
    key = await on_plan(sold, "two-strong", "unlucky")
    async with running_simulations(sold, a=answers(WRONG), c=fails(kind="status", status=400)):
        assert [served(await ask(sold, key)) for _ in range(3)] == ["mini"] * 3
    async with running_simulations(sold, a=answers(WRONG), c=answers(STRONG)):
        assert [served(await ask(sold, key)) for _ in range(3)] == ["thinking", "thinking", "mini"]


async def test_a_rate_of_requests_counts_the_request_once(sold: Running) -> None:
    """Three a minute are three that go up."""
    async with running_simulations(sold, a=answers(WRONG), c=answers(STRONG)):
        key = await on_plan(sold, "pace", "pace")
        assert [served(await ask(sold, key)) for _ in range(4)] == ["thinking"] * 3 + ["429"]


async def test_both_attempts_are_charged_by_the_plan(sold: Running) -> None:
    """Each at what it cost and the margin; the receipt adds them up, and prepaid credit pays for both."""
    async with running_simulations(sold, a=answers(WRONG), c=answers(STRONG)):
        key = await on_plan(sold, "markup", "markup")
        receipt = await receipt_of(sold, (await ask(sold, key)).headers, key)
        assert [one["charge_usd"] for one in receipt["attempts"]] == ["0.0000045", "0.0001575"]
        assert receipt["charge_usd"] == "0.000162"
        rich = await on_plan(sold, "prepaid", "rich", credit="1")
        receipt = await receipt_of(sold, (await ask(sold, rich)).headers, rich)
        burnt = [Decimal(amount) for one in receipt["attempts"] for amount in one["burnt"].values()]
        assert sum(burnt) == Decimal(receipt["charge_usd"]) == Decimal("0.000108")


async def test_credit_beyond_a_quota_is_not_turned_to(sold: Running) -> None:
    """Overage is for what was asked for; a used-up quota of the stronger model keeps the cheap answer."""
    async with running_simulations(sold, a=answers(WRONG), c=answers(STRONG)):
        key = await on_plan(sold, "credit", "credit", credit="1")
        assert [served(await ask(sold, key)) for _ in range(2)] == ["thinking", "mini"]


async def test_the_plans_longest_answer_holds_for_the_second_too(sold: Running) -> None:
    """Both models are told."""
    async with running_simulations(sold, a=answers(WRONG), b=answers(STRONG), c=answers(STRONG)) as servers:
        key = await on_plan(sold, "short", "short")
        await post(sold, json.dumps(asked(max_tokens=400)).encode(), key=key)
        told = [json.loads(servers[name].seen[-1].body or b"{}").get("max_tokens") for name in "ac"]
        assert told == [40, 40]


async def test_with_no_room_for_its_worst_case_nothing_is_sent(sold: Running) -> None:
    """Money that would not suffice for the longest answer of the stronger model is not risked."""
    async with running_simulations(sold, a=answers(WRONG), c=answers(STRONG)) as servers:
        key = await on_plan(sold, "money", "money")
        assert served(await post(sold, json.dumps(asked(max_tokens=20)).encode(), key=key)) == "thinking"
        sent = len(servers["c"].seen)
        answer = await post(sold, json.dumps(asked(max_tokens=2000)).encode(), key=key)
        assert served(answer) == "mini"
        assert "no room" in answer.headers["x-triplepoint-notice"]
        assert len(servers["c"].seen) == sent


@pytest.mark.parametrize("plan", ["few", "two-strong", "tokens", "money"])
async def test_no_interleaving_overspends(sold: Running, plan: str) -> None:
    """Sixty requests at once, each of which wants to go up: what was used never exceeds what the plan gives."""
    slow = {"pace": {"first_token": "50ms"}}
    async with running_simulations(sold, a=answers(WRONG, **slow), c=answers(STRONG, **slow)):
        key = await on_plan(sold, plan, f"race {plan}")
        found = await asyncio.gather(*(ask(sold, key) for _ in range(60)))
        rows = [(await receipt_of(sold, one.headers, key)) for one in found if one.status == 200]
        attempts = [attempt for row in rows for attempt in row["attempts"] if attempt["outcome"] != "failed"]
        match plan:
            case "few":
                assert len(rows) == 4
            case "two-strong":
                assert len(rows) == 60
                assert sum(one["served_model"] == "thinking" for one in attempts) == 2
            case "tokens":
                assert 0 < 15 * len(attempts) <= 900
            case _:
                assert Decimal(0) < sum((Decimal(one["charge_usd"]) for one in attempts), Decimal(0)) <= Decimal("0.004")


async def test_counters_begin_from_the_ledger_as_they_were(tmp_path_factory: pytest.TempPathFactory) -> None:
    """After a restart an escalated request is still one message over all models, and one of the stronger model."""
    folder = tmp_path_factory.mktemp("again")
    plans = {
        "default": "few",
        "plans": {
            "few": {
                "quotas": {
                    "day": {"unit": "messages", "limit": 3, "per": "day"},
                    "strong": {"unit": "messages", "limit": 2, "per": "day", "models": ["thinking"]},
                }
            }
        },
    }
    with family(folder, plans=plans) as first:
        async with running_simulations(first, a=answers(WRONG), c=answers(STRONG)):
            key = first.issue("a customer")
            assert served(await ask(first, key)) == "thinking"
    with family(folder, plans=plans) as second:
        async with running_simulations(second, a=answers(WRONG), c=answers(STRONG)):
            assert [served(await ask(second, key)) for _ in range(3)] == ["thinking", "mini", "429"]


async def test_a_sound_answer_reserves_nothing_more(sold: Running) -> None:
    """The stronger model's quota is whole after any number of them."""
    async with running_simulations(sold, a=answers(SOUND), c=answers(STRONG)):
        key = await on_plan(sold, "two-strong", "sound")
        assert {served(await ask(sold, key)) for _ in range(5)} == {"mini"}
        assert await served_by_name(sold, key, "thinking") == 200
        assert await served_by_name(sold, key, "thinking") == 200
        assert (await get(sold, "/v1/models", key=key)).status == 200
