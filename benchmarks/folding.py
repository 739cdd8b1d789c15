"""Daily inventories folded into Parquet: size, time and memory, and a backtest over them, beside the snapshots.

2,000 resources, of which 2 % change a day; the second estate also has an hourly metric over three days on every tenth,
which is new every day. Both are read back, the last days backtested, and must come out equal, or no ratio is printed.
Synthetic. RUNS and RESOURCES in the environment make it larger.
"""

from __future__ import annotations

import os
import random
import resource as limits
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from finops_guard.advice.backtest import Replay, backtest
from finops_guard.language.policy import load_policy
from finops_guard.model import Identity, Resource, Series, Tags
from finops_guard.state import folding, inventories, spool
from finops_guard.state.lease import acquire
from finops_guard.state.store import Store, open_store
from finops_guard.state.versions import Control

RUNS = int(os.environ.get("RUNS", "90"))
RESOURCES = int(os.environ.get("RESOURCES", "2000"))
CHANGED = 0.02
REPLAYED = 5
"""Runs in the backtest."""
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)
NOW = START + (RUNS + 2) * DAY
ACCOUNTS = tuple(f"{number:012}" for number in range(1, 21))
TYPE = "AWS::EC2::Instance"
SIZES = ("p4d.24xlarge", "g5.xlarge", "m6i.2xlarge", "c7g.4xlarge")
POLICY = """
policy: bench
owner: bench
packs:
  - {use: ai-tags, with: {teams: [team-1, team-2, team-3]}}
  - {use: accelerator-waste}
"""


def machine(random_: random.Random, number: int) -> Resource:
    """One as it is at first."""
    account, name = ACCOUNTS[number % len(ACCOUNTS)], f"i-{random_.getrandbits(68):017x}"
    size = random_.choice(SIZES)
    fields = {
        "cloud": "aws",
        "account": account,
        "region": random_.choice(("eu-west-1", "eu-central-1", "us-east-1")),
        "kind": "vm",
        "type": TYPE,
        "id": f"arn:aws:ec2:eu-west-1:{account}:instance/{name}",
        "name": f"train-{number}",
        "state": "running",
        "created": START - timedelta(hours=random_.randrange(20_000)),
    }
    tags = {
        "team": f"team-{random_.randrange(40)}",
        "project": f"project-{random_.randrange(300)}",
        "environment": random_.choice(("prod", "dev")),
        "model-version": f"llm-{random_.randrange(90)}",
        "cost-center": str(random_.randrange(9000)),
        "aws:autoscaling:groupName": f"group-{random_.getrandbits(40):x}",
    }
    facts: dict[str, object] = {
        "instance_type": size,
        "tenancy": "default",
        "image": f"ami-{random_.getrandbits(68):017x}",
        "subnet": f"subnet-{random_.getrandbits(68):017x}",
        "disks": [{"id": f"vol-{random_.getrandbits(68):017x}", "gib": random_.choice((100, 500, 2000))}],
    }
    return Resource(dict(fields), Tags.of(tags), facts=facts)


def estate(*, measured: bool) -> Iterator[list[Resource]]:
    """The inventory of each day."""
    random_ = random.Random(20261125)
    there = [machine(random_, number) for number in range(RESOURCES)]
    for day in range(RUNS):
        for place in random_.sample(range(RESOURCES), round(CHANGED * RESOURCES) if day else 0):
            each = there[place]
            what = random_.randrange(3)
            if what == 0:
                there[place] = machine(random_, place)
            elif what == 1:
                state = "stopped" if each.fields["state"] == "running" else "running"
                there[place] = Resource({**each.fields, "state": state}, each.tags, facts=each.facts)
            else:
                tags = Tags.of({**each.tags.raw, "team": f"team-{random_.randrange(40)}"})
                there[place] = Resource(each.fields, tags, facts=each.facts)
        if measured:
            for each in there[::10]:
                points = tuple(round(random_.uniform(0, 100), 2) for _ in range(72))
                each.fields["usage.cpu_percent"] = Series(START + day * DAY, 3600, points)
        yield there


def leave(store: Store, folder: Path, *, measured: bool) -> None:
    """What the runs leave."""
    who = tuple(Identity("aws", account, "role/scan") for account in ACCOUNTS)
    path = folder / "snapshot"
    for day, there in enumerate(estate(measured=measured)):
        at = START + day * DAY
        spool.write(there, path, partial(spool.Head, at, "ab" * 32, (), who))
        store.create(f"{inventories.SNAPSHOTS}/{at:%Y%m%dT%H%M%SZ}-bench", path.read_bytes())


def size(folder: Path) -> int:
    """Bytes of the files in a folder."""
    return sum(path.stat().st_size for path in folder.iterdir())


def read(store: Store, folder: Path) -> tuple[list[Control], float]:
    """A control total of each run's lines as readers get them; CPU seconds."""
    begun = time.process_time()
    found = []
    for path in inventories.fetched(store, inventories.runs(store), folder):
        control = Control()
        with spool.opened(path) as (_, _, lines):
            for line in lines:
                control.add(line.decode().rstrip("\n"))
        found.append(control)
    return found, time.process_time() - begun


def replayed(store: Store, folder: Path) -> tuple[object, float]:
    """What a backtest finds; CPU seconds."""
    replay = Replay(load_policy(folder / "finops-guard.yaml", START.date()), lambda _type, _verb: True)
    begun = time.process_time()
    backtest([replay], inventories.fetched(store, inventories.runs(store)[-REPLAYED:], folder), START, NOW)
    return (replay.told.failed, replay.told.deeds), time.process_time() - begun


def measure(name: str, *, measured: bool) -> None:
    """Fold one estate and print its line."""
    with TemporaryDirectory() as place:
        folder, state = Path(place), Path(place) / "state"
        (folder / "finops-guard.yaml").write_text(POLICY, "utf-8")
        store = open_store(str(state), folder)
        leave(store, folder, measured=measured)
        before = size(state / "snapshots")
        lines, reading = read(store, folder)
        told, replaying = replayed(store, folder)
        lease = acquire(store, "bench", NOW, DAY)
        begun = time.process_time()
        folding.compact(store, lease, lambda: NOW)
        spent = time.process_time() - begun
        after = size(state / "versions")
        folded_lines, reading_folded = read(store, folder)
        folded_told, replaying_folded = replayed(store, folder)
        if (folded_lines, folded_told) != (lines, told) or store.list("snapshots"):
            raise SystemExit(f"{name}: folded runs are not what they were")
        print(
            f"{name:12}{before / 1e6:10.2f}{after / 1e6:10.2f}{before / after:7.1f}x"
            f"{spent:9.1f}{reading:9.1f}{reading_folded:8.1f}{replaying:11.1f}{replaying_folded:8.1f}"
            f"{replaying_folded / replaying:7.2f}x"
        )


def main() -> None:
    """Print the figures."""
    print(
        f"{RUNS} runs x {RESOURCES:,} resources, {CHANGED:.0%} changed a day; "
        f"backtest of the last {REPLAYED}; MB, CPU seconds"
    )
    print(
        f"{'':12}{'snapshots':>10}{'folded':>10}{'':8}{'fold':>9}{'read':>9}{'folded':>8}{'backtest':>11}{'folded':>8}"
    )
    measure("plain", measured=False)
    measure("with usage", measured=True)
    peak = limits.getrusage(limits.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak RSS of all of it {peak:,.0f} MiB")


if __name__ == "__main__":
    main()
