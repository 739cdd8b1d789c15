from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import yaml

from finops_guard.advice.checkup import checkup
from finops_guard.cli import _installation
from finops_guard.costs import permissions
from finops_guard.model import Gap, Money, Reason, Resource, Tags, Unknown
from finops_guard.sources import aws
from finops_guard.sources.aws._login import without_secrets
from finops_guard.state import spool
from tests import factory
from tests.cli.command import finops_guard

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
DENIED = Gap("aws", "111111111111", "eu-west-1", "AWS::RDS::DBInstance", "AccessDenied rds:DescribeDBInstances")
PACK = """
pack: own
version: 1.0.0
rules:
  busy:
    {title: t, severity: high, match: {kind: vm}, require: {usage: {cpu_percent: {gte: 5%, over: 1d}}}}
  dear:
    {title: t, severity: high, match: {kind: vm, cost: {month: {gt: 100 CHF}}}, require: {tags: {team: {exists: true}}}}
  licence:
    {title: t, severity: low, match: {kind: licence}, require: {tags: {team: {exists: true}}}}
"""
POLICY = "policy: own\nowner: o\npacks: [{use: own}]\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "own.yaml").write_text(PACK, encoding="utf-8")
    (tmp_path / "finops-guard.yaml").write_text(POLICY, encoding="utf-8")
    return tmp_path


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine on which nobody logged in to AWS."""
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def machine(number: int = 0, **fields: Any) -> Resource:
    known: dict[str, Any] = {
        "cloud": "aws",
        "account": "111111111111",
        "region": "eu-west-1",
        "kind": "vm",
        "type": "AWS::EC2::Instance",
        "state": "running",
        "id": f"arn:aws:ec2:eu-west-1:111111111111:instance/i-{number}",
    }
    return Resource(known | fields, Tags.of({}), facts={"instance_type": "p4d.24xlarge"})


def snapshot(folder: Path, resources: Iterable[Resource], *gaps: Gap) -> Path:
    path = folder / "live.snapshot"
    spool.write(resources, path, lambda: spool.Head(NOW, "ab" * 32, gaps))
    return path


def examined(*args: object, code: int) -> dict[str, Any]:
    ran = finops_guard("doctor", *args, "-f", "json", "-q")
    assert ran.code == code, ran.out + ran.err
    said: dict[str, Any] = json.loads(ran.out)
    assert said["schema"] == "finops-guard/doctor/1"
    return said


def about(said: Mapping[str, Any], what: str) -> list[dict[str, Any]]:
    return [trouble for trouble in said["troubles"] if trouble["about"] == what]


def test_a_gap_names_its_cells_and_the_permission_to_grant_and_exits_3(here: Path) -> None:
    other = Gap("aws", "111111111111", "eu-central-1", DENIED.type, DENIED.reason)
    said = examined(snapshot(here, [], DENIED, other), code=3)
    (gap,) = about(said, "access")
    assert gap["fix"] == "grant rds:DescribeDBInstances to the role that scans"
    assert gap["where"] == [
        "aws 111111111111 eu-west-1 AWS::RDS::DBInstance",
        "aws 111111111111 eu-central-1 AWS::RDS::DBInstance",
    ]
    assert gap["blocks"]
    assert not said["complete"]


def test_a_gap_that_the_policy_expects_does_not_exit_3(here: Path) -> None:
    expect = "scope: {expect: [{account: '111111111111', reason: known, until: 2999-12-31}]}\n"
    (here / "finops-guard.yaml").write_text(POLICY + expect, encoding="utf-8")
    said = examined(snapshot(here, [], DENIED), code=0)
    assert [gap["blocks"] for gap in about(said, "access")] == [False]


def test_unknown_fields_come_by_reason_with_rules_fix_and_the_money_they_hide(here: Path) -> None:
    silent = [machine(number) for number in range(2)]
    for each in silent:
        each.unknown["usage.cpu_percent"] = (
            "no CloudWatch data; is the agent installed, and does it add the InstanceId?"
        )
    unpriced = machine(2)
    unpriced.facts = {}
    unpriced.unknown["usage.cpu_percent"] = "AccessDenied cloudwatch:GetMetricData"
    said = examined(snapshot(here, [*silent, unpriced]), code=0)
    facts = {fact["what"]: fact for fact in about(said, "facts")}
    agent = facts[
        "usage.cpu_percent is unknown: no CloudWatch data; is the agent installed, and does it add the InstanceId?"
    ]
    assert agent["where"] == ["own/busy"]
    assert agent["resources"] == 2
    assert Decimal(agent["hides_month"]["USD"]) > 1000
    assert "agent" in agent["fix"]
    denied = facts["usage.cpu_percent is unknown: AccessDenied cloudwatch:GetMetricData"]
    assert denied["fix"] == "grant cloudwatch:GetMetricData to the role that scans"
    assert denied["hides_unpriced"] == 1
    rate = facts["cost.month is unknown: no exchange rate to CHF"]
    assert "fx: {USD: {CHF:" in rate["fix"]


def test_rules_judged_nowhere_or_matching_nothing_are_named(here: Path) -> None:
    said = examined(snapshot(here, [machine()]), code=0)
    rules = {trouble["what"]: trouble["where"] for trouble in about(said, "rules")}
    assert rules["judged nowhere: all that these rules met is unknown"] == ["own/busy", "own/dear"]
    assert rules["matched nothing"] == ["own/licence"]


def test_resources_without_a_price_are_counted_by_reason(here: Path) -> None:
    bucket = machine(1, kind="bucket", type="AWS::S3::Bucket")
    said = examined(snapshot(here, [machine(), bucket]), code=0)
    (price,) = about(said, "prices")
    assert price["what"] == "priced by usage, not by the hour"
    assert price["where"] == ["AWS::S3::Bucket"]
    assert price["resources"] == 1


def test_policy_keys_that_this_version_does_not_use_and_ended_exemptions_are_named(here: Path) -> None:
    more = """\
