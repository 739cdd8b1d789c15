"""What each cloud lets a tag be.

AWS: docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html (50 tags, key 128, value 256).
Azure: learn.microsoft.com/azure/azure-resource-manager/management/tag-resources (50 tags, name 512, value 256).
GCP: cloud.google.com/resource-manager/docs/labels-overview (64 labels, 63 and 63, lower case).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from finops_guard.model.tags import RESERVED

if TYPE_CHECKING:
    from collections.abc import Mapping


class _Limit(NamedTuple):
    what: str
    most: int
    key: int
    value: int
    keys: re.Pattern[str]
    values: re.Pattern[str]


_ANY = re.compile(r"(?s:.*)")
_AWS = re.compile(r"[\w\s+\-=.:/@]*")
_LIMITS = {
    "aws": _Limit("AWS", 50, 128, 256, _AWS, _AWS),
    "azure": _Limit("Azure", 50, 512, 256, re.compile(r"[^<>%&\\?/]*"), _ANY),
    "gcp": _Limit("GCP", 64, 63, 63, re.compile(r"[a-z][a-z0-9_-]*"), re.compile(r"[a-z0-9_-]*")),
}


def refusal(cloud: str, before: Mapping[str, str], put: Mapping[str, str], drop: frozenset[str]) -> str | None:
    """Why a cloud would not take the tags in `put`; None if it would, or where no limit is known."""
    limit = _LIMITS.get(cloud)
    if limit is None:
        return None
    for key, value in sorted(put.items()):
        if key.casefold().startswith(RESERVED):
            return f"tag key '{key}' is the provider's own"
        if not 0 < len(key) <= limit.key or not limit.keys.fullmatch(key):
            return f"{limit.what} takes no tag key '{key}'"
        if len(value) > limit.value or not limit.values.fullmatch(value):
            return f"{limit.what} does not take this value for tag '{key}'"
    after = {key for key in before if not key.startswith(RESERVED)} - drop | set(put)
    if put.keys() - before.keys() and len(after) > limit.most:
        return f"{limit.what} takes at most {limit.most} tags"
    return None
