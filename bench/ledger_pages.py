"""Make a large ledger inside the database, and ask it for its pages."""

import statistics
import time
from collections.abc import Callable

import sqlalchemy as sa

from triplepoint.ledger.model import Outcome
from triplepoint.ledger.partitions import Days
from triplepoint.ledger.rollups import By
from triplepoint.ledger.store import LedgerStore
from triplepoint.ledger.tables import COUNTS, EXACT_SUMS
from triplepoint.storage.engine import is_postgres, open_database

_BEGIN_US = 1_772_323_200_000_000  # 2026-03-01
_DAY_US = 86_400_000_000
_HOUR_US = 3_600_000_000
_DAYS = 30
_CUSTOMERS = 1000
_TIMES = 7
_AT_ONCE = 1_000_000

# A few customers ask for most; customer 1 for half of all, and only one model; one attempt in a thousand fails.
_COLUMNS = {
    "receipt_id": "'rcpt_' || substr('00000000' || n, -8)",
    "attempt": "1",
    "boot": "'boot_1'",
    "opened_us": "{begin} + n * {step}",
    "closed_us": "{begin} + n * {step} + 900000",
    "customer_id": "'cust_' || (CASE WHEN n % 2 = 0 THEN 1 ELSE n * 7919 % {customers} END)",
    "key_id": "'key_' || (CASE WHEN n % 2 = 0 THEN 1 ELSE n * 7919 % {customers} END) || '_' || (n % 3)",
    "request_id": "'req_' || n",
    "endpoint": "'/v1/chat/completions'",
    "asked_model": "'auto'",
    "served_model": "CASE WHEN n % 2 = 0 THEN 'regular' WHEN n % 3 = 0 THEN 'mini' ELSE 'thinking' END",
    "upstream": "'here'",
    "upstream_model": "'m'",
    "lineup": "'0123456789ab'",
    "decision": "'rule: holds code'",
    "stream": "{true}",
    "outcome": "CASE WHEN n % 1000 = 999 THEN 'failed' ELSE 'finished' END",
    "status": "200",
    "input_tokens": "n % 4000",
    "output_tokens": "n % 900",
    "cache_read_tokens": "0",
    "cache_write_tokens": "0",
    "cache_write_1h_tokens": "0",
    "reasoning_tokens": "0",
    "usage_source": "'reported'",
    "price_id": "'here/m@2026-01-01#1f3a'",
    "input_estimate": "100",
    "input_usd_per_mtok": "'0.15'",
    "cost_usd": "{cost}",
    "charge_usd": "{cost}",
    "energy_wh": "{energy}",
    "energy_low_wh": "{energy}",
    "energy_high_wh": "{energy}",
    "carbon_g": "{energy}",
    "carbon_low_g": "{energy}",
    "carbon_high_g": "{energy}",
    "energy_grade": "'tabled'",
    "plan": "CASE WHEN n % 2 = 0 THEN 'pro' ELSE 'plus' END",
    "total_us": "900000",
    "tags": "'{{}}'",
    "notices": "'[]'",
}


def measure_pages(url: str, attempts: int) -> None:
    """Fill a database and print how long each page takes, the median and the longest of several times."""
    engine = open_database(url)
    began = time.perf_counter()
    _fill(engine, attempts)
    print(f"{attempts} attempts made in {time.perf_counter() - began:.0f} s", flush=True)
    with engine.connect() as connection:
        hours, days = (
            connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar() for name in ("rollups", "day_rollups")
        )
    print(f"{hours} rollups by hours, {days} by days", flush=True)
    store = LedgerStore(engine)
    longest = 0.0
    for name, page in _pages(store).items():
        times: list[float] = []
        for _ in range(_TIMES):
            begun = time.perf_counter()
            page()
            times.append(time.perf_counter() - begun)
        longest = max(longest, *times)
        print(f"{name:<58} {statistics.median(times) * 1e3:>9.1f} ms   longest {max(times) * 1e3:>9.1f} ms", flush=True)
    print(f"longest of all {longest * 1e3:.1f} ms: {'within' if longest <= 1 else 'OVER'} a second")
    engine.dispose()


