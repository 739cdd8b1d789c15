"""A Terraform or OpenTofu plan as JSON (`terraform show -json PLAN`): what Terraform itself says will be there.

Created, updated and replaced is judged; what stays as it is only if asked; what is deleted or forgotten never, and it
counts in money. Data sources are nothing that costs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from finops_guard.errors import InputError
from finops_guard.model import Gap
from finops_guard.sources.iac import _plan_text

if TYPE_CHECKING:
    from finops_guard.model import Resource
    from finops_guard.sources.iac import Reading

_AFTER_NOISE = re.compile(rb'\{\s*"(?:format_version|terraform_version)"\s*:')
_SAVED = b"PK\x03\x04"


def recognises(path: Path, head: bytes) -> bool:
    """A file with one of a plan's own keys at its start, or after what the CLI printed; and a plan that is not JSON."""
    if head.startswith(_SAVED) and b"tfplan" in head:
        return True
    plain = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    if plain.startswith(b"{"):
        return any(b'"' + mark + b'"' in plain for mark in _plan_text.MARKS)
    return bool(head) and not plain.startswith((b"[", b"---")) and _AFTER_NOISE.search(_whole(path)) is not None


def collect(path: Path, document: Reading) -> Iterator[Resource]:
    """Every managed resource of the plan, in its order. InputError in one line for what is no plan."""
    from finops_guard.sources.iac._plan_resources import Plan
    from finops_guard.sources.iac._propagation import unreached

    plan = _plan_text.plan_of(path, document.notes)
    if plan.get("errored") is True:
        reason = "the plan ended in an error: what would come after that is not in it"
        document.notes.gaps.append(Gap("terraform", "*", "*", str(path), reason))
    elif plan.get("complete") is False:
        document.notes.remarks.append(f"{path.name}: the plan is not complete (-target, or deferred changes)")
    changes = plan.get("resource_changes")
    found = Plan(path, plan, document.aliases)
    for number, change in enumerate(changes if isinstance(changes, list) else ()):
        if not isinstance(change, dict):
            raise InputError(f"{path}: resource_changes[{number}] is no object")
        yield from found.resources(change, number)
    document.notes.remarks += unreached(found.unreached)


def _whole(path: Path) -> bytes:
    try:
        return path.read_bytes().replace(b"\0", b"")
    except OSError:
        return b""
