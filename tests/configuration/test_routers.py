"""A router that names what is not there, contradicts itself or has another scorer than the reviewed one is refused by line."""

import datetime
import hashlib
from pathlib import Path

import pytest
from tests.configuration.test_load import edit, load, problems
from tests.routing.scorer.helpers import tiny_scorer

from triplepoint.foundation.errors import Problem
from triplepoint.routing.guarantee.model import Certificate, Certificates, encode_certificates
from triplepoint.routing.scorer.file import with_certificates
from triplepoint.routing.scorer.table import TableScorer

SPRING = "lineups/spring.yaml"
FILE = "routers/family.safetensors"
DATA = tiny_scorer()
HASH = hashlib.sha256(DATA).hexdigest()
RULES = """\
  kind: rules
  rules:
    - {when: {code: true}, use: large, why: code}
    - {when: {min_input_tokens: 500}, use: large, why: long}
  default: small
"""
LEARNED = f"""\
  kind: learned
  default: small
  scorer:
    file: {FILE}
    sha256: {HASH}
"""
THRESHOLD = f"""\
  kind: threshold
  default: small
  weak: small
  strong: large
  threshold: 0.2
  scorer:
    file: {FILE}
    sha256: {HASH}
"""


def write_scorer(folder: Path, data: bytes = DATA, name: str = FILE) -> str:
    """Put a scorer into a folder, and return its hash."""
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(data)
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def learned(folder: Path) -> Path:
    """A folder whose active line-up has a learned router."""
    edit(folder, SPRING, RULES, LEARNED)
    write_scorer(folder)
    return folder


def certified(*, misroute: float = 0.05, confidence: float = 0.95, scorer: str = HASH) -> bytes:
    """Return the scorer with one certificate."""
    certificate = Certificate(
        misroute=misroute,
        confidence=confidence,
        reference="large",
        models=("small",),
        threshold=0.3,
        labels=2000,
        misroutes=80,
        bound=0.048,
        downgraded=0.4,
        data="0" * 64,
        scorer=scorer,
        date=datetime.date(2026, 11, 20),
    )
    return with_certificates(DATA, encode_certificates(Certificates((certificate,))))


def only(found: list[Problem] | tuple[Problem, ...]) -> Problem:
    """Return the one problem that there is."""
    (problem,) = found
    return problem


def test_a_learned_line_up(learned: Path) -> None:
    """The scorer is loaded with the line-up, hashed with the files, and there is nothing to say against it."""
    configuration = load(learned)
    assert configuration.warnings == ()
    learnt = configuration.active.learnt
    assert learnt is not None
    assert isinstance(learnt.scorer, TableScorer)
    assert learnt.scorer.digest == configuration.files[FILE] == HASH
    assert set(learnt.scorer.models) == {"small", "large"}


def test_the_hash_covers_the_scorer(learned: Path) -> None:
    """Another scorer under the same name makes another line-up."""
    before = load(learned).active.digest
    other = write_scorer(learned, tiny_scorer(words={"the": [0.2, 0.0]}))
    edit(learned, SPRING, HASH, other)
    assert load(learned).active.digest != before


@pytest.mark.parametrize("data", [DATA[:-1], b"", b"no scorer", DATA[:40] + b"x" + DATA[41:]])
def test_not_the_reviewed_file(learned: Path, data: bytes) -> None:
    """A file of another hash than the line-up says is refused, at the hash's line."""
    found = write_scorer(learned, data)
    problem = only(problems(learned))
    assert (problem.file, problem.line, problem.key) == (SPRING, 19, "router.scorer.sha256")
    assert "another file than the one that was reviewed" in problem.message
    assert found in problem.fix


@pytest.mark.parametrize("data", [b"", b"no scorer", DATA[:-1]])
def test_reviewed_and_still_no_scorer(learned: Path, data: bytes) -> None:
    """A file that is no sound scorer is refused though its hash is right."""
    edit(learned, SPRING, HASH, write_scorer(learned, data))
    problem = only(problems(learned))
    assert (problem.line, problem.key) == (18, "router.scorer.file")
    assert "cannot be used" in problem.message
    assert "train it anew" in problem.fix


