"""Editors complete and check our documents from the modeline alone: proven with the server that they use."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from finops_guard.fields import ALL_KINDS, GROUPS, STATES
from finops_guard.model import SEVERITIES, VERBS
from tests.language.lsp import Server

ROOT = Path(__file__).parents[2]
NODE = shutil.which("node")
PROGRAM = ROOT / "tests" / "node" / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"
pytestmark = [
    pytest.mark.skipif(NODE is None, reason="needs node"),
    pytest.mark.skipif(not PROGRAM.exists(), reason="needs yaml-language-server: cd tests/node && npm ci"),
]
HEAD = """\
# yaml-language-server: $schema=../schema/pack.json
pack: demo
version: 1.0.0
rules:
  idle:
    title: Used
"""
POLICY = """\
# yaml-language-server: $schema=../schema/policy.json
policy: acme
owner: o@acme.example
"""
TESTS = """\
# yaml-language-server: $schema=../schema/tests.json
tests:
  - at: 2026-11-02
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    assert NODE is not None
    with Server([NODE, str(PROGRAM), "--stdio"], ROOT) as running:
        yield running


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (f"{HEAD}    severity: |\n", SEVERITIES),
        (f"{HEAD}    match:\n      kind: |\n", ALL_KINDS),
        (f"{HEAD}    match:\n      kind: [vm, |]\n", ALL_KINDS),
        (f"{HEAD}    match:\n      state: |\n", STATES),
        (f"{HEAD}    match: |\n", ["all"]),
        (f"{HEAD}    otherwise:\n      - do: |\n", VERBS),
        (f"{HEAD}    |\n", ["severity", "match", "require", "otherwise", "why", "learn", "examples"]),
        (f"{HEAD}    match:\n      |\n", [*GROUPS, "kind", "tags", "any", "not"]),
        (f"{HEAD}    match:\n      accelerators:\n        |\n", ["count", "model", "vendor", "memory"]),
        (f"{HEAD}    match:\n      accelerators:\n        count:\n          |\n", ["gte", "lt", "exists"]),
        (f"{HEAD}    require:\n      tags:\n        team:\n          |\n", ["in", "matches", "exists", "same_as"]),
        (f"{HEAD}    require:\n      usage:\n        cpu_percent:\n          |\n", ["over", "by", "gte"]),
        (f"{HEAD}    otherwise:\n      - do: stop\n        |\n", ["after", "warn", "enough"]),
        (f"{HEAD}    examples:\n      pass:\n        - kind: |\n", ALL_KINDS),
        ("# yaml-language-server: $schema=../schema/pack.json\n|\n", ["pack", "version", "rules", "params"]),
        (f"{HEAD}params:\n  teams:\n    type: |\n", ["text", "duration", "list"]),
    ],
    ids=lambda value: repr(str(value)[-60:]),
)
def test_a_pack_is_completed(server: Server, text: str, wanted: list[str]) -> None:
    name = f"editor-{abs(hash(text))}.yaml"
    offered = server.offered(ROOT / "rules" / name, text)
    assert set(wanted) <= offered, offered


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (f"{POLICY}mode: |\n", ["dry-run", "enforce"]),
        (f"{POLICY}permit: [|]\n", VERBS),
        (f"{POLICY}|\n", ["packs", "teams", "budgets", "scope", "notify", "extends"]),
        (f"{POLICY}packs:\n  - use: ai-tags\n    |\n", ["with", "where", "skip", "severity"]),
        (f"{POLICY}packs:\n  - use: ai-tags\n    where:\n      kind: |\n", ALL_KINDS),
        (f"{POLICY}notify:\n  - to: |\n", ["slack", "email", "owner"]),
        (f"{POLICY}scope:\n  aws:\n    |\n", ["organization", "accounts", "regions", "roles"]),
    ],
    ids=lambda value: repr(str(value)[-60:]),
)
def test_a_policy_is_completed(server: Server, text: str, wanted: list[str]) -> None:
    name = f"editor-{abs(hash(text))}.yaml"
    offered = server.offered(ROOT / "policies" / name, text)
    assert set(wanted) <= offered, offered


def test_a_step_is_completed_with_the_keys_of_its_verb(server: Server) -> None:
    offered = server.offered(
        ROOT / "rules" / "editor-step.yaml", f"{HEAD}    otherwise:\n      - do: stop\n        |\n"
    )
    assert offered == {"after", "warn", "enough"}


def test_a_test_file_is_completed(server: Server) -> None:
    assert {"given", "snapshot", "expect"} <= server.offered(ROOT / "rules" / "a.tests.yaml", f"{TESTS}    |\n")
    text = f"{TESTS}    given:\n      - kind: |\n"
    assert set(ALL_KINDS) <= server.offered(ROOT / "rules" / "b.tests.yaml", text)


def test_a_bad_pack_is_marked_where_we_mark_it(server: Server) -> None:
    text = f"{HEAD}    severity: hgih\n    match: {{accelerators: {{cuont: {{gte: 1}}}}}}\n    require: {{ai: true}}\n"
    found = server.diagnosed(ROOT / "rules" / "editor-bad.yaml", text)
    assert {(line, column) for line, column, _ in found} == {(7, 15), (8, 28)}, found


def test_a_good_pack_is_left_alone(server: Server) -> None:
    text = (ROOT / "rules" / "ai-tags.yaml").read_text("utf-8")
    assert server.diagnosed(ROOT / "rules" / "editor-good.yaml", text) == []
