"""What every test shares: no network but loopback, and property tests that repeat."""

from __future__ import annotations

import os
import socket
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Callable

# Examples are few here and the same on each run in CI; `HYPOTHESIS_PROFILE=deep` looks for days.
_QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile("dev", max_examples=100, deadline=None, suppress_health_check=_QUIET)
settings.register_profile("ci", settings.get_profile("dev"), derandomize=True, database=None)
settings.register_profile("deep", settings.get_profile("dev"), max_examples=10_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev"))


class NetworkTouchedError(AssertionError):
    """A test reached for another machine."""


def _refuse_others(address: object) -> None:
    if not isinstance(address, tuple):
        return  # a Unix socket
    host = str(address[0]).partition("%")[0]
    if host in ("", "localhost"):
        return
    try:
        local = ip_address(host).is_loopback or ip_address(host).is_unspecified
    except ValueError:
        local = False
    if not local:
        raise NetworkTouchedError(f"a test may talk to loopback only, not to {host}")


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Any:
    """Every connection and every name lookup outside loopback fails the test that makes it."""
    patch = pytest.MonkeyPatch()

    def guarded(original: Callable[..., object]) -> Callable[..., object]:
        def connect(self: socket.socket, address: object) -> object:
            _refuse_others(address)
            return original(self, address)

        return connect

    resolve = socket.getaddrinfo

    def getaddrinfo(host: str | bytes | None, *rest: Any, **named: Any) -> Any:
        _refuse_others((host.decode() if isinstance(host, bytes) else host or "",))
        return resolve(host, *rest, **named)

    for name in ("connect", "connect_ex"):
        patch.setattr(socket.socket, name, guarded(getattr(socket.socket, name)))
    patch.setattr(socket, "getaddrinfo", getaddrinfo)
    yield
    patch.undo()
