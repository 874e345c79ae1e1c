"""The snapshot: everything that may be decided upon, compiled once, and never changed."""

import dataclasses
import hashlib
from pathlib import Path

import msgspec
import pytest
from tests.gateway.harness import model, openai_upstream
from tests.gateway.making import snapshot_of
from tests.routing.scorer.helpers import tiny_scorer

from triplepoint.access.model import Key
from triplepoint.foundation.ids import CustomerId, KeyId
from triplepoint.gateway.snapshot import Snapshot, facts_of, grants
from triplepoint.routing.model import Question, Signals


def make(folder: Path, **changes: object) -> Snapshot:
    """Compile two models on two upstreams."""
    models = {"small": model("a"), "large": model("a", "b", price="test/dear")}
    upstreams = {"a": openai_upstream(1), "b": openai_upstream(2, api_key="${B_KEY}")}
    configuration = {"upstreams": upstreams, "models": models, "environ": {"B_KEY": "sk-planted"}, **changes}
    return snapshot_of(folder, **configuration)  # pyright: ignore[reportArgumentType] - a test's names


def learned(folder: Path, *, data: bytes | None = None, **router: object) -> Snapshot:
    """Compile two models with a learned router."""
    data = data or tiny_scorer(quality=[[0.4, 0.9]] * 3)
    (folder / "routers").mkdir()
    (folder / "routers" / "f.safetensors").write_bytes(data)
    scorer = {"file": "routers/f.safetensors", "sha256": hashlib.sha256(data).hexdigest()}
    return make(folder, lineup={"router": {"kind": "learned", "default": "small", "scorer": scorer, **router}})


def key(number: int, *models: str, expires_us: int | None = None) -> Key:
    """Make a key's record."""
    return Key(
        id=KeyId(f"key_{number}"),
        customer_id=CustomerId("cust_1"),
        label="",
        digest=bytes([number]) * 32,
        display="tp-…",
        models=models or None,
        created_us=0,
        expires_us=expires_us,
        revoked_us=None,
    )


def test_models_keep_their_order_and_their_targets(tmp_path: Path) -> None:
    """The line-up's order is the router's; each target has its upstream, its name there and its price in force."""
    active = make(tmp_path).active
    assert list(active.models) == ["small", "large"]
    targets = active.models["large"].targets
    assert [(target.upstream, target.upstream_model) for target in targets] == [("a", "a-model"), ("b", "b-model")]
    assert all(target.price.id.startswith("test/dear@2026-01-01#") for target in targets)
    assert {target.input_usd_per_mtok for target in targets} == {"3"}


def test_each_target_knows_what_a_token_takes(tmp_path: Path) -> None:
    """What a quota of energy reserves is there before a request comes."""
    for route in make(tmp_path).active.models.values():
        for target in route.targets:
            assert target.energy is not None
            assert target.energy.worst_energy_nwh(100, 100) > target.energy.worst_energy_nwh(100, 10) > 0


def test_its_hash_is_on_every_answer(tmp_path: Path) -> None:
    """The line-up's header is ready to be sent, and changes with whatever the line-up says."""
    first = make(tmp_path / "1")
    same = make(tmp_path / "2")
    other = make(tmp_path / "3", lineup={"aliases": {"tiny": "small"}})
    assert first.active.headers == ((b"x-triplepoint-lineup", first.active.hash.encode()),) == same.active.headers
    assert other.active.hash != first.active.hash


def test_it_cannot_be_changed(tmp_path: Path) -> None:
    """A request that has it can rely on it to its last byte."""
    snapshot = make(tmp_path)
    with pytest.raises(dataclasses.FrozenInstanceError):
        snapshot.made_us = 0  # pyright: ignore[reportAttributeAccessIssue] - that is the point
    with pytest.raises(AttributeError):
        snapshot.active.models["small"].name = "x"  # pyright: ignore[reportAttributeAccessIssue] - that is the point


def test_secrets_of_upstreams_do_not_show(tmp_path: Path) -> None:
    """An upstream's key is there to be sent, and in nothing that prints a snapshot."""
    snapshot = make(tmp_path)
    assert snapshot.secrets["b"].reveal() == "sk-planted"
    assert set(snapshot.secrets) == {"b"}
    assert "sk-planted" not in repr(snapshot)


def test_keys_become_what_they_open() -> None:
    """A key is found by its digest alone; without models it opens all of them, with an empty list none."""
    compiled = grants([key(1), key(2, "small", expires_us=7)])
    assert compiled[bytes([1]) * 32].models is None
    assert compiled[bytes([2]) * 32].models == frozenset({"small"})
    assert compiled[bytes([2]) * 32].expires_us == 7
    none = grants([dataclasses.replace(key(3), models=())])
    assert none[bytes([3]) * 32].models == frozenset()


def test_what_a_decision_must_know(tmp_path: Path) -> None:
    """Prices and energy of a model's first target, as floats; a cache of which the row says nothing is unknown."""
    active = make(tmp_path).active
    small, large = (facts_of(active.models[name]) for name in ("small", "large"))
    assert (small.input_usd_per_mtok, small.output_usd_per_mtok, small.cached_usd_per_mtok) == (0.1, 0.4, None)
    assert (large.input_usd_per_mtok, large.output_usd_per_mtok, large.cached_usd_per_mtok) == (3.0, 15.0, 0.3)
    energy = active.models["small"].targets[0].energy
    assert energy is not None
    assert (small.input_wh, small.output_wh) == (energy.wh.input.median, energy.wh.output.median)


def test_a_learned_router_is_compiled_with_its_scorer(tmp_path: Path) -> None:
    """It decides by what its line-up's scorer expects, and by the prices in force."""
    active = learned(tmp_path, thrift=0).active
    assert active.router is not None
    assert active.setup is not None
    assert active.setup.scorer is not None
    question = Question(signals=Signals(input_tokens=100), text="the sum a prove")
    decision = active.router.decide(question, {"small", "large"})
    assert (decision.model, decision.policy, decision.scorer) == ("large", "learned", active.setup.scorer.digest[:12])
    thrifty = msgspec.structs.replace(question, thrift=100)
    assert active.router.decide(thrifty, active.models).model == "small"
    by_model = {one.model: one for one in decision.weighed}
    length = by_model["large"].output_tokens or 0.0
    assert by_model["large"].cost_usd == pytest.approx((100 * 3 + length * 15) / 1e6)
