"""Every number of `budgets sandbox` and `units sandbox`, from the rows of the bills and from what runs.

The rows are read with `csv` and summed with `Decimal`; of the inventory, what was collected and its price an hour.
"""

from __future__ import annotations

import csv
import gzip
import json
import os
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import pytest

from finops_guard import books
from finops_guard.evaluate import need_of
from finops_guard.language.policy import load_policy
from finops_guard.model import Money, Notes, Resource
from finops_guard.sources import sandbox, targets
from tests.cli.command import finops_guard
from tests.cli.test_costs_reconciled import EKS, NOW, RATE, SUPPORT, TEAMS, Row, accelerators, of, two_teams

AT = f"{NOW:%Y-%m-%dT%H:%M:%SZ}"
DAY = timedelta(days=1)
MONTH, YEAR = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
CENT = Decimal("0.01")
OVER = {"completed", "failed", "deleting", "planned"}
NONE = Decimal(0)


@dataclass
class World:
    """The bills and the inventory at one moment."""

    rows: list[Row]
    resources: list[Resource]
    boundaries: dict[str, datetime]


def time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def day(row: Row) -> date:
    return time(row["ChargePeriodStart"]).date()


def used(row: Row) -> bool:
    return row["ChargeCategory"] == "Usage" and row["ChargeClass"] != "Correction"


@pytest.fixture(scope="module", autouse=True)
def digits() -> Iterator[None]:
    with localcontext() as context:
        context.prec = 60
        yield


@pytest.fixture(scope="module", autouse=True)
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with two_teams(tmp_path_factory.mktemp("company")):
        yield


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> World:
    """The same company at the same moment as in the commands."""
    kept = tmp_path_factory.mktemp("kept") / "bills"
    with sandbox.start(now=NOW) as box, sandbox.applied(box.environment):
        policy = load_policy(box.policy_path, NOW.date())
        shutil.copytree(box.policy_path.parent / "bills", kept)
        found = targets.collect(policy, ("aws",), need_of(policy), NOW, Notes(), jobs=8, environ=os.environ)
        environ = os.environ | {"XDG_CACHE_HOME": str(cache)}
        with books.opened(books.Asked(policy, NOW, environ=environ), Notes()) as money:
            resources = list(money.priced(found))
    rows = []
    for path in sorted(kept.iterdir()):
        with gzip.open(path, "rt", newline="", encoding="utf-8") as file:
            rows += [of(cells) for cells in csv.DictReader(file)]
    newest: dict[str, datetime] = {}
    for row in filter(used, rows):
        end, account = time(row["ChargePeriodEnd"]), row["SubAccountId"]
        if end - time(row["ChargePeriodStart"]) <= DAY and end <= NOW:
            newest[account] = max(end, newest.get(account, end))
    whole = {account: end.replace(hour=0, minute=0, second=0) - 2 * DAY for account, end in newest.items()}
    return World(rows, resources, whole)


def asked(command: str, cache: Path) -> dict[str, dict[str, Any]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(cache))
        ran = finops_guard(command, "sandbox", "--at", AT, "-f", "json", "-q")
    assert ran.code == 3, ran.err  # one cell is denied on purpose
    listed = json.loads(ran.out)[command]
    return {"/".join((each["name"], *(each.get("key") or {}).values())): each for each in listed}


@pytest.fixture(scope="module")
def budgets(cache: Path) -> dict[str, dict[str, Any]]:
    return asked("budgets", cache)


@pytest.fixture(scope="module")
def units(cache: Path) -> dict[str, dict[str, Any]]:
    return asked("units", cache)


LIMITS = {
    "vision": 260000, "nlp": 205000, "forecasting": 18000, "netops": 34000, "platform": 8000, "nobody": 110000,
    "vision-quota": 70000, "company": 7000000,
}  # fmt: skip
Says = Callable[[Any], bool]


def covers(name: str) -> Says:
    """Whether a budget is about a row or a resource; where the spellings of a tag disagree nobody can tell."""
    if name == "company":
        return lambda _: True
    if name == "nobody":
        return lambda of: team_of(of) is None and not unclear(of)
    return lambda of: team_of(of) == name.removesuffix("-quota")


def team_of(one: Row | Resource) -> str | None:
    if isinstance(one, Row):
        return one.team
    found = one.tags.look("team")
    return found if isinstance(found, str) and found else None


def unclear(one: Row | Resource) -> bool:
    if isinstance(one, Row):
        return "team" in one.clash
    found = one.tags.look("team")
    return found is not None and not isinstance(found, str)


def amount(name: str, row: Row) -> Decimal:
    """What a row comes to in the unit of a budget."""
    if name == "vision-quota":
        return accelerators(row) * Decimal(row["ConsumedQuantity"] or 0)
    return Decimal(row["BilledCost" if name == "company" else "EffectiveCost"]) * RATE


