from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.aws_lambda.world import World
from tests.served import leading_to
from tests.sources.aws.cloud import Cloud

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="package")
def made() -> Iterator[World]:
    with leading_to(Cloud, AWS_SECRET_ACCESS_KEY="very-secret-key") as cloud, pytest.MonkeyPatch.context() as patch:
        patch.delenv("FINOPS_GUARD_POLICY", raising=False)
        world = World(cloud)
        patch.setenv("TOPIC", world.topic)
        yield world


@pytest.fixture
def world(made: World) -> Iterator[World]:
    made.cloud.reset()
    made.again()
    yield made
    made.cloud.reset()
