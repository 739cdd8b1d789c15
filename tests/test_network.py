"""The tests' own guard: nothing but loopback can be reached."""

from __future__ import annotations

import socket

import pytest

from tests.conftest import NetworkTouchedError


def test_another_machine_cannot_be_reached() -> None:
    with socket.socket() as other, pytest.raises(BaseException, match=r"loopback only, not to 192\.0\.2\.1") as error:
        other.connect(("192.0.2.1", 80))
    assert type(error.value).__name__ == NetworkTouchedError.__name__  # conftest is imported twice, by two names
    with pytest.raises(BaseException, match=r"loopback only, not to example\.invalid"):
        socket.getaddrinfo("example.invalid", 443)


def test_loopback_can() -> None:
    with socket.socket() as server, socket.socket() as client:
        server.bind(("127.0.0.1", 0))
        server.listen(1)
        client.connect(server.getsockname())
        assert client.getpeername() == server.getsockname()
