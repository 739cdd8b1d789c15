"""Every number of the `costs` report over the sandbox's bills, from the rows it came from.

The rows are read with `csv` and summed with `Decimal`; nothing of the ledger is used but what it answers.
"""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, localcontext
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from finops_guard.sources.sandbox import estate
from finops_guard.sources.sandbox.bills import write_bills
from finops_guard.sources.sandbox.policy import SHIPPED
from tests.cli.command import finops_guard

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
RATE = Decimal("0.92")
TEAMS = {"vision", "nlp", "forecasting", "netops", "platform"}
WORK = {"training", "fine-tuning", "inference", "batch-inference", "evaluation", "data-prep", "notebook"}
SHARED = """\
shared:
  - {charge: {service: Amazon Elastic Kubernetes Service}, split_by: accelerator_hours}
  - {charge: {service: AWS Support (Business)}, split_by: cost}
"""
EKS, SUPPORT = "Amazon Elastic Kubernetes Service", "AWS Support (Business)"
GPUS = {"p4d": 8, "p4de": 8, "p5": 8, "trn1": 16, "inf2": 1, "g4dn": 1, "g5": 1, "g6": 1, "g6e": 1}
FOUR = {"g5.12xlarge", "g6.12xlarge", "g6e.12xlarge"}
PATHS = {
    r"AWS-(In|Out)-Bytes$": "cross-region",
    r"DataTransfer-Regional-Bytes$": "cross-zone",
    r"DataTransfer-Out-Bytes$": "internet",
    r"NatGateway-": "nat",
    r"TransitGateway-": "hub",
    r"VpcEndpoint-": "endpoint",
    r"(LoadBalancerUsage|LCUUsage)$": "balancer",
    r"PublicIPv4:": "address",
    r"^EqFA5-": "private-circuit",
    r"-(DataProcessing-Bytes|VendedLog-Bytes)$": "telemetry",
}


@dataclass
class Row:
    """A row of the bills, with its canonical tags; `clash`: the keys whose spellings disagree."""

    cells: dict[str, str]
    tags: dict[str, str]
    clash: set[str]

    def __getitem__(self, name: str) -> str:
        return self.cells[name]

    @property
    def cost(self) -> Decimal:
        return Decimal(self["EffectiveCost"]) * RATE

    @property
    def team(self) -> str | None:
        return self.tags.get("team")


