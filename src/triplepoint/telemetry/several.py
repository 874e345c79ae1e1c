"""Several gateway processes as one: their statuses, their metrics, their answers. Pure."""

import re
from collections.abc import Mapping, Sequence

import msgspec

from triplepoint.telemetry.status import GatewayStatus, Published, UpstreamStatus, WorkerStatus

_SAMPLE = re.compile(r"(?P<name>[A-Za-z_:][A-Za-z0-9_:]*)(?:\{(?P<labels>.*)\})? (?P<value>\S+.*)")


def one_status(statuses: Mapping[int, GatewayStatus]) -> GatewayStatus | None:
    """Describe all workers as one gateway; None where there is none.

    Line-up, snapshot and start are those of the worker that is furthest behind, so that what is said holds for all.

    Args:
        statuses: By the number of the worker.
    """
    if not statuses:
        return None
    if len(statuses) == 1:
        return next(iter(statuses.values()))
    last = min(statuses.values(), key=lambda status: status.snapshot_us)
    return msgspec.structs.replace(
        last,
        pid=next(iter(statuses.values())).pid,
        started_us=max(status.started_us for status in statuses.values()),
        in_flight=sum(status.in_flight for status in statuses.values()),
        requests=sum(status.requests for status in statuses.values()),
        journal=_worst([status.journal for status in statuses.values()]),
        changes=_worst([status.changes for status in statuses.values()]),
        counters=_worst([status.counters for status in statuses.values()]),
        upstreams=_upstreams([status.upstreams for status in statuses.values()]),
        workers=[_worker(number, status) for number, status in statuses.items()],
    )


def _worst(states: Sequence[str]) -> str:
    return next((state for state in states if state != "ok"), "ok")


def _worker(number: int, status: GatewayStatus) -> WorkerStatus:
    return WorkerStatus(
        worker=number,
        pid=status.pid,
        started_us=status.started_us,
        lineup_hash=status.lineup_hash,
        snapshot_us=status.snapshot_us,
        in_flight=status.in_flight,
        requests=status.requests,
        journal=status.journal,
    )


def _upstreams(lists: Sequence[Sequence[UpstreamStatus]]) -> list[UpstreamStatus]:
    """Add upstreams up by name; the state is that of the worker for which it is not well, where there is one."""
    together: dict[str, UpstreamStatus] = {}
    for one in (upstream for upstreams in lists for upstream in upstreams):
        former = together.get(one.name)
        together[one.name] = one if former is None else _add(former, one)
    return list(together.values())


def _add(left: UpstreamStatus, right: UpstreamStatus) -> UpstreamStatus:
    return msgspec.structs.replace(
        left,
        state=right.state if left.state == "ready" else left.state,
        breaker=right.breaker if left.breaker == "closed" else left.breaker,
        in_flight=left.in_flight + right.in_flight,
        attempts=left.attempts + right.attempts,
        failures=left.failures + right.failures,
        last_error=left.last_error or right.last_error,
    )


def one_answer(answers: Sequence[Published]) -> Published | None:
    """Say what became of a publication at all workers: all well, or the first that was not, with everybody's problems."""
    if not answers:
        return None
    problems = list(dict.fromkeys(problem for answer in answers for problem in answer.problems))
    shown = next((answer for answer in answers if not answer.ok), answers[0])
    return msgspec.structs.replace(shown, ok=all(answer.ok for answer in answers), problems=problems)


def one_page(pages: Mapping[int, bytes]) -> bytes | None:
    """Put the metrics of workers on one Prometheus page, each sample with the label ``worker``; of one alone, as they are.

    Args:
        pages: Prometheus text, by the number of the worker.
    """
    if len(pages) < 2:
        return next(iter(pages.values()), None)
    families: dict[str, list[str]] = {}
    heads: dict[str, list[str]] = {}
    for worker, page in pages.items():
        family = ""
        for line in page.decode().splitlines():
            if line.startswith("# "):
                family = line.split(" ", 3)[2]
                kept = heads.setdefault(family, [])
                if line not in kept:
                    kept.append(line)
            elif line:
                families.setdefault(family, []).append(_labelled(line, worker))
    lines = [line for family, head in heads.items() for line in (*head, *families.get(family, ()))]
    return ("\n".join(lines) + "\n").encode()


def _labelled(line: str, worker: int) -> str:
    match = _SAMPLE.fullmatch(line)
    if match is None:
        return line
    labels = f",{match['labels']}" if match["labels"] else ""
    return f'{match["name"]}{{worker="{worker}"{labels}}} {match["value"]}'
