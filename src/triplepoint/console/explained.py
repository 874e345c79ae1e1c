"""A request that nobody sent, explained: what would be chosen and why, who could answer, and what would lead elsewhere."""

from collections.abc import Sequence

from triplepoint.console.decision import draw_candidates, draw_facts, draw_table
from triplepoint.console.markup import Content, Markup, join, tag
from triplepoint.foundation.errors import SettingsInvalid, TriplepointError
from triplepoint.ledger.decision_words import lay_out
from triplepoint.ledger.receipts import printable
from triplepoint.ledger.routed import Routed
from triplepoint.routing.enquiry import OnPlan, Reply
from triplepoint.routing.model import Change, Push, Trial
from triplepoint.routing.recorded import record_candidates, record_decision


def draw_reply(reply: Reply) -> Markup:
    """Draw what would become of a request."""
    decision, routed = reply.decision, as_routed(reply)
    return join(
        tag("p", "auto would be ", tag("strong", decision.model), ": ", printable(decision.reason), ".", class_="verdict"),
        tag(
            "p", "Nothing was sent. So decides line-up ", tag("code", f"{reply.lineup} {reply.lineup_hash}"), ".", class_="hint"
        ),
        _on_plan(reply.on_plan, decision.model) if reply.on_plan is not None else None,
        tag("h3", "How it was decided"),
        draw_facts(routed),
        draw_candidates(lay_out(routed.candidates, decision.model)),
        _trials(reply.trials),
        _pushes(reply.pushes, decision.candidates),
        tag("h3", "What would lead elsewhere"),
        _changes(reply.changes),
    )


def draw_refused(error: TriplepointError) -> Markup:
    """Draw why a request cannot be explained, or would be refused."""
    problems = error.problems if isinstance(error, SettingsInvalid) else ()
    return tag(
        "div",
        tag("p", tag("strong", "Nothing is chosen:"), " ", printable(error.message)),
        tag("ul", *(tag("li", tag("pre", str(problem))) for problem in problems)) if problems else None,
        tag("p", "Code ", tag("code", error.code), "; nothing was sent.", class_="hint"),
        class_="alarm mild refused",
    )


def draw_unforeseen() -> Markup:
    """Draw what stands where the answer failed."""
    return tag("p", tag("strong", "This was not foreseen."), " The log of the control plane has the reason.", class_="alarm")


def as_routed(reply: Reply) -> Routed:
    """Return the decision as the receipt of such a request would keep it."""
    dropped = {one.model: one.why for one in reply.left_out}
    candidates = record_candidates(reply.models, reply.decision, dropped, costs=reply.costs)
    return record_decision(reply.decision, reply.signals, candidates)


def _on_plan(on_plan: OnPlan, chosen: str) -> Markup:
    """Draw what the customer's plan would make of it."""
    floor = f", which gives nothing below {on_plan.floor}," if on_plan.floor is not None else ""
    start = f"On plan {on_plan.plan}{floor} with {on_plan.used_percent} % of each quota used, "
    if on_plan.served is None:
        again = f" It could be tried again in {on_plan.retry_after_s:,.0f} s." if on_plan.retry_after_s is not None else ""
        said = f"it would be refused ({on_plan.code}): {on_plan.refused.rstrip('.')}.{again}"
    elif on_plan.downgraded_from is not None:
        said = f"{on_plan.served} would answer in place of {on_plan.downgraded_from}."
    else:
        said = f"{chosen} would answer."
    told = (tag("span", f" The caller would be told: {printable(notice)}") for notice in on_plan.notices)
    return tag("p", start, tag("strong", printable(said)), *told, class_="on-plan")


def _trials(trials: Sequence[Trial]) -> Markup | None:
    if not trials:
        return None
    rows: list[list[Content]] = [
        [str(trial.number), printable(trial.use), printable(trial.why), "; ".join(map(printable, trial.result()))]
        for trial in trials
    ]
    return join(
        tag("h3", "Rules tried, in order"),
        draw_table(["Rule", "Use", "Why", "Result"], rows, label="Rules tried", classes="words trials"),
    )


def _pushes(pushes: Sequence[Push], models: Sequence[str]) -> Markup | None:
    if not pushes:
        return None
    rows: list[list[Content]] = [[printable(push.what), *(_points(push, model) for model in models)] for push in pushes]
    return join(
        tag("h3", "What told them apart"),
        tag("p", "Points that each adds to the chance of a good answer, before correction.", class_="hint"),
        draw_table(["In the request", *models], rows, label="What told the models apart", classes="narrow"),
    )


def _points(push: Push, model: str) -> str:
    return f"{push.by[model] * 100:+.1f}".replace("-", "−") if model in push.by else ""


def _changes(changes: Sequence[Change]) -> Markup:
    if not changes:
        return tag("p", "Nothing that was tried: no setting of the dial, no better answer, no rule, no other conversation.")
    items = (tag("li", tag("strong", change.model), f" would be chosen {printable(change.how)}") for change in changes)
    return tag("ul", *items, class_="changes")
