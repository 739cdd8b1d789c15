"""A folder of infrastructure in a repository with a policy, and what `fix` makes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

POLICY = """\
policy: acme
owner: finops@acme.example
mode: enforce
currency: USD
teams: {vision: {}, nlp: {}}
packs:
  - use: ai-tags
  - use: tag-hygiene
"""


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "infra").mkdir()
    (tmp_path / "finops-guard.yaml").write_text(POLICY)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "infra"
