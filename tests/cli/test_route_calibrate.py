"""``triplepoint route calibrate`` writes certificates into a scorer's file, and tells what they promise."""

import csv
import hashlib
import json
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from tests.doctor.patient import furnish
from tests.routing.scorer.helpers import tiny_card, tiny_scorer, tiny_tables
from tests.routing.training.planted import planted
from typer.testing import CliRunner

from triplepoint.cli.route import app
from triplepoint.foundation.errors import NotFound, RequestInvalid, ScorerInvalid
from triplepoint.routing.evaluation.datasets import read_data
from triplepoint.routing.guarantee.calibrate import fewest_labels
from triplepoint.routing.guarantee.model import POOLED, Certificates, decode_certificates
from triplepoint.routing.scorer.file import digest_without_certificates, read_scorer, write_scorer
from triplepoint.routing.scorer.seen import sketch_of
from triplepoint.routing.training.service import train

_WORDS = {"prove": [-0.4, 0.0], "the": [0.0, 0.0], "sum": [0.0, 0.0], "a": [0.0, 0.0]}
_QUALITY = [[0.9, 0.9]] * 3


def run(*words: str) -> str:
    """Run the command; what it raises is raised."""
    result = CliRunner().invoke(app, ["calibrate", *words], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


@pytest.fixture
def scorer(tmp_path: Path) -> Path:
    """Write a scorer for which what is to be proved is hard for the small model."""
    path = tmp_path / "family.safetensors"
    path.write_bytes(tiny_scorer(words=_WORDS, quality=_QUALITY))
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Write 900 judged prompts: small is good on what is easy, bad on every other proof; large on nearly all."""
    return _write(tmp_path / "judged.csv", seed=1)


def _write(path: Path, seed: int) -> Path:
    generator = np.random.default_rng(seed)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["prompt", "group", "score:small", "score:large"])
        for row in range(900):
            hard = bool(generator.random() < 0.4)
            prompt = f"{'prove' if hard else 'tell'} the sum of a thing {seed} {row}"
            small, large = generator.random() < (0.5 if hard else 0.98), generator.random() < 0.95
            writer.writerow([prompt, "maths" if row % 3 else "law", int(small), int(large)])
    return path


def _certificates(path: Path) -> Certificates:
    return decode_certificates(_certificates_text(path))


def _certificates_text(path: Path) -> str:
    return read_scorer(path.read_bytes()).certificates


def test_certificates_stand_in_the_file_and_on_the_screen(scorer: Path, data: Path) -> None:
    """The easy prompts may go to the small model, the proofs may not; the new hash is what a line-up has to name."""
    bare = digest_without_certificates(scorer.read_bytes())
    text = run(str(data), "--scorer", str(scorer), "--tagged")
    (law, maths) = _certificates(scorer).entries
    assert (law.group, law.labels, maths.group, maths.labels) == ("law", 300, "maths", 600)
    for certificate in (law, maths):
        assert certificate.threshold is not None
        assert 0.09 <= certificate.threshold < 0.45
        assert 0.5 < certificate.downgraded < 0.7
        assert certificate.bound <= 0.05
        assert (certificate.reference, certificate.models) == ("large", ("small",))
        assert certificate.scorer == bare == digest_without_certificates(scorer.read_bytes())
        assert certificate.data == hashlib.sha256(data.read_bytes()).hexdigest()
        assert f"{certificate.threshold:.4f}" in text
        assert f"{certificate.bound:.2%}" in text
    assert hashlib.sha256(scorer.read_bytes()).hexdigest() in text


def test_another_promise_is_added_and_the_same_one_renewed(scorer: Path, data: Path, tmp_path: Path) -> None:
    """The file elsewhere leaves the first one as it is."""
    out = tmp_path / "certified.safetensors"
    before = scorer.read_bytes()
    run(str(data), "--scorer", str(scorer), "--out", str(out))
    assert scorer.read_bytes() == before
    run(str(data), "--scorer", str(out), "--misroute", "0.1")
    run(str(_write(tmp_path / "later.csv", seed=2)), "--scorer", str(out))
    kept = {(one.misroute, one.data) for one in _certificates(out).entries}
    digests = [hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() for name in ("judged.csv", "later.csv")]
    assert kept == {(0.1, digests[0]), (0.05, digests[1])}


def test_json_has_the_certificates_and_both_hashes(scorer: Path, data: Path) -> None:
    """Small groups are pooled, and the note says what that does not promise."""
    found: dict[str, Any] = json.loads(run(str(data), "--scorer", str(scorer), "--tagged", "--least-labels", "700", "--json"))
    assert found["sha256"] == hashlib.sha256(scorer.read_bytes()).hexdigest()
    assert found["scorer"] == digest_without_certificates(scorer.read_bytes())
    (certificate,) = found["certificates"]
    assert (certificate["group"], certificate["groups"], certificate["labels"]) == (POOLED, ["law", "maths"], 900)
    assert "promises nothing of each" in certificate["note"]


def test_where_nothing_keeps_the_promise_it_is_said(scorer: Path, data: Path) -> None:
    """With 900 labels one misroute in 10,000 cannot be shown."""
    assert fewest_labels(0.0001, 0.95) > 900
    text = run(str(data), "--scorer", str(scorer), "--misroute", "0.0001")
    assert "the strongest model for every request" in text
    assert [one.threshold for one in _certificates(scorer).entries] == [None]


def _trained_on(prompts: str) -> bytes:
    tables = tiny_tables(words=_WORDS, quality=_QUALITY)
    return write_scorer(msgspec.structs.replace(tiny_card(tables), prompts=prompts), tables)


def test_labels_that_the_scorer_was_trained_on_are_refused(scorer: Path, data: Path) -> None:
    """By the sketch in its card, also where they come in another file and dress; nothing is written."""
    with data.open(newline="", encoding="utf-8") as file:
        prompts = [row["prompt"].upper() for row in csv.DictReader(file)]
    for sketch, error, message in (
        (sketch_of(prompts[:90]), RequestInvalid, "trained on 10% of the prompts of judged"),
        ("damaged", ScorerInvalid, "train it anew"),
    ):
        scorer.write_bytes(_trained_on(sketch))
        with pytest.raises(error, match=message):
            run(str(data), "--scorer", str(scorer))
        assert _certificates_text(scorer) == ""
    scorer.write_bytes(_trained_on(sketch_of(["something else", *prompts[:5]])))
    run(str(data), "--scorer", str(scorer))
    assert len(_certificates(scorer).entries) == 1


def test_training_data_certify_by_folds(tmp_path: Path) -> None:
    """Each label is judged by a scorer made without it; the note says so. What is not the training data is refused."""
    file, other, scorer = tmp_path / "planted.csv", tmp_path / "other.csv", tmp_path / "planted.safetensors"
    for path, seed in ((file, 1), (other, 2)):
        labels = planted(300, seed=seed)
        with path.open("w", newline="", encoding="utf-8") as opened:
            writer = csv.writer(opened)
            writer.writerow(["prompt", "group", "score:small", "score:large"])
            writer.writerows(zip(labels.prompts, labels.groups, *labels.scores.T.tolist(), strict=True))
    scorer.write_bytes(train([read_data(file)], made=date(2026, 11, 26), seed=0, folds=2).data)
    with pytest.raises(RequestInvalid, match="trained on 100%"):
        run(str(file), "--scorer", str(scorer))
    with pytest.raises(RequestInvalid, match="not the data that the scorer was trained on"):
        run(str(other), "--scorer", str(scorer), "--folds", "2")
    run(str(file), "--scorer", str(scorer), "--folds", "2", "--misroute", "0.2", "--least-labels", "1000")
    (certificate,) = _certificates(scorer).entries
    assert certificate.labels == 300
    assert certificate.threshold is not None
    assert 0.3 < certificate.downgraded < 0.9
    assert "each without the labels that it judged" in certificate.note


def test_a_plan_s_certificate_is_about_its_strongest_model(scorer: Path, tmp_path: Path) -> None:
    """The line-up's order and names count; models that the plan lacks are not covered."""
    furnish(tmp_path)
    lineup = ["lineup: spring", "models:"]
    for name in ("tiny", "large", "small"):
        lineup.append(f"  {name}: {{context_tokens: 2048, upstreams: [{{upstream: far, model: m, price: ours/small}}]}}")
    (tmp_path / "lineups" / "spring.yaml").write_text("\n".join(lineup) + "\n")
    (tmp_path / "plans.yaml").write_text("plans: {both: {models: [large, small]}, all: {}, one: {models: [tiny]}}\n")
    file = _write(tmp_path / "judged.csv", seed=3)
    for plan in ("both", "all"):
        run(str(file), "--scorer", str(scorer), "--plan", plan, "--dir", str(tmp_path))
        (certificate,) = _certificates(scorer).entries
        assert (certificate.reference, certificate.models) == ("small", ("large",))
    with pytest.raises(RequestInvalid, match="two models"):
        run(str(file), "--scorer", str(scorer), "--plan", "one", "--dir", str(tmp_path))
    with pytest.raises(NotFound, match="no plan pro"):
        run(str(file), "--scorer", str(scorer), "--plan", "pro", "--dir", str(tmp_path))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--misroute", "0"], "misroute 0 "),
        (["--confidence", "0.4"], "confidence 0.4"),
        (["--models", "small,large", "--plan", "pro"], "--models or --plan"),
        (["--models", "small,huge"], "knows no huge"),
    ],
)
def test_wrong_options_are_refused(scorer: Path, data: Path, words: list[str], message: str) -> None:
    """Before anything is written."""
    before = scorer.read_bytes()
    with pytest.raises(RequestInvalid, match=message):
        run(str(data), "--scorer", str(scorer), *words)
    assert scorer.read_bytes() == before


def test_a_scorer_that_is_not_there(data: Path, tmp_path: Path) -> None:
    """Says what makes one."""
    with pytest.raises(NotFound, match="route train"):
        run(str(data), "--scorer", str(tmp_path / "none.safetensors"))
