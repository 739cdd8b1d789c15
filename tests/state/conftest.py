from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from finops_guard.state.store import MemoryStore, Store, open_store
from tests.state.blobs import Blobs
from tests.state.bucket import Bucket

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def server() -> Iterator[Bucket]:
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_RETRY_MODE", "AWS_CA_BUNDLE"):
            patch.delenv(name, raising=False)
        patch.setenv("AWS_ACCESS_KEY_ID", "OURKEY")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        patch.setenv("AWS_CONFIG_FILE", "/dev/null")
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        patch.setenv("AWS_MAX_ATTEMPTS", "1")
        bucket = Bucket()
        patch.setenv("AWS_ENDPOINT_URL", bucket.url)
        try:
            yield bucket
        finally:
            bucket.server.stop()


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
