"""An AWS of moto on loopback, which every command takes for the real one."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from urllib import request as http

import pytest

from tests.sources.aws.cloud import Cloud


@pytest.fixture(scope="module")
def server() -> Iterator[Cloud]:
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_RETRY_MODE"):
            patch.delenv(name, raising=False)
        for name, value in {
            "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_MAX_ATTEMPTS": "1",
        }.items():  # fmt: skip
            patch.setenv(name, value)
        cloud = Cloud()
        patch.setenv("AWS_ENDPOINT_URL", cloud.url)
        try:
            yield cloud
        finally:
            empty(cloud)  # moto's backends belong to the process
            cloud.server.stop()


def empty(cloud: Cloud) -> None:
    cloud.reset()
    http.urlopen(http.Request(f"{cloud.url}/moto-api/reset", method="POST")).close()  # noqa: S310 - loopback