def start_of(name: str) -> datetime:
    return YEAR if name == "company" else MONTH


def billed(world: World, name: str) -> Decimal:
    start, of_it = start_of(name), covers(name)
    rows = (row for row in world.rows if start <= time(row["ChargePeriodStart"]) < NOW and of_it(row))
    return sum((amount(name, row) for row in rows), NONE)


def hour(name: str, resource: Resource) -> Decimal | None:
    """What an hour of it comes to, None where it does not count."""
    state = resource.look("state")
    if name == "vision-quota":
        count = resource.look("accelerators.count")
        return Decimal(str(count)) if isinstance(count, int) and state not in OVER | {"stopped"} else None
    price = resource.look("cost.hour")
    if not isinstance(price, Money) or state in OVER:
        return None
    return price.amount * {"USD": RATE, "EUR": Decimal(1)}[price.currency]


def accrued(world: World, name: str) -> Decimal:
    after: dict[str, Decimal] = defaultdict(Decimal)
    for row in world.rows:
        if row["ResourceId"] and used(row):
            since = max(world.boundaries[row["SubAccountId"]], start_of(name))
            if since <= time(row["ChargePeriodStart"]) < NOW:
                after[row["ResourceId"]] += amount(name, row)
    whole, of_it = NONE, covers(name)
    for resource in filter(of_it, world.resources):
        rate, account = hour(name, resource), resource.text("account")
        born = resource.started or resource.fields.get("created")
        moments = [at for at in (world.boundaries.get(account), born) if isinstance(at, datetime)]
        if rate is None or not moments:
            continue
        ran = Decimal(int((NOW - max(*moments, start_of(name))).total_seconds())) / 3600
        known = next((id_ for id_ in (resource.id, resource.id.rpartition("/")[2]) if id_ in after), "")
        whole += max(rate * max(ran, NONE) - after.get(known, NONE), NONE)
    return whole


def test_budgets(budgets: dict[str, dict[str, Any]], world: World) -> None:
    assert budgets.keys() == LIMITS.keys()
    for name, each in budgets.items():
        actual, ran, limit = billed(world, name), accrued(world, name), Decimal(LIMITS[name])
        assert (name, each["limit"], each["rolled_over"]) == (name, f"{limit:.2f}", "0.00")
        assert (name, each["actual"]) == (name, f"{actual:.2f}")
        assert (name, each["accrued"]) == (name, f"{ran:.2f}")
        assert ran > 0
        assert (name, each["remaining"]) == (name, f"{limit - actual - ran:.2f}")
        assert each["used_percent"] == float(round(actual / limit * 100, 1))
        assert each["accrued_percent"] == float(round((actual + ran) / limit * 100, 1))
        assert each["billed_until"] == f"{max(world.boundaries.values()):%Y-%m-%dT%H:%M:%SZ}"
        daily = sum(Decimal(amount) for _, amount in each["daily"])
        assert abs(daily - actual) <= CENT * len(each["daily"])


def test_rows_that_a_bill_cannot_tell_of_are_counted(budgets: dict[str, dict[str, Any]], world: World) -> None:
    lost = [row for row in world.rows if MONTH <= time(row["ChargePeriodStart"]) < NOW and "team" in row.clash]
    money = sum(Decimal(row["EffectiveCost"]) for row in lost)
    said = f"{len(lost)} billed rows ({money:,.2f} USD): the bill does not say whether they count"
    for name, each in budgets.items():
        assert (said in each["unknown"]) == (name != "company")


def bedrock(row: Row) -> bool:
    return row["ServiceName"] == "Amazon Bedrock" and row.tags.get("project") == "meldpunt"


def training(row: Row) -> bool:
    return row.tags.get("project") == "dijkscan" and row.tags.get("workload-type") == "training"


def network(row: Row) -> bool:
    return row.tags.get("project") in {"glaslijn", "netwacht"}


SELECTED: dict[str, Says] = {"meldpunt-1k-tokens": bedrock, "dijkscan-run": training, "network-gb": network}
COUNTED = {"meldpunt-1k-tokens": ("Tokens", 1000), "network-gb": ("GB", 1)}


def rates(rows: list[Row]) -> dict[str, Decimal]:
    """Shared cost by each euro that a team spends itself."""
    own: dict[str | None, Decimal] = defaultdict(Decimal)
    hours: dict[str | None, Decimal] = defaultdict(Decimal)
    pots: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        team = row.team if row.team in TEAMS else None
        if row["ServiceName"] in {EKS, SUPPORT}:
            pots[row["ServiceName"]] += row.cost
        else:
            own[team] += row.cost
        if row.team is not None:
            hours[team] += accelerators(row) * Decimal(row["ConsumedQuantity"] or 0)
    parts = {team: pots[EKS] * hours[team] / sum(hours.values()) for team in TEAMS}
    return {team: (parts[team] + pots[SUPPORT] * own[team] / sum(own.values())) / own[team] for team in TEAMS}


