"""ARM's functions of values alone (Microsoft Learn, "ARM template functions"). They raise `CannotTell` for the reason.

`WHOLE` want to know all of what they get; `PARTS` also work where a part of a map or list cannot be told.
"""

from __future__ import annotations

from collections.abc import Mapping

from finops_guard.sources.iac._arm.collections import ALL_OF, COLLECTIONS
from finops_guard.sources.iac._arm.numbers import NUMBERS
from finops_guard.sources.iac._arm.operands import Function
from finops_guard.sources.iac._arm.texts import TEXTS

WHOLE: Mapping[str, Function] = {**TEXTS, **NUMBERS, **ALL_OF}
PARTS: Mapping[str, Function] = {
    **COLLECTIONS,
    "false": lambda: False,
    "null": lambda: None,
    "true": lambda: True,
}
TAKE_UNKNOWN = frozenset({"createarray", "createobject", "union", "array"})
"""Those that make something of an argument of which nothing is known."""
