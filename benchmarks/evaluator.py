"""Ten rules × 100,000 resources, all in the population: judgements per CPU second, beside Cloud Custodian's filters.

5 % of the judgements fail with reasons, 1 % are unknown. Both engines judge the same facts and must count the same
failures, or no ratio is printed. Cloud Custodian (c7n) has no unknown: it gets those values as absent, by rules that
such a value does not fail.
"""

from __future__ import annotations

import gc
import hashlib
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from finops_guard.evaluate import Evaluator
from finops_guard.language.bind import bind_rule
from finops_guard.language.document import Document
from finops_guard.language.pack import load_pack
from finops_guard.model import All, Binding, Money, Resource, Series, Tags

RESOURCES = int(os.environ.get("RESOURCES", "100000"))
ROUNDS = 3
FAILING, UNKNOWN = 0.05, 0.025  # of ten rules; of the four that may be unknown
CUSTODIAN_SHARE = 5  # it is slow: every fifth resource
PEER = Path(__file__).resolve().parent.parent / ".venv-peers/c7n"
NOW = datetime(2026, 11, 14, 9, 30, tzinfo=UTC)
METRIC = "usage.accelerator_percent"
FIELD_OF = {"age": "age", "cost": "cost.month", "region": "region", "idle": METRIC}
TEAMS = tuple(f"team-{n}" for n in range(200))
PACK = """
pack: bench
version: 1.0.0
params:
  teams: {type: list}
rules:
  required-tags:
    {title: t, severity: high, match: {ai: true}, require: {tags: {project: {exists: true}, dataset: {exists: true}}}}
  allowed-values:
    {title: t, severity: high, match: {ai: true}, require: {tags: {workload-type: [training, inference, notebook]}}}
  spelling:
    {title: t, severity: low, match: {ai: true}, require: {tags: {model-version: {matches: '[a-z][a-z0-9-]{2,39}'}}}}
  known-team:
    {title: t, severity: high, match: {kind: [vm, notebook]}, require: {tags: {team: {in: $teams}}}}
  region:
    {title: t, severity: low, match: {cloud: aws}, require: {region: [eu-west-1, eu-central-1]}}
  age:
    {title: t, severity: low, match: {kind: vm}, require: {age: {lte: 400d}}}
  cost:
    {title: t, severity: high, match: {kind: vm}, require: {cost: {month: {lte: 20000 EUR}}}}
  idle:
    title: t
    severity: high
    match: {state: running, accelerators: {count: {gte: 1}}}
    require: {usage: {accelerator_percent: {gte: 5%, over: 3d}}}
  spot:
    title: t
    severity: medium
    match: {tags: {environment: {exists: true}}}
    require: {any: [{purchase: [spot, reserved]}, {tags: {environment: [prod]}}]}
  size:
    {title: t, severity: low, match: {ai: true}, require: {accelerators: {count: {lte: 8}}}}
"""
RULES = list(Document("bench.yaml", PACK).data["rules"])


def binding() -> Binding:
    """The ten rules, for everything."""
    pack, problems = load_pack(Document("bench.yaml", PACK))
    assert pack is not None
    assert not problems, problems
    rules = tuple(bind_rule(rule, {"teams": TEAMS}) for rule in pack.rules.values())
    return Binding("bench", pack, rules, All(()), "dry-run", frozenset({"notify"}))


def estate(expected: Counter[str] | None = None, *, hourly: bool = False) -> Iterator[Resource]:
    """The same machines each time; what they must come to is counted. `hourly`: a metric of 72 points, not a number."""
    random_ = random.Random(7)
    for number in range(RESOURCES):
        fails = {rule for rule in RULES if random_.random() < FAILING}
        unknowns = {rule for rule in FIELD_OF if random_.random() < UNKNOWN} - fails
        if expected is not None:
            verdicts = dict.fromkeys(RULES, "pass") | dict.fromkeys(unknowns, "unknown") | dict.fromkeys(fails, "fail")
            expected.update(f"{rule} {verdict}" for rule, verdict in verdicts.items())
        made = machine(number, fails, unknowns, random_)
        if hourly and isinstance(busy := made.fields.get(METRIC), float):
            made.fields[METRIC] = Series(NOW, 3600, tuple(busy + hour / 100 for hour in range(72)))
        yield made


