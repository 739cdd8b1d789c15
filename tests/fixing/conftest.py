"""A repository with a policy and a folder `infra`, which the tests are in."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fixing.house import built


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return built(tmp_path, monkeypatch)
