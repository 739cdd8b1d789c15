from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.served import leading_to
from tests.sources.aws.cloud import Cloud

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def server() -> Iterator[Cloud]:
    with leading_to(Cloud, AWS_MAX_ATTEMPTS="1") as cloud:
        yield cloud


@pytest.fixture
def cloud(server: Cloud) -> Iterator[Cloud]:
    server.reset()
    yield server
    server.reset()