def test_no_such_file(learned: Path) -> None:
    """A missing scorer names those that are there."""
    (learned / FILE).rename(learned / "routers/familiy.safetensors")
    problem = only(problems(learned))
    assert (problem.line, problem.key, problem.message) == (18, "router.scorer.file", f"there is no {FILE}")
    assert "did you mean routers/familiy.safetensors?" in problem.fix


def test_a_folder_in_its_place(learned: Path) -> None:
    """What cannot be read says why."""
    (learned / FILE).unlink()
    (learned / FILE).mkdir()
    assert "cannot be read" in only(problems(learned)).message


LEARNED_FAULTS = [
    ("  default: small\n", "  default: smal\n", "router.default", "no model smal", "did you mean small?"),
    ("  default: small\n", "  default: quick\n", "router.default", "is an alias", "write the model: small"),
    (
        "  default: small\n",
        "  default: small\n  audit: {share: 0.1, max_usd_per_day: '1', judge: huge}\n",
        "router.audit.judge",
        "no model huge",
        "models: small, large",
    ),
    (
        "  default: small\n",
        "  default: small\n  escalation: {to: huge}\n",
        "router.escalation.to",
        "no model huge",
        "models: small, large",
    ),
    (
        "  default: small\n",
        "  default: small\n  escalation: {models: [large, tiny]}\n",
        "router.escalation.models[1]",
        "no model tiny",
        "models: small, large",
    ),
    (
        "  default: small\n",
        "  default: small\n  escalation: {models: [small, large], to: large}\n",
        "router.escalation.models[1]",
        "large is not weaker than large",
        "name a stronger model",
    ),
    (
        "  default: small\n",
        "  default: small\n  escalation: {checks: [confidence]}\n",
        "router.escalation.checks",
        "nothing to be held against",
        "write min_logprob",
    ),
    (
        "  default: small\n",
        "  default: small\n  escalation: {min_logprob: -0.5}\n",
        "router.escalation.min_logprob",
        "no check looks at it",
        "add confidence",
    ),
    (
        "  default: small\n",
        '  default: small\n  good_answer_usd: "0"\n',
        "router.good_answer_usd",
        "never paid for",
        "thrift: 100",
    ),
    (
        "  scorer:\n",
        "  scorer:\n    models: {huge: large}\n",
        "router.scorer.models.huge",
        "no model huge",
        "models: small, large",
    ),
    (
        "  scorer:\n",
        "  scorer:\n    models: {small: smol}\n",
        "router.scorer.models.small",
        "the scorer knows no model smol",
        "did you mean small?",
    ),
    (
        f"    file: {FILE}\n",
        "    file: ../family.safetensors\n",
        "router.scorer.file",
        "has the wrong form",
        "routers/family.safetensors",
    ),
    ("  default: small\n", "  default: small\n  promise: {misroute: 1.5}\n", "router.promise.misroute", "out of range", "1"),
]
THRESHOLD_FAULTS = [
    ("  weak: small\n", "  weak: nano\n", "router.weak", "no model nano", "models: small, large"),
    ("  strong: large\n", "  strong: larg\n", "router.strong", "no model larg", "did you mean large?"),
    ("  weak: small\n", "  weak: large\n", "router.weak", "large is not weaker than large", "small, large"),
    ("  threshold: 0.2\n", "  threshold: 2\n", "router.threshold", "out of range", "at most 1"),
]


@pytest.mark.parametrize(
    ("router", "old", "new", "key", "message", "fix"),
    [(LEARNED, *fault) for fault in LEARNED_FAULTS] + [(THRESHOLD, *fault) for fault in THRESHOLD_FAULTS],
    ids=lambda value: value if isinstance(value, str) and value.startswith("router.") else "",
)
def test_each_fault_is_named(folder: Path, router: str, old: str, new: str, key: str, message: str, fix: str) -> None:
    """What a router names and the line-up or the scorer lacks, and what contradicts itself, is refused at its line."""
    assert old in router
    text = router.replace(old, new)
    edit(folder, SPRING, RULES, text)
    write_scorer(folder)
    problem = only(problems(folder))
    assert (problem.file, problem.key) == (SPRING, key)
    assert message in problem.message
    assert fix in problem.fix
    line = (folder / SPRING).read_text().splitlines()[problem.line - 1]
    assert line in text.splitlines()
    assert line not in router.splitlines()


