"""The router of the active line-up, drawn: what decides, what is promised on which evidence, how well estimates hold."""

from collections.abc import Mapping, Sequence

from triplepoint.console.decision import draw_table
from triplepoint.console.formats import NOTHING, count_text
from triplepoint.console.markup import Content, Markup, join, tag
from triplepoint.ledger.receipts import printable
from triplepoint.routing.description import RouterDescription, Standing, StandingCertificate
from triplepoint.routing.guarantee.model import POOLED
from triplepoint.routing.scorer.card import Card, Measured
from triplepoint.telemetry.status import GatewayStatus

_STANDINGS = {Standing.HOLDS: "finished", Standing.UNUSED: "unused", Standing.LAPSED: "failed"}
"""Class of the chip that shows what a certificate is worth."""


def draw_head(described: RouterDescription, status: GatewayStatus | None) -> Markup:
    """Draw what decides.

    Args:
        described: The router in the files.
        status: Of the gateway, which may still serve another line-up.
    """
    kind = described.router["kind"] if described.router is not None else "none"
    return join(
        tag(
            "header",
            tag("h1", "Router ", tag("em", kind)),
            tag(
                "p",
                tag("span", "line-up ", tag("a", described.lineup, href="/lineup"), " ", tag("code", described.lineup_hash)),
                class_="strip",
            ),
        ),
        _difference(described, status),
        tag("p", described.says, class_="says"),
    )


def draw_evidence(described: RouterDescription) -> Markup:
    """Draw what the router rests on: certificates, calibration, and what was learnt from."""
    card = described.card
    if card is None:
        learnt = tag("p", "It has learnt nothing: it has no estimates to be held against what happens.", class_="hint")
        return join(tag("section", tag("h2", "What it has learnt"), learnt, class_="card"), _twin())
    names = _names(described)
    return join(
        tag("section", tag("h2", "Certificates"), *_certificates(described, names), class_="card"),
        tag("section", tag("h2", "Calibration"), *_calibration(card.measured, names), class_="card"),
        tag("section", tag("h2", "What it was made from"), *_made_from(card, described.scorer), class_="card"),
        _twin(),
    )


def draw_problems(problems: Sequence[str]) -> Markup:
    """Draw what stands where the files are wrong."""
    return join(
        tag("h1", "Router"),
        tag(
            "div",
            tag("p", tag("strong", "The files are wrong."), " A running gateway goes on with the router that it has loaded."),
            tag("ul", *(tag("li", tag("pre", problem)) for problem in problems)),
            tag("p", "Correct them and run ", tag("code", "triplepoint check"), "."),
            class_="alarm",
        ),
    )


def _difference(described: RouterDescription, status: GatewayStatus | None) -> Markup | None:
    if status is None:
        text = " This is what the files say; which upstreams are up is not known, and all are taken to be."
        return tag("p", tag("strong", "No gateway answers."), text, class_="alarm mild")
    if status.lineup_hash == described.lineup_hash:
        return None
    serving = tag("code", f"{status.lineup} {status.lineup_hash}")
    words = join(" The gateway still decides by ", serving, "; ", tag("code", "triplepoint lineup apply"), " swaps it.")
    return tag("p", tag("strong", "Not applied."), words, class_="alarm mild")


def _names(described: RouterDescription) -> Mapping[str, str]:
    """Return what the line-up calls a model of the scorer, where that is another name."""
    file = (described.router or {}).get("scorer", {})
    return {known: name for name, known in file.get("models", {}).items()}


def _certificates(described: RouterDescription, names: Mapping[str, str]) -> Sequence[Markup]:
    said = tag("p", described.promises)
    if not described.certificates:
        none = "None: nothing was calibrated. "
        return said, tag("p", none, tag("code", "triplepoint route calibrate"), " writes them.", class_="hint")
    heads = ["Reference", "Group", "Promise", "Threshold", "Labels", "Misroutes", "Bound", "May go lower", "Date", "State"]
    table = draw_table(
        heads, [_certificate(one, names) for one in described.certificates], label="Certificates", classes="certificates"
    )
    notes = dict.fromkeys(f"{_group(one)}: {one.note}" for one in described.certificates if one.note)
    return (
        said,
        table,
        tag("ul", *(tag("li", printable(note)) for note in notes), class_="hint notes") if notes else Markup(),
        tag("p", _MEANING, class_="hint"),
    )


