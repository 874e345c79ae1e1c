"""One drain in a process of its own, to be killed: ``DRAIN_URL=… python -m bench.drain_events DATA_FOLDER``."""

import os
import sys
from pathlib import Path

from bench.events import meter
from triplepoint.ledger.drain import drain
from triplepoint.ledger.store import LedgerStore
from triplepoint.storage.engine import open_database

if __name__ == "__main__":
    engine = open_database(os.environ["DRAIN_URL"])
    drain(Path(sys.argv[1]), LedgerStore(engine), meter=meter)
    engine.dispose()
