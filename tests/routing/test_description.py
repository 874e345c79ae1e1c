"""A router is described in words that a support engineer can read, with what each certificate is worth now."""

from typing import Any

import pytest
from tests.routing.taught import CERTIFICATES, family_scorer

from triplepoint.lineups.model import Lineup
from triplepoint.routing.description import describe_router
from triplepoint.routing.guarantee.model import Certificates
from triplepoint.routing.scorer.table import load_scorer

NONE: set[tuple[str, str]] = set()
MODEL = {"context_tokens": 2048, "upstreams": [{"upstream": "here", "model": "s", "price": "ours/small"}]}
SCORER = {"file": "routers/family.safetensors", "sha256": "0" * 64}
PROMISE = {"misroute": 0.05, "confidence": 0.95}


def lineup(router: dict[str, Any] | None) -> Lineup:
    """Make a line-up of the family with a router."""
    models = dict.fromkeys(("nano", "mini", "regular"), MODEL)
    return Lineup.model_validate({"lineup": "test", "models": models, "router": router})


@pytest.mark.parametrize(
    ("router", "says"),
    [
        (None, "There is no router: the name auto is unknown, and callers ask for models by name."),
        ({"kind": "fixed", "default": "mini"}, "auto is always mini."),
        (
            {"kind": "fixed", "default": "mini", "explore": 0.1},
            "auto is always mini; 10 % of decisions are left to chance, and logged as such.",
        ),
        (
            {"kind": "rules", "default": "mini", "rules": [{"when": {"code": True}, "use": "regular", "why": "x"}] * 2},
            "auto is decided by 2 rules, the first that holds, else it is mini.",
        ),
        (
            {"kind": "threshold", "default": "mini", "weak": "nano", "strong": "mini", "threshold": 0.25, "scorer": SCORER},
            "auto is mini where nano would give a bad answer and mini a good one with a probability of 25 % or more, else "
            "nano; a request unlike anything learnt goes to mini.",
        ),
    ],
)
def test_what_decides(router: dict[str, Any] | None, says: str) -> None:
    """One sentence for each kind of router."""
    assert describe_router(lineup(router), "h").says == says


@pytest.mark.parametrize(
    ("promise", "lapsed", "states"),
    [
        (PROMISE, NONE, ["holds", "holds", "unused"]),
        (PROMISE, {("regular", "")}, ["holds", "lapsed", "unused"]),
        (PROMISE, {("regular", "maths")}, ["lapsed", "holds", "lapsed"]),
        ({"misroute": 0.02}, NONE, ["unused", "unused", "holds"]),
        ({"misroute": 0.01}, NONE, ["unused", "unused", "unused"]),
        (None, NONE, ["unused", "unused", "unused"]),
    ],
)
def test_what_certificates_are_worth(promise: dict[str, Any] | None, lapsed: set[tuple[str, str]], states: list[str]) -> None:
    """Those that the promise rests on hold, unless they have lapsed; of others nothing rests."""
    router = {"kind": "learned", "default": "mini", "scorer": SCORER, **({"promise": promise} if promise else {})}
    scorer = load_scorer(family_scorer())
    told = describe_router(lineup(router), "h", scorer=scorer, certificates=CERTIFICATES, lapsed=lapsed)
    assert [one.state for one in told.certificates] == states
    assert told.scorer == scorer.digest
    assert told.card is not None
    assert told.card.models == ("nano", "mini", "regular")


@pytest.mark.parametrize(
    ("lapsed", "words"),
    [("reference", "the strongest model answers"), ("continue", "it goes on without a promise")],
)
def test_what_is_promised(lapsed: str, words: str) -> None:
    """The promise says its bound, its confidence, and what it does not say."""
    router = {"kind": "learned", "default": "mini", "scorer": SCORER, "promise": {**PROMISE, "lapsed": lapsed}}
    promises = describe_router(lineup(router), "h", certificates=Certificates()).promises
    for part in ("At most 5 %", "95 % confidence", "nothing of a single request", words):
        assert part in promises
    assert "Nothing is promised" in describe_router(lineup({"kind": "fixed", "default": "mini"}), "h").promises
