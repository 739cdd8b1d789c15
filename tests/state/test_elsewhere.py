"""State at Google and at Azure: where it is looked for, who signs, and that nobody else is asked."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from finops_guard.errors import InputError
from finops_guard.state.store import open_store
from tests.cli.house import ROOT
from tests.state.test_store import _PROBE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.state.blobs import Blobs

HERE = Path()
URIS = ["gs://acme/guard/state", "az://acme/guard/state"]
LATER = datetime.now(UTC) + timedelta(hours=1)
SESSIONS: dict[str, Callable[[], object]] = {
    "gs": lambda: SimpleNamespace(valid=True, token="ours", expiry=LATER.replace(tzinfo=None)),
    "az": lambda: SimpleNamespace(get_token=lambda _scope: SimpleNamespace(token="ours", expires_on=LATER.timestamp())),
}
HOSTILE = {
    "GOOGLE_BASE_URL": "http://127.0.0.1:9", "GOOGLE_SKIP_SIGNATURE": "false", "GOOGLE_BUCKET": "another",
    "GOOGLE_BEARER_TOKEN": "another", "AZURE_STORAGE_ENDPOINT": "http://127.0.0.1:9", "AZURE_CONTAINER_NAME": "another",
    "AZURE_STORAGE_ACCOUNT_NAME": "another", "AZURE_STORAGE_ACCOUNT_KEY": "YW5vdGhlcg==",
    "AZURE_SKIP_SIGNATURE": "false", "AZURE_STORAGE_USE_EMULATOR": "true", "AZURE_STORAGE_TOKEN": "another",
}  # fmt: skip


@pytest.mark.parametrize("uri", URIS)
@pytest.mark.parametrize("session", [False, True])
def test_who_signs_is_ours_to_say_and_on_loopback_nobody_has_to(
    blobs: Blobs, uri: str, monkeypatch: pytest.MonkeyPatch, *, session: bool
) -> None:
    for name, value in HOSTILE.items():
        monkeypatch.setenv(name, value)
    store = open_store(uri, HERE, SESSIONS[uri[:2]] if session else None)
    assert store.create("a/1", b"x")
    assert not store.create("a/1", b"y")
    assert (store.get("a/1"), store.list("a"), store.folders("a")) == (b"x", ["a/1"], ["1"])
    assert list(blobs.kept) == ["acme/guard/state/a/1"]
    assert {signed.strip() for _, _, signed in blobs.asked} <= ({"Bearer ours"} if session else {"", "Bearer"})


@pytest.mark.parametrize(("name", "uri"), [("GCP", URIS[0]), ("AZURE", URIS[1])])
@pytest.mark.parametrize(
    ("address", "says"),
    [("http://cloud.example:4443", "plain http"), ("cloud.example", "not the address"), ("ftp://x", "not the address")],
)
def test_another_address_is_reached_over_tls(
    name: str, uri: str, address: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"FINOPS_GUARD_{name}_ENDPOINT", address)
    with pytest.raises(InputError, match=says):
        open_store(uri, HERE, SESSIONS[uri[:2]])


@pytest.mark.parametrize(("name", "uri"), [("GCP", URIS[0]), ("AZURE", URIS[1])])
def test_another_address_that_is_not_ours_wants_credentials(
    name: str, uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"FINOPS_GUARD_{name}_ENDPOINT", "https://cloud.example")
    for module in ("google.auth", "azure.identity"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InputError, match="not installed"):
        open_store(uri, HERE)


@pytest.mark.parametrize("uri", URIS)
def test_who_cannot_sign_in_is_told_so(uri: str) -> None:
    def nobody() -> object:
        raise RuntimeError("nobody is signed in")

    with pytest.raises(InputError, match="credentials: nobody is signed in"):
        open_store(uri, HERE, nobody)


@pytest.mark.skipif(shutil.which("strace") is None, reason="only a trace sees what compiled code connects to")
@pytest.mark.parametrize("uri", URIS)
def test_no_metadata_service_is_asked(blobs: Blobs, uri: str, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    command = ["strace", "-f", "-qq", "-e", "trace=connect,sendto", "-o", str(trace), sys.executable, "-c", _PROBE, uri]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env=environ)
    if "ptrace" in done.stderr or "PTRACE" in done.stderr:
        pytest.skip("tracing is not allowed here")
    assert done.returncode == 0, done.stderr
    reached = [line for line in trace.read_text().splitlines() if "AF_INET" in line]
    port = blobs.url.rpartition(":")[2]
    assert reached
    assert all(f"htons({port})" in line and "127.0.0.1" in line for line in reached)


def _refreshing(refreshed: list[Any]) -> object:
    class Credentials:
        valid, token, expiry = False, "old", None

        def refresh(self, request: object) -> None:
            refreshed.append(request)
            self.valid, self.token = True, "new"

    return Credentials()


def test_a_token_that_has_ended_is_renewed(blobs: Blobs, monkeypatch: pytest.MonkeyPatch) -> None:
    refreshed: list[Any] = []
    requests = SimpleNamespace(Request=lambda: "request")
    for name in ("google", "google.auth", "google.auth.transport"):
        monkeypatch.setitem(sys.modules, name, SimpleNamespace(__path__=[]))
    monkeypatch.setitem(sys.modules, "google.auth.transport.requests", requests)
    store = open_store(URIS[0], HERE, lambda: _refreshing(refreshed))
    assert store.create("a/1", b"x")
    assert {signed for _, _, signed in blobs.asked} == {"Bearer new"}
    assert refreshed == ["request"]
