"""The scorers that line-ups name: each is read from its file, held against the hash that was reviewed, and checked.

A scorer that cannot be used sets its line-up aside, as an upstream that is gone does; of the active line-up it is a problem.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from triplepoint.configuration.model import LoadedScorer
from triplepoint.files.checked import Reading
from triplepoint.files.nearest import suggest
from triplepoint.foundation.errors import Problem, ScorerInvalid
from triplepoint.lineups.model import Capability, LearnedRouter, Lineup, Promise, ScorerFile, ThresholdRouter
from triplepoint.routing.guarantee.model import Certificates, decode_certificates
from triplepoint.routing.scorer.file import LARGEST, ScorerData, digest_without_certificates, read_scorer
from triplepoint.routing.scorer.table import TableScorer

Key = tuple[str | int, ...]
_SCORER: Key = ("router", "scorer")
_FILE, _SHA256 = (*_SCORER, "file"), (*_SCORER, "sha256")


@dataclass(frozen=True, slots=True)
class ScorerReading:
    """A line-up's scorer, read and checked."""

    loaded: LoadedScorer | None
    """None: it cannot be used, or the line-up names none."""
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


class _Unusable(Exception):
    """A scorer's file is not to be used; where in the line-up that is said, what is wrong, and what to do."""

    def __init__(self, key: Key, message: str, fix: str) -> None:
        super().__init__(message)
        self.key, self.message, self.fix = key, message, fix


class ScorerShelf:
    """Reads scorers from a folder; line-ups that name the same one share it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[tuple[str, str, frozenset[tuple[str, str]]], tuple[TableScorer, Certificates]] = {}

    def read(self, reading: Reading[Lineup]) -> ScorerReading:
        """Read and check the scorer that a line-up names, if it names one."""
        lineup = reading.value
        router = lineup.router if lineup is not None else None
        if lineup is None or not isinstance(router, ThresholdRouter | LearnedRouter):
            return ScorerReading(None)
        named, names = router.scorer, {n: model for n, model in router.scorer.models.items() if n in lineup.models}
        key = (named.file, named.sha256, frozenset(names.items()))
        try:
            scorer, certificates = self._read[key] if key in self._read else self._load(named, names)
        except _Unusable as unusable:
            return ScorerReading(None, (reading.problem(unusable.key, unusable.message, unusable.fix),))
        self._read[key] = scorer, certificates
        problems = tuple(_lacking(reading, lineup, router, scorer))
        loaded = LoadedScorer(scorer, certificates, named.file) if not problems else None
        warnings = (*_unlearnt(reading, lineup, scorer), *_unpromised(reading, router, certificates))
        return ScorerReading(loaded, problems, warnings)

    def _load(self, named: ScorerFile, names: dict[str, str]) -> tuple[TableScorer, Certificates]:
        data = _read_bytes(self._folder, named)
        try:
            read = read_scorer(data)
        except ScorerInvalid as invalid:
            message, _, fix = invalid.message.rpartition(". ")  # its last sentence says what to do
            raise _Unusable(_FILE, message, fix) from invalid
        for name, model in names.items():
            if model not in read.card.models:
                fix = suggest(model, read.card.models, "models of the scorer")
                raise _Unusable((*_SCORER, "models", name), f"the scorer knows no model {model}", fix)
        bare_digest = digest_without_certificates(data)
        return TableScorer(read, names, bare_digest), _certificates(read, bare_digest)


def _read_bytes(folder: Path, named: ScorerFile) -> bytes:
    path = folder / named.file
    try:
        if path.stat().st_size > LARGEST:
            raise _Unusable(_FILE, f"{named.file} is larger than the {LARGEST:,} bytes that are read", "name a smaller scorer")
        data = path.read_bytes()
    except FileNotFoundError:
        there = sorted(found.relative_to(folder).as_posix() for found in folder.glob("routers/*.safetensors"))
        fix = f"{suggest(named.file, there, 'files of scorers here')}; or make one with 'triplepoint route train'"
        raise _Unusable(_FILE, f"there is no {named.file}", fix) from None
    except OSError as error:
        fix = "make it a file that this user may read"
        raise _Unusable(_FILE, f"{named.file} cannot be read: {error.strerror}", fix) from error
    found = hashlib.sha256(data).hexdigest()
    if found != named.sha256:
        fix = f"put that one back; or review this one, and write sha256: {found} in a new line-up"
        raise _Unusable(_SHA256, f"{named.file} is another file than the one that was reviewed", fix)
    return data


def _certificates(read: ScorerData, bare_digest: str) -> Certificates:
    if not read.certificates:
        return Certificates()
    fix = "calibrate it anew with 'triplepoint route calibrate', and name the file that it writes"
    try:
        certificates = decode_certificates(read.certificates)
    except msgspec.DecodeError as error:
        raise _Unusable(_FILE, f"its certificates are damaged ({error})", fix) from error
    if any(one.scorer != bare_digest for one in certificates.entries):
        raise _Unusable(_FILE, "its certificates are about another scorer", fix)
    return certificates


def _lacking(
    reading: Reading[Lineup], lineup: Lineup, router: ThresholdRouter | LearnedRouter, scorer: TableScorer
) -> Iterator[Problem]:
    """Find models that the router cannot do without and the scorer does not know."""
    fix = f"say under scorer.models which of its models that is ({', '.join(scorer.card.models)}), or train it"
    if isinstance(router, ThresholdRouter):
        for key, name in (("weak", router.weak), ("strong", router.strong)):
            if name in lineup.models and name not in scorer.models:
                yield reading.problem(("router", key), f"the scorer knows no {name}", fix)
    elif lineup.models.keys().isdisjoint(scorer.models):
        yield reading.problem(_FILE, "the scorer knows no model of this line-up", fix)


def _unlearnt(reading: Reading[Lineup], lineup: Lineup, scorer: TableScorer) -> Iterator[Problem]:
    for name, model in lineup.models.items():
        if name not in scorer.models and Capability.CHAT in model.capabilities:
            message = f"the scorer knows no {name}: auto does not choose it while it can choose another"
            fix = f"say under scorer.models which of its models {name} is, or add it with 'triplepoint route train --add'"
            yield reading.problem(_SCORER, message, fix)


def _unpromised(
    reading: Reading[Lineup], router: ThresholdRouter | LearnedRouter, certificates: Certificates
) -> Iterator[Problem]:
    promise = router.promise if isinstance(router, LearnedRouter) else None
    if promise is None or _is_kept(promise, certificates):
        return
    then = "auto goes to the strongest model" if promise.lapsed == "reference" else "auto goes on without it"
    command = f"triplepoint route calibrate --misroute {promise.misroute:g} --confidence {promise.confidence:g}"
    fix = f"run '{command}', and name the file that it writes"
    yield reading.problem(("router", "promise"), f"no certificate of the scorer keeps this promise: {then}", fix)


def _is_kept(promise: Promise, certificates: Certificates) -> bool:
    return any(
        one.misroute <= promise.misroute and one.confidence >= promise.confidence and one.threshold is not None
        for one in certificates.entries
    )