_MEANING = (
    "A weaker model may answer where the chance that the reference is good and it is not is at most the threshold. Misroutes "
    "are those among the labels at that threshold; the bound is what their rate stays under, with the stated confidence."
)


def _certificate(one: StandingCertificate, names: Mapping[str, str]) -> list[Content]:
    none = one.threshold is None
    return [
        names.get(one.reference, one.reference),
        _group(one),
        f"≤ {one.misroute * 100:g} %, {one.confidence * 100:g} %",
        "none" if one.threshold is None else f"{one.threshold:.3f}",
        count_text(one.labels),
        NOTHING if none else count_text(one.misroutes),
        NOTHING if none else f"{one.bound * 100:.2f} %",
        f"{one.downgraded * 100:.0f} %",
        one.date.isoformat(),
        tag("span", one.state, class_=f"chip {_STANDINGS[one.state]}"),
    ]


def _group(one: StandingCertificate) -> str:
    if one.group != POOLED:
        return printable(one.group)
    named = [printable(group) if group else "no group" for group in one.groups]
    return f"pooled: {', '.join(named)}" if 0 < len(named) <= 4 else f"pooled: {len(named)} groups" if named else "all"


def _calibration(measured: Sequence[Measured], names: Mapping[str, str]) -> Sequence[Markup]:
    if not measured:
        return (tag("p", "Not measured: the scorer's card holds no calibration.", class_="hint"),)
    whole = [one for one in measured if not one.group]
    slices = [one for one in measured if one.group]
    said = (
        "How far stated chances were from what happened, on prompts left out of the training. A calibration error (ECE) of "
        "0.02 says that stated and true shares of good answers were 2 points apart on average."
    )
    inner = draw_table(_MEASURED, [_measured(one, names) for one in slices], label="Calibration by slice", classes="slices")
    more = tag("details", tag("summary", f"By slice ({len({one.group for one in slices})})"), inner) if slices else Markup()
    rows = [_measured(one, names) for one in whole]
    table = draw_table(_MEASURED, rows, label="Calibration", classes="slices") if rows else Markup()
    return tag("p", said, class_="hint"), table, more


_MEASURED = ["Model", "Slice", "Prompts", "Mean score", "ECE", "Brier score"]


def _measured(one: Measured, names: Mapping[str, str]) -> list[Content]:
    return [
        names.get(one.model, one.model),
        printable(one.group) if one.group else "all",
        count_text(one.rows),
        f"{one.mean_score * 100:.1f} %",
        f"{one.ece:.3f}",
        f"{one.brier:.3f}",
    ]


def _made_from(card: Card, digest: str) -> Sequence[Markup]:
    training = card.training
    sources: list[list[Content]] = [
        [printable(one.source), printable(one.licence), count_text(one.rows), tag("code", one.digest[:12])] for one in card.data
    ]
    pairs: list[list[Content]] = [
        [
            f"{one.weak} → {one.strong}",
            count_text(one.rows),
            f"{one.apgr:.3f}",
            f"{one.apgr_low:.3f}",
            f"{one.apgr_untagged:.3f}",
            f"{one.apgr_groups:.3f}",
        ]
        for one in card.pairs
    ]
    heads = ["Pair", "Prompts", "APGR", "its lower bound", "group told from words", "table of group means"]
    return (
        tag(
            "p",
            f"Trained on {training.made} on {count_text(training.rows)} prompts, seed {training.seed}; measured on "
            f"{training.folds} parts that were left out in turn. Scorer ",
            tag("code", digest[:12], title=digest),
            ".",
        ),
        draw_table(["Source", "Licence", "Prompts", "Digest"], sources, label="Data sources", classes="words")
        if sources
        else Markup(),
        draw_table(heads, pairs, label="How well it ranks", classes="pairs") if pairs else Markup(),
        tag("ul", *(tag("li", printable(note)) for note in card.notes), class_="hint notes") if card.notes else Markup(),
    )


def _twin() -> Markup:
    return tag("p", tag("a", "This router as JSON", href="/api/routing"), class_="twin")