datasets: {imagenet: {region: eu-west-1}}
exempt: [{rule: own/busy, until: 2020-01-31, reason: r, by: me}]
"""
    (here / "finops-guard.yaml").write_text(POLICY + more, encoding="utf-8")
    said = examined(snapshot(here, []), code=0)
    remarks = " ".join(trouble["what"] for trouble in about(said, "remarks"))
    assert "policy key 'datasets'" in remarks
    assert "1 exemption of own/busy ended on 2020-01-31" in remarks


def test_clouds_in_scope_that_are_not_read(here: Path, nobody: None) -> None:
    del nobody
    more = "scope: {azure: {subscriptions: [a]}}\n"
    (here / "finops-guard.yaml").write_text(POLICY + more, encoding="utf-8")
    said = examined(code=3)
    (gap,) = about(said, "access")
    assert gap["what"] == "this version does not read azure"
    assert "scope.expect" in gap["fix"]
    assert not about(said, "login")


def test_a_policy_with_mistakes_exits_2_and_names_them_all(here: Path) -> None:
    (here / "finops-guard.yaml").write_text("policy: own\nowner: o\npakcs: []\nmode: enfroce\n", encoding="utf-8")
    said = examined(code=2)
    assert len(said["mistakes"]) >= 2
    assert said["mistakes"][0]["file"] == "finops-guard.yaml"
    ran = finops_guard("doctor")
    assert ran.code == 2
    assert "did you mean 'packs'?" in ran.out
    assert "(exit 2)" in ran.out


def test_a_target_that_is_nothing_we_know_exits_2(here: Path) -> None:
    ran = finops_guard("doctor", here / "sandbx")
    assert ran.code == 2
    assert "no such target" in ran.err


def test_no_login_is_told_in_the_words_of_the_sdk(nobody: None, here: Path) -> None:
    del nobody, here
    said = examined("aws", code=3)
    (login,) = about(said, "login")
    assert login["what"] == "AWS: Unable to locate credentials"
    assert "AWS_PROFILE" in login["fix"]


def test_without_target_and_policy_the_account_of_the_credentials_is_looked_at(
    nobody: None, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del nobody
    (here / "empty").mkdir()
    monkeypatch.chdir(here / "empty")
    assert about(examined(code=3), "login")


def test_an_unknown_profile_is_told_in_the_words_of_the_sdk(
    nobody: None, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del nobody, here
    monkeypatch.setenv("AWS_PROFILE", "nowhere")
    (login,) = about(examined("aws", code=3), "login")
    assert login["what"] == "AWS: ProfileNotFound: The config profile (nowhere) could not be found"


def test_an_endpoint_that_nobody_answers_at(nobody: None, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del nobody, here
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_REGION": "eu-west-1",
    }.items():
        monkeypatch.setenv(name, value)
    ran = finops_guard("doctor", "aws", "-q")
    assert ran.code == 3
    assert f"http://127.0.0.1:{port}/" in ran.out
    assert secret not in ran.out + ran.err
    assert "AKIAIOSFODNN7EXAMPLE" not in ran.out + ran.err


def test_secrets_are_left_out_of_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "short-but-secret")
    text = "key AKIAIOSFODNN7EXAMPLE with short-but-secret and " + "aB3/" * 20
    assert without_secrets(text) == "key AKIA…MPLE with … and …"


def test_text_is_free_of_control_bytes_whatever_strangers_wrote(here: Path) -> None:
    nasty = machine()
    nasty.unknown["usage.cpu_percent"] = "a\x1b[31m\nreason"
    ran = finops_guard("doctor", snapshot(here, [nasty], Gap("aws", "1", "r\x07", "T\n", "x\x1b]0;t\x07")), "-v")
    assert all(char.isprintable() or char == "\n" for char in ran.out)
    assert "\\x1b[31m" in ran.out


def test_long_lists_are_cut_and_v_shows_all(here: Path) -> None:
    gaps = [Gap("aws", "1", f"r-{number}", "T", "HTTP 500 x:Y") for number in range(30)]
    path = snapshot(here, [], *gaps)
    assert "+22 more, -v for all" in finops_guard("doctor", path, "-q").out
    assert "r-29" in finops_guard("doctor", path, "-q", "-v").out


def test_reasons_inside_alternatives_are_found() -> None:
    nested = Reason("any", "any", ((Reason("age", "lt", 1, Unknown("not collected")),), ()), None)
    finding = factory.finding(verdict="unknown", reasons=(nested,))
    (fact,) = [trouble for trouble in checkup(factory.report([finding]), []) if trouble.about == "facts"]
    assert fact.what == "age is unknown: not collected"


def test_conflicting_spellings_are_one_trouble_whatever_they_say() -> None:
    findings = [
        factory.finding(
            factory.resource(name, month="730"),
            verdict="unknown",
            reasons=(Reason("tags.team", "in", (), Unknown(f"conflicting spellings: Team='{name}', team='x'")),),
        )
        for name in ("a", "b")
    ]
    (fact,) = [trouble for trouble in checkup(factory.report(findings), []) if trouble.about == "facts"]
    assert fact.what == "tags.team is unknown: conflicting spellings"
    assert fact.resources == 2
    assert fact.hides == {"EUR": Decimal(1460)}


def test_a_resource_under_two_rules_hides_its_money_once() -> None:
    on = factory.resource("a", month="730")
    why = (Reason("age", "lt", 1, Unknown("not collected")),)
    findings = [factory.finding(on, factory.rule(f"own/{name}"), "unknown", why) for name in ("one", "two")]
    (fact,) = [trouble for trouble in checkup(factory.report(findings), []) if trouble.about == "facts"]
    assert fact.where == ("own/one", "own/two")
    assert fact.hides == {"EUR": Decimal(730)}


def test_old_prices_and_a_missing_index_say_what_to_do() -> None:
    remarks = ("list prices older than 90 days: aws of 2026-01-01", "turn on Resource Explorer in every region")
    found = [trouble for trouble in checkup(factory.report(remarks=remarks), []) if trouble.about == "remarks"]
    assert len(found) == 2
    assert all(trouble.fix for trouble in found)


def test_permissions_are_the_iam_policy_of_the_scan(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    ran = finops_guard("doctor", "--permissions")
    assert ran.code == 0
    policy = json.loads(ran.out)
    actions = [action for statement in policy["Statement"] for action in statement["Action"]]
    assert sorted(actions) == sorted({*aws.permissions(), *permissions.on_aws()})
    assert [statement["Action"] for statement in policy["Statement"] if statement["Sid"] == "FinopsGuardCosts"] == [
        ["ce:GetCostAndUsage", "ec2:DescribeSpotPriceHistory"]
    ]
    assert all(
        action.split(":")[1].startswith(("Describe", "Get", "List", "AssumeRole", "Batch")) for action in actions
    )
    # A managed policy holds 6,144 characters, blanks not counted (IAM quotas).
    assert len(json.dumps(policy, separators=(",", ":"))) < 6144


def distribution(folder: Path, name: str, *, files: str = "", scripts: str = "") -> None:
    """A dummy distribution on the path."""
    home = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    home.mkdir()
    (home / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
    (home / "RECORD").write_text(files, encoding="utf-8")
    if scripts:
        (home / "entry_points.txt").write_text(scripts, encoding="utf-8")


@pytest.mark.parametrize(
    ("files", "scripts"),
    [
        ("finops_guard/__init__.py,,\n", ""),
        ("other/__init__.py,,\n", "[console_scripts]\nfinops-guard = other:main\n"),
    ],
)
def test_a_foreign_distribution_of_our_name_is_warned_of(
    here: Path, monkeypatch: pytest.MonkeyPatch, files: str, scripts: str
) -> None:
    path = here / "site"
    path.mkdir()
    distribution(path, "Finops_Guard", files=files, scripts=scripts)
    assert not list(_installation.foreign())
    monkeypatch.setattr(sys, "path", [*sys.path, str(path)])
    said = examined(snapshot(here, []), code=0)
    (foreign,) = about(said, "installation")
    assert "the distribution finops-guard" in foreign["what"]
    assert foreign["fix"].startswith("pip uninstall finops-guard,")


def test_our_own_distribution_is_no_stranger(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = here / "site"
    path.mkdir()
    distribution(path, "finops_guard.engine", files="finops_guard/__init__.py,,\n")
    monkeypatch.setattr(sys, "path", [*sys.path, str(path)])
    assert not list(_installation.foreign())


def test_an_extra_that_is_needed_and_missing_blocks(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def without_boto3(name: str) -> metadata.Distribution:
        if name == "boto3":
            raise metadata.PackageNotFoundError(name)
        return real(name)

    real = metadata.distribution
    monkeypatch.setattr(metadata, "requires", lambda _name: ['boto3>=1.40; extra == "aws"', "click>=8.2"])
    monkeypatch.setattr(metadata, "distribution", without_boto3)
    del here
    said = examined(code=3)
    (extra,) = about(said, "installation")
    assert extra["what"] == "the extra 'aws' is needed and not installed: boto3"
    assert extra["fix"] == "pip install 'finops-guard-engine[aws]'"


def test_a_slow_yaml_is_told(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml, "__with_libyaml__", False)
    said = examined(snapshot(here, []), code=0)
    assert "without its C library" in about(said, "installation")[0]["what"]


def test_nothing_wrong_says_so(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("finops_guard.costs.prices.STALE_AFTER_DAYS", 1_000_000)  # the snapshot ages, the test does not
    (here / "rules" / "own.yaml").write_text(
        PACK.split("  dear:", maxsplit=1)[0].replace(
            "usage: {cpu_percent: {gte: 5%, over: 1d}}", "tags: {team: {exists: true}}"
        ),
        encoding="utf-8",
    )
    ran = finops_guard("doctor", snapshot(here, [machine()]), "-q")
    assert ran.code == 0
    assert ran.out == "A scan is complete: 1 resource read, nothing to mend.\n"


def test_money_never_mixes_currencies() -> None:
    why = (Reason("age", "lt", 1, Unknown("not collected")),)
    dollars = factory.resource("b", month="1", currency="USD")
    findings = [
        factory.finding(factory.resource("a", month="2"), verdict="unknown", reasons=why),
        factory.finding(dollars, verdict="unknown", reasons=why),
    ]
    assert isinstance(dollars.fields["cost.month"], Money)
    (fact,) = [trouble for trouble in checkup(factory.report(findings), []) if trouble.about == "facts"]
    assert fact.hides == {"EUR": Decimal(2), "USD": Decimal(1)}
