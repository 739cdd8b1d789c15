"""Runs that left their snapshots in a store: what tests fold."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from finops_guard.model import Gap, Identity, Need, Resource, Tags
from finops_guard.state import inventories, spool
from finops_guard.state.store import Store

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)
TYPE = "AWS::EC2::Instance"
WHO = (Identity("aws", "1", "arn:aws:iam::1:role/scan"), Identity("aws", "2", "arn:aws:iam::2:role/scan"))


def machine(name: str, account: str = "1", **fields: Any) -> Resource:
    """A machine; with `tags`, tagged."""
    tags = fields.pop("tags", {})
    known = {"cloud": "aws", "account": account, "region": "eu-west-1", "type": TYPE, "kind": "vm", "id": name}
    return Resource(known | fields, Tags.of(tags))


def gap(account: str) -> Gap:
    """An account whose machines could not be listed."""
    return Gap("aws", account, "eu-west-1", TYPE, "AccessDenied")


def name_of(number: int) -> str:
    """The run of a day."""
    return f"{START + number * DAY:%Y%m%dT%H%M%SZ}-run"


def leave(
    store: Store, number: int, resources: Iterable[Resource], gaps: Iterable[Gap] = (), need: Need | None = None
) -> str:
    """What the run of a day leaves; its name."""
    at = START + number * DAY
    with TemporaryDirectory() as folder:
        path = Path(folder) / "snapshot"
        remarks = (f"run {number}",)
        spool.write(resources, path, lambda: spool.Head(at, "ab" * 32, tuple(gaps), WHO, need, remarks))
        assert store.create(f"{inventories.SNAPSHOTS}/{name_of(number)}", path.read_bytes())
    return name_of(number)


Told = tuple[bytes, list[bytes]]


def told_of(store: Store, runs: Iterable[str] | None = None) -> dict[str, Told]:
    """Each run's snapshot as readers get it: the line of its head, and the others in one order."""
    names = inventories.runs(store) if runs is None else list(runs)
    found = {}
    with TemporaryDirectory() as folder:
        for name, path in zip(names, inventories.fetched(store, names, Path(folder)), strict=True):
            with spool.opened(path) as (first, _, lines):
                found[name] = (first, sorted(lines))
    return found
