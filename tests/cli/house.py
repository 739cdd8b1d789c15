"""A small house of rules on disk, and snapshots of small estates, for tests of commands."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from finops_guard.model import Gap, Resource, Tags
from finops_guard.state.spool import Head, write

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).parents[2]
COMMANDS = sorted(path.stem for path in (ROOT / "finops_guard/cli").glob("[!_]*.py") if path.stem != "main")
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
PACK = """\
pack: demo
version: 1.2.3
summary: Machines say whose they are.

params:
  teams: {type: list, default: [], stricter: subset, help: "Teams that may own spend; empty: any."}
  wait: {type: duration, default: 24h, stricter: higher, help: How long it may run.}

rules:
  whose:
    title: Machines say whose they are
    why: Nobody pays for what nobody owns.
    learn: Tag at creation.
    severity: high
    capability: allocation
    match: {kind: vm}
    require: {tags: {team: {in: $teams}}}
    otherwise:
      - {do: notify, mark: true}
      - {do: stop, after: $wait, warn: [4h]}
    examples:
      pass: [{kind: vm, tags: {team: vision}}]
      fail: [{kind: vm, tags: {}}]
      outside: [{kind: bucket, tags: {}}]
  small:
    title: Machines are small
    severity: low
    match: {kind: vm}
    require: {accelerators: {count: {lte: 8}}}
    examples:
      pass: [{kind: vm, accelerators: {count: 8}}]
      fail: [{kind: vm, accelerators: {count: 16}}]
"""
POLICY = """\
policy: acme
owner: finops@acme.example
packs:
  - use: demo
    with: {teams: [vision, nlp]}
"""
TESTS = """\
tests:
  - at: 2026-11-25
    given:
      - {kind: vm, tags: {team: vision}}
    expect: {demo/whose: pass}
"""


def furnish(folder: Path, *, pack: str = PACK, policy: str | None = POLICY, tests: str | None = None) -> Path:
    """Write a policy, `rules/demo.yaml` and, where given, `rules/demo.tests.yaml`."""
    (folder / "rules").mkdir()
    (folder / "rules/demo.yaml").write_text(pack)
    if policy is not None:
        (folder / "finops-guard.yaml").write_text(policy)
    if tests is not None:
        (folder / "rules/demo.tests.yaml").write_text(tests)
    return folder


def machine(name: str, tags: dict[str, str] | None, accelerators: int | None = 8) -> Resource:
    """A machine; what is None is unknown."""
    known: dict[str, object] = {"accelerators.count": accelerators} if accelerators is not None else {}
    fields = {"cloud": "aws", "account": "1", "region": "eu-west-1", "kind": "vm", "id": f"arn:{name}", "name": name}
    found = Tags.of(tags) if tags is not None else Tags.unreadable("AccessDenied")
    return Resource({**fields, "type": "AWS::EC2::Instance", "state": "running", **known}, found)  # type: ignore[dict-item] # a number


def snapshot(path: Path, resources: Iterable[Resource], gaps: tuple[Gap, ...] = ()) -> Path:
    """A snapshot file."""
    write(resources, path, lambda: Head(NOW, "", gaps))
    return path


def spawn(*args: object, cwd: Path, **environ: str) -> subprocess.CompletedProcess[bytes]:
    """The command in a process of its own, no terminal anywhere."""
    env = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "FORCE_COLOR")}
    env |= {"PYTHONPATH": str(ROOT), **environ}
    return subprocess.run(
        [sys.executable, "-m", "finops_guard", *map(str, args)], cwd=cwd, env=env, capture_output=True, check=False
    )
