"""Doctor and export read a state in a bucket, without a policy."""

from __future__ import annotations

import json
from pathlib import Path

from finops_guard.state.store import open_store
from tests.cli.command import finops_guard
from tests.cli.test_doctor_journal import act
from tests.state.bucket import Bucket
from tests.state.conftest import server

__all__ = ["server"]


def test_a_journal_in_a_bucket_is_checked_exported_and_compacted(server: Bucket, tmp_path: Path) -> None:
    uri = server.clear()
    head = act(open_store(uri, tmp_path), 0)
    ran = finops_guard("doctor", "--journal", "--head", head, "--state", uri)
    assert ran.code == 0, ran.err
    assert ran.out == f"The journal is whole: 1 run, 5 lines, 1 seal.\nhead {head}\n"
    lines = finops_guard("export", "journal", "--state", uri).out.splitlines()
    assert [json.loads(line)["kind"] for line in lines] == ["open", "intent", "outcome", "intent", "outcome"]
    assert finops_guard("export", "evidence", "--state", uri, "-o", tmp_path / "e.zip").code == 0
    assert finops_guard("doctor", "--compact", "--state", uri).code == 0
