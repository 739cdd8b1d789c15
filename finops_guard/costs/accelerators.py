"""Which machine types have accelerators: the dated table, then the family's name."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from finops_guard.costs import tables
from finops_guard.costs.tpu import chips_of

if TYPE_CHECKING:
    from finops_guard.costs.tables import Accelerator

# AWS: P and G (and the memory-optimised Gr) are GPUs in every generation, Trn, Inf and DL AI chips. Not here: F (FPGA)
# and VT (video transcoders), which compute no model. Azure: NC, ND, NG and NV; NP is an FPGA and NM a transcoder.
# GCP: the accelerator-optimised machines, then TPU by machine type (ct5lp-hightpu-4t) or by slice (v5litepod-8).
_FAMILIES = {
    "aws": re.compile(r"(ml\.)?(p|gr?|trn|inf|dl)\d[a-z0-9-]*\.[a-z0-9]+"),
    "azure": re.compile(r"standard_n[cdgv]+\d.*"),
    "gcp": re.compile(r"a[2-9]x?-.+|g[24]-.+|ct\d\w*-.+|tpu.+|v\d(litepod|[ep])?-\d+"),
}


def accelerator(cloud: str, instance_type: str) -> Accelerator | None:
    """What accelerates a machine type, from the shipped table; None where the table does not have the type.

    None does not mean none: ask `is_accelerator_family`. A SageMaker type (ml.g5.xlarge) is the hardware of the EC2
    type of that name.
    """
    known = tables.accelerators()
    name = folded(instance_type)
    found = known.get((cloud, name)) or known.get((cloud, name.removeprefix("ml.")))
    if found is None and cloud == "gcp" and (parts := chips_of(name)):
        chip = known.get((cloud, parts[0]))
        return replace(chip, count=parts[1]) if chip is not None else None
    return found


def is_accelerator_family(cloud: str, instance_type: str) -> bool:
    """Whether every machine of this type's family has accelerators; also for types newer than the table."""
    family = _FAMILIES.get(cloud)
    return family is not None and family.fullmatch(folded(instance_type)) is not None


def folded(instance_type: str) -> str:
    """A machine type as the tables spell it; GCP gives it as the end of a URL, Azure in any case."""
    return instance_type.rpartition("/")[2].casefold()