@contextmanager
def two_teams(folder: Path) -> Iterator[None]:
    """In this company a job and a machine belong to two teams: what a bill cannot say of them is counted too."""
    both = r"(name: (?:meldpunt-sft|vision-lab),.*\n.*)(?:case|typo): 1"
    text, changes = re.subn(both, r"\1conflict: 1", estate.DATA.read_text("utf-8"))
    assert changes == 2
    company = folder / estate.DATA.name
    company.write_text(text, "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(estate, "DATA", company)
        yield


@pytest.fixture(scope="module", autouse=True)
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with two_teams(tmp_path_factory.mktemp("company")):
        yield


def of(cells: dict[str, str]) -> Row:
    spelt: dict[str, set[str]] = defaultdict(set)
    for key, value in json.loads(cells["Tags"] or "{}").items():
        canonical = key.lower().replace("_", "-")
        spelt["model-version" if canonical == "modelversion" else canonical].add(value)
    clash = {key for key, values in spelt.items() if len(values) > 1}
    tags = {key: values.pop() for key, values in spelt.items() if key not in clash}
    return Row(cells, {key: value for key, value in tags.items() if value}, clash)


@pytest.fixture(scope="module", autouse=True)
def digits() -> Iterable[None]:
    with localcontext() as context:
        context.prec = 76
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reconciled")
    write_bills(folder, NOW)
    text = re.sub(r"(?ms)^(costs|rates|shared|budgets|units):.*?(?=^\S)", "", SHIPPED.read_text("utf-8"))
    (folder / "policy.yaml").write_text(text.replace("\npacks:", f"\n{SHARED}\npacks:"), "utf-8")
    return folder


@pytest.fixture(scope="module")
def rows(folder: Path) -> list[Row]:
    found = []
    for path in sorted((folder / "bills").iterdir()):
        with gzip.open(path, "rt", newline="", encoding="utf-8") as file:
            found += [of(cells) for cells in csv.DictReader(file)]
    return found


@pytest.fixture(scope="module")
def report(folder: Path) -> dict[str, Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        given = ("-p", folder / "policy.yaml", "--by", "team,service", "-f", "json")
        ran = finops_guard("costs", folder / "bills", *given)
    assert ran.code == 0, ran.err
    return dict(json.loads(ran.out))


@pytest.fixture(scope="module")
def usage(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row["ChargeCategory"] == "Usage"]


def summed(rows: Iterable[Row], by: Callable[[Row], Any]) -> dict[Any, Decimal]:
    sums: dict[Any, Decimal] = defaultdict(Decimal)
    for row in rows:
        sums[by(row)] += row.cost
    return dict(sums)


def euros(cost: dict[str, str]) -> Decimal:
    assert cost.keys() <= {"EUR"}
    return Decimal(cost.get("EUR", "0"))


def groups(listed: list[dict[str, Any]], *names: str) -> dict[Any, Decimal]:
    found = {tuple(each[name] for name in names): euros(each["cost"]) for each in listed}
    assert len(found) == len(listed), "a group stands there twice"
    return found


def test_files_and_totals(report: dict[str, Any], rows: list[Row], folder: Path) -> None:
    for file in report["files"]:
        own = [row for row in rows if row["BillingPeriodStart"][:7] == Path(file["path"]).name[12:19]]
        assert file["rows"] == len(own)
        for metric, column in (("effective", "EffectiveCost"), ("billed", "BilledCost"), ("list", "ListCost")):
            assert Decimal(file["total"][metric]["USD"]) == sum(Decimal(row[column]) for row in own)
    assert len(report["files"]) == len(list((folder / "bills").iterdir()))
    assert (report["rows"], report["rows_untold"]) == (len(rows), 0)
    assert euros(report["total"]) == sum(row.cost for row in rows)


def test_groups(report: dict[str, Any], rows: list[Row], usage: list[Row]) -> None:
    by = {(each["key"]["team"], each["key"]["service"]): euros(each["cost"]) for each in report["by"]}
    assert by == summed(rows, lambda row: (row.team, row["ServiceName"]))
    assert groups(report["charges"], "charge_category") == summed(rows, lambda row: (row["ChargeCategory"],))
    assert groups(report["services"], "service") == summed(rows, lambda row: (row["ServiceName"],))
    assert euros(report["usage"]) == sum(row.cost for row in usage)
    assert sum(each["rows"] for each in report["by"]) == len(rows)


def valid(row: Row) -> bool:
    project, work = row.tags.get("project", ""), row.tags.get("workload-type")
    return bool(re.fullmatch("[a-z][a-z0-9-]{2,39}", project)) and row.team in TEAMS and work in WORK


def test_allocation(report: dict[str, Any], usage: list[Row]) -> None:
    allocation, whole = report["allocation"], sum(row.cost for row in usage)
    assert allocation["rule"] == "ai-tags/whose"
    good = summed((row for row in usage if valid(row)), lambda row: row.team)
    every = summed(usage, lambda row: row.team)
    assert {each["team"]: euros(each["cost"]) for each in allocation["teams"]} == every
    assert {each["team"]: euros(each["valid"]) for each in allocation["teams"] if each["valid"]} == good
    assert euros(allocation["valid"]) == sum(good.values())
    assert allocation["share"] == round(float(sum(good.values()) / whole), 4)
    # What would be valid if its team were clear: nobody can tell.
    unclear = sum(row.cost for row in usage if "team" in row.clash and row.tags.get("workload-type") in WORK)
    assert sum(euros(each["unknown"]) for each in allocation["teams"]) == unclear > 0
    for each in allocation["present"]:
        assert euros(each["cost"]) == sum(row.cost for row in usage if each["key"] in row.tags)
        assert each["share"] == round(float(euros(each["cost"]) / whole), 4)


def test_untagged(report: dict[str, Any], usage: list[Row]) -> None:
    bare = [row for row in usage if not {"project", "team", "workload-type"} & {*row.tags, *row.clash}]
    by = groups(report["untagged"]["by"], "account", "account_name", "service")
    assert by == summed(bare, lambda row: (row["SubAccountId"], row["SubAccountName"], row["ServiceName"]))
    assert euros(report["untagged"]["cost"]) == sum(by.values())


def path_of(row: Row) -> str | None:
    return next((path for pattern, path in PATHS.items() if re.search(pattern, row["x_UsageType"])), None)


def test_network(report: dict[str, Any], usage: list[Row]) -> None:
    expected = summed((row for row in usage if path_of(row)), path_of)
    assert {each["path"]: euros(each["cost"]) for each in report["network"]} == expected
    hidden = summed((row for row in usage if path_of(row) and row["ServiceCategory"] != "Networking"), path_of)
    assert {each["path"]: euros(each["elsewhere"]) for each in report["network"] if each["elsewhere"]} == hidden
    transfer = [path for path in expected if path not in {"private-circuit", "hub", "balancer", "endpoint", "address"}]
    assert sum(hidden.values()) == sum(expected[path] for path in transfer) > sum(expected.values()) / 2


def test_marketplace(report: dict[str, Any], rows: list[Row]) -> None:
    sold = [row for row in rows if row["PublisherName"] != row["InvoiceIssuerName"]]
    by = groups(report["marketplace"]["by"], "publisher", "service", "charge_category")
    assert by == summed(sold, lambda row: (row["PublisherName"], row["ServiceName"], row["ChargeCategory"]))
    assert report["marketplace"]["rows_unknown"] == 0
    assert report["allocated"] == []


def accelerators(row: Row) -> int:
    machine = re.search(r"(?:Usage|Notebk|Train|Host):(?:ml\.)?([a-z0-9]+)\.([0-9a-z]+)", row["x_UsageType"])
    if machine is None or row["ConsumedUnit"] != "Hours":
        return 0
    return 4 if f"{machine[1]}.{machine[2]}" in FOUR else GPUS.get(machine[1], 0)


def test_showback(report: dict[str, Any], rows: list[Row]) -> None:
    own = summed(
        (row for row in rows if row["ServiceName"] not in {EKS, SUPPORT}),
        lambda row: row.team if row.team in TEAMS else None,
    )
    shown = {each["team"]: each for each in report["showback"]}
    assert {team: euros(each["own"]) for team, each in shown.items() if each["own"]} == own
    together = sum(euros(each["own"]) + euros(each["shared"]) for each in shown.values())
    assert together == euros(report["total"])
    hours: dict[str | None, Decimal] = defaultdict(Decimal)
    for row in rows:
        if accelerators(row) and row.team is not None:
            hours[row.team if row.team in TEAMS else None] += Decimal(row["ConsumedQuantity"]) * accelerators(row)
    pots = summed(rows, lambda row: row["ServiceName"])
    for team, each in shown.items():
        expected = pots[EKS] * hours[team] / sum(hours.values()) + pots[SUPPORT] * own[team] / sum(own.values())
        assert abs(euros(each["shared"]) - expected) < Decimal("1e-9")


def test_unusual_days(report: dict[str, Any], usage: list[Row]) -> None:
    days = summed(
        (row for row in usage if row["ChargeClass"] != "Correction"),
        lambda row: (
            row["SubAccountId"],
            row.team,
            row["ServiceName"],
            date.fromisoformat(row["ChargePeriodStart"][:10]),
        ),
    )
    found = report["unusual"]["days"]
    for each in found:
        day = date.fromisoformat(each["day"])
        group = (each["account"], each["team"], each["service"])
        assert euros(each["cost"]) == days[*group, day]
        before = [day - timedelta(weeks=weeks) for weeks in range(1, 9)]
        same = [days.get((*group, each), Decimal(0)) for each in before if each >= date(2026, 9, 1)]
        assert euros(each["usual"]) == median(same)
    bedrock = [each for each in found if each["service"] == "Amazon Bedrock"]
    assert [(each["day"], each["team"]) for each in bedrock] == [("2026-11-19", "nlp")]
    assert bedrock[0]["cause"].endswith("application-inference-profile/meldpunt-chat")
    assert report["unusual"]["unknown"] is None


def test_tags_and_period(report: dict[str, Any], rows: list[Row]) -> None:
    spelt = Counter(key for row in rows for key in json.loads(row["Tags"] or "{}"))
    assert Counter({raw: count for tag in report["tags"] for raw, count in tag["spellings"].items()}) == spelt
    assert report["period"] == {
        "since": None,
        "until": None,
        "first": min(row["ChargePeriodStart"] for row in rows)[:10],
        "last": max(row["ChargePeriodStart"] for row in rows)[:10],
        "complete": "2026-11-22",
    }
