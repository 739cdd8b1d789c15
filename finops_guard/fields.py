"""The catalogue: every kind, every state and every field a rule can name.

The schema, `docs/fields.md`, the condition parser and the compiler are all made from it; the fields themselves are a
table, `data/fields.tsv`. Values have one unit each: durations are seconds, percentages are numbers (80 % is 80.0),
sizes are bytes, money is `Money`, dates are aware UTC datetimes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

KINDS = (
    "vm notebook workspace training-job job endpoint model-deployment cluster node-pool container-service function "
    "database bucket volume file-system snapshot registry gateway load-balancer firewall appliance link address "
    "endpoint-link log-store stream licence other"
).split()
COMPUTED_KINDS = "budget unit charge plan account".split()
ALL_KINDS = (*KINDS, *COMPUTED_KINDS)
AI_KINDS = frozenset({"notebook", "workspace", "training-job", "endpoint", "model-deployment"})
AI_TAGS = frozenset({"workload-type", "model-version", "dataset"})
DATA_STORES = frozenset({"bucket", "volume", "file-system", "database", "snapshot"})
STATES = "creating running stopping stopped completed failed deleting planned".split()
TYPES = "text choice number percent duration money size date bool list".split()
_LISTS = {"$kinds": ALL_KINDS, "$states": tuple(STATES)}


@dataclass(frozen=True, slots=True)
class Field:
    """One field: `type` is one of TYPES; for a kind not in `kinds` (when given) the field is absent, a fact."""

    name: str
    type: str
    help: str
    choices: tuple[str, ...] = ()
    kinds: frozenset[str] | None = None
    metric: bool = False


def _catalogue() -> dict[str, Field]:
    table = (Path(__file__).parent / "data" / "fields.tsv").read_text(encoding="utf-8")
    fields = {}
    for row in table.splitlines()[1:]:
        name, kind, help_, choices, kinds, metric = row.split("\t")
        listed = _LISTS.get(choices) or tuple(choices.split())
        fields[name] = Field(name, kind, help_, listed, frozenset(kinds.split()) if kinds else None, metric == "yes")
    return fields


FIELDS: dict[str, Field] = _catalogue()
"""Every scalar field by its dotted name. `tags.*` and `account_tags.*` are maps of text beside it."""

MAPS = ("tags", "account_tags")
GROUPS = tuple(dict.fromkeys(name.split(".")[0] for name in FIELDS if "." in name))
