"""The embedded estate behind `finops-guard scan sandbox`: an invented company's AWS, served by moto on loopback.

    estate.yaml ─► estate.draw ─► plant ─► moto's backends ─► front ─► server on 127.0.0.1 ◄── the real SDK
    bills.yaml ───────┴─► bills/*.csv.gz beside the policy, which names them

The scan does not know: it gets credentials and an endpoint by the environment, like anybody with a local emulator.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from finops_guard.sources.sandbox.environment import applied, environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

__all__ = ["Sandbox", "applied", "start"]

_SEED = 7


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A running estate: the environment that leads to it (`applied` sets it), and the policy written for it."""

    environment: dict[str, str]
    policy_path: Path


@contextmanager
def start(*, seed: int = _SEED, now: datetime) -> Iterator[Sandbox]:
    """Run the estate of this seed at this moment (aware) for as long as the context.

    Moto keeps its state in this process: one sandbox at a time. The process's environment is left alone.
    """
    from moto.moto_api._internal import mock_random

    from finops_guard.sources.sandbox import estate, gaps, organization, plant
    from finops_guard.sources.sandbox._bills_ids import planted
    from finops_guard.sources.sandbox.bills import write_bills
    from finops_guard.sources.sandbox.front import Front
    from finops_guard.sources.sandbox.policy import written
    from finops_guard.sources.sandbox.server import serving

    company = estate.draw(seed, now.replace(microsecond=0))
    region = company.regions[0]
    try:
        gaps.empty()
        mock_random.seed(seed)
        # moto asks boto3 for the list of regions, which reads the user's profile.
        with applied(environment("http://127.0.0.1:9", ("none", "none"), region, os.environ)):
            key = organization.found(company)
            watches = gaps.install(company)
            for place, series in plant.everything(company).items():
                watches[place].series, watches[place].now = tuple(series), company.now
            ids = planted(company)
        with serving(Front(company)) as address, TemporaryDirectory(prefix="finops-guard-sandbox-") as folder:
            write_bills(Path(folder), now, seed=seed, ids=ids)
            yield Sandbox(environment(address, key, region, os.environ), written(Path(folder), now))
    finally:
        gaps.empty()
