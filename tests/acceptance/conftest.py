"""An AWS of moto on loopback, which every command takes for the real one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.served import leading_to
from tests.sources.aws.cloud import Cloud

OWNED = """\
pack: house
version: 1.0.0
rules:
  owned:
    title: Machines say whose they are
    severity: high
    match: {kind: vm, state: running}
    require: {tags: {team: {exists: true}}}
"""
"""A pack of one rule, to which a test adds what follows when it fails."""


@pytest.fixture(scope="module")
def server() -> Iterator[Cloud]:
    with leading_to(Cloud, AWS_MAX_ATTEMPTS="1") as cloud:
        yield cloud
        empty(cloud)


def empty(cloud: Cloud) -> None:
    cloud.reset()
    cloud.empty()
