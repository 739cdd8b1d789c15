"""A snapshot as a source says what the first scan said, gaps included."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from finops_guard.errors import InputError
from finops_guard.model import Gap, Identity, Notes, Resource, Tags
from finops_guard.sources.snapshot import collect, is_snapshot
from finops_guard.state.spool import Head, write

if TYPE_CHECKING:
    from pathlib import Path

GAP = Gap("aws", "1", "eu-west-1", "AWS::S3::Bucket", "AccessDenied s3:ListAllMyBuckets")
WHO = Identity("aws", "1", "arn:aws:iam::1:user/reader")


def test_it_gives_resources_gaps_identities_and_remarks(tmp_path: Path) -> None:
    path = tmp_path / "estate"
    machine = Resource({"id": "i-1", "kind": "vm"}, Tags.of({"ModelVersion": "3"}))
    head = Head(datetime(2026, 11, 2, tzinfo=UTC), "", (GAP,), (WHO,), None, ("closed jobs are not listed",))
    write([machine], path, lambda: head)
    notes = Notes()
    (back,) = collect(path, notes, {"modelversion": "model-version"})
    assert (back.fields, dict(back.tags)) == (machine.fields, {"model-version": "3"})
    assert (notes.gaps, notes.identities) == ([GAP], [WHO])
    assert notes.remarks == ["closed jobs are not listed"]
    assert is_snapshot(path.read_bytes()[:100])


def test_what_is_none_is_refused_before_anything_is_noted(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text("{}")
    notes = Notes()
    with pytest.raises(InputError):
        collect(path, notes)
    assert not notes.gaps
