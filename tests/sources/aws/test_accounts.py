"""Many accounts: entered by role, named by Organizations."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from finops_guard.model import Gap
from tests.sources.aws.cloud import OWN, ROLE, answer, denied, need, pairs, scan

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from finops_guard.model import Resource
    from tests.sources.aws.cloud import Cloud

ROLES = {"scan": "finops-guard-scan"}


@pytest.fixture(scope="module")
def accounts(server: Cloud) -> dict[str, str]:
    """Numbers by name: `train` in Workloads/AI, `web` in Workloads, `closed` in Workloads, and our own in none."""
    organizations = server.client("organizations")
    organizations.create_organization(FeatureSet="ALL")
    root = organizations.list_roots()["Roots"][0]["Id"]
    workloads = organizations.create_organizational_unit(ParentId=root, Name="Workloads")["OrganizationalUnit"]["Id"]
    ai = organizations.create_organizational_unit(ParentId=workloads, Name="AI")["OrganizationalUnit"]["Id"]
    numbers = {"own": OWN}
    for name, unit in (("train", ai), ("web", workloads), ("closed", workloads)):
        status = organizations.create_account(AccountName=name, Email=f"{name}@example.com", Tags=pairs({"team": name}))
        numbers[name] = status["CreateAccountStatus"]["AccountId"]
        organizations.move_account(AccountId=numbers[name], SourceParentId=root, DestinationParentId=unit)
    organizations.close_account(AccountId=numbers["closed"])
    for name, number in numbers.items():
        _notebook(server, name, number)
    server.reset()
    return numbers


def _notebook(cloud: Cloud, name: str, account: str) -> None:
    keys = cloud.client("sts").assume_role(RoleArn=f"arn:aws:iam::{account}:role/seed", RoleSessionName="seed")
    inside = keys["Credentials"]
    credentials = {
        "aws_access_key_id": inside["AccessKeyId"],
        "aws_secret_access_key": inside["SecretAccessKey"],
        "aws_session_token": inside["SessionToken"],
    }
    sagemaker = cloud.client("sagemaker", "eu-west-1", **({} if account == OWN else credentials))
    sagemaker.create_notebook_instance(NotebookInstanceName=name, InstanceType="ml.t2.medium", RoleArn=ROLE)


def _where(resources: list[Resource]) -> dict[str, tuple[str, object]]:
    return {found.text("name"): (found.text("account"), found.fields.get("unit_path")) for found in resources}


def test_the_accounts_below_a_unit_are_read_each_as_itself(cloud: Cloud, accounts: dict[str, str]) -> None:
    scope: dict[str, Any] = {"organization": {"units": ["Workloads"]}, "roles": ROLES}
    resources, notes = scan(need("notebook"), **scope)
    assert _where(resources) == {"train": (accounts["train"], "Workloads/AI"), "web": (accounts["web"], "Workloads")}
    assert {found.text("account_name"): found.account_tags.raw for found in resources} == {
        "train": {"team": "train"},
        "web": {"team": "web"},
    }
    assert notes.gaps == [Gap("aws", accounts["closed"], "*", "*", "the account is SUSPENDED")]
    assert {identity.account for identity in notes.identities} == {OWN, accounts["train"], accounts["web"]}
    assert cloud.writes == []


@pytest.mark.parametrize("units", [["Workloads/AI"], ["AI"]])
def test_a_unit_is_named_by_path_or_by_name_and_accounts_are_left_out(
    cloud: Cloud, accounts: dict[str, str], units: list[str]
) -> None:
    del cloud
    resources, notes = scan(need("notebook"), organization={"units": units}, roles=ROLES)
    assert _where(resources) == {"train": (accounts["train"], "Workloads/AI")}
    assert notes.gaps == []
    left_out, _ = scan(need("notebook"), organization={"units": units, "except": [accounts["train"]]}, roles=ROLES)
    assert left_out == []


def test_an_account_that_cannot_be_entered_is_a_gap_of_its_own(cloud: Cloud, accounts: dict[str, str]) -> None:
    cloud.denied = {("sts", "AssumeRole")}
    resources, notes = scan(need("notebook"), accounts=[accounts["train"], OWN], roles=ROLES)
    assert set(_where(resources)) == {"own"}
    assert notes.gaps == [Gap("aws", accounts["train"], "*", "*", "AccessDenied sts:AssumeRole")]


def test_without_a_role_another_account_is_a_gap(cloud: Cloud, accounts: dict[str, str]) -> None:
    del cloud
    _, notes = scan(need("notebook"), accounts=[accounts["web"]])
    assert [(gap.account, gap.reason[:17]) for gap in notes.gaps] == [(accounts["web"], "no role to assume")]


def test_the_role_is_assumed_with_the_external_id(cloud: Cloud, accounts: dict[str, str]) -> None:
    asked: list[dict[str, str]] = []

    def refuse(form: dict[str, str]) -> Response:
        asked.append(form)
        return denied("sts")

    cloud.instead = {"AssumeRole": refuse}
    scan(need("notebook"), accounts=[accounts["web"]], roles=ROLES, external_id="s3cret")
    assert (asked[0]["RoleArn"], asked[0]["ExternalId"]) == (
        f"arn:aws:iam::{accounts['web']}:role/finops-guard-scan",
        "s3cret",
    )


def test_an_organisation_that_cannot_be_listed_is_a_gap(cloud: Cloud) -> None:
    cloud.denied = {("organizations", "ListRoots")}
    resources, notes = scan(need("notebook"), organization={}, roles=ROLES)
    assert (resources, notes.gaps) == ([], [Gap("aws", "*", "*", "*", "AccessDenied organizations:ListRoots")])


def test_outside_an_organisation_names_are_unknown_and_no_gap(cloud: Cloud, accounts: dict[str, str]) -> None:
    del accounts
    refused = {"__type": "AWSOrganizationsNotInUseException", "message": json.dumps("no")}
    cloud.instead = {"DescribeAccount": lambda _: answer(refused, 400)}
    resources, notes = scan(need("notebook"))
    assert notes.gaps == []
    assert resources[0].unknown["account_name"] == "AWSOrganizationsNotInUseException organizations:DescribeAccount"
    assert resources[0].account_tags.open_because is not None


def test_the_unit_path_is_read_when_a_rule_asks_for_it(cloud: Cloud, accounts: dict[str, str]) -> None:
    del cloud
    asked = need("notebook", fields=["unit_path"])
    resources, _ = scan(asked, accounts=[accounts["train"], OWN], roles=ROLES)
    assert _where(resources) == {"train": (accounts["train"], "Workloads/AI"), "own": (OWN, None)}
