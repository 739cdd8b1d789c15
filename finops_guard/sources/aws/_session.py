"""One client for each (service, region), shared by all accounts; who signs is chosen when a request is signed.

Building a client costs 5 to 20 ms of CPU, a request about 1 ms: with a client for each account, building them would
be most of a large organisation's scan.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import botocore.session
from botocore.config import Config
from botocore.credentials import CredentialProvider, CredentialResolver, Credentials
from botocore.exceptions import UnknownRegionError
from botocore.loaders import create_loader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.client import BaseClient
    from botocore.credentials import ReadOnlyCredentials
    from botocore.loaders import Loader
    from botocore.model import OperationModel

    from finops_guard.model import Calls

_signer: ContextVar[Credentials] = ContextVar("finops_guard_aws_signer")
_HOME = {"aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1", "aws-eusc": "eusc-de-east-1"}
_AWS_DOMAINS = (".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu", ".api.aws", ".amazonwebservices.com.cn")
_ATTEMPTS = 5
_ATTEMPTS_OF = {"resource-explorer-2": 2}
"""Optional services fail fast: without Resource Explorer there is another way, and a remark."""
READING = re.compile(r"(Describe|List|Get|Head|Search|BatchGet|AssumeRole)\w*")
"""Names of operations that change nothing."""


@contextmanager
def signed_by(credentials: Credentials) -> Iterator[None]:
    """Sign every request of this thread with `credentials` until the block ends; outside a block none can be signed."""
    token = _signer.set(credentials)
    try:
        yield
    finally:
        _signer.reset(token)


class _ContextCredentials(Credentials):
    """Credentials that are whoever signs at the moment; LookupError when nobody does."""

    def __init__(self) -> None:
        super().__init__("chosen-when-signed", "chosen-when-signed", method=_ContextProvider.METHOD)

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        return _signer.get().get_frozen_credentials()


class _ContextProvider(CredentialProvider):
    METHOD = "finops-guard-context"
    CANONICAL_NAME = "finops-guard-context"

    def load(self) -> Credentials:
        return _ContextCredentials()


class Clients:
    """The clients of one run. `calls` counts every request sent, retries among them.

    They refuse to send what writes, unless made for it with `writes`; then nothing is sent twice by itself either.
    """

    def __init__(self, calls: Calls, threads: int, *, writes: bool = False) -> None:
        self._calls = calls
        self._writes = writes
        self._count = Lock()
        self._threads = threads
        # Creating clients of one session is not thread-safe, using them is.
        self._create = Lock()
        self._clients: dict[tuple[str, str], BaseClient] = {}
        self._open: list[BaseClient] = []
        self.base = self._session()
        self._shared = self._session()
        self._shared.register_component("credential_provider", CredentialResolver([_ContextProvider()]))

    def _session(self) -> botocore.session.Session:
        session = botocore.session.get_session()
        session.register_component("data_loader", _loader(session.get_config_variable("data_path")))
        session.register("before-send", self._sent)
        if not self._writes:
            session.register("before-call", _only_reads)
        return session

    def _sent(self, **event: Any) -> None:  # noqa: ANN401 - as the SDK calls its handlers
        attempt = event["request"].headers.get("amz-sdk-request", b"")
        text = attempt.decode() if isinstance(attempt, bytes) else str(attempt)
        with self._count:
            self._calls.requests += 1
            self._calls.retries += "attempt=" in text and "attempt=1;" not in f"{text};"

    @property
    def region(self) -> str:
        """The region that the environment or the profile names, else us-east-1."""
        return str(self.base.get_config_variable("region") or "us-east-1")

    def get(self, service: str, region: str) -> BaseClient:
        """The client of a service in a region, signing as `signed_by` says."""
        with self._create:
            client = self._clients.get((service, region))
            if client is None:
                client = self._clients[service, region] = self.create(self._shared, service, region)
        return client

    def create(self, session: botocore.session.Session, service: str, region: str) -> BaseClient:
        """A client of `session` with this run's retries and pool."""
        attempts = _ATTEMPTS_OF.get(service, _ATTEMPTS)
        retries: dict[str, object] = {"mode": "standard"}
        if self._writes:
            retries["total_max_attempts"] = 1  # an answer that was lost may be of a request that was carried out
        elif session.get_config_variable("max_attempts") is None or service in _ATTEMPTS_OF:
            retries["total_max_attempts"] = attempts
        config = Config(
            retries=retries,  # type: ignore[arg-type] # a typed dict in the stubs, one key at a time here
            max_pool_connections=max(10, self._threads),
            connect_timeout=10,
            user_agent_extra="finops-guard",
        )
        client = session.create_client(service, region, config=config)
        if service == "s3" and not _is_aws(client.meta.endpoint_url):
            # Whoever stands in for S3 rarely has a wildcard name: localhost has no bucket.localhost.
            path_style = config.merge(Config(s3={"addressing_style": "path"}))
            client = session.create_client(service, region, config=path_style)
        self._open.append(client)
        return client

    def close(self) -> None:
        """Close every connection."""
        for client in self._open:
            client.close()

    def offers(self, service: str, region: str) -> bool:
        """Whether a service exists in a region, as far as the SDK's partition data tells.

        A region the SDK does not know at all may be newer than the SDK: it is tried.
        """
        partition = self.partition(region)
        known = set(self._shared.get_available_regions("ec2", partition))
        listed = set(self._shared.get_available_regions(service, partition))
        return not listed or region in listed or region not in known

    def partition(self, region: str) -> str:
        """The partition a region is in: aws, aws-cn, aws-us-gov, …."""
        try:
            return str(self._shared.get_partition_for_region(region))
        except UnknownRegionError:  # a name no partition has: whoever asks there gets the SDK's own answer
            return "aws"


def _only_reads(**event: Any) -> None:  # noqa: ANN401 - as the SDK calls its handlers
    model: OperationModel = event["model"]
    if READING.fullmatch(model.name) is None:
        raise RuntimeError(f"{model.name} writes, and only verbs write")


@cache
def _loader(data_path: str | None) -> Loader:
    """Service models, parsed once a process: they are most of what a client costs."""
    return create_loader(data_path)


def home_region(partition: str) -> str:
    """The region in which a partition's global services answer."""
    return _HOME.get(partition, "us-east-1")


def _is_aws(endpoint: str) -> bool:
    return (urlsplit(endpoint).hostname or "").endswith(_AWS_DOMAINS)
