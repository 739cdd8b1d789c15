"""The policy written for the estate, at the moment of the estate."""

from __future__ import annotations

import re
import shutil
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

SHIPPED = Path(__file__).with_name("policy.yaml")
CARD = Path(__file__).with_name("agreed.csv")
"""The rate card that the policy names: what the bills of this company say of machines that no list has."""
_LASTS = timedelta(days=120)
"""A policy may exempt for at most 180 days, so no date in the file could hold for good."""


def written(folder: Path, now: datetime) -> Path:
    """A copy of `policy.yaml` and of its rate card in `folder`, its exemptions good for 120 days from `now`.

    The copy also keeps what a policy's relative paths name (state, notices) out of the installed package.
    """
    text = SHIPPED.read_text(encoding="utf-8")
    copy = folder / SHIPPED.name
    shutil.copyfile(CARD, folder / CARD.name)
    copy.write_text(re.sub(r"until: [\d-]+", f"until: {(now + _LASTS).date()}", text), encoding="utf-8")
    return copy
