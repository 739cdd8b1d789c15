"""Values: what a field can hold. A value is known, absent (`None`) or unknown (`Unknown`, with the reason)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that exists or not, we cannot tell; `reason` says why."""

    reason: str


NOT_ASKED = "no rule asked for it"
"""Why a scan does not know what takes a request of its own for each resource, such as protection flags.

Before an act they are always read.
"""


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one currency (ISO 4217). Amounts of two currencies never mix by themselves."""

    amount: Decimal
    currency: str

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"


@dataclass(frozen=True, slots=True)
class Series:
    """Points of a metric, oldest first, `step` seconds apart, the last one ending at `end`; None where no data came."""

    end: datetime
    step: int
    points: tuple[float | None, ...]


Scalar: TypeAlias = str | int | float | Decimal | bool | Money | datetime | Series | tuple[str, ...]
Value: TypeAlias = Scalar | None