def _pages(store: LedgerStore) -> dict[str, Callable[[], object]]:
    middle = _BEGIN_US + _DAYS * _DAY_US // 2
    end = _BEGIN_US + _DAYS * _DAY_US
    broken = middle + 5 * _HOUR_US
    failed, finished = Outcome.FAILED, Outcome.FINISHED
    return {
        "attempts, newest": lambda: store.attempts(limit=100),
        "attempts, newest, 1000 of them": lambda: store.attempts(limit=1000),
        "attempts, before a moment in the middle": lambda: store.attempts(before_us=middle, limit=100),
        "attempts of a day": lambda: store.attempts(since_us=middle, before_us=middle + _DAY_US, limit=100),
        "attempts of the largest customer": lambda: store.attempts(customer_id="cust_1", limit=100),
        "attempts of a small customer": lambda: store.attempts(customer_id="cust_77", limit=100),
        "attempts of nobody": lambda: store.attempts(customer_id="cust_none", limit=100),
        "attempts at a model": lambda: store.attempts(model="mini", limit=100),
        "attempts at a model that there is not": lambda: store.attempts(model="none", limit=100),
        "attempts of a customer at a model of others": lambda: store.attempts(customer_id="cust_1", model="mini", limit=100),
        "attempts that failed": lambda: store.attempts(outcome=failed, limit=100),
        "attempts that were interrupted: none": lambda: store.attempts(outcome=Outcome.INTERRUPTED, limit=100),
        "attempts of a customer that failed": lambda: store.attempts(customer_id="cust_77", outcome=failed, limit=100),
        "attempts of the largest customer that failed": lambda: store.attempts(customer_id="cust_1", outcome=failed, limit=100),
        "attempts of a customer that finished": lambda: store.attempts(customer_id="cust_77", outcome=finished, limit=100),
        "a receipt": lambda: store.receipt("rcpt_00123456"),
        "a receipt that there is not": lambda: store.receipt("rcpt_none"),
        "rollups of the last two hours (console)": lambda: store.rollups(since_us=end - 2 * _HOUR_US),
        "sum by day": lambda: store.sum(by=By.DAY),
        "sum by customer": lambda: store.sum(by=By.CUSTOMER),
        "sum by key": lambda: store.sum(by=By.KEY),
        "sum by model": lambda: store.sum(by=By.MODEL),
        "sum by model, of a span with broken days": lambda: store.sum(by=By.MODEL, since_us=broken, until_us=end - _HOUR_US),
        "sum by plan since the middle": lambda: store.sum(by=By.PLAN, since_us=middle),
    }  # fmt: skip


def _fill(engine: sa.Engine, attempts: int) -> None:
    step = _DAYS * _DAY_US // attempts
    Days(engine).prepare(range(_BEGIN_US, _BEGIN_US + _DAYS * _DAY_US, _DAY_US))
    with engine.begin() as connection:
        for begin in range(0, attempts, _AT_ONCE):
            connection.exec_driver_sql(_attempts(engine, begin, min(begin + _AT_ONCE, attempts) - 1, step))
    with engine.begin() as connection:
        connection.exec_driver_sql(_rollups(engine, "rollups", "hour_us", _HOUR_US, "attempts", "opened_us"))
        connection.exec_driver_sql(_rollups(engine, "day_rollups", "day_us", _DAY_US, "attempts", "opened_us"))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE" if is_postgres(engine) else "ANALYZE")


def _attempts(engine: sa.Engine, first: int, last: int, step: int) -> str:
    cost = "0.000001 * (n % 9000 + 1)" if is_postgres(engine) else "'0.00' || (1000 + n % 9000) || '7'"
    facts = {
        "energy": "0.0001 * (n % 5000 + 1)" if is_postgres(engine) else "'0.0' || (1000 + n % 9000) || '3'",
        "begin": _BEGIN_US,
        "step": step,
        "customers": _CUSTOMERS,
        "cost": cost,
        "true": "true" if is_postgres(engine) else "1",
    }
    values = [value.format(**facts) for value in _COLUMNS.values()]
    if is_postgres(engine):
        values[0] = "'rcpt_' || lpad(n::text, 8, '0')"
        values[-2:] = ["'{}'::json", "'[]'::json"]
        source = f"FROM generate_series({first}::bigint, {last}::bigint) n"
        return f"INSERT INTO attempts ({', '.join(_COLUMNS)}) SELECT {', '.join(values)} {source}".replace("%", "%%")
    counting = f"WITH RECURSIVE counted(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM counted WHERE n < {last})"
    return f"INSERT INTO attempts ({', '.join(_COLUMNS)}) {counting} SELECT {', '.join(values)} FROM counted"


def _rollups(engine: sa.Engine, table: str, begins: str, span_us: int, source: str, at: str) -> str:
    exact = "sum({0})" if is_postgres(engine) else "exact_sum({0})"
    counted = {
        "requests": "count(*)",
        "attempts": "count(*)",
        "answered": "count(*)",
        "failed": "sum(CASE WHEN outcome = 'failed' THEN 1 ELSE 0 END)",
        **{name: f"sum({name})" for name in ("input_tokens", "output_tokens")},
        **{name: exact.format(name) for name in EXACT_SUMS},
    }
    values = [counted.get(name, "0") for name in COUNTS]
    whose = "customer_id, key_id, plan, served_model, lineup"
    begin = f"{at} - {at} % {span_us}"
    text = (
        f"INSERT INTO {table} ({begins}, {whose}, {', '.join(COUNTS)}) SELECT {begin}, {whose}, {', '.join(values)} "
        f"FROM {source} GROUP BY {begin}, {whose}"
    )
    return text.replace("%", "%%") if is_postgres(engine) else text
