"""AWS, read with the real SDK: one module a resource type, found by its file name (CloudFormation's own type name).

A module holds TYPE, KIND, ARN (a pattern in IAM's spelling), CLIENT (the SDK's service name), PERMISSIONS,
`collect(cell)`, `read(cell, resources)`, and the verbs that it has: `stop(site, steps)` yields an Outcome for each
step, `undo_stop(site, steps)` takes such outcomes back. A verb that is not there cannot be done; `tag` is one for all.
SWEPT says that its tags come from the account's tag sweep, GLOBAL that it is scanned once an account, FIELDS how the
fields begin that a rule must read for it to be scanned at all.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from botocore.client import BaseClient

    from finops_guard.model import Need, Notes, Resource
    from finops_guard.sources.aws._act import Acting


def collect(
    scope: Mapping[str, object], need: Need, now: datetime, notes: Notes, *, jobs: int = 8
) -> Iterator[Resource]:
    """Every resource in a policy's `scope.aws` whose kind is needed, in a fixed order, on `jobs` threads.

    What cannot be read is in `notes.gaps` when the iterator ends; nothing that AWS answers ends it early. Tags carry
    their raw spelling: the policy's aliases are applied by who knows the policy.
    """
    from finops_guard.sources.aws import _scan

    return _scan.collect(scope, need, now, notes, jobs=jobs)


def acting(scope: Mapping[str, object], notes: Notes, *, now: datetime) -> Acting:
    """Whoever acts in a policy's `scope.aws`: has, read, act, undo, identity; close it at the end. InputError."""
    from finops_guard.sources.aws import _act

    return _act.acting(scope, notes, now)


def can(type_name: str, verb: str) -> bool:
    """Whether resources of a type, by its own name, have a verb; False without the SDK."""
    try:
        from finops_guard.sources.aws import _modules
    except ImportError:
        return False
    return _modules.verb(type_name, verb) is not None


def permissions(role: str = "scan") -> list[str]:
    """The IAM actions that the role of `scope.aws.roles` needs, sorted: `scan`, or a verb."""
    from finops_guard.sources.aws import _modules

    return _modules.permissions(role)


@contextmanager
def reading(notes: Notes) -> Iterator[Callable[[str, str | None], BaseClient]]:
    """Clients of any service, in a region or where the environment points, with the caller's own credentials.

    They count their requests in `notes`, and send nothing that writes.
    """
    from finops_guard.model import Calls
    from finops_guard.sources.aws._session import Clients

    clients = Clients(notes.calls.setdefault("aws", Calls()), 1)
    made: dict[tuple[str, str], BaseClient] = {}

    def client(service: str, region: str | None) -> BaseClient:
        where = region or clients.region
        if (service, where) not in made:
            made[service, where] = clients.create(clients.base, service, where)
        return made[service, where]

    try:
        yield client
    finally:
        clients.close()


def login_trouble() -> str | None:
    """What the SDK says, without secrets, when AWS does not know who we are; None when it does."""
    from finops_guard.sources.aws import _login

    return _login.trouble()
