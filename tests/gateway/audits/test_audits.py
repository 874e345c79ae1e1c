"""Live audits through the real gateway: what they find, what they leave alone, and that nobody pays for them."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.gateway.audits.auditing import (
    LONG,
    RIGHT,
    WRONG,
    audit_router,
    audited_family,
    family_script,
    found,
    last_body,
    metric,
    own,
    playing,
    until_audited,
    until_dropped,
)
from tests.gateway.harness import Running
from tests.gateway.raw import CHAT, Raw, get, post, question
from tests.gateway.speaking import CALLS, MESSAGES, RESPONSES, WEATHER, script, until

from triplepoint.ledger.model import Outcome
from triplepoint.ledger.rollups import By

TOOL = {"name": "weather", "description": "of a city"}


async def ask(gateway: Running, text: str = "Is it so?", key: str = "", **members: Any) -> Raw:
    """Ask ``auto``."""
    answer = await post(gateway, question(text, model="auto", **members), key=key)
    assert answer.status == 200
    return answer


async def test_a_weaker_choice_is_refuted_by_the_strongest(audited: Running) -> None:
    """The reference answers off the caller's path, a judge compares in both orders, and all three attempts are ours to pay."""
    async with playing(audited.ports) as servers:
        answer = await ask(audited, user="u-1", metadata={"a": "b"}, triplepoint={"tags": {"team": "red"}})
        assert answer.json()["choices"][0]["message"]["content"] == WRONG
        (audit,) = await until_audited(audited, answer)
        asked = last_body(servers["b"])
    assert (audit.chosen, audit.other, audit.reference) == ("nano", "large", "large")
    assert (audit.outcome, audit.scored_by, audit.chosen_score, audit.other_score) == ("under_route", "judge", 0.0, 1.0)
    assert (audit.policy, audit.share, audit.judge, audit.plan) == ("rules", 1.0, "judge", "")
    assert audit.lineup == answer.headers["x-triplepoint-lineup"]
    mine = own(audited, answer)
    assert [(row.served_model, row.endpoint) for row in mine] == [("large", "audit"), ("judge", "judge"), ("judge", "judge")]
    assert audit.cost_usd is not None
    assert Decimal(audit.cost_usd) == sum(Decimal(row.cost_usd or "nan") for row in mine) > 0
    assert {(row.charge_usd, row.plan, row.conversation, str(row.tags)) for row in mine} == {("0", "", None, "{}")}
    assert asked == {"messages": [{"role": "user", "content": "Is it so?"}], "model": "b-model", "max_completion_tokens": 4096}


@pytest.mark.parametrize(("nano", "outcome", "scored_by"), [(1.0, "over_route", "exact"), (0.0, "fine", "judge")])
async def test_the_strongest_choice_is_held_against_the_next_weaker(
    audited: Running, nano: float, outcome: str, scored_by: str
) -> None:
    """Where that one is as good, the decision was too strong; where it is not, it was right."""
    key = audited.issue(f"two-{nano}", "judge", "nano", "regular")
    async with playing(audited.ports, family_script(nano=nano)):
        answer = await ask(audited, f"Is it so? {LONG}", key)
        (audit,) = await until_audited(audited, answer)
    assert (audit.chosen, audit.other, audit.reference) == ("regular", "nano", "regular")
    assert (audit.outcome, audit.scored_by) == (outcome, scored_by)


BODIES: dict[str, dict[str, Any]] = {
    CHAT: {"messages": [{"role": "user", "content": "Is it so?"}]},
    RESPONSES: {"input": "Is it so?"},
    MESSAGES: {"messages": [{"role": "user", "content": "Is it so?"}], "max_tokens": 99},
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("path", BODIES)
async def test_every_dialect_is_audited_streamed_or_not(audited: Running, path: str, stream: bool) -> None:
    """What the caller got is read in its dialect, from a body or from events, and answered again without a stream."""
    async with playing(audited.ports) as servers:
        body = {"model": "auto", **BODIES[path], "stream": stream}
        answer = await post(audited, json.dumps(body).encode(), path=path)
        (audit,) = await until_audited(audited, answer)
        assert "stream" not in last_body(servers["b"])
    assert (audit.outcome, audit.scored_by) == ("under_route", "judge")


LEFT_ALONE: dict[str, tuple[str, dict[str, Any]]] = {
    "a model by name": (CHAT, {"model": "nano"}),
    "several answers": (CHAT, {"n": 2}),
    "tools that the upstream runs": (RESPONSES, {"tools": [{"type": "web_search"}]}),
    "a stored conversation": (RESPONSES, {"previous_response_id": "resp_1"}),
    "work in the background": (RESPONSES, {"background": True}),
    "a tool loop": (
        CHAT,
        {
            "tools": [{"type": "function", "function": TOOL}],
            "messages": [
                {"role": "user", "content": "Weather?"},
                {"role": "assistant", "tool_calls": [{"id": "1", "type": "function", "function": {"name": "weather"}}]},
                {"role": "tool", "tool_call_id": "1", "content": "rain"},
            ],
        },
    ),
    "pictures": (
        CHAT,
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}]}]},
    ),
    "signed thoughts": (
        MESSAGES,
        {
            "messages": [
                {"role": "user", "content": "Is it so?"},
                {"role": "assistant", "content": [{"type": "thinking", "thinking": "hm", "signature": "x"}]},
                {"role": "user", "content": "And?"},
            ]
        },
    ),
    "a count": ("/v1/messages/count_tokens", BODIES[MESSAGES]),
    "embeddings": ("/v1/embeddings", {"input": "x"}),
}


