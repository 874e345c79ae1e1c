"""``triplepoint route explain`` shows signals, rules and choice, for a prompt or a whole request, and sends nothing."""

import hashlib
import json
from pathlib import Path

import pytest
from tests.cli.installation import Commands
from tests.doctor.patient import furnish
from tests.routing.scorer.helpers import tiny_scorer

from triplepoint.cli.local import local_actor
from triplepoint.cli.route import app
from triplepoint.foundation.errors import NotFound, RequestInvalid

LINEUP = """\
lineup: spring
models:
  small:
    context_tokens: 2048
    upstreams: [{upstream: here, model: s, price: ours/small}]
  large:
    context_tokens: 8192
    capabilities: [chat, tools]
    upstreams: [{upstream: far, model: l, price: ours/small}]
router:
  kind: rules
  rules:
    - {when: {maths: true}, use: small, why: sums}
    - {when: {min_input_tokens: 500}, use: large, why: long}
    - {when: {code: true}, use: large, why: holds code}
  default: small
"""


@pytest.fixture
def commands(tmp_path: Path) -> Commands:
    """Return the commands in a folder with two models and three rules."""
    furnish(tmp_path)
    (tmp_path / "lineups" / "spring.yaml").write_text(LINEUP)
    return Commands(app, tmp_path)


def test_prompt(commands: Commands) -> None:
    """A prompt's signals, the conditions that failed, and the choice with its reason are shown."""
    text = commands.text("explain", "Write a Python script")
    for words in ("code", "yes", "maths: yes (found no)", "min_input_tokens: 500 (found", "holds: chosen"):
        assert words in text
    assert "large  rule: holds code" in text
    assert "small" in text
    assert "chosen" in text


def test_json(commands: Commands) -> None:
    """As JSON the whole explanation stands in one object."""
    found = commands.json("explain", "Tell me a tale")
    decision = {"model": "small", "reason": "default", "policy": "rules", "candidates": ["small", "large"], "propensity": 1.0}
    assert found["decision"].items() >= decision.items()
    assert [trial["number"] for trial in found["trials"]] == [1, 2, 3]
    assert found["signals"]["turns"] == 1


@pytest.mark.parametrize("dialect", ["chat", "messages"])
def test_file(commands: Commands, tmp_path: Path, dialect: str) -> None:
    """A whole request is read from a file; a rule whose model cannot do what is asked is passed over."""
    body = tmp_path / "request.json"
    body.write_text(json.dumps({"tools": [{"name": "f"}], "messages": [{"role": "user", "content": "2 + 2"}]}))
    found = commands.json("explain", "--file", str(body), "--dialect", dialect)
    assert found["decision"]["model"] == "large"
    assert found["decision"]["reason"] == "small is no candidate, first in line-up order"
    assert "small is no candidate" in commands.text("explain", "--file", str(body))


def test_wrong_use(commands: Commands, tmp_path: Path) -> None:
    """Neither or both of prompt and file are refused, and a file that is no JSON object says so."""
    body = tmp_path / "request.json"
    body.write_text("[1]")
    assert commands.run("explain").exit_code == 2
    assert commands.run("explain", "hello", "--file", str(body)).exit_code == 2
    with pytest.raises(RequestInvalid, match="not a JSON object"):
        commands.run("explain", "--file", str(body))


def test_without_router(commands: Commands, tmp_path: Path) -> None:
    """A line-up without a router has no auto, and the command says what to do."""
    (tmp_path / "lineups" / "spring.yaml").write_text(LINEUP[: LINEUP.index("router:")])
    with pytest.raises(NotFound, match="has no router"):
        commands.run("explain", "hello")


PLANS = """\
default: free
plans:
  free:
    models: [small]
    quotas: {day: {unit: messages, limit: 20, per: day}}
  plus:
    floor: small
    thrift: 90
    quotas:
      large-week: {unit: messages, limit: 1000, per: week, models: [large]}
    ladder: {large: small}
  strict:
    floor: large
    quotas: {week: {unit: messages, limit: 1000, sliding: 7d}}
"""


@pytest.fixture
def sold(commands: Commands) -> Commands:
    """Return the commands where acme is on plus, and bolt on nothing of its own."""
    (commands.folder / "plans.yaml").write_text(PLANS)
    with commands.opened() as installation:
        for name, plan in (("acme", "plus"), ("stern", "strict"), ("bolt", None)):
            installation.access.customers.create(local_actor(), name)
            if plan is not None:
                installation.plans.assignments.assign(local_actor(), name, plan)
    return commands


