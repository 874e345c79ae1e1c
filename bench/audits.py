"""Measure whether live audits find what was planted: the rate of under-routes, and the incident that sends 37 % to nano.

    python -m bench audits [--batches 20] [--requests 400] [--share 0.5] [--incidents 20] [--json out.json]

A real gateway in front of a simulated family (`bench.audit_family`) whose answers are known beforehand. *Recovery*: the share
of batches whose 95 % interval, from the audits alone, holds the planted rate, and the rate over all of them. *Incident*: a
line-up that sends 37 % of all requests to nano is applied; after how many audits is there an alarm? The calm before it should
not alarm.
"""

import argparse
import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.audit_family import Mix, make_prompts, routers, truth, write_family, write_router
from bench.rig import wait_for
from triplepoint.app import Installation, open_installation
from triplepoint.ledger.audits.model import Audit
from triplepoint.ledger.drain import drain
from triplepoint.routing.audits.watching import as_audited
from triplepoint.routing.guarantee.alarm import Watch
from triplepoint.stats.binomial import clopper_pearson

ALARM_ABOVE = 0.05
_MOST_AUDITS = 240
"""After so many without an alarm an incident counts as not seen."""
_AHEAD = 24
"""Requests that may be ahead of their audits: the gateway drops what does not fit into its line."""


@dataclass(frozen=True)
class Batch:
    """Some requests, and what their audits say."""

    lineup: str
    audits: int
    under: int
    undecided: int
    true_under: int
    """Of the audited requests, by the draws."""
    low: float
    high: float


class Asker:
    """Asks `auto` again and again, no faster than audits come along.

    Args:
        installation: Of the gateway.
        port: Where it listens.
        key: A key.
    """

    def __init__(self, installation: Installation, port: int, key: str) -> None:
        self.installation = installation
        self._line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}

    def ask(self, prompts: list[str], *, share: float) -> list[str]:
        """Ask; returns the receipts once what was drawn of them is audited."""
        receipts: list[str] = []
        began = self._audited()
        for number, prompt in enumerate(prompts, start=1):
            body = json.dumps({"model": "auto", "messages": [{"role": "user", "content": prompt}]})
            self._line.request("POST", "/v1/chat/completions", body, self._headers)
            answer = self._line.getresponse()
            told = answer.read()
            if answer.status != 200:
                raise SystemExit(f"the gateway answered {answer.status}: {told[:300]!r}")
            receipts.append(answer.headers["x-triplepoint-receipt"])
            if number % 8 == 0:
                self._wait_until(began + share * number - _AHEAD * share)
        self._settle()
        return receipts

    def close(self) -> None:
        """Close the connection."""
        self._line.close()

    def _wait_until(self, count: float) -> None:
        give_up = time.monotonic() + 2
        while self._audited() < count and time.monotonic() < give_up:
            time.sleep(0.01)

    def _settle(self) -> None:
        """Wait until no audit comes any more."""
        last, since = -1.0, time.monotonic()
        while time.monotonic() - since < 0.5:
            now = self._audited()
            if now != last:
                last, since = now, time.monotonic()
            time.sleep(0.05)

    def _audited(self) -> float:
        page = (self.installation.gateway.metrics() or b"").decode()
        lines = [
            line for line in page.splitlines() if line.startswith(("triplepoint_audits_total", "triplepoint_audits_dropped"))
        ]
        return sum(float(line.rpartition(" ")[2]) for line in lines)


@contextmanager
def running(folder: Path, port: int) -> Generator[Asker]:
    """Run the gateway of a folder."""
    with open_installation(folder) as installation:
        installation.access.ensure_first_key(installation.first_key_file)
        key = installation.first_key_file.read_text().strip()
        command = [sys.executable, "-m", "triplepoint", "gateway", "--dir", str(folder)]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ) as process:
            try:
                wait_for(port)
                with closing(Asker(installation, port, key)) as asker:
                    yield asker
            finally:
                process.terminate()


def audits_of(installation: Installation, receipts: list[str]) -> list[Audit]:
    """Return the audits of some receipts, in the order of their requests."""
    drain(installation.data, installation.ledger, wait_s=10)
    wanted = set(receipts)
    return [one for one in installation.audits.iterate() if one.receipt_id in wanted]


