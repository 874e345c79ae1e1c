"""The embedded family with a learned router: a scorer of a few words, its card, and certificates of every standing."""

import hashlib
from datetime import date
from pathlib import Path

import msgspec
from tests.routing.scorer.helpers import tiny_card, tiny_tables

from triplepoint.files.seed import seed_folder
from triplepoint.routing.guarantee.model import Certificate, Certificates, encode_certificates
from triplepoint.routing.scorer.card import Measured
from triplepoint.routing.scorer.file import with_certificates, write_scorer

FAMILY = ("nano", "mini", "regular")
GROUPS = ("facts", "maths")
WORDS = {
    "prove": (-0.35, -0.22, -0.05),
    "irrational": (-0.18, -0.12, -0.04),
    "square": (-0.06, -0.03, -0.01),
    "root": (-0.05, -0.03, 0.0),
    "that": (0.0, 0.0, 0.0),
    "the": (0.0, 0.0, 0.0),
    "of": (0.0, 0.0, 0.0),
    "two": (0.01, 0.0, 0.0),
    "is": (0.0, 0.0, 0.0),
    "what": (0.06, 0.03, 0.01),
    "capital": (0.14, 0.07, 0.02),
    "france": (0.12, 0.05, 0.02),
}
"""What each adds to the chance of a good answer, by model."""
_MATHS = {"prove", "irrational", "square", "root"}
PROMISED, STRICTER = 0.05, 0.02
PLANS = """\
default: free
plans:
  free:
    quotas: {day: {unit: messages, limit: 20, per: day}}
  plus:
    floor: mini
    thrift: 80
    quotas: {week: {unit: messages, limit: 1000, per: week, models: [regular]}}
    ladder: {regular: mini}
"""
ROUTER = """\
router:
  kind: learned
  default: mini
  scorer: {{file: routers/family.safetensors, sha256: {digest}}}
  thrift: 40
  good_answer_usd: "0.0002"
  explore: 0.02
  promise: {{misroute: 0.05}}
  audit: {{share: 0.02, max_usd_per_day: "1"}}
"""


def certificate(**changed: object) -> Certificate:
    """Make a certificate of the promise for the group maths."""
    made = Certificate(
        misroute=PROMISED,
        confidence=0.95,
        reference="regular",
        models=("nano", "mini"),
        group="maths",
        threshold=0.3,
        labels=2_000,
        misroutes=74,
        bound=0.0451,
        downgraded=0.46,
        data="d" * 64,
        scorer="5" * 64,
        date=date(2026, 11, 20),
    )
    return msgspec.structs.replace(made, **changed)


CERTIFICATES = Certificates(
    (
        certificate(),
        certificate(
            group="", groups=("", "facts"), threshold=0.31, labels=410, misroutes=9, bound=0.0381, downgraded=0.22,
            note="facts has 210 labels, too few for a certificate of its own",
        ),
        certificate(misroute=STRICTER, group="maths", threshold=None, misroutes=0, bound=1.0, downgraded=0.0, models=("mini",)),
    )
)  # fmt: skip


def family_scorer() -> bytes:
    """Return the file of a scorer of the embedded family, with its certificates."""
    quality = [[0.58, 0.72, 0.86], [0.48, 0.71, 0.90], [0.55, 0.70, 0.88]]
    tables = tiny_tables(models=3, groups=GROUPS, words=WORDS, quality=quality)
    for row, word in enumerate(tables.vocabulary):
        tables.membership[row] = (-1.0, 1.0) if word in _MATHS else (0.1, 0.0)
    card = tiny_card(tables, models=FAMILY, groups=GROUPS)
    measured = tuple(
        Measured(model=name, group=group, rows=rows, mean_score=mean, ece=ece, brier=0.19)
        for name, means, ece in zip(FAMILY, zip(*quality, strict=True), (0.018, 0.021, 0.012), strict=True)
        for group, rows, mean in zip((*GROUPS, ""), (210, 2_000, 2_210), means, strict=True)
    )
    notes = ("Made by hand for tests: a dozen words.",)
    bare = write_scorer(msgspec.structs.replace(card, measured=measured, notes=notes), tables)
    digest = hashlib.sha256(bare).hexdigest()
    about = Certificates(tuple(msgspec.structs.replace(one, scorer=digest) for one in CERTIFICATES.entries))
    return with_certificates(bare, encode_certificates(about))


def teach(folder: Path, *, port: int = 8081) -> None:
    """Write an installation of the embedded family whose router is learned.

    Args:
        port: Of its control plane.
    """
    data = family_scorer()
    for part in ("lineups", "routers"):
        (folder / part).mkdir()
    (folder / "routers" / "family.safetensors").write_bytes(data)
    (folder / "prices").symlink_to(seed_folder() / "prices")
    lineup = (seed_folder() / "lineups" / "embedded.yaml").read_text("utf-8")
    router = ROUTER.format(digest=hashlib.sha256(data).hexdigest())
    (folder / "lineups" / "embedded.yaml").write_text(lineup[: lineup.index("router:")] + router, "utf-8")
    (folder / "plans.yaml").write_text(PLANS, "utf-8")
    settings = (seed_folder() / "triplepoint.yaml").read_text("utf-8")
    listen = f"listen: 127.0.0.1:{port}"
    (folder / "triplepoint.yaml").write_text(settings.replace("listen: 127.0.0.1:8081", listen), "utf-8")
