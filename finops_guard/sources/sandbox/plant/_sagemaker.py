"""What SageMaker publishes of a machine that runs a job or a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.ec2.models.instance_types import INSTANCE_TYPES

from finops_guard.sources.sandbox.metrics import Series

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from finops_guard.sources.sandbox.estate import Item


def usage(space: str, dimensions: tuple[tuple[str, str], ...], item: Item, since: datetime) -> Iterator[Series]:
    """Percentages of the machine, which add up over its processors and over its cards: 8 GPUs go to 800 %."""
    machine = INSTANCE_TYPES[item.facts["type"].removeprefix("ml.")]
    processors = machine["VCpuInfo"]["DefaultVCpus"]
    cards = sum(gpu["Count"] for gpu in (machine.get("GpuInfo") or {}).get("Gpus", ()))
    for name, measure, parts in (
        ("CPUUtilization", "cpu", processors),
        ("MemoryUtilization", "memory", 1),
        ("GPUUtilization", "gpu", cards),
        ("GPUMemoryUtilization", "gpu_memory", cards),
    ):
        if parts:
            yield Series(space, name, dimensions, item.load[measure] * parts, since, top=100.0 * parts)
