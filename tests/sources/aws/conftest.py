from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from tests.sources.aws.cloud import Cloud

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def server() -> Iterator[Cloud]:
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_RETRY_MODE"):
            patch.delenv(name, raising=False)
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        patch.setenv("AWS_CONFIG_FILE", "/dev/null")
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        patch.setenv("AWS_MAX_ATTEMPTS", "1")
        cloud = Cloud()
        patch.setenv("AWS_ENDPOINT_URL", cloud.url)
        try:
            yield cloud
        finally:
            cloud.server.stop()


@pytest.fixture
def cloud(server: Cloud) -> Iterator[Cloud]:
    server.reset()
    yield server
    server.reset()
