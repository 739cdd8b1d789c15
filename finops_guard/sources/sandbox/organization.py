"""The company's AWS organization and the ways into its accounts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from moto.iam.models import iam_backends
from moto.organizations.models import organizations_backends

from finops_guard.sources.sandbox.site import SERVICE_ROLE, naive

if TYPE_CHECKING:
    from moto.organizations.models import FakeAccount, OrganizationsBackend

    from finops_guard.sources.sandbox.estate import Account, Estate

_USER = "sandbox"


def found(estate: Estate) -> tuple[str, str]:
    """Found the organization, its units and accounts; answer the access key of the management account's only user."""
    organizations = organizations_backends[estate.management.id]["aws"]
    organizations.create_organization("us-east-1", FeatureSet="ALL")
    _name(organizations.accounts[0], estate.management, estate)
    units = {"": str(organizations.list_roots()["Roots"][0]["Id"])}
    for account in estate.accounts:
        for depth in range(1, len(account.unit.split("/")) + 1):
            path = "/".join(account.unit.split("/")[:depth])
            if path not in units:
                parent, _, name = path.rpartition("/")
                units[path] = _unit(organizations, units[parent], name)
        _account(organizations, account, units[account.unit], estate)
    iam = iam_backends[estate.management.id]["aws"]
    iam.create_user(region_name="us-east-1", user_name=_USER)
    key = iam.create_access_key(_USER)
    return key.access_key_id, key.secret_access_key


def _unit(organizations: OrganizationsBackend, parent: str, name: str) -> str:
    made = organizations.create_organizational_unit(ParentId=parent, Name=name)
    return str(made["OrganizationalUnit"]["Id"])


def _account(organizations: OrganizationsBackend, account: Account, unit: str, estate: Estate) -> None:
    organizations.create_account(AccountName=account.name, Email=f"aws+{account.name}@{estate.domain}")
    member = organizations.accounts[-1]
    organizations_backends.master_accounts[account.id] = organizations_backends.master_accounts.pop(member.id)
    _name(member, account, estate)
    organizations.move_account(AccountId=account.id, SourceParentId=member.parent_id, DestinationParentId=unit)
    _role(account.id, estate.role, {"AWS": f"arn:aws:iam::{estate.management.id}:root"}, estate.external_id)
    _role(account.id, SERVICE_ROLE, {"Service": "lambda.amazonaws.com"}, None)


def _role(account: str, name: str, principal: dict[str, str], external_id: str | None) -> None:
    trust: dict[str, object] = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    if external_id is not None:
        trust["Condition"] = {"StringEquals": {"sts:ExternalId": external_id}}
    iam_backends[account]["aws"].create_role(
        name,
        json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        path="/",
        permissions_boundary=None,
        description="",
        tags=[],
        max_session_duration="3600",
    )


def _name(member: FakeAccount, account: Account, estate: Estate) -> None:
    """Moto numbers and dates accounts itself."""
    member.id, member.name, member.tags = account.id, account.name, dict(account.tags)
    member.create_time = naive(estate.now.replace(year=estate.now.year - 2, month=1, day=9))
