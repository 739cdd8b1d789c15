from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from datetime import date
from decimal import Decimal
from importlib.resources import files

import pytest

from finops_guard.costs import tables
from finops_guard.costs.accelerators import accelerator, is_accelerator_family

PRICE_TABLES = ("network_prices", "storage_prices", "billed_prices")
GIB = 1024**3
MIB = 1024**2


def day_of(text: str) -> str:
    return date.fromisoformat(tables.day(text)).isoformat()


@pytest.mark.parametrize("row", [*tables.rows("accelerators")], ids=lambda row: row["instance_type"])
def test_every_accelerator_row_has_its_sources_and_dates(row: dict[str, str]) -> None:
    assert row["provider"] in {"aws", "azure", "gcp"}
    assert row["spec_source"]
    assert day_of(row["spec_date"])
    assert row["accelerator"]
    assert row["manufacturer"]
    assert not row["accelerator_mem_gib_each"] or Decimal(row["accelerator_mem_gib_each"]) > 0
    assert re.fullmatch(r"\d*|\d/\d|4/3\?|fractional", row["accelerator_count"])
    for column in ("on_demand_usd_h", "spot_usd_h"):
        if row[column]:
            assert Decimal(row[column]) > 0
            assert row["price_source"]
            assert day_of(row["price_date"])
            assert row["price_region"]


def test_every_machine_row_has_its_source_and_date() -> None:
    for row in tables.rows("machines"):
        amounts = [row[column] for column in ("on_demand_usd_h", "spot_usd_h", "committed_usd_h") if row[column]]
        assert amounts, row
        assert all(Decimal(amount) > 0 for amount in amounts), row
        assert row["region"], row
        assert row["source"], row
        assert day_of(row["source_date"]), row
        # A machine costs less when it can be taken away, or is paid for a year.
        on_demand = row["on_demand_usd_h"]
        for cheaper in ("spot_usd_h", "committed_usd_h"):
            assert not on_demand or not row[cheaper] or Decimal(row[cheaper]) < Decimal(on_demand), row


def test_machines_are_in_the_order_of_tools_prices() -> None:
    keys = [
        (*(row[name] for name in ("provider", "resource", "machine", "region")), row["source"].partition("@")[0])
        for row in tables.rows("machines")
    ]
    assert keys == sorted(set(keys))


def test_the_price_tables_stay_small() -> None:
    folder = files("finops_guard") / "data"
    sizes = [len((folder / f"{table}.tsv").read_bytes()) for table in ("accelerators", "machines", *PRICE_TABLES)]
    assert sum(sizes) < 300_000


@pytest.mark.parametrize("row", [row for table in PRICE_TABLES for row in tables.rows(table)])
def test_every_meter_row_has_its_source_and_date(row: dict[str, str]) -> None:
    assert Decimal(row["usd"]).is_finite()
    assert Decimal(row["usd"]) >= 0
    assert row["unit"]
    assert row["region"]
    assert row["source"]
    assert day_of(row["source_date"])
    assert row["evidence"] in {"read", "third-party"}


@pytest.mark.parametrize("table", ["accelerators", "machines", "priced_by", *PRICE_TABLES])
def test_a_table_has_no_ragged_row_and_no_row_twice(table: str) -> None:
    some = list(tables.rows(table))
    assert all(None not in row and None not in row.values() for row in some)
    assert len({tuple(row.values()) for row in some}) == len(some)


def test_the_tables_are_whole() -> None:
    assert len(tables.accelerators()) == 158
    assert {key[0] for key in tables.accelerators()} == {"aws", "azure", "gcp"}
    # 155 of the accelerated types have a price of their own table, dl2q has one in Frankfurt only.
    machines = {key for key in tables.rates() if key[1] in {"ec2", "vm"}}
    assert len(machines & set(_listed())) == 156
    assert len(machines) > 300
    by_resource = Counter(resource for _, resource, _ in tables.rates())
    assert by_resource["sagemaker"] > 30
    assert by_resource["vm spot"] > 50
    assert by_resource["ec2 spot"] == 0
    assert by_resource["ec2 reserved"] > 50
    regions = {(cloud, rate.region) for (cloud, _, _), rates in tables.rates().items() for rate in rates}
    assert regions >= {("aws", "eu-west-1"), ("aws", "eu-central-1"), ("azure", "westeurope"), ("gcp", "europe-west4")}


def _listed() -> list[tuple[str, str, str]]:
    return [(cloud, "ec2" if cloud == "aws" else "vm", machine) for cloud, machine in tables.accelerators()]


def test_what_is_priced_by_a_named_meter_names_one_that_exists() -> None:
    known = {(resource, meter) for _, resource, meter in tables.rates()}
    for how in tables.priced_by().values():
        assert how.by in {"machine", "meter", "size", "usage", "parts"}
        if how.by == "meter" and "{" not in how.resource + how.meter:
            assert (how.resource, how.meter) in known


