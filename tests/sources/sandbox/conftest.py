"""One running sandbox for each module, and real boto3 clients of its accounts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.config import Config

from finops_guard.sources import sandbox
from finops_guard.sources.sandbox.estate import Estate, draw

NOW = datetime(2026, 11, 25, 12, 0, 30, tzinfo=UTC)
EXTERNAL_ID = "polderzicht-demo"


@dataclass
class Cloud:
    """Clients of the sandbox, by account and region, as a scan would make them: assume a role, then ask."""

    box: sandbox.Sandbox
    keys: dict[str, dict[str, str]] = field(default_factory=dict)
    clients: dict[tuple[str, str, str], Any] = field(default_factory=dict)
    session: boto3.Session = field(default_factory=boto3.Session)

    def home(self, service: str, region: str = "eu-west-1") -> Any:
        """A client with the credentials of the environment."""
        values = self.box.environment
        return self._client(service, region, values["AWS_ACCESS_KEY_ID"], values["AWS_SECRET_ACCESS_KEY"], None)

    def client(self, service: str, account: str, region: str) -> Any:
        """A client with the scan role of an account."""
        if account not in self.keys:
            self.keys[account] = self.home("sts").assume_role(
                RoleArn=f"arn:aws:iam::{account}:role/finops-guard-scan",
                RoleSessionName="test",
                ExternalId=EXTERNAL_ID,
            )["Credentials"]
        key, place = self.keys[account], (service, account, region)
        if place not in self.clients:
            signed = key["AccessKeyId"], key["SecretAccessKey"], key["SessionToken"]
            self.clients[place] = self._client(service, region, *signed)
        return self.clients[place]

    def pages(self, service: str, account: str, region: str, operation: str, key: str, **asked: Any) -> list[Any]:
        """Everything under `key`, page after page."""
        pages = self.client(service, account, region).get_paginator(operation).paginate(**asked)
        return [one for page in pages for one in page[key]]

    def _client(self, service: str, region: str, key: str, secret: str, token: str | None) -> Any:
        return self.session.client(
            service,
            region_name=region,
            endpoint_url=self.box.environment["AWS_ENDPOINT_URL"],
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token,
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
        )


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with sandbox.start(now=NOW) as box:
        yield Cloud(box)


@pytest.fixture(scope="module")
def estate() -> Estate:
    return draw(7, NOW)


@pytest.fixture(scope="module")
def account(estate: Estate) -> Callable[[str], str]:
    """The id of an account by the last part of its name: training, serving, network."""
    return lambda name: next(one.id for one in estate.accounts if one.name.endswith(name))
