"""A repository with a policy and a folder `infra`, which the tests are in."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fixing.house import POLICY


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "infra").mkdir()
    (tmp_path / "finops-guard.yaml").write_text(POLICY)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "infra"
