"""A policy on disk, a made-up cloud and a state: enforcing runs as they really are, from collecting to keeping."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from finops_guard import orders, pipeline
from finops_guard.language.policy import load_policy
from finops_guard.model import Identity, Notes, Report
from finops_guard.sources import targets
from finops_guard.state.store import Store, open_store
from tests.apply.cloud import Cloud, Machine

ACCOUNT = "111111111111"
START = datetime(2026, 3, 2, 9, tzinfo=UTC)  # a Monday
DAY = timedelta(days=1)
FACTS = {"facts": {"instance_type": "g5.xlarge", "tenancy": "default"}}
PACK = """\
pack: own
version: 1.2.0
rules:
  whose:
    title: Machines say whose they are
    severity: high
    match: {kind: vm}
    require: {tags: {team: {exists: true}}}
    otherwise:
      - {do: notify}
      - {do: tag, set: {finops: asked}, after: 1d}
      - {do: stop, after: 3d}
  kept:
    title: Machines that run are kept on purpose
    severity: low
    match: {kind: vm, state: running}
    require: {tags: {keep: {exists: true}}}
    otherwise:
      - {do: notify}
      - {do: stop, after: 7d}
      - {do: terminate, after: 14d}
"""
POLICY = """\
policy: acme
owner: finops@acme.example
mode: enforce
permit: [notify, tag, stop, terminate]
at_most: {stop: 2, terminate: {count: 1, then: defer}}
packs: [{use: own, accept: [local-data-loss]}]
exempt:
  - {rule: own/whose, where: {id: spare}, until: 2026-06-30, reason: Warm standby., by: cto@acme.example}
notify: [{to: file, path: notices.jsonl}]
state: state
"""


@dataclass
class Estate:
    folder: Path
    patch: pytest.MonkeyPatch
    cloud: Cloud = field(default_factory=Cloud)
    policy: str = POLICY
    pack: str = PACK

    def __post_init__(self) -> None:
        self.write()
        self.patch.setattr(targets, "collect", self._collect)
        self.patch.setattr(orders, "verbs_of", self._verbs)
        self.patch.setattr(targets, "can", self.cloud.has)
        (self.folder / "state").mkdir()

    def write(self) -> None:
        """The policy and the pack, as they are now."""
        (self.folder / "rules").mkdir(exist_ok=True)
        (self.folder / "rules" / "own.yaml").write_text(self.pack, "utf-8")
        (self.folder / "finops-guard.yaml").write_text(self.policy, "utf-8")

    def add(self, name: str, **more: Any) -> None:
        tags = more.pop("tags", {})
        self.cloud.machines[name] = Machine(tags=tags, more=deepcopy(FACTS), **more)

    @property
    def store(self) -> Store:
        return open_store("state", self.folder)

    def run(self, at: datetime, **more: Any) -> Report:
        """An enforcing run at a time that stands still."""
        policy = load_policy(self.folder / "finops-guard.yaml", at.date())
        request = pipeline.Request(
            policy, at, mode="enforce", clock=lambda: at, environ={"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, **more
        )
        return pipeline.run(request)

    def scan(self, at: datetime, to: Path) -> Path:
        """What a dry-run scan with `--snapshot-out` leaves."""
        policy = load_policy(self.folder / "finops-guard.yaml", at.date())
        pipeline.run(pipeline.Request(policy, at, snapshot_out=to, clock=lambda: at))
        return to

    def _collect(self, *arguments: Any, **_named: Any) -> Iterator[Any]:
        notes: Notes = arguments[4]
        notes.identities.append(Identity("aws", ACCOUNT, "arn:aws:iam::111111111111:role/scan"))
        return self.cloud.resources()

    @contextmanager
    def _verbs(self, *_: Any) -> Iterator[Cloud]:
        yield self.cloud
