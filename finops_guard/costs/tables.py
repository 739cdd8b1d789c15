"""The dated snapshot of facts that ships in `finops_guard/data`: accelerators, list prices, what is priced by what.

Every price keeps the source it was read from and the date of that source. A cell that is empty is not known; nothing
here fills one in. Files are read once, when the first price is asked for.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

COMMITMENT = "reserved for a year, nothing upfront"
"""What `committed_usd_h` is: the standard reservation of one machine for one year, paid by the hour."""
_PURCHASES = (("on_demand_usd_h", ""), ("spot_usd_h", " spot"), ("committed_usd_h", " reserved"))
_MIB_PER_GIB = 1024
_MIB = 1024**2


@dataclass(frozen=True, slots=True)
class Accelerator:
    """What accelerates one machine type. `count` and `memory_bytes` (of one) are None where the source does not say.

    A count that is no whole number (a share of a GPU) is None too: there is some, and how much is no count. `source`
    names where the specification was read, "memory, verify" in it where parts of it were not; `as_of` its date.
    """

    count: int | None
    model: str
    vendor: str
    memory_bytes: int | None
    source: str
    as_of: str


@dataclass(frozen=True, slots=True)
class Rate:
    """A list price in USD for one `unit` (machine-hour, GB-month, …) in one region. `as_of` is YYYY-MM-DD."""

    usd: Decimal
    unit: str
    region: str
    source: str
    as_of: str


@dataclass(frozen=True, slots=True)
class PricedBy:
    """How a resource type is priced.

    `by`: machine (its machine type's hour), meter (a meter's unit), size (GiB of it), usage (nothing while it idles) or
    parts (what it runs is in the inventory too). `resource` and `meter` may hold `{fact}` (before a machine's type,
    `meter` is what tells two prices of one machine apart); `times` names the fact that counts the units; `without` says
    what else the bill will hold.
    """

    by: str
    resource: str
    meter: str
    times: str
    without: str


@cache
def accelerators() -> Mapping[tuple[str, str], Accelerator]:
    """(cloud, folded machine type) -> its accelerators."""
    return {(row["provider"], _machine(row)): _accelerator(row) for row in rows("accelerators")}


def vcpus(cloud: str, instance_type: str) -> int | None:
    """The vCPUs of an accelerated machine type (ml.g5.xlarge is the hardware of g5.xlarge); None for any other."""
    count = _vcpus().get((cloud, instance_type.casefold().removeprefix("ml.")), "")
    return int(count) if count.isdecimal() else None


def memory_gib(cloud: str, instance_type: str) -> Decimal | None:
    """The memory of an accelerated machine type in GiB, not that of its accelerators; None for any other."""
    size = _memory().get((cloud, instance_type.casefold().removeprefix("ml.")), "")
    return Decimal(size) if size else None


def note(cloud: str, instance_type: str) -> str:
    """What the table of accelerated machines notes about one: why it has no price, what of it was not verified."""
    return _notes().get((cloud, instance_type.casefold()), "")


@cache
def _vcpus() -> Mapping[tuple[str, str], str]:
    return _column("vcpu")


@cache
def _memory() -> Mapping[tuple[str, str], str]:
    return _column("memory_gib")


@cache
def _notes() -> Mapping[tuple[str, str], str]:
    return _column("note")


def _column(name: str) -> Mapping[tuple[str, str], str]:
    return {(row["provider"], _machine(row)): row[name] for row in rows("accelerators")}


@cache
def machines() -> Mapping[tuple[str, str, str], str]:
    """(cloud, resource, folded machine type) -> the type as its provider spells it, of every machine in the tables."""
    found = {}
    for row in rows("accelerators"):
        name = row["instance_type"].partition(" ")[0]
        found[row["provider"], "ec2" if row["provider"] == "aws" else "vm", name.casefold()] = name
    for row in rows("machines"):
        if row["resource"] != "rds":
            found[row["provider"], row["resource"], row["machine"].casefold()] = row["machine"]
    return found


@cache
def rates() -> Mapping[tuple[str, str, str], tuple[Rate, ...]]:
    """(cloud, resource, folded meter) -> its rates, the newest first.

    Machines are meters named by their type (Linux, one machine) of the resources `ec2`, `vm`, `sagemaker` and `rds`
    (there with the engine before the type); their spot price is one of `ec2 spot` and so on, that of COMMITMENT one
    of `ec2 reserved`.
    """
    found: dict[tuple[str, str, str], list[Rate]] = defaultdict(list)
    for row in rows("accelerators"):
        resource = "ec2" if row["provider"] == "aws" else "vm"
        where = (row["price_region"], row["price_source"], row["price_date"])
        _add_machine(found, row, (row["provider"], resource, _machine(row)), where)
    for row in rows("machines"):
        where = (row["region"], row["source"], row["source_date"])
        _add_machine(found, row, (row["provider"], row["resource"], row["machine"].casefold()), where)
    for row in (*rows("network_prices"), *rows("storage_prices"), *rows("billed_prices")):
        found[row["provider"], row["resource"], row["meter"].casefold()].append(
            Rate(Decimal(row["usd"]), row["unit"], row["region"], row["source"], day(row["source_date"]))
        )
    return {key: tuple(sorted(some, key=lambda rate: rate.as_of, reverse=True)) for key, some in found.items()}


def _add_machine(
    found: dict[tuple[str, str, str], list[Rate]],
    row: Mapping[str, str],
    machine: tuple[str, str, str],
    where: tuple[str, str, str],
) -> None:
    (cloud, resource, name), (region, source, date) = machine, where
    for column, suffix in _PURCHASES:
        if row.get(column):
            rate = Rate(Decimal(row[column]), "machine-hour", region, source, day(date))
            found[cloud, resource + suffix, name].append(rate)


@cache
def priced_by() -> Mapping[str, PricedBy]:
    """Folded resource type -> how it is priced."""
    columns = ("by", "resource", "meter", "times", "without")
    return {row["type"].casefold(): PricedBy(**{name: row[name] for name in columns}) for row in rows("priced_by")}


@cache
def machines_as_of(cloud: str) -> str | None:
    """The date of a cloud's machine prices, the oldest, YYYY-MM-DD; None for a cloud without any."""
    dated = (row["price_date"] for row in rows("accelerators") if row["provider"] == cloud)
    return min((day(text) for text in dated if text), default=None)


def rows(table: str) -> Iterator[dict[str, str]]:
    """Rows of one file of `finops_guard/data`, by column name, as text."""
    text = (files("finops_guard") / "data" / f"{table}.tsv").read_text(encoding="utf-8")
    yield from csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)


def day(text: str) -> str:
    """A source's date as YYYY-MM-DD. A month or a year counts from its first day: it may be as old as that."""
    return text + "-01-01"[len(text) - len("2026") :]


def _machine(row: Mapping[str, str]) -> str:
    # Azure ignores the case of a size's name. A TPU row is named "tpu-v6e (per chip-hour)".
    return row["instance_type"].partition(" ")[0].casefold()


def _accelerator(row: Mapping[str, str]) -> Accelerator:
    count = row["accelerator_count"]
    memory = row["accelerator_mem_gib_each"]
    return Accelerator(
        count=int(count) if count.isdecimal() else None,
        model=row["accelerator"],
        vendor=row["manufacturer"],
        # The providers count MiB; the file has them as GiB of six digits.
        memory_bytes=round(Decimal(memory) * _MIB_PER_GIB) * _MIB if memory else None,
        source=row["spec_source"],
        as_of=day(row["spec_date"]),
    )