def machine(number: int, fails: set[str], unknowns: set[str], random_: random.Random) -> Resource:
    """A machine that fails just those rules."""
    tags: dict[str, str | None] = {
        "project": f"project-{number % 500}",
        "dataset": f"set-{number % 70}",
        "workload-type": random_.choice(("training", "inference", "notebook")),
        "model-version": f"model-{number % 300}",
        "team": random_.choice(TEAMS),
        "environment": "dev" if "spot" in fails else random_.choice(("prod", "dev")),
        "cost-center": f"cc-{number % 40}",
        "name": f"gpu-{number}",
    }
    wrong = {
        "required-tags": ("dataset", None),
        "allowed-values": ("workload-type", "trainning"),
        "spelling": ("model-version", f"Model {number % 30}"),
        "known-team": ("team", f"nobody-{number % 9}"),
    }
    for rule, (key, value) in wrong.items():
        if rule in fails:
            tags[key] = value
    busy = 1.0 if "idle" in fails else 40.0
    fields: dict[str, Any] = {
        "cloud": "aws",
        "account": f"{number % 30:012}",
        "region": "us-east-1" if "region" in fails else random_.choice(("eu-west-1", "eu-central-1")),
        "kind": "vm",
        "type": "AWS::EC2::Instance",
        "id": f"arn:aws:ec2:eu-west-1:111111111111:instance/i-{number:08x}",
        "state": "running",
        "ai": True,
        "age": 86_400 * (500 if "age" in fails else random_.randrange(1, 400)),
        "created": NOW - timedelta(days=random_.randrange(1, 400)),
        "purchase": "on-demand" if tags["environment"] == "dev" and "spot" in fails else "spot",
        "accelerators.count": 16 if "size" in fails else random_.choice((1, 4, 8)),
        "cost.month": Money(Decimal(30_000 if "cost" in fails else random_.randrange(10, 20_000)), "EUR"),
        METRIC: busy + random_.random(),
    }
    for rule in unknowns:
        del fields[FIELD_OF[rule]]
    return Resource(fields, Tags.of({key: value for key, value in tags.items() if value is not None}))


class Watch:
    """CPU seconds of making what is judged and of letting go of it, which are not those of judging."""

    def __init__(self) -> None:
        self.elsewhere = 0.0

    def paged(self, resources: Iterator[Resource], size: int = 250) -> Iterator[Resource]:
        """The resources, made a page at a time as a run reads them from its spool."""
        kept: deque[list[Resource]] = deque(maxlen=3)
        while True:
            start = time.process_time()
            kept.append(list(islice(resources, size)))
            self.elsewhere += time.process_time() - start
            if not kept[-1]:
                return
            yield from kept[-1]


def judged(resources: Iterable[Resource], used: Binding, watch: Watch | None = None) -> tuple[float, Counter[str]]:
    """CPU seconds from rules to a list of judgements; failures, unknowns and passes of each rule."""
    start = time.process_time()
    evaluator = Evaluator([used], NOW)
    found = list(evaluator.judge(resources))
    spent = time.process_time() - start - (watch.elsewhere if watch else 0.0)
    counts = Counter(f"{judgement.rule.name} {judgement.verdict}" for judgement in found)
    counts.update({f"{rule.removeprefix('bench/')} pass": passed for (_, rule), passed in evaluator.passed.items()})
    return spent, counts


CUSTODIAN: dict[str, dict[str, Any]] = {
    "required-tags": {"or": [{"tag:project": "absent"}, {"tag:dataset": "absent"}]},
    "allowed-values": {
        "type": "value", "key": "tag:workload-type", "op": "not-in", "value": ["training", "inference", "notebook"],
    },
    "spelling": {
        "not": [{"type": "value", "key": "tag:model-version", "op": "regex", "value": "^[a-z][a-z0-9-]{2,39}$"}],
    },
    "known-team": {"type": "value", "key": "tag:team", "op": "not-in", "value": list(TEAMS)},
    "region": {"type": "value", "key": "region", "op": "eq", "value": "us-east-1"},
    "age": {"type": "value", "key": "age", "op": "gt", "value": 400 * 86_400},
    "cost": {"type": "value", "key": "cost_month", "op": "gt", "value": 20_000},
    "idle": {"type": "value", "key": "accelerator_percent", "op": "lt", "value": 5},
    "spot": {
        "and": [
            {"tag:environment": "present"},
            {"type": "value", "key": "purchase", "op": "not-in", "value": ["spot", "reserved"]},
            {"type": "value", "key": "tag:environment", "op": "ne", "value": "prod"},
        ],
    },
    "size": {"type": "value", "key": "accelerators", "op": "gt", "value": 8},
}  # fmt: skip
"""What Cloud Custodian finds when the rule fails; its populations are left out, as every resource is in them."""


