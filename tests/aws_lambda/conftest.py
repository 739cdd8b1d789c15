from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from tests.aws_lambda.world import World
from tests.sources.aws.cloud import Cloud

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="package")
def made() -> Iterator[World]:
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_RETRY_MODE", "FINOPS_GUARD_POLICY"):
            patch.delenv(name, raising=False)
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "very-secret-key")
        patch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        patch.setenv("AWS_CONFIG_FILE", "/dev/null")
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        cloud = Cloud()
        patch.setenv("AWS_ENDPOINT_URL", cloud.url)
        world = World(cloud)
        patch.setenv("TOPIC", world.topic)
        try:
            yield world
        finally:
            cloud.server.stop()


@pytest.fixture
def world(made: World) -> Iterator[World]:
    made.cloud.reset()
    made.again()
    yield made
    made.cloud.reset()