@pytest.mark.parametrize(
    ("text", "day"), [("2026", "2026-01-01"), ("2026-05", "2026-05-01"), ("2026-07-20", "2026-07-20")]
)
def test_a_partial_date_counts_from_its_first_day(text: str, day: str) -> None:
    assert tables.day(text) == day


@pytest.mark.parametrize(
    ("cloud", "machine", "expected"),
    [
        ("aws", "p5.48xlarge", (8, "H100", "nvidia", 80 * GIB)),
        ("aws", "ml.p5.48xlarge", (8, "H100", "nvidia", 80 * GIB)),
        ("aws", "g5.xlarge", (1, "A10G", "nvidia", 22888 * MIB)),
        ("aws", "trn1.32xlarge", (16, "TRAINIUM", "aws", 32 * GIB)),
        ("aws", "g6f.large", (None, "L4", "nvidia", 2861 * MIB)),
        ("aws", "dl2q.24xlarge", (8, "QUALCOMM-AI100", "qualcomm", None)),
        ("azure", "Standard_NC24ads_A100_v4", (1, "A100", "nvidia", 80 * GIB)),
        ("azure", "standard_nc24ads_a100_V4", (1, "A100", "nvidia", 80 * GIB)),
        ("azure", "Standard_NV6ads_A10_v5", (None, "A10", "nvidia", 4 * GIB)),
        ("azure", "Standard_NC32ads_A10_v4", (None, "A10", "nvidia", None)),
        ("gcp", "a2-highgpu-1g", (1, "A100", "nvidia", 40 * GIB)),
        ("gcp", "zones/us-central1-a/machineTypes/a2-highgpu-1g", (1, "A100", "nvidia", 40 * GIB)),
        ("gcp", "tpu-v5e", (1, "TPU V5E", "google", 16 * GIB)),
    ],
)
def test_accelerators_of_a_machine(cloud: str, machine: str, expected: tuple[object, ...]) -> None:
    found = accelerator(cloud, machine)
    assert found is not None
    assert (found.count, found.model, found.vendor, found.memory_bytes) == expected
    assert found.source
    assert day_of(found.as_of)


@pytest.mark.parametrize(
    ("cloud", "machine"),
    [("aws", "m5.large"), ("azure", "p5.48xlarge"), ("aws", ""), ("aws", "p9.metal"), ("oci", "p5.48xlarge")],
)
def test_a_machine_that_is_not_in_the_table_has_no_answer(cloud: str, machine: str) -> None:
    assert accelerator(cloud, machine) is None


@pytest.mark.parametrize(
    ("cloud", "machine"),
    [
        *((cloud, machine) for cloud, machine in tables.accelerators()),
        ("aws", "p6e-gb200.36xlarge"),
        ("aws", "trn2u.48xlarge"),
        ("aws", "p9.metal"),
        ("aws", "ml.g7e.2xlarge"),
        ("aws", "ml.inf2.xlarge"),
        ("azure", "Standard_ND96isr_H100_v5"),
        ("azure", "standard_nc6s_v3"),
        ("gcp", "a4-highgpu-8g"),
        ("gcp", "a4x-highgpu-4g"),
        ("gcp", "ct5lp-hightpu-4t"),
        ("gcp", "tpu7x-standard-4t"),
        ("gcp", "v5litepod-8"),
        ("gcp", "v4-8"),
    ],
)
def test_an_accelerator_family_is_known_by_its_name(cloud: str, machine: str) -> None:
    assert is_accelerator_family(cloud, machine)


@pytest.mark.parametrize(
    ("cloud", "machine"),
    [
        ("aws", "m5.large"),
        ("aws", "t4g.medium"),
        ("aws", "c7gn.large"),
        ("aws", "f1.2xlarge"),
        ("aws", "vt1.3xlarge"),
        ("aws", "im4gn.large"),
        ("aws", "i3.large"),
        ("aws", "d3.xlarge"),
        ("aws", "ml.t3.medium"),
        ("aws", "ml.m5.large"),
        ("aws", "db.r6g.large"),
        ("aws", "cache.g1.large"),
        ("aws", ""),
        ("azure", "Standard_NP10s"),
        ("azure", "Standard_NM16ads_MA35D"),
        ("azure", "Standard_D4s_v5"),
        ("gcp", "n2-standard-4"),
        ("gcp", "e2-medium"),
        ("gcp", "c3-standard-4"),
        ("gcp", "t2a-standard-1"),
        ("oci", "p5.48xlarge"),
    ],
)
def test_other_machines_are_not_of_an_accelerator_family(cloud: str, machine: str) -> None:
    assert not is_accelerator_family(cloud, machine)


def test_no_table_is_read_until_a_price_is_asked_for() -> None:
    code = (
        "import finops_guard.costs.prices, json\n"
        "from finops_guard.costs import tables as t\n"
        "print(json.dumps([f.cache_info().misses for f in (t.rates, t.accelerators, t.priced_by)]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert json.loads(done.stdout) == [0, 0, 0]
