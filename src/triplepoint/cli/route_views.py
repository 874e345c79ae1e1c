"""How ``triplepoint route explain`` looks."""

from collections.abc import Callable, Iterator

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from triplepoint.routing.enquiry import OnPlan, Reply
from triplepoint.routing.model import Explanation, Push, Trial, Weighed


def print_explanation(explanation: Reply) -> None:
    """Print an explanation, and what a plan would make of it."""
    console = Console(highlight=False)
    console.print(_signals(explanation))
    if explanation.trials:
        console.print(_trials(explanation.trials))
    console.print(_candidates(explanation))
    if explanation.pushes:
        console.print(_pushes(explanation))
    decision = explanation.decision
    console.print(f"[bold]{escape(decision.model)}[/bold]  {escape(decision.reason)}")
    if decision.is_certified:
        console.print("under a certificate that holds")
    for change in explanation.changes:
        console.print(f"{escape(change.model)} would be chosen {escape(change.how)}")
    for line in _on_plan(explanation.on_plan) if explanation.on_plan is not None else ():
        console.print(escape(line))


def _signals(explanation: Explanation) -> Table:
    table = Table("signal", "found", title="signals", title_justify="left")
    for name, value in msgspec.structs.asdict(explanation.signals).items():
        table.add_row(name, escape(_found(value)))
    return table


def _trials(trials: tuple[Trial, ...]) -> Table:
    table = Table("rule", "use", "why", "result", title="rules, in order", title_justify="left")
    for trial in trials:
        table.add_row(str(trial.number), escape(trial.use), escape(trial.why), escape("\n".join(trial.result())))
    return table


def _candidates(explanation: Explanation) -> Table:
    """Draw every model: what is expected of it, or why it was left out."""
    decision = explanation.decision
    weighed = {one.model: one for one in decision.weighed}
    columns = ("model", "good", "tokens", "cost USD", "Wh", "worth USD", "")
    table = Table(*columns, title=_title(explanation), title_justify="left")
    for name in decision.candidates:
        one = weighed.get(name, Weighed(name))
        verdict = "chosen" if name == decision.model else one.why_not
        table.add_row(escape(name), *_numbers(one, explanation.costs[name]), escape(verdict))
    for out in explanation.left_out:
        table.add_row(f"[dim]{escape(out.model)}[/dim]", "", "", "", "", "", f"[dim]left out: {escape(out.why)}[/dim]")
    return table


def _title(explanation: Explanation) -> str:
    decision = explanation.decision
    parts = ["models, weakest first"]
    parts += [f"thrift {decision.thrift}"] if decision.thrift is not None else []
    parts += [f"group {escape(decision.group)}"] if decision.group else []
    return ", ".join(parts)


def _numbers(one: Weighed, cost_usd: float | None) -> tuple[str, str, str, str, str]:
    return (
        _text(one.quality, lambda value: f"{value * 100:.1f} %"),
        _text(one.output_tokens, lambda value: f"{value:,.0f}"),
        "unknown" if cost_usd is None else f"{cost_usd:.6f}",
        _text(one.energy_wh, lambda value: f"{value:.3g}"),
        _text(one.worth_usd, lambda value: f"{value:.6f}"),
    )


def _text(value: float | None, written: Callable[[float], str]) -> str:
    return "" if value is None else written(value)


def _pushes(explanation: Explanation) -> Table:
    models = explanation.decision.candidates
    table = Table("in the request", *map(escape, models), title="what told them apart most, in points", title_justify="left")
    for push in explanation.pushes:
        table.add_row(escape(push.what), *(_points(push, model) for model in models))
    return table


def _points(push: Push, model: str) -> str:
    return f"{push.by[model] * 100:+.1f}" if model in push.by else ""


def _on_plan(on_plan: OnPlan) -> Iterator[str]:
    floor = f", which gives nothing below {on_plan.floor}" if on_plan.floor is not None else ""
    yield f"on plan {on_plan.plan}{floor}, with {on_plan.used_percent} % of each quota used:"
    if on_plan.served is None:
        again = f"; to be tried again in {on_plan.retry_after_s:,.0f} s" if on_plan.retry_after_s is not None else ""
        yield f"  refused ({on_plan.code}): {on_plan.refused.rstrip('.')}{again}"
    elif on_plan.downgraded_from is not None:
        yield f"  {on_plan.served} would answer in place of {on_plan.downgraded_from}"
    else:
        yield f"  {on_plan.served} would answer"
    yield from (f"  notice: {notice}" for notice in on_plan.notices)
    if on_plan.quotas:
        yield f"  x-triplepoint-quota: {on_plan.quotas}"


def _found(value: bool | int | str) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else value