def test_a_model_that_the_scorer_does_not_know(folder: Path) -> None:
    """Of a learned router it is a warning, as long as it knows one; of a threshold router's two it is a fault."""
    unlike = tiny_scorer(models=("small", "huge"))
    digest = write_scorer(folder, unlike)
    edit(folder, SPRING, RULES, LEARNED.replace(HASH, digest))
    warning = only(load(folder).warnings)
    assert (warning.key, warning.line) == ("router.scorer", 17)
    assert "the scorer knows no large" in warning.message
    edit(folder, SPRING, f"sha256: {digest}", f"sha256: {digest}\n    models: {{large: huge}}")
    assert load(folder).warnings == ()
    edit(folder, SPRING, LEARNED.replace(HASH, digest) + "    models: {large: huge}\n", THRESHOLD.replace(HASH, digest))
    assert [(problem.key, problem.message) for problem in problems(folder)] == [("router.strong", "the scorer knows no large")]


def test_a_scorer_that_knows_nobody(folder: Path) -> None:
    """A scorer of other models altogether is refused."""
    digest = write_scorer(folder, tiny_scorer(models=("a", "b")))
    edit(folder, SPRING, RULES, LEARNED.replace(HASH, digest))
    assert only(problems(folder)).message == "the scorer knows no model of this line-up"


def test_a_promise_without_a_certificate(learned: Path) -> None:
    """A promise that no certificate keeps is warned of, with the command that would make one."""
    edit(learned, SPRING, "  default: small\n", "  default: small\n  promise: {misroute: 0.05}\n")
    warning = only(load(learned).warnings)
    assert (warning.key, warning.line) == ("router.promise", 17)
    assert "auto goes to the strongest model" in warning.message
    assert "route calibrate --misroute 0.05 --confidence 0.95" in warning.fix
    for data, warns in ((certified(misroute=0.1), True), (certified(confidence=0.9), True), (certified(misroute=0.02), False)):
        digest = write_scorer(learned, data)
        text = (learned / SPRING).read_text()
        at = text.index("sha256: ") + len("sha256: ")
        (learned / SPRING).write_text(text[:at] + digest + text[at + 64 :])
        assert bool(load(learned).warnings) == warns


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (certified(scorer="1" * 64), "its certificates are about another scorer"),
        (with_certificates(DATA, '{"entries": [{}]}'), "its certificates are damaged"),
    ],
)
def test_certificates_that_do_not_count(learned: Path, data: bytes, message: str) -> None:
    """Certificates of another scorer, or none at all, make the file unusable."""
    edit(learned, SPRING, HASH, write_scorer(learned, data))
    assert message in only(problems(learned)).message


def test_pins_keep_their_own_scorer(learned: Path) -> None:
    """An older line-up keeps the scorer that it names; one whose scorer is gone is set aside, and no other suffers."""
    old = (learned / SPRING).read_text().replace("lineup: spring", "lineup: winter")
    digest = write_scorer(learned, tiny_scorer(words={"the": [0.2, 0.0]}), "routers/winter.safetensors")
    (learned / "lineups/winter.yaml").write_text(old.replace(FILE, "routers/winter.safetensors").replace(HASH, digest))
    (learned / "lineups/autumn.yaml").write_text(old.replace("lineup: winter", "lineup: autumn"))
    lineups = load(learned).lineups
    assert {name: one.learnt.scorer.digest for name, one in lineups.items() if one.learnt} == {
        "autumn": HASH,
        "spring": HASH,
        "winter": digest,
    }
    assert lineups["autumn"].learnt is not None
    assert lineups["spring"].learnt is not None
    assert lineups["autumn"].learnt.scorer is lineups["spring"].learnt.scorer
    (learned / "routers/winter.safetensors").unlink()
    configuration = load(learned)
    assert "winter" not in configuration.lineups
    assert only(configuration.warnings).file == "lineups/winter.yaml"
    assert "auto@autumn" in configuration.names
    assert "auto@winter" not in configuration.names
