"""A machine whose every fact can be set, and a folder that is a sound installation until a test breaks it."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from triplepoint.doctor.examination import Check, Examination
from triplepoint.doctor.model import Finding, Level

NOW_US = int(datetime(2026, 11, 21, tzinfo=UTC).timestamp() * 1e6)

SETTINGS = """\
lineup: spring
gateway: {listen: "127.0.0.1:18080"}
control: {listen: "127.0.0.1:18081"}
upstreams:
  far: {kind: openai, base_url: "https://far.example/v1"}
  here: {kind: local, gguf: nano}
"""
LINEUP = """\
lineup: spring
models:
  small:
    context_tokens: 2048
    upstreams: [{upstream: here, model: s, price: ours/small}]
"""
PRICES = """\
source: made for this test
collected: 2026-11-01
prices:
  - {model: ours/small, since: 2026-11-01, input_usd_per_mtok: "0.1", output_usd_per_mtok: "0.2"}
"""


@dataclass(frozen=True)
class Facts:
    """Implements `doctor.ports.Machine` with what it is told."""

    python: tuple[int, int, int] = (3, 11, 7)
    kind: str = "x86_64"
    flags: frozenset[str] | None = frozenset({"avx2"})
    core_count: int = 4
    memory: int | None = 8 * 2**30
    disk: int | dict[str, int] = 50 * 2**30
    files: int = 65_536
    missing: frozenset[str] = frozenset()
    faults: dict[str, str] = field(default_factory=dict[str, str])
    deaf: frozenset[str] = frozenset()
    """Hosts that accept no connection."""
    taken: dict[int, str | None] = field(default_factory=dict[int, "str | None"])

    def python_version(self) -> tuple[int, int, int]:
        return self.python

    def architecture(self) -> str:
        return self.kind

    def cpu_flags(self) -> frozenset[str] | None:
        return self.flags

    def cores(self) -> int:
        return self.core_count

    def available_memory_bytes(self) -> int | None:
        return self.memory

    def free_disk_bytes(self, folder: Path) -> int:
        return self.disk if isinstance(self.disk, int) else self.disk[folder.name]

    def open_files_limit(self) -> int:
        return self.files

    def is_installed(self, module: str) -> bool:
        return module not in self.missing

    def import_fault(self, module: str) -> str | None:
        return self.faults.get(module)

    def can_connect(self, host: str, port: int) -> bool:
        return host not in self.deaf

    def can_listen(self, host: str, port: int) -> bool:
        return port not in self.taken

    def listener(self, port: int) -> str | None:
        return self.taken[port]


def furnish(folder: Path) -> Examination:
    """Make a sound installation."""
    for name, text in {"triplepoint.yaml": SETTINGS, "lineups/spring.yaml": LINEUP, "prices/ours.yaml": PRICES}.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return Examination(folder, environ={"TRIPLEPOINT_MODELS": str(folder / "models")}, machine=Facts(), now_us=NOW_US)


def on(examination: Examination, machine: Facts) -> Examination:
    """Put an examination onto another machine."""
    return replace(examination, machine=machine)


def found(check: Check, examination: Examination) -> list[Finding]:
    """Run one check."""
    return list(check(examination))


def worst(check: Check, examination: Examination) -> Finding:
    """Run one check, and return its worst finding, which has a fix exactly where something is wrong."""
    findings = found(check, examination)
    for finding in findings:
        assert (finding.fix is None) == (finding.level is Level.OK), finding
    return max(findings, key=lambda finding: list(Level).index(finding.level))
