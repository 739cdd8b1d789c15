from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.advice.estate import Estate


@pytest.fixture
def estate(tmp_path: Path) -> Iterator[Estate]:
    with pytest.MonkeyPatch.context() as patch:
        yield Estate(tmp_path, patch)