def test_as_customer(sold: Commands) -> None:
    """A customer's plan leaves out what it does not entitle to, and what lies below its floor, with the reason."""
    code = "Write a Python script"
    free = sold.json("explain", code, "--as", "bolt")
    assert free["decision"]["model"] == "small"
    assert free["left_out"] == [{"model": "large", "why": "not entitled by the plan"}]
    stern = sold.json("explain", "Tell me a tale", "--as", "stern")
    assert stern["left_out"] == [{"model": "small", "why": "below the floor large"}]
    assert sold.json("explain", code, "--as", "acme")["left_out"] == []
    with pytest.raises(NotFound):
        sold.run("explain", code, "--as", "nobody")


@pytest.mark.parametrize(
    ("customer", "used", "lines"),
    [
        ("acme", "50%", ["with 50 % of each quota used:", "large would answer"]),
        ("acme", "85%", ["large would answer", 'x-triplepoint-quota: "large-week";r=149;l=1000', 'next="small"']),
        (
            "acme",
            "100",
            [
                "on plan plus, which gives nothing below small,",
                "small would answer in place of large",
                "notice: small answered",
            ],
        ),
        ("bolt", "100%", ["refused (insufficient_quota): small: the quota day of plan free", "to be tried again in"]),
        ("stern", "90%", ['x-triplepoint-quota: "week";r=99;l=1000']),
    ],
)
def test_budget_used(sold: Commands, customer: str, used: str, lines: list[str]) -> None:
    """As if so much of each quota were used, the notices, the ladder and the refusal are those of the gateway."""
    text = " ".join(sold.text("explain", "Write a Python script", "--as", customer, "--budget-used", used).split())
    for line in lines:
        assert line in text
    on_plan = sold.json("explain", "Write a Python script", "--as", customer, "--budget-used", used)["on_plan"]
    assert (on_plan["served"] is None) == bool(on_plan["refused"])


def test_controls(sold: Commands, tmp_path: Path) -> None:
    """Dials and tags are the request's: a dial that the router has not is refused, a tag becomes a signal."""
    with pytest.raises(RequestInvalid, match="no such dial"):
        sold.run("explain", "hello", "--thrift", "80")
    assert sold.json("explain", "hello", "--tag", "task=law", "--tag", "team=red")["signals"]["task"] == "law"
    body = tmp_path / "request.json"
    body.write_text(json.dumps({"model": "large", "messages": [], "triplepoint": {"tags": {"task": "maths"}}}))
    assert sold.json("explain", "--file", str(body))["signals"]["task"] == "maths"
    assert sold.json("explain", "--file", str(body), "--tag", "task=law")["signals"]["task"] == "law"
    for wrong in (("--tag", "law"), ("--budget-used", "much", "--as", "acme"), ("--budget-used", "50%"), ("--thrift", "101")):
        assert sold.run("explain", "hello", *wrong).exit_code == 2


LEARNED = """\
router:
  kind: learned
  default: small
  good_answer_usd: "0.001"
  scorer: {{file: routers/f.safetensors, sha256: {digest}}}
"""


def test_learned(sold: Commands) -> None:
    """Of a learned router: what is expected of each, what told them apart, and the dial at which the choice flips."""
    words = {"prove": [-0.4, -0.1], "the": [0.0, 0.0], "sum": [0.1, 0.0], "a": [0.0, 0.0]}
    data = tiny_scorer(quality=[[0.7, 0.9]] * 3, words=words)
    (sold.folder / "routers").mkdir()
    (sold.folder / "routers" / "f.safetensors").write_bytes(data)
    router = LEARNED.format(digest=hashlib.sha256(data).hexdigest())
    lineup = LINEUP[: LINEUP.index("router:")].replace("model: l, price: ours/small", "model: l, price: ours/large")
    (sold.folder / "lineups" / "spring.yaml").write_text(lineup + router)
    prices = (sold.folder / "prices").glob("*.yaml")
    path = next(iter(prices))
    row = '  - {model: ours/large, since: 2026-11-01, input_usd_per_mtok: "1", output_usd_per_mtok: "2"}\n'
    path.write_text(path.read_text() + row)
    found = sold.json("explain", "prove the sum a", "--tag", "task=maths")
    assert found["decision"]["model"] == "large"
    assert [one["model"] for one in found["decision"]["weighed"]] == ["small", "large"]
    assert found["pushes"][0]["what"] == "'prove'"
    assert {"model", "how", "thrift"} <= found["changes"][0].keys()
    assert sold.json("explain", "prove the sum a", "--as", "acme")["decision"]["thrift"] == 90
    assert sold.json("explain", "prove the sum a", "--as", "acme", "--thrift", "10")["decision"]["thrift"] == 10
    again = sold.json("explain", "prove the sum a", "--after", "small", "--thrift", str(found["changes"][0]["thrift"]))
    assert again["decision"]["model"] == "small"
    text = sold.text("explain", "prove the sum a", "--tag", "task=maths")
    for part in (
        "models, weakest first, thrift 50, group maths",
        "what told them apart most",
        "small would be chosen with thrift",
    ):
        assert part in text
