"""One client for all accounts: who signs is who the thread says, and nobody when it says nothing."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from botocore.credentials import Credentials

from finops_guard.model import Calls
from finops_guard.sources.aws._session import Clients, home_region, signed_by

if TYPE_CHECKING:
    from collections.abc import Iterator

REQUESTS, THREADS = 300, 16


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen: list[tuple[str, str, str]] = []
        """Access key, session token and the instance that was asked for, of each request."""
        self.failures = 0


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        key = re.search(r"Credential=([^/]+)/", self.headers["Authorization"])
        marker = re.search(r"InstanceId.1=([^&]+)", body)
        assert key is not None
        self.server.seen.append((key[1], self.headers["X-Amz-Security-Token"], marker[1] if marker is not None else ""))
        broken = self.server.failures > 0
        self.server.failures -= broken
        answer = b"<DescribeInstancesResponse><reservationSet/></DescribeInstancesResponse>"
        self.send_response(503 if broken else 200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[_Server]:
    with _Server() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_address[1]}")
        monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def _describe(clients: Clients, who: int) -> None:
    with signed_by(Credentials(f"key{who}", "secret", f"token{who}")):
        clients.get("ec2", "eu-west-1").describe_instances(InstanceIds=[f"i-{who}"])  # type: ignore[attr-defined]


def test_no_request_is_signed_by_another_account(server: _Server) -> None:
    clients = Clients(Calls(), THREADS)
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda who: _describe(clients, who), range(REQUESTS)))
    assert sorted(server.seen) == sorted((f"key{who}", f"token{who}", f"i-{who}") for who in range(REQUESTS))
    clients.close()


def test_outside_a_block_nothing_can_be_signed(server: _Server) -> None:
    clients = Clients(Calls(), 1)
    _describe(clients, 1)
    with pytest.raises(LookupError):
        clients.get("ec2", "eu-west-1").describe_instances()  # type: ignore[attr-defined]
    assert len(server.seen) == 1
    clients.close()


def test_a_retry_is_a_request_and_counted_as_such(server: _Server) -> None:
    calls = Calls()
    clients = Clients(calls, 1)
    server.failures = 1
    _describe(clients, 1)
    assert (calls.requests, calls.retries) == (2, 1)
    clients.close()


def test_accounts_share_one_client_for_each_service_and_region() -> None:
    clients = Clients(Calls(), 1)
    with signed_by(Credentials("a", "b")):
        first = clients.get("ec2", "eu-west-1")
    with signed_by(Credentials("c", "d")):
        assert clients.get("ec2", "eu-west-1") is first
        assert clients.get("ec2", "us-east-1") is not first
    clients.close()


@pytest.mark.parametrize(
    ("endpoint", "style"), [("http://localhost:5000", "path"), ("https://s3.eu-west-1.amazonaws.com", None)]
)
def test_buckets_stand_in_the_path_where_it_is_not_aws(
    monkeypatch: pytest.MonkeyPatch, endpoint: str, style: str | None
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    clients = Clients(Calls(), 1)
    options = clients.get("s3", "eu-west-1").meta.config.s3 or {}  # type: ignore[attr-defined]
    assert options.get("addressing_style") == style
    clients.close()


def test_a_service_is_asked_for_only_where_it_is() -> None:
    clients = Clients(Calls(), 1)
    assert clients.offers("ec2", "eu-west-1")
    assert clients.offers("sagemaker", "cn-north-1")
    assert not clients.offers("outposts", "ap-south-2")
    # Newer than the SDK's data: better asked in vain than never.
    assert clients.offers("outposts", "eu-west-9")
    assert (clients.partition("cn-north-1"), home_region("aws-cn"), home_region("aws")) == (
        "aws-cn",
        "cn-north-1",
        "us-east-1",
    )