@dataclass
class Cost:
    """A unit over some days: money by value of its key, its shared part, and what was counted."""

    direct: dict[str | None, Decimal]
    shared: dict[str | None, Decimal]
    count: dict[str | None, Decimal]

    def whole(self) -> tuple[Decimal, Decimal, Decimal]:
        shared = sum(self.shared.values(), NONE)
        return sum(self.direct.values(), NONE) + shared, shared, sum(self.count.values(), NONE)

    def part(self, key: str) -> tuple[Decimal, Decimal, Decimal]:
        return self.direct[key] + self.shared[key], self.shared[key], self.count[key]


def cost(world: World, name: str, first: date, last: date) -> Cost:
    rows = [row for row in world.rows if first <= day(row) <= last]
    carried, selected = rates(rows), SELECTED[name]
    found = Cost(defaultdict(Decimal), defaultdict(Decimal), defaultdict(Decimal))
    unit, scale = COUNTED.get(name, ("", 1))
    for row in filter(selected, rows):
        key = row.tags.get("model-version") if name == "meldpunt-1k-tokens" else None
        if row["ServiceName"] not in {EKS, SUPPORT}:
            found.direct[key] += row.cost
            found.shared[key] += row.cost * carried.get(row.team or "", NONE)
        if used(row) and row["ConsumedUnit"].rpartition(" ")[2] == unit:
            many = int(row["ConsumedUnit"].rpartition(" ")[0] or 1)
            found.count[key] += Decimal(row["ConsumedQuantity"]) * many / scale
    for resource in world.resources if name == "dijkscan-run" else ():
        ended = resource.facts.get("ended")
        done = resource.kind == "training-job" and resource.look("state") == "completed"
        if done and resource.tags.look("project") == "dijkscan" and isinstance(ended, datetime):
            found.count[None] += first <= ended.date() <= last
    return found


def plain(value: Decimal) -> Decimal:
    return round(value, 12)


def held(said: dict[str, Any], expected: tuple[Decimal, Decimal, Decimal]) -> None:
    money, shared, count = expected
    assert (said["cost"], said["shared"]) == (f"{money:.2f}", f"{shared:.2f}")
    assert Decimal(said["count"]) == plain(count)
    assert abs(Decimal(said["unit_cost"]) - money / count) < Decimal("1e-11")
    if said["target"] is not None:
        target = Decimal(said["target"]["amount"])
        assert said["target_percent"] == pytest.approx(float(money / count / target * 100), abs=0.051)


def test_units(units: dict[str, dict[str, Any]], world: World) -> None:
    last = min(world.boundaries.values()).date() - DAY
    for name in SELECTED:
        said = units[name]
        first = last - DAY * 27 if name in COUNTED else NOW.date() - DAY * 29
        assert (said["last"], said["first"]) == (last.isoformat(), first.isoformat())
        assert said["days"] == (last - first).days + 1
        now = cost(world, name, first, last)
        assert sum(now.shared.values()) > 0
        held(said, now.whole())
        if name in COUNTED:
            then = cost(world, name, first - DAY * 28, last - DAY * 28).whole()
            change = (now.whole()[0] / now.whole()[2]) / (then[0] / then[2]) - 1
            assert said["change_percent"] == round(float(change) * 100, 1)
        else:
            assert said["change_percent"] is None  # what ended before is in no inventory


def test_parts_of_a_unit(units: dict[str, dict[str, Any]], world: World) -> None:
    whole = units["meldpunt-1k-tokens"]
    now = cost(world, "meldpunt-1k-tokens", date.fromisoformat(whole["first"]), date.fromisoformat(whole["last"]))
    parts = {name.partition("/")[2]: each for name, each in units.items() if name.startswith("meldpunt-1k-tokens/")}
    assert parts.keys() == {key for key in now.direct if key is not None} == {"1.1.0", "2.3.0"}
    for key, said in parts.items():
        held(said, now.part(key))
    total, nameless = now.whole()[0], now.direct.get(None, NONE) + now.shared.get(None, NONE)
    assert whole["coverage_percent"] == float(round((1 - nameless / total) * 100, 1))


def test_a_scan_says_the_same(
    budgets: dict[str, dict[str, Any]], units: dict[str, dict[str, Any]], cache: Path
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(cache))
        report = json.loads(finops_guard("scan", "sandbox", "--at", AT, "-f", "json", "-q").out)
    assert {each["name"]: each for each in report["budgets"]} == budgets
    assert {"/".join((each["name"], *each["key"].values())): each for each in report["units"]} == units