def recover(asker: Asker, folder: Path, prompts: list[str], *, batches: int, share: float) -> Iterator[Batch]:
    """Ask in batches, and say of each what its audits found."""
    known, size = truth(folder, prompts), len(prompts) // batches
    for number in range(batches):
        part = prompts[number * size : (number + 1) * size]
        receipts = asker.ask(part, share=share)
        asked = dict(zip(receipts, part, strict=True))
        found = audits_of(asker.installation, receipts)
        decided = [one for one in found if one.outcome != "undecided"]
        under = sum(one.outcome == "under_route" for one in decided)
        true_under = sum(one.chosen == "nano" and known[asked[one.receipt_id]] == (False, True) for one in found)
        interval = clopper_pearson(under, len(decided), confidence=0.95)
        lineup = found[0].lineup if found else ""
        yield Batch(lineup, len(found), under, len(found) - len(decided), true_under, interval.low, interval.high)


def audits_to_alarm(audits: list[Audit], *, share: float) -> int | None:
    """Return after how many audits the rate of all requests alarms; None: it does not."""
    watch = Watch(ALARM_ABOVE, share)
    for number, one in enumerate(audits, start=1):
        watch = watch.after(as_audited(one))
        if any(stream.watched.value == "all" for stream in watch.alarms()):
            return number
    return None


def incident(asker: Asker, folder: Path, prompts: list[str], number: int, *, share: float, most: int) -> int | None:
    """Apply a line-up that sends 37 % to nano, ask, and return after how many audits there is an alarm."""
    write_router(folder, routers(share=share, alarm_above=ALARM_ABOVE, incident=number))
    published = asker.installation.gateway.publish()
    if published is None or not published.ok:
        raise SystemExit(f"the line-up was not applied: {published}")
    receipts = asker.ask(prompts[:most], share=share)
    return audits_to_alarm(audits_of(asker.installation, receipts), share=share)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, default=20)
    parser.add_argument("--requests", type=int, default=400, help="of a batch")
    parser.add_argument("--share", type=float, default=0.5, help="of the requests that are audited")
    parser.add_argument("--incidents", type=int, default=20)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    mix, most = Mix(), round(_MOST_AUDITS / args.share)
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        rows = make_prompts(mix, args.batches * args.requests + args.incidents * most, seed=1)
        port = write_family(folder, rows, routers(share=args.share, alarm_above=ALARM_ABOVE))
        prompts = [row["prompt"] for row in rows]
        calm, rest = prompts[: args.batches * args.requests], prompts[args.batches * args.requests :]
        with running(folder, port) as asker:
            batches = list(recover(asker, folder, calm, batches=args.batches, share=args.share))
            receipts = [one.receipt_id for one in asker.installation.audits.iterate()]
            before = audits_of(asker.installation, receipts)
            lengths = [
                incident(asker, folder, rest[number * most :], number, share=args.share, most=most)
                for number in range(args.incidents)
            ]
    planted = mix.under(is_incident=False)
    found = {
        "planted": round(planted, 4),
        "found": round(sum(one.under for one in batches) / sum(one.audits - one.undecided for one in batches), 4),
        "audits": sum(one.audits for one in batches),
        "undecided": sum(one.undecided for one in batches),
        "wrong_verdicts": sum(abs(one.under - one.true_under) for one in batches),
        "covered": round(sum(one.low <= planted <= one.high for one in batches) / len(batches), 3),
        "calm_alarm": audits_to_alarm(before, share=args.share),
        "incident_planted": round(mix.under(is_incident=True), 4),
        "incidents": len(lengths),
        "alarmed_within_150": sum(one is not None and one <= 150 for one in lengths),
        "audits_to_alarm": sorted(one or _MOST_AUDITS for one in lengths),
    }
    print("  ".join(f"{name}={value}" for name, value in found.items()))
    if args.json:
        args.json.write_text(json.dumps({**found, "batches": [asdict(one) for one in batches], "lengths": lengths}, indent=1))


if __name__ == "__main__":
    main()
