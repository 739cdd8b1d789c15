"""Generated plans: every verdict is the one that the generator meant, for any seed; nothing is there that is not."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks._iac_plans import estate
from finops_guard.language.policy import load_policy
from finops_guard.pipeline import Request, run

NOW = datetime(2026, 11, 25, tzinfo=UTC)


@pytest.mark.parametrize("seed", range(4))
def test_every_verdict_is_the_right_one(tmp_path: Path, seed: int) -> None:
    made = estate(300, seed)
    (tmp_path / "plan.json").write_bytes(made.text())
    (tmp_path / "policy.yaml").write_text("policy: p\nowner: o@acme.example\npacks: [{use: ai-tags}]\n")
    policy = load_policy(tmp_path / "policy.yaml", NOW.date())
    report = run(Request(policy, NOW, (str(tmp_path / "plan.json"),), include_pass=True))
    found = {each.resource.id: each.verdict for each in report.findings if each.rule.id == "ai-tags/whose"}
    assert found == made.verdicts
    assert set(found.values()) == {"pass", "fail", "unknown"}
    assert report.planned
