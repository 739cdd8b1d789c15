"""Slices of TPUs by name: `v5litepod-8` is eight chips; `v5p-8` is eight cores, which are four chips.

(Google Cloud TPU documentation, "TPU configurations": v5e and v6e are named by chips, v2 to v4 and v5p by TensorCores.)
"""

from __future__ import annotations

import re

ONE_CORE = {"v5litepod": "tpu-v5e", "v6e": "tpu-v6e"}
"""Generations that are named by chips, and what the price tables call a chip."""
_TWO_CORES = {"v5p": "tpu-v5p", "v4": "tpu-v4", "v3": "tpu-v3", "v2": "tpu-v2"}
_SLICE = re.compile(r"(v5litepod|v6e|v5p|v4|v3|v2)-([1-9]\d{0,4})")


def chips_of(machine: str) -> tuple[str, int] | None:
    """The chip of a slice as the tables name it, and how many; None for what is no slice."""
    found = _SLICE.fullmatch(machine.rpartition("/")[2].casefold())
    if found is None:
        return None
    name, number = found[1], int(found[2])
    if name in ONE_CORE:
        return ONE_CORE[name], number
    return (_TWO_CORES[name], number // 2) if number % 2 == 0 else None
