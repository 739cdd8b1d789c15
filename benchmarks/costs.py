"""The cost ledger on a generated FOCUS Parquet: ingestion and three queries beside hand-written SQL on the same file.

`benchmarks/costs.py 10000000` runs at full size; the default keeps `make bench` short. Each figure is the best of three
after one warm run. Hand-written SQL reads what the exporter wrote: amounts as decimals, tags as a map. pandas stands
beside it where it is installed.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb

from finops_guard.costs.asks import Ask
from finops_guard.costs.ledger import Ledger, open_ledger
from finops_guard.costs.reach import Reach
from finops_guard.model import All, Compare, Ref
from finops_guard.model.money import CostSource

ROWS = 1_000_000
TIMES_SLOWER = 1.5
MOST_MEMORY = 1024**3
START, END = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
GENERATE = """COPY (SELECT
  CAST(h % 100000 * 0.0001 AS DECIMAL(38, 14)) AS BilledCost,
  CAST(h % 100000 * 0.0000913 AS DECIMAL(38, 14)) AS EffectiveCost,
  CAST(h % 100000 * 0.00011 AS DECIMAL(38, 14)) AS ListCost,
  'USD' AS BillingCurrency, '999999999999' AS BillingAccountId,
  TIMESTAMP '2026-09-01' + INTERVAL 1 HOUR * CAST(i * 2184 // {rows} AS INT) AS ChargePeriodStart,
  TIMESTAMP '2026-09-01 01:00:00' + INTERVAL 1 HOUR * CAST(i * 2184 // {rows} AS INT) AS ChargePeriodEnd,
  CASE WHEN h % 50 = 0 THEN 'Tax' ELSE 'Usage' END AS ChargeCategory, CAST(NULL AS VARCHAR) AS ChargeClass,
  'AWS' AS ProviderName, 'Amazon Web Services, Inc.' AS PublisherName,
  lpad(CAST(h % 40 AS VARCHAR), 12, '1') AS SubAccountId, 'us-east-' || h % 4 AS RegionId,
  'Service ' || h % 30 AS ServiceName, 'Compute' AS ServiceCategory, 'Usage ' || h % 400 AS SkuMeter,
  'arn:aws:ec2:::instance/i-' || h % 50000 AS ResourceId, CAST(h % 1000 AS DECIMAL(38, 14)) AS ConsumedQuantity,
  'Requests' AS ConsumedUnit,
  CASE WHEN h % 10 < 3 THEN NULL ELSE MAP {{'team': 'team-' || h % 25,
    'environment': ['prod', 'dev', 'test'][h % 3 + 1],
    'project': 'project-' || h % 200, 'model-version': 'v' || h % 12, 'cost-center': 'cc-' || h % 40}} END AS Tags
  FROM (SELECT i, CAST(hash(i + 42) % 1000000007 AS BIGINT) AS h FROM range({rows}) AS r(i))
) TO '{path}' (FORMAT parquet, COMPRESSION zstd)"""
QUERIES = {
    "budget": (
        Ask("effective", Compare(Ref("tag", "team"), "eq", "team-7"), ("day",), START, END),
        """SELECT CAST(ChargePeriodStart AS DATE), BillingCurrency, sum(EffectiveCost) FROM rows
        WHERE Tags['team'] = 'team-7' AND ChargePeriodStart >= TIMESTAMP '2026-11-01'
        AND ChargePeriodStart < TIMESTAMP '2026-12-01' GROUP BY ALL""",
    ),
    "allocation": (
        Ask("effective", None, ("tags.team", "service")),
        "SELECT Tags['team'], ServiceName, BillingCurrency, sum(EffectiveCost) FROM rows GROUP BY ALL",
    ),
    "unit": (
        Ask(
            "effective",
            All((Compare(Ref("tag", "project"), "eq", "project-7"), Compare(Ref("tag", "environment"), "eq", "prod"))),
            ("tags.model-version", "day"),
            START,
            END,
        ),
        """SELECT Tags['model-version'], CAST(ChargePeriodStart AS DATE), BillingCurrency, sum(EffectiveCost),
        sum(ConsumedQuantity) FROM rows WHERE Tags['project'] = 'project-7' AND Tags['environment'] = 'prod'
        AND ChargePeriodStart >= TIMESTAMP '2026-11-01' AND ChargePeriodStart < TIMESTAMP '2026-12-01'
        GROUP BY ALL""",
    ),
}
PANDAS = """
import sys, time, resource, pandas
began = time.perf_counter()
rows = pandas.read_parquet(sys.argv[1], columns=["EffectiveCost", "ServiceName", "Tags"])
rows["team"] = rows["Tags"].map(lambda tags: dict(tags).get("team") if tags is not None else None)
rows.groupby(["team", "ServiceName"], dropna=False)["EffectiveCost"].sum()
print(f"{time.perf_counter() - began:.2f} s, {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")
"""


def best(run: Callable[[], object]) -> float:
    """Seconds of the best of three, after one that warms up."""
    times = []
    for _ in range(4):
        began = time.perf_counter()
        run()
        times.append(time.perf_counter() - began)
    return min(times[1:])


def by_hand(path: Path) -> duckdb.DuckDBPyConnection:
    """DuckDB with the file as the view `rows`, and the threads and memory that the ledger has."""
    base = duckdb.connect(config={"memory_limit": "640MiB", "threads": str(min(4, os.cpu_count() or 1))})
    base.execute(f"CREATE VIEW rows AS SELECT * FROM read_parquet('{path}')")  # noqa: S608 - our own path
    return base


def compared(book: Ledger, path: Path) -> None:
    """Print each query's time through the ledger and by hand, and that both answer the same."""
    base = by_hand(path)
    for name, (ask, sql) in QUERIES.items():
        ours = sum(one.amount for one in book.totals(ask))
        place = len(ask.by) + 1
        theirs = sum((row[place] for row in base.execute(sql).fetchall()), Decimal(0))
        assert ours == theirs, (name, ours, theirs)
        asked = best(lambda ask=ask: book.totals(ask))  # type: ignore[misc]
        written = best(lambda sql=sql: base.execute(sql).fetchall())  # type: ignore[misc]
        print(f"  {name:<11} {asked:7.3f} s through the ledger, {written:7.3f} s by hand: {asked / written:.2f}x")
        assert asked <= written * TIMES_SLOWER, f"{name} takes more than {TIMES_SLOWER} times as long"
    base.close()


def beside(path: Path) -> None:
    """Print what pandas takes for the allocation, in a process of its own."""
    if importlib.util.find_spec("pandas") is None:
        print("  pandas      skipped: not installed")
        return
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-c", PANDAS, str(path)], check=False, capture_output=True, text=True
    )
    print(f"  pandas      allocation {done.stdout.strip() or done.stderr.strip().splitlines()[-1]}")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="?", type=int, default=ROWS)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "focus.parquet")
        generate = f"SET enable_progress_bar = false; {GENERATE.format(rows=rows, path=path)}"
        script = f"import duckdb; duckdb.execute({generate!r})"
        subprocess.run([sys.executable, "-c", script], check=True)  # noqa: S603 - its memory is not ours
        reach = Reach(datetime(2026, 12, 1, tzinfo=UTC), Path(folder), Path(folder, "cache"))
        source = [CostSource("focus", {"path": path.name})]
        keys = ("team", "project", "environment", "model-version")
        began, worked = time.perf_counter(), time.process_time()
        open_ledger(source, reach, keys=keys).close()
        took, worked = time.perf_counter() - began, time.process_time() - worked
        print(f"{rows:,} rows, {path.stat().st_size / 1e6:.0f} MB of Parquet")
        print(f"  ingested in {took:.1f} s: {rows / took:,.0f} rows/s, {worked:.1f} CPU s")
        began = time.perf_counter()
        with open_ledger(source, reach, keys=keys) as book:
            print(f"  opened again in {time.perf_counter() - began:.2f} s")
            compared(book, path)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(f"  peak memory {peak / 1024**2:.0f} MiB; goal: {MOST_MEMORY / 1024**2:.0f} MiB")
        beside(path)
        assert peak < MOST_MEMORY, "takes more memory than it may"
    print(f"goal: {TIMES_SLOWER}x; load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
