"""What writes to a cloud stands in verbs of type modules and in the tagging module, and a scan sends none of it."""

from __future__ import annotations

import ast
import json
import os
import re
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name
from botocore.credentials import Credentials
from botocore.endpoint import Endpoint
from botocore.loaders import create_loader

import finops_guard
from finops_guard.model import LIFECYCLE, Calls
from finops_guard.plan.protections import KEEPS_DATA
from finops_guard.sources import aws
from finops_guard.sources.aws import _modules as _types
from finops_guard.sources.aws._cells import TypeModule
from finops_guard.sources.aws._session import Clients, signed_by
from tests.cli.command import finops_guard as finops_guard_command

PACKAGE = Path(finops_guard.__file__).parent
AWS = PACKAGE / "sources" / "aws"
SERVICES = (
    "application-autoscaling cloudwatch ec2 eks elbv2 lambda logs organizations rds resource-explorer-2 "
    "resourcegroupstaggingapi s3 sagemaker sns sts"
).split()
READING = re.compile(r"(Describe|List|Get|Head|Search|BatchGet|AssumeRole)\w*")
VERB = re.compile(rf"(undo_)?({'|'.join(('tag', *LIFECYCLE))})")
ELSEWHERE = {
    "state": "objects of the state",
    "notify": "senders",
    "sources/sandbox": "the estate of the sandbox, in this process",
}
"""Folders that write to something that no rule judges, and to what."""


@cache
def writing() -> frozenset[str]:
    """The operations of the services in use that change something, in both spellings."""
    loader = create_loader()
    names = {
        name
        for service in SERVICES
        for name in loader.load_service_model(service, "service-2")["operations"]
        if READING.fullmatch(name) is None
    }
    return frozenset(names | {xform_name(name) for name in names})


def _said(tree: ast.AST) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each writing operation that is called, or named in a call, and the functions around it."""

    def walk(node: ast.AST, around: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            around = (*around, node.name)
        if isinstance(node, ast.Call):
            yield from ((name, around) for name in _named(node) if name in writing())
        for child in ast.iter_child_nodes(node):
            yield from walk(child, around)

    return walk(tree, ())


def _named(call: ast.Call) -> Iterator[str]:
    if isinstance(call.func, ast.Attribute):
        yield call.func.attr
    for argument in (*call.args, *(keyword.value for keyword in call.keywords)):
        for part in ast.walk(argument):
            if isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value[:1].isupper():
                yield part.value


def _modules() -> list[Path]:
    return [path for path in sorted(PACKAGE.rglob("*.py")) if not _elsewhere(path)]


def _elsewhere(path: Path) -> bool:
    inside = path.relative_to(PACKAGE).as_posix()
    return any(inside.startswith(f"{folder}/") for folder in ELSEWHERE)


def _allowed(path: Path, around: tuple[str, ...]) -> bool:
    if path == AWS / "_tagging.py":
        return True
    return (
        path.parent == AWS and not path.name.startswith("_") and bool(around) and VERB.fullmatch(around[0]) is not None
    )


@pytest.mark.parametrize("path", _modules(), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_what_writes_is_said_in_verbs_only(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    assert [(name, around) for name, around in _said(tree) if not _allowed(path, around)] == []


@pytest.mark.parametrize(
    "line",
    [
        "client.stop_instances(InstanceIds=ids)",
        "site.write('StopInstances', InstanceIds=ids)",
        "cell.call('TagResources', ResourceARNList=arns)",
        "getattr(client, xform_name('DeleteEndpoint'))()",
        "sns.publish(TopicArn=topic)",
    ],
)
def test_the_test_would_see_it(line: str) -> None:
    tree = ast.parse(f"def collect():\n    {line}\n")
    _, around = next(_said(tree))
    assert not _allowed(AWS / "ec2_instance.py", around)
    assert _allowed(AWS / "ec2_instance.py", ("stop", "send"))
    assert not _allowed(AWS / "_act.py", ("stop", "send"))
    assert not _allowed(PACKAGE / "pipeline.py", ("stop",))


def test_only_verbs_are_given_clients_that_write() -> None:
    found = set()
    for path in _modules():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            attribute = node.attr if isinstance(node, ast.Attribute) else ""
            keyword = node.arg if isinstance(node, ast.keyword) else ""
            if {attribute, keyword} & {"writes", "writing", "_writing", "_writes"}:
                found.add(path.relative_to(PACKAGE).as_posix())
    assert found == {f"sources/aws/{name}.py" for name in ("_act", "_session", "_writes")}


def test_what_is_written_is_written_out() -> None:
    """A name in a variable would be invisible to these tests; only the tagging module passes one on."""
    for path in sorted(AWS.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            called = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "write"
            if called and path.name != "_tagging.py":
                assert isinstance(node, ast.Call)
                assert isinstance(node.args[0], ast.Constant), path.name
                assert node.args[0].value in writing(), path.name


def test_a_whole_scan_sends_nothing_that_writes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    sent: list[tuple[str, str, str]] = []
    send = Endpoint.make_request

    def watch(self: Endpoint, operation: Any, request: Any) -> Any:
        sent.append((operation.service_model.protocol, operation.http["method"], operation.name))
        return send(self, operation, request)

    monkeypatch.setattr(Endpoint, "make_request", watch)
    monkeypatch.chdir(tmp_path)
    ran = finops_guard_command("scan", "sandbox", "-f", "json")
    assert json.loads(ran.out)["run"]["mode"] == "dry-run", ran.err
    assert len({name for _, _, name in sent}) > 20
    assert [name for _, _, name in sent if READING.fullmatch(name) is None] == []
    posted = {name for protocol, method, name in sent if protocol.startswith("rest") and method not in {"GET", "HEAD"}}
    assert posted == {"ListIndexes", "ListResources"}  # Resource Explorer reads with POST


def test_a_client_that_reads_refuses_to_write(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    calls = Calls()
    with closing(Clients(calls, 1)) as clients, signed_by(Credentials("a", "b")):
        ec2: Any = clients.get("ec2", "eu-west-1")
        with pytest.raises(RuntimeError, match="StopInstances writes, and only verbs write"):
            ec2.stop_instances(InstanceIds=["i-1"])
        s3: Any = clients.get("s3", "eu-west-1")
        with pytest.raises(RuntimeError, match="PutBucketTagging writes"):
            s3.put_bucket_tagging(Bucket="b", Tagging={"TagSet": []})
    assert calls.requests == 0


@pytest.mark.parametrize("module", _types.types(), ids=lambda module: module.TYPE)
def test_every_verb_names_what_it_needs_and_takes_back_what_it_can(module: TypeModule) -> None:
    verbs = [verb for verb in LIFECYCLE if hasattr(module, verb)]
    assert not (verbs and module.KIND in KEEPS_DATA)
    assert set(module.PERMISSIONS) - {"collect", "read", "tag"} == {_ROLE.get(verb, verb) for verb in verbs}
    for verb in verbs:
        assert getattr(module, verb).__doc__
        undone = hasattr(module, f"undo_{verb}")
        assert undone == (verb != "terminate" and (verb, module.KIND) != ("stop", "training-job"))
    for role in ("start", "stop", "tag", "terminate"):
        assert not any(READING.fullmatch(a.partition(":")[2]) for a in module.PERMISSIONS.get(role, ()) if a != _S3)
    assert all(READING.fullmatch(action.partition(":")[2]) for action in aws.permissions("scan"))


_ROLE = {"scale_to_zero": "stop"}
_S3 = "s3:GetBucketTagging"
"""What the tagging API needs of S3, whose own API replaces whole sets."""