def custodian(records: list[dict[str, Any]]) -> tuple[float, Counter[str]] | None:
    """CPU seconds and failures by rule of c7n's filters on the same facts; None where it is not installed."""
    if not (PEER / ".installed").is_file():
        return None
    command = [str(PEER / "bin/python"), str(Path(__file__).with_name("_custodian.py"))]
    asked = json.dumps({"filters": CUSTODIAN, "records": records})
    told = subprocess.run(command, input=asked, capture_output=True, check=True, text=True)  # noqa: S603 - our own
    spent, counts = json.loads(told.stdout)
    return spent, Counter({f"{name} fail": count for name, count in counts.items()})


def record(resource: Resource) -> dict[str, Any]:
    """The resource as c7n knows resources: a plain map."""
    fields = resource.fields
    made: dict[str, Any] = {
        "InstanceId": resource.id,
        "Tags": [{"Key": key, "Value": value} for key, value in resource.tags.raw.items()],
        **{key: fields[key] for key in ("region", "state", "age", "purchase") if key in fields},
        "accelerators": fields["accelerators.count"],
    }
    if resource.month:
        made["cost_month"] = float(resource.month.amount)
    if isinstance(busy := fields.get(METRIC), float):
        made["accelerator_percent"] = busy
    return made


def main() -> None:
    """Print the figures."""
    used = binding()
    expected: Counter[str] = Counter()
    held = list(estate(expected))
    gc.collect()
    gc.freeze()
    total = len(RULES) * RESOURCES
    shares = ", ".join(
        f"{100 * sum(n for key, n in expected.items() if key.endswith(verdict)) / total:.1f} % {verdict}"
        for verdict in ("pass", "fail", "unknown")
    )
    digest = hashlib.sha256(repr(sorted(expected.items())).encode()).hexdigest()[:12]
    print(
        f"{len(RULES)} rules × {RESOURCES:,} resources, Python {platform.python_version()}: {shares}; counts {digest}"
    )
    rounds("read a page at a time, as a run does", used, expected, lambda watch: watch.paged(estate()))
    rounds("the same, idle by 72 hourly points", used, expected, lambda watch: watch.paged(estate(hourly=True)))
    rounds(f"{RESOURCES:,} held in memory", used, expected, lambda _: held)
    compare(held[::CUSTODIAN_SHARE], used)


def rounds(name: str, used: Binding, expected: Counter[str], made: Callable[[Watch], Iterable[Resource]]) -> None:
    """Judge several times and print the median."""
    times = []
    for _ in range(ROUNDS):
        watch = Watch()
        spent, counts = judged(made(watch), used, watch)
        assert counts == expected, "the verdicts are wrong"
        times.append(spent)
    rate, best = (len(RULES) * RESOURCES / 1e6 / seconds for seconds in (statistics.median(times), min(times)))
    state = "on, paused within a page" if gc.isenabled() else "off"
    print(
        f"{rate:6.2f} million judgements per CPU s: {name} (best {best:.2f}; gc {state}; load {os.getloadavg()[0]:.1f})"
    )


def compare(some: list[Resource], used: Binding) -> None:
    """The same resources through both engines."""
    theirs = custodian([record(resource) for resource in some])
    if theirs is None:
        print("c7n is not installed: not compared (`make bench` installs it where it can)")
        return
    spent, counts = theirs
    ours, mine = min((judged(some, used) for _ in range(ROUNDS)), key=lambda result: result[0])
    differing = {rule: (mine[f"{rule} fail"], counts[f"{rule} fail"]) for rule in RULES}
    differing = {rule: both for rule, both in differing.items() if both[0] != both[1]}
    assert not differing, f"the engines count different failures (ours, theirs): {differing}"
    rate = len(RULES) * len(some) / spent / 1e6
    print(f"{rate:6.2f} million: Cloud Custodian's filters on {len(some):,} of them, same failures")
    print(f"{spent / ours:6.1f} times as fast as those, compiling included")


if __name__ == "__main__":
    main()
