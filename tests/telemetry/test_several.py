"""Several gateways as one: what is added, what is the worst of all, and whose metrics are whose."""

import msgspec
from prometheus_client.parser import text_string_to_metric_families

from triplepoint.telemetry.several import one_answer, one_page, one_status
from triplepoint.telemetry.status import GatewayStatus, Published, UpstreamStatus


def status(**changed: object) -> GatewayStatus:
    """Make a gateway's status."""
    upstream = UpstreamStatus(
        name="u", kind="openai", state="ready", breaker="closed", in_flight=1, attempts=10, failures=0, last_error=None
    )
    fields = {
        "version": "1",
        "pid": 1,
        "started_us": 1,
        "lineup": "spring",
        "lineup_hash": "aaa",
        "snapshot_us": 50,
        "in_flight": 1,
        "requests": 10,
        "journal": "ok",
        "upstreams": [upstream],
    }
    return GatewayStatus(**(fields | changed))  # pyright: ignore[reportArgumentType] - the values come by name


def test_one_is_itself_and_none_is_none() -> None:
    """A single gateway is shown as it is; where none answers there is nothing to show."""
    assert one_status({}) is None
    assert one_status({1: status()}) == status()
    assert (one_answer([]), one_page({}), one_page({1: b"a 1\n"})) == (None, None, b"a 1\n")


def test_counts_add_up_and_troubles_are_kept() -> None:
    """Requests are added; a journal in trouble, an open breaker and an old line-up are not hidden by those that are well."""
    ill = msgspec.structs.replace(status().upstreams[0], breaker="open", failures=3, last_error="upstream_timeout")
    both = one_status({1: status(), 2: status(pid=2, journal="disk full", snapshot_us=40, lineup_hash="old", upstreams=[ill])})
    assert both is not None
    assert (both.pid, both.requests, both.in_flight, both.journal, both.lineup_hash) == (1, 20, 2, "disk full", "old")
    (upstream,) = both.upstreams
    assert (upstream.attempts, upstream.breaker, upstream.failures) == (20, "open", 3)
    assert [(one.worker, one.pid, one.lineup_hash) for one in both.workers] == [(1, 1, "aaa"), (2, 2, "old")]


def test_a_publication_is_well_where_all_are() -> None:
    """One worker with a problem makes the answer its own; the same problem of several is said once."""
    good = Published(ok=True, lineup="spring", lineup_hash="new", problems=[])
    bad = Published(ok=False, lineup="winter", lineup_hash="old", problems=["a.yaml:1: wrong"])
    assert one_answer([good, good]) == good
    assert one_answer([good, bad, bad]) == bad


def test_metrics_are_told_apart_by_worker() -> None:
    """Each family stands once, with the samples of all workers under a label of their own; Prometheus can read it."""
    hits = b'# HELP hits_total Hits\n# TYPE hits_total counter\nhits_total{path="/a",x="}"} 2.0\n'
    page = hits + b"# HELP up Up\n# TYPE up gauge\nup 1.0\n"
    families = {
        family.name: family for family in text_string_to_metric_families((one_page({1: page, 3: page}) or b"").decode())
    }
    assert set(families) == {"hits", "up"}
    found = [(sample.labels, sample.value) for sample in families["hits"].samples]
    assert found == [({"worker": worker, "path": "/a", "x": "}"}, 2.0) for worker in ("1", "3")]
    assert [sample.labels for sample in families["up"].samples] == [{"worker": "1"}, {"worker": "3"}]