async def test_what_cannot_be_asked_again_is_left_alone(audited: Running) -> None:
    """Nothing is drawn, kept or counted for it, and no other model sees it."""
    before = metric(audited, "triplepoint_audits_dropped")
    async with playing(audited.ports):
        alone = [
            await post(audited, json.dumps({"model": "auto", **BODIES.get(path, {}), **members}).encode(), path=path)
            for path, members in LEFT_ALONE.values()
        ]
        await until_audited(audited, await ask(audited))  # whatever was drawn before it would be through by now
    assert own(audited, *alone) == []
    assert metric(audited, "triplepoint_audits_dropped") == before


async def test_planned_calls_are_compared_and_never_made(audited: Running) -> None:
    """The same calls are as good as each other; other calls go to the judge, as data."""
    tools = [{"type": "function", "function": {**TOOL, "parameters": WEATHER}}]
    alike = script(answer={"tool_calls": CALLS})
    async with playing(audited.ports, {"a": alike, "b": alike, "judge": family_script()}) as servers:
        (audit,) = await until_audited(audited, await ask(audited, tools=tools))
        assert list(servers["judge"].seen) == []
        servers["b"].reset(script(answer={"tool_calls": CALLS[:1]}))
        (other,) = await until_audited(audited, await ask(audited, "Again?", tools=tools))
        shown = json.loads(last_body(servers["judge"])["messages"][1]["content"])
    assert (audit.outcome, audit.scored_by) == ("fine", "calls")
    assert (other.outcome, other.scored_by) == ("fine", "judge")
    assert shown["second"]["calls_tools"][0] == {"tool": "weather", "arguments": '{"city":"Bern"}'}


async def test_words_go_to_no_model_that_their_caller_may_not_call(audited: Running) -> None:
    """The strongest is the strongest of the key; where the judge is not the caller's, nothing is judged."""
    async with playing(audited.ports) as servers:
        answer = await ask(audited, key=audited.issue("narrow", "nano", "regular"))
        (audit,) = await until_audited(audited, answer)
        assert list(servers["judge"].seen) == []
        alone = await ask(audited, key=audited.issue("alone", "nano"))
        (last,) = await until_audited(audited, await ask(audited))
    assert (audit.reference, audit.outcome, audit.scored_by, audit.judge) == ("regular", "undecided", "", "")
    assert [row.served_model for row in own(audited, answer)] == ["regular"]
    assert own(audited, alone) == []
    assert last.reference == "large"


async def test_a_slow_or_broken_audit_is_no_matter_of_the_callers(audited: Running) -> None:
    """Callers are answered as ever while the other upstream is slow, refuses, breaks off, or talks nonsense."""
    slow = family_script(cases=[{"when": {"model": "b-*"}, "answer": {"text": RIGHT, "pace": {"first_token": "700ms"}}}])
    faults: list[dict[str, Any]] = [
        {"kind": "status", "status": 500},
        {"kind": "status", "status": 400, "message": "no"},
        {"kind": "malformed_json"},
        {"kind": "cut"},
    ]
    async with playing(audited.ports, {"a": family_script(), "b": slow, "judge": family_script()}) as servers:
        answers = [await ask(audited, f"Is it so? {n}") for n in range(3)]
        receipts = {answer.headers["x-triplepoint-receipt"] for answer in answers}
        assert receipts.isdisjoint({one.receipt_id for one in found(audited)[0]})
        await until_audited(audited, *answers)
        broken: list[Raw] = []
        dropped = metric(audited, "triplepoint_audits_dropped_total").get('why="failed"', 0)
        for fault in faults:
            servers["b"].reset(family_script(cases=[{"when": {"model": "b-*"}, "fault": fault}]))
            broken.append(await ask(audited, "And so?"))
            dropped = await until_dropped(audited, "failed", beyond=dropped)
        seen = len(list(servers["b"].seen))
    rows = own(audited, *broken)
    assert {row.outcome for row in rows} == {Outcome.FAILED}
    assert {row.audit_of for row in rows} == {answer.headers["x-triplepoint-receipt"] for answer in broken}
    assert seen == len([row for row in rows if row.audit_of == broken[-1].headers["x-triplepoint-receipt"]])


async def test_an_upstream_that_is_away_or_resting_is_not_asked(audited: Running) -> None:
    """Where nobody listens an attempt fails and says so; the judge's absence leaves a pair undecided."""
    async with playing(audited.ports, {"a": family_script(), "b": family_script()}):
        (audit,) = await until_audited(audited, await ask(audited))
    assert (audit.outcome, audit.judge) == ("undecided", "")
    dropped = metric(audited, "triplepoint_audits_dropped_total").get('why="failed"', 0)
    async with playing(audited.ports, {"a": family_script()}):
        answer = await ask(audited)
        await until_dropped(audited, "failed", beyond=dropped)
    assert {(row.outcome, row.error, row.cost_usd) for row in own(audited, answer)} == {(Outcome.FAILED, "connect_failed", "0")}


