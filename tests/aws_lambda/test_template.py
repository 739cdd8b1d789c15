"""The SAM template: the permissions that the code says it needs, no more, and nothing open or secret."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

from finops_guard import aws_lambda
from finops_guard.sources import aws

TEMPLATE = Path(__file__).resolve().parents[2] / "deploy" / "sam" / "template.yaml"
GRANTED = {
    "Scan": {*aws.permissions()} - {"sts:AssumeRole"},
    "Tag": {*aws.permissions("tag")},
    "Stop": {*aws.permissions("stop"), *aws.permissions("scale_to_zero")},
    "Start": {*aws.permissions("start")},
    "Terminate": {*aws.permissions("terminate")},
}


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short functions as maps."""


def _function(loader: _Loader, name: str, node: yaml.Node) -> dict[str, Any]:
    match node:
        case yaml.ScalarNode():
            return {name: loader.construct_scalar(node)}
        case yaml.SequenceNode():
            return {name: loader.construct_sequence(node, deep=True)}
    raise TypeError(node)


_Loader.add_multi_constructor("!", _function)


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    found: dict[str, Any] = yaml.load(TEMPLATE.read_text("utf-8"), _Loader)["Resources"]  # noqa: S506 - a safe loader's own
    return found


def test_roles_have_exactly_the_permissions_of_the_code() -> None:
    """UPDATE_GOLDEN=1 writes them anew; read the difference before committing it."""
    text = TEMPLATE.read_text("utf-8")
    for sid, actions in GRANTED.items():
        found = re.search(rf"( +)- Sid: {sid}\n +Effect: Allow\n +Action:\n((?: +- \S+\n)+)", text)
        assert found is not None
        if os.environ.get("UPDATE_GOLDEN"):
            wanted = "".join(f"{found[1]}    - {action}\n" for action in sorted(actions))
            text = text[: found.start(2)] + wanted + text[found.end(2) :]
            TEMPLATE.write_text(text, "utf-8")
        else:
            assert found[2].split()[1::2] == sorted(actions)


def test_the_acting_roles_exist_only_to_enforce_and_only_for_the_function(resources: dict[str, Any]) -> None:
    for name in ("Tag", "Stop", "Start", "Terminate"):
        role = resources[f"{name}Role"]
        assert role["Condition"] == ("Terminates" if name == "Terminate" else "Enforces")
        (trusts,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        assert trusts["Principal"] == {"AWS": {"GetAtt": "ScanRole.Arn"}}
        assert role["Properties"]["RoleName"] == f"finops-guard-{name.lower()}"


def test_the_scan_role_changes_nothing_but_state_and_notices(resources: dict[str, Any]) -> None:
    writes = re.compile(r":(?!Describe|Get|List|AssumeRole|CreateLogStream|PutLogEvents|PutObject|SendMessage)\w+")
    policies = resources["ScanRole"]["Properties"]["Policies"]
    statements = [each for policy in policies for each in policy["PolicyDocument"]["Statement"]]
    actions = [
        each for one in statements for each in ([one["Action"]] if isinstance(one["Action"], str) else one["Action"])
    ]
    assert [action for action in actions if writes.search(action)] == []
    assert not [action for action in actions if "*" in action]


def test_the_state_is_versioned_encrypted_and_closed(resources: dict[str, Any]) -> None:
    bucket = resources["StateBucket"]
    assert bucket["DeletionPolicy"] == "Retain"
    assert bucket["Properties"]["VersioningConfiguration"] == {"Status": "Enabled"}
    assert bucket["Properties"]["BucketEncryption"]
    assert set(bucket["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}
    assert resources["StateBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"][0]["Effect"] == "Deny"


def test_the_function_is_our_handler_and_what_fails_is_set_aside(resources: dict[str, Any]) -> None:
    function = resources["Function"]["Properties"]
    module, _, name = function["Handler"].rpartition(".")
    assert (module, name) == (aws_lambda.__name__, aws_lambda.handler.__name__)
    assert function["DeadLetterQueue"]["TargetArn"] == {"GetAtt": "DeadLetters.Arn"}
    states = resources["Run"]["Properties"]["Definition"]["States"]
    assert states["More"]["Choices"] == [{"Variable": "$.continue", "IsPresent": True, "Next": "Scan"}]
    assert states["Scan"]["Catch"][0]["Next"] == "SetAside"


def test_there_is_no_secret_and_no_account_in_it() -> None:
    text = TEMPLATE.read_text("utf-8")
    assert not re.search(r"\b\d{12}\b|AKIA|NoEcho|[Pp]assword", text)


@pytest.mark.skipif(find_spec("cfnlint") is None, reason="cfn-lint is not installed")
def test_cfn_lint_has_nothing_to_say() -> None:
    done = subprocess.run([sys.executable, "-m", "cfnlint", str(TEMPLATE)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
