"""AWS, read with the real SDK: one module a resource type, found by its file name (CloudFormation's own type name).

A module holds TYPE, KIND, ARN (a pattern in IAM's spelling), CLIENT (the SDK's service name), PERMISSIONS and
`collect(cell)`. SWEPT says that its tags come from the account's tag sweep, GLOBAL that it is scanned once an account.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from finops_guard.model import Need, Notes, Resource


def collect(
    scope: Mapping[str, object], need: Need, now: datetime, notes: Notes, *, jobs: int = 8
) -> Iterator[Resource]:
    """Every resource in a policy's `scope.aws` whose kind is needed, in a fixed order, on `jobs` threads.

    What cannot be read is in `notes.gaps` when the iterator ends; nothing that AWS answers ends it early. Tags carry
    their raw spelling: the policy's aliases are applied by who knows the policy.
    """
    from finops_guard.sources.aws import _scan

    return _scan.collect(scope, need, now, notes, jobs=jobs)


def permissions() -> list[str]:
    """The IAM actions that the scan role needs, sorted."""
    from finops_guard.sources.aws import _modules

    return _modules.permissions()


def login_trouble() -> str | None:
    """What the SDK says, without secrets, when AWS does not know who we are; None when it does."""
    from finops_guard.sources.aws import _login

    return _login.trouble()
