from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from finops_guard.state.store import MemoryStore, Store, open_store
from tests.served import leading_to
from tests.state.blobs import Blobs
from tests.state.bucket import Bucket

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def server() -> Iterator[Bucket]:
    with leading_to(Bucket, AWS_ACCESS_KEY_ID="OURKEY", AWS_MAX_ATTEMPTS="1") as bucket:
        yield bucket


@pytest.fixture
def bucket(server: Bucket) -> Iterator[Bucket]:
    server.clear()
    yield server
    server.clear()


@pytest.fixture
def blobs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Blobs]:
    """What stands in for Azure and for Google, and where both are looked for."""
    there = Blobs()
    monkeypatch.setenv("FINOPS_GUARD_GCP_ENDPOINT", there.url)
    monkeypatch.setenv("FINOPS_GUARD_AZURE_ENDPOINT", f"{there.url}/")
    yield there
    there.close()


@pytest.fixture(params=["memory", "folder", "s3", "gs", "az"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """An empty store, of each sort."""
    if request.param == "memory":
        return MemoryStore()
    if request.param == "folder":
        return open_store("state", tmp_path)
    if request.param in ("gs", "az"):
        request.getfixturevalue("blobs")
        return open_store(f"{request.param}://acme/guard/state", tmp_path)
    server: Bucket = request.getfixturevalue("server")
    return open_store(server.clear(), tmp_path)
