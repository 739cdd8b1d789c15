"""What each cloud lets a tag be: how long and how many as `evaluate.derive` counts them, and which characters.

AWS: docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html. Azure:
learn.microsoft.com/azure/azure-resource-manager/management/tag-resources. GCP:
cloud.google.com/resource-manager/docs/labels-overview.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from finops_guard.evaluate.derive import LIMITS
from finops_guard.model.tags import RESERVED

if TYPE_CHECKING:
    from collections.abc import Mapping


class _Cloud(NamedTuple):
    name: str
    keys: re.Pattern[str]
    values: re.Pattern[str]


_ANY = re.compile(r"(?s:.*)")
_SPACES = "\u0020\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
"""Unicode's separators, which AWS takes (`\\p{Z}` in its patterns); tabs, line breaks and their like it does not."""
_AWS = re.compile(rf"[\w{_SPACES}+\-=.:/@]*")
_CLOUDS = {
    "aws": _Cloud("AWS", _AWS, _AWS),
    "azure": _Cloud("Azure", re.compile(r"[^<>%&\\?/]*"), _ANY),
    "gcp": _Cloud("GCP", re.compile(r"[a-z][a-z0-9_-]*"), re.compile(r"[a-z0-9_-]*")),
}


def refusal(cloud: str, before: Mapping[str, str], put: Mapping[str, str], drop: frozenset[str]) -> str | None:
    """Why a cloud would not take the tags in `put`; None if it would, or where no limit is known."""
    if cloud not in _CLOUDS:
        return None
    name, keys, values = _CLOUDS[cloud]
    longest_key, longest_value, most = LIMITS[cloud]
    for key, value in sorted(put.items()):
        if key.casefold().startswith(RESERVED):
            return f"tag key '{key}' is the provider's own"
        if not 0 < len(key) <= longest_key or not keys.fullmatch(key):
            return f"{name} takes no tag key '{key}'"
        if len(value) > longest_value or not values.fullmatch(value):
            return f"{name} does not take this value for tag '{key}'"
    after = {key for key in before if not key.startswith(RESERVED)} - drop | set(put)
    if put.keys() - before.keys() and len(after) > most:
        return f"{name} takes at most {most} tags"
    return None