@pytest.mark.parametrize("said", ["first", '{"better":"first"}', "", '{"better":"none"}'])
async def test_a_judge_that_contradicts_itself_decides_nothing(audited: Running, said: str) -> None:
    """Always the same place, or no verdict at all: the audit is undecided, and what it cost is counted."""
    scripts = {"a": family_script(), "b": family_script(), "judge": script(answer={"text": said})}
    async with playing(audited.ports, scripts):
        answer = await ask(audited)
        (audit,) = await until_audited(audited, answer)
    assert (audit.outcome, audit.scored_by, audit.judge, audit.chosen_score) == ("undecided", "", "judge", None)
    assert Decimal(audit.cost_usd or "nan") == sum(Decimal(row.cost_usd or "nan") for row in own(audited, answer))


async def test_a_caller_that_leaves_or_a_cut_answer_is_not_audited(audited: Running) -> None:
    """There is nothing whole to compare, so nobody is asked."""
    cut = family_script(cases=[{"when": {"model": "a-*", "contains": "cut"}, "fault": {"kind": "cut"}}])
    dropped = metric(audited, "triplepoint_audits_dropped_total").get('why="unreadable"', 0)
    async with playing(audited.ports, cut):
        answer = await post(audited, question("cut it", model="auto", stream=True))
        await until_dropped(audited, "unreadable", beyond=dropped)
    assert own(audited, answer) == []


async def test_an_audit_takes_no_callers_receipt_out_of_memory(audited: Running) -> None:
    """What we ask ourselves is no receipt of anybody's."""
    async with playing(audited.ports):
        answer = await ask(audited)
        await until_audited(audited, answer)
    for row in own(audited, answer):
        assert (await get(audited, f"/v1/receipts/{row.receipt_id}")).status == 404


async def test_a_plan_bounds_the_second_answer_as_it_does_the_first(tmp_path: Path) -> None:
    """Its models and its longest answer hold for what is asked in the caller's place."""
    plans = {"default": "small", "plans": {"small": {"models": ["nano", "regular"], "max_output_tokens": 7}}}
    (tmp_path / "plans.yaml").write_text(json.dumps(plans))
    with audited_family(tmp_path) as gateway:
        async with playing(gateway.ports) as servers:
            (audit,) = await until_audited(gateway, await ask(gateway))
            asked = last_body(servers["b"])
    assert (audit.plan, audit.reference, audit.judge, asked["max_completion_tokens"]) == ("small", "regular", "", 7)


async def test_a_share_is_drawn_and_nobody_else_pays(tmp_path: Path) -> None:
    """Of many requests about the share is audited; the others cause nothing."""
    with audited_family(tmp_path, router=audit_router(share=0.25)) as gateway:
        async with playing(gateway.ports, family_script(nano=1.0)) as servers:
            for n in range(120):
                await ask(gateway, f"Is it so? {n}")
            await until(lambda: sum(metric(gateway, "triplepoint_audits_total").values()) >= 10)
            asked = len(list(servers["b"].seen))
    assert {audit.share for audit in found(gateway)[0]} == {0.25}
    assert 10 <= asked <= 55  # a binomial of 120 at 0.25 is outside of that once in 10,000 times


async def test_customers_sums_are_as_without_audits(tmp_path: Path) -> None:
    """Rows, charges, quotas and what is told of them are the same to the last digit, audited or not."""
    quota = {"unit": "charge_usd", "limit": "1", "per": "day"}
    plans = {"default": "pro", "plans": {"pro": {"quotas": {"money": quota}, "charge": {"kind": "at_cost"}}}}

    async def sums(folder: Path, router: dict[str, Any]) -> list[Any]:
        with audited_family(folder, router=router) as gateway:
            async with playing(gateway.ports):
                answers = [await ask(gateway, f"Is it so? {n}") for n in range(6)]
                if "audit" in router:
                    await until_audited(gateway, *answers)
            found(gateway)
            with gateway.installation() as installation:
                (total,) = [one for one in installation.ledger.sum(by=By.PLAN) if one.group == "pro"]
                (usage,) = installation.ledger.sum(by=By.CUSTOMER, with_audits=False)
                margins = installation.ledger.earned(since_us=0, until_us=1 << 60)
        return [
            *(total.requests, total.attempts, total.charge_usd, total.cost_usd, total.input_tokens, total.output_tokens),
            *(usage.requests, usage.charge_usd, usage.cost_usd, [one.requests for one in margins]),
        ]

    folders = [tmp_path / "plain", tmp_path / "audited"]
    for folder in folders:
        folder.mkdir()
        (folder / "plans.yaml").write_text(json.dumps(plans))
    plain = await sums(folders[0], {"kind": "fixed", "default": "nano"})
    assert await sums(folders[1], audit_router()) == plain
    assert plain[0] == 6
