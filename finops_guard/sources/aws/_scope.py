"""Which accounts and regions a policy's `scope.aws` means, and who reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.credentials import DeferredRefreshableCredentials, ReadOnlyCredentials

from finops_guard.model import Gap, Identity
from finops_guard.sources.aws import _organization
from finops_guard.sources.aws._cells import Account
from finops_guard.sources.aws._errors import Unreadable, unreadable
from finops_guard.sources.aws._session import home_region

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from botocore.client import BaseClient
    from botocore.credentials import Credentials

    from finops_guard.model import Need, Notes
    from finops_guard.sources.aws._organization import Member
    from finops_guard.sources.aws._session import Clients

_ENABLED = frozenset({"opt-in-not-required", "opted-in"})
NO_ROLE = "no role to assume there: name it in scope.aws.roles.scan"


@dataclass(slots=True)
class Caller:
    """Who runs the scan, from the SDK's default credentials."""

    account: str
    arn: str
    partition: str
    credentials: Credentials
    sts: BaseClient


def caller(clients: Clients, notes: Notes) -> Caller | None:
    """Who we are; None, with a gap, when there are no credentials or AWS does not take them."""
    try:
        credentials = clients.base.get_credentials()
        if credentials is None:
            notes.gaps.append(Gap("aws", "*", "*", "*", "no AWS credentials found: log in, or set AWS_PROFILE"))
            return None
        sts = clients.create(clients.base, "sts", clients.region)
        me = sts.get_caller_identity()  # type: ignore[attr-defined] # botocore makes its methods at run time
    except Exception as error:  # noqa: BLE001 - a profile that cannot log in raises whatever its helper raises
        notes.gaps.append(Gap("aws", "*", "*", "*", unreadable(error, "sts", "GetCallerIdentity").reason))
        return None
    notes.identities.append(Identity("aws", me["Account"], me["Arn"]))
    return Caller(me["Account"], me["Arn"], me["Arn"].split(":")[1], credentials, sts)


def accounts(scope: Mapping[str, Any], need: Need, clients: Clients, notes: Notes, me: Caller) -> Iterator[Account]:
    """The accounts in scope, each with credentials that work; one that cannot be entered is a gap."""
    organization = clients.create(clients.base, "organizations", home_region(me.partition))
    try:
        members = list(_organization.members(scope, need, organization, me.account))
    except Unreadable as error:
        notes.gaps.append(Gap("aws", "*", "*", "*", error.reason))
        return
    for member in members:
        account = _enter(scope, member, notes, me)
        if isinstance(account, str):
            notes.gaps.append(Gap("aws", member.id, "*", "*", account))
        else:
            yield account


def _enter(scope: Mapping[str, Any], member: Member, notes: Notes, me: Caller) -> Account | str:
    """The account with its credentials, or why we cannot enter it."""
    if member.status != "ACTIVE":
        return f"the account is {member.status}"
    if member.id == me.account:
        return Account(member.id, me.partition, me.credentials, member.name, member.unit_path, member.tags)
    role = (scope.get("roles") or {}).get("scan")
    if not role:
        return NO_ROLE
    try:
        credentials, who = assume(scope, str(role), member.id, me)
    except Unreadable as error:
        return error.reason
    notes.identities.append(who)
    return Account(member.id, me.partition, credentials, member.name, member.unit_path, member.tags)


def assume(scope: Mapping[str, Any], role: str, account: str, me: Caller) -> tuple[Credentials, Identity]:
    """Credentials of a role in an account that renew themselves, and whose they are; Unreadable if it is not ours."""
    asked = {"RoleArn": f"arn:{me.partition}:iam::{account}:role/{role}", "RoleSessionName": "finops-guard"}
    if scope.get("external_id"):
        asked["ExternalId"] = str(scope["external_id"])

    def fresh() -> dict[str, str]:
        answer = me.sts.assume_role(**asked)  # type: ignore[attr-defined] # botocore makes its methods at run time
        key = answer["Credentials"]
        who.append(answer["AssumedRoleUser"]["Arn"])
        return {
            "access_key": key["AccessKeyId"],
            "secret_key": key["SecretAccessKey"],
            "token": key["SessionToken"],
            "expiry_time": key["Expiration"].isoformat(),
        }

    who: list[str] = []
    credentials = DeferredRefreshableCredentials(refresh_using=fresh, method="assume-role")
    try:
        frozen: ReadOnlyCredentials = credentials.get_frozen_credentials()
    except Exception as error:
        raise unreadable(error, "sts", "AssumeRole") from error
    del frozen
    return credentials, Identity("aws", account, who[0])


def regions(scope: Mapping[str, Any], account: Account, clients: Clients, notes: Notes) -> tuple[str, ...]:
    """The regions to read in an account: those listed, else those enabled. Runs signed by the account.

    Where the enabled ones cannot be listed only the environment's own region is read, and that is a gap.
    """
    listed = scope.get("regions", "enabled")
    if listed not in (None, "enabled"):
        return tuple(dict.fromkeys([str(region) for region in listed]))
    # account:ListRegions would be the newer way; moto has only this one, and every scan role has it for EC2.
    home = clients.region if clients.partition(clients.region) == account.partition else home_region(account.partition)
    try:
        answer = clients.get("ec2", home).describe_regions()  # type: ignore[attr-defined] # made at run time
    except Exception as error:  # noqa: BLE001 - whatever it is, it is a gap
        reason = unreadable(error, "ec2", "DescribeRegions").reason
        notes.gaps.append(Gap("aws", account.id, "*", "*", f"{reason}: only {home} was read"))
        return (home,)
    enabled = [r["RegionName"] for r in answer["Regions"] if r.get("OptInStatus", "opted-in") in _ENABLED]
    return tuple(sorted(enabled))
