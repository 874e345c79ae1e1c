"""Audits as the ledger has them, made for tests, and a place where they are kept."""

from collections.abc import Iterator, Sequence

from triplepoint.ledger.audits.model import Audit, Feedback, Lapse

NOON_US = 1_767_960_000_000_000  # 2026-01-09 12:00 UTC
SECOND_US = 1_000_000


def audit(number: int, outcome: str = "fine", **changed: object) -> Audit:
    """Make the audit of a numbered request, one a second."""
    scores = {"fine": (1.0, 1.0), "under_route": (0.0, 1.0), "over_route": (1.0, 1.0), "undecided": (None, None)}[outcome]
    fields: dict[str, object] = {
        "receipt_id": f"rcpt_{number:06d}",
        "asked_us": NOON_US + number * SECOND_US,
        "at_us": NOON_US + (number + 5) * SECOND_US,
        "lineup": "f" * 12,
        "plan": "pro",
        "chosen": "regular" if outcome == "over_route" else "nano",
        "other": "nano" if outcome == "over_route" else "regular",
        "reference": "regular",
        "policy": "learned",
        "group": "maths",
        "scorer": "0123456789ab",
        "is_certified": True,
        "known_as": "large",
        "has_signal": True,
        "share": 0.5,
        "scored_by": "" if outcome == "undecided" else "final",
        "outcome": outcome,
        "chosen_score": scores[0],
        "other_score": scores[1],
        "judge": "",
        "cost_usd": "0.001",
    }
    return Audit(**(fields | changed))  # pyright: ignore[reportArgumentType] - the values come by name


class Kept:
    """Audits, ratings and lapses in memory, as `ledger.audits.store.AuditStore` answers for them."""

    def __init__(self, audits: Sequence[Audit] = ()) -> None:
        self.audits = list(audits)
        self.rated: list[Feedback] = []
        self.lapsed: list[Lapse] = []
        self.asked: list[int | None] = []
        """From when on audits were asked for."""

    def iterate(
        self, *, lineup: str | None = None, since_us: int | None = None, until_us: int | None = None
    ) -> Iterator[Audit]:
        """Yield audits in the order of their requests."""
        self.asked.append(since_us)
        for one in sorted(self.audits, key=lambda one: (one.asked_us, one.receipt_id)):
            if (lineup is None or one.lineup == lineup) and (since_us or 0) <= one.asked_us < (until_us or 1 << 62):
                yield one

    def latest(
        self,
        *,
        plan: str | None = None,
        model: str | None = None,
        outcome: str | None = None,
        before_us: int | None = None,
        limit: int = 100,
    ) -> list[Audit]:
        """Return the newest."""
        return sorted(self.audits, key=lambda one: -one.asked_us)[:limit]

    def ratings(
        self, *, since_us: int | None = None, until_us: int | None = None, customer_id: str | None = None
    ) -> list[Feedback]:
        """Return ratings."""
        return self.rated

    def history(self, receipt_id: str) -> list[Feedback]:
        """Return ratings of a receipt."""
        return [one for one in self.rated if one.receipt_id == receipt_id]

    def lapses(self) -> list[Lapse]:
        """Return lapses."""
        return self.lapsed

    def lapse(self, found: Sequence[Lapse]) -> list[Lapse]:
        """Keep lapses; a certificate lapses once."""
        known = {(one.scorer, one.reference, one.group) for one in self.lapsed}
        fresh = [one for one in found if (one.scorer, one.reference, one.group) not in known]
        self.lapsed += fresh
        return fresh
