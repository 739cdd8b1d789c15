"""Instances are stopped, started and terminated in batches, each with its own outcome; what is sent is asserted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.wrappers import Response

from finops_guard.model import Outcome
from finops_guard.sources.aws import ec2_instance
from tests.sources.aws.acts import IMAGE, act, acting, ids, impatient, sent, states, step, undo
from tests.sources.aws.cloud import OWN, denied, html, need, scan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from finops_guard.model import Resource
    from tests.sources.aws.cloud import Cloud

REGION = "eu-west-1"
OTHER = "210987654321"
LIFECYCLE = ("StopInstances", "StartInstances", "TerminateInstances")


@pytest.fixture
def vms(cloud: Cloud) -> Iterator[list[Resource]]:
    yield from _run(cloud, 3)


@pytest.fixture
def sixty(cloud: Cloud) -> Iterator[list[Resource]]:
    yield from _run(cloud, 60)


def _run(cloud: Cloud, count: int) -> Iterator[list[Resource]]:
    ec2 = cloud.client("ec2", REGION)
    made = ec2.run_instances(ImageId=IMAGE, MinCount=count, MaxCount=count, InstanceType="m5.large")["Instances"]
    names = {instance["InstanceId"] for instance in made}
    yield [found for found in scan(need("vm"))[0] if found.facts["instance_id"] in names]
    cloud.reset()
    for name in names:
        for attribute in ("DisableApiStop", "DisableApiTermination"):
            ec2.modify_instance_attribute(InstanceId=name, **{attribute: {"Value": False}})
    ec2.terminate_instances(InstanceIds=[*names])


def _states(cloud: Cloud, vms: list[Resource]) -> list[str]:
    names = [str(vm.facts["instance_id"]) for vm in vms]
    told = cloud.client("ec2", REGION).describe_instances(InstanceIds=names)["Reservations"]
    by_id = {i["InstanceId"]: i["State"]["Name"] for r in told for i in r["Instances"]}
    return [by_id[name] for name in names]


def test_stop_sends_one_request_with_nothing_but_ids(cloud: Cloud, vms: list[Resource]) -> None:
    requests = sent(cloud, *LIFECYCLE)
    steps = [step(vm, "stop") for vm in vms]
    assert act(steps) == [Outcome(s.id, "done", {"state": "running"}, {"state": "stopping"}) for s in steps]
    ((operation, form),) = requests
    assert operation == "StopInstances"
    assert sorted(ids(form)) == sorted(str(vm.facts["instance_id"]) for vm in vms)
    assert {key for key in form if not key.startswith("InstanceId.")} == {"Action", "Version"}
    assert _states(cloud, vms) == ["stopped"] * 3


def test_a_second_run_sends_nothing(cloud: Cloud, vms: list[Resource]) -> None:
    steps = [step(vm, "stop") for vm in vms]
    act(steps)
    requests = sent(cloud, *LIFECYCLE)
    again = act(steps)
    assert requests == []
    assert {(outcome.state, outcome.error) for outcome in again} == {("skipped", "already stopped")}


def test_undo_starts_what_was_stopped_and_nothing_twice(cloud: Cloud, vms: list[Resource]) -> None:
    steps = [step(vm, "stop") for vm in vms]
    outcomes = act(steps)
    requests = sent(cloud, *LIFECYCLE)
    assert states(undo(steps, outcomes)) == ["done"] * 3
    assert [operation for operation, _ in requests] == ["StartInstances"]
    assert _states(cloud, vms) == ["running"] * 3
    assert {(back.state, back.error) for back in undo(steps, outcomes)} == {("skipped", "already running")}
    assert len(requests) == 1


def test_one_denied_of_sixty_leaves_fifty_nine_done(cloud: Cloud, sixty: list[Resource]) -> None:
    pinned = str(sixty[37].facts["instance_id"])
    cloud.instead = {"StopInstances": lambda form: denied("ec2") if pinned in form.values() else None}
    requests = sent(cloud, *LIFECYCLE)
    steps = [step(vm, "stop") for vm in sixty]
    outcomes = act(steps)
    assert states(outcomes).count("done") == 59
    assert outcomes[37] == Outcome(
        steps[37].id, "failed", {"state": "running"}, {"state": "running"}, "AccessDenied ec2:StopInstances"
    )
    assert _states(cloud, sixty) == ["stopped"] * 37 + ["running"] + ["stopped"] * 22
    assert len(requests) <= 2 + 2 * 6  # two batches, the one that was refused halved until one is alone
    assert max(len(ids(form)) for _, form in requests) == 50


def test_what_is_protected_says_why_it_was_not_stopped(cloud: Cloud, vms: list[Resource]) -> None:
    pinned = str(vms[1].facts["instance_id"])
    cloud.client("ec2", REGION).modify_instance_attribute(InstanceId=pinned, DisableApiStop={"Value": True})
    outcomes = act([step(vm, "stop") for vm in vms])
    assert states(outcomes) == ["done", "failed", "done"]
    assert outcomes[1].error is not None
    assert outcomes[1].error.startswith("OperationNotPermitted ec2:StopInstances: ")
    assert _states(cloud, vms) == ["stopped", "running", "stopped"]


def test_a_lost_answer_is_looked_after_and_nothing_is_sent_twice(
    cloud: Cloud, vms: list[Resource], monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient(monkeypatch)
    cloud.lost = {"StopInstances"}
    requests = sent(cloud, *LIFECYCLE)
    outcomes = act([step(vm, "stop") for vm in vms])
    assert {(o.state, *o.after.values()) for o in outcomes} == {("done", "stopped")}
    assert len(requests) == 1


def test_no_answer_and_no_change_is_a_failure(
    cloud: Cloud, vms: list[Resource], monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses = impatient(monkeypatch)
    cloud.instead = {"StopInstances": html}
    requests = sent(cloud, *LIFECYCLE)
    outcomes = act([step(vm, "stop") for vm in vms])
    assert states(outcomes) == ["failed"] * 3
    assert outcomes[0].error == "ResponseParserError ec2:StopInstances: no answer came, and nothing has changed"
    assert outcomes[0].after == {"state": "running"}
    assert len(requests) == 1
    assert sum(pauses) < 10


def test_throttled_is_tried_again(cloud: Cloud, vms: list[Resource], monkeypatch: pytest.MonkeyPatch) -> None:
    pauses = impatient(monkeypatch)
    busy = [_throttled(), _throttled()]
    cloud.instead = {"StopInstances": lambda _: busy.pop() if busy else None}
    requests = sent(cloud, *LIFECYCLE)
    assert states(act([step(vm, "stop") for vm in vms])) == ["done"] * 3
    assert (len(requests), pauses) == (3, [1.0, 2.0])


def _throttled() -> Response:
    error = "<Error><Code>RequestLimitExceeded</Code><Message>Request limit exceeded.</Message></Error>"
    return Response(f"<Response><Errors>{error}</Errors></Response>", 503, content_type="text/xml")


def test_what_cannot_be_read_is_not_stopped(cloud: Cloud, vms: list[Resource]) -> None:
    cloud.denied = {("ec2", "DescribeInstances")}
    requests = sent(cloud, *LIFECYCLE)
    outcomes = act([step(vm, "stop") for vm in vms])
    assert {(o.state, o.error) for o in outcomes} == {("failed", "AccessDenied ec2:DescribeInstances")}
    assert requests == []


def test_terminate_ends_it_and_cannot_be_undone(cloud: Cloud, vms: list[Resource]) -> None:
    pinned = str(vms[0].facts["instance_id"])
    cloud.client("ec2", REGION).modify_instance_attribute(InstanceId=pinned, DisableApiTermination={"Value": True})
    steps = [step(vm, "terminate") for vm in vms]
    outcomes = act(steps)
    assert states(outcomes) == ["failed", "done", "done"]
    assert {(back.state, back.error) for back in undo(steps, outcomes)} == {
        ("skipped", "terminate of AWS::EC2::Instance cannot be undone")
    }
    assert {(o.state, o.error) for o in act(steps[1:])} == {("skipped", "already deleting")}


def test_start_is_the_inverse_of_stop_both_ways(cloud: Cloud, vms: list[Resource]) -> None:
    act([step(vm, "stop") for vm in vms])
    steps = [step(vm, "start") for vm in vms]
    outcomes = act(steps)
    assert (states(outcomes), _states(cloud, vms)) == (["done"] * 3, ["running"] * 3)
    assert (states(undo(steps, outcomes)), _states(cloud, vms)) == (["done"] * 3, ["stopped"] * 3)


def test_a_resource_is_read_again_with_its_protection(cloud: Cloud, vms: list[Resource]) -> None:
    pinned = str(vms[1].facts["instance_id"])
    ec2 = cloud.client("ec2", REGION)
    ec2.modify_instance_attribute(InstanceId=pinned, DisableApiStop={"Value": True})
    ec2.create_tags(Resources=[pinned], Tags=[{"Key": "keep", "Value": "yes"}])
    ec2.terminate_instances(InstanceIds=[str(vms[2].facts["instance_id"])])
    with_ = acting()
    found = list(with_.read(vms, ()))
    assert [(vm.id, vm.fields["protected"], vm.tags.raw) for vm in found] == [
        (vms[0].id, False, {}),
        (vms[1].id, True, {"keep": "yes"}),
    ]
    assert {**vms[0].fields, "protected": False} == found[0].fields
    assert vms[0].facts == found[0].facts


def test_what_cannot_be_read_again_is_unknown_and_what_is_gone_is_left_out(cloud: Cloud, vms: list[Resource]) -> None:
    cloud.denied = {("ec2", "DescribeInstances")}
    found = list(acting().read(vms, ()))
    assert [vm.id for vm in found] == [vm.id for vm in vms]
    for vm in found:
        assert "state" not in vm.fields
        assert vm.unknown["state"] == "AccessDenied ec2:DescribeInstances"
        assert vm.tags.open_because == "AccessDenied ec2:DescribeInstances"


def test_two_iterators_at_a_time_do_not_sign_for_each_other(vms: list[Resource]) -> None:
    with_ = acting()
    first: Any = with_.act("stop", [step(vm, "stop") for vm in vms])
    next(first)
    assert len(list(with_.read(vms))) == 3
    assert len(list(first)) == 2


def test_who_has_a_verb(cloud: Cloud) -> None:
    del cloud
    with_ = acting()
    assert with_.has("AWS::EC2::Instance", "stop")
    assert with_.has("AWS::EC2::Instance", "tag")
    assert with_.has("AWS::SQS::Queue", "tag")
    assert with_.has("sqs:queue", "tag")
    assert not with_.has("Microsoft.Compute/virtualMachines", "tag")
    assert not with_.has("compute.googleapis.com/Instance", "stop")
    assert not with_.has("AWS::RDS::DBInstance", "stop")
    assert not with_.has("AWS::EC2::Instance", "collect")


@pytest.fixture
def elsewhere(cloud: Cloud) -> Resource:
    """A machine in another account."""
    role = cloud.client("sts").assume_role(RoleArn=f"arn:aws:iam::{OTHER}:role/x", RoleSessionName="seed")[
        "Credentials"
    ]
    keys = {
        "aws_access_key_id": role["AccessKeyId"],
        "aws_secret_access_key": role["SecretAccessKey"],
        "aws_session_token": role["SessionToken"],
    }
    cloud.client("ec2", REGION, **keys).run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1, InstanceType="m5.large")
    return scan(need("vm"), accounts=[OTHER], roles={"scan": "reader"})[0][-1]


def _roles(requests: list[tuple[str, dict[str, Any]]]) -> list[str]:
    return [asked["RoleArn"] for _, asked in requests]


def test_a_verb_is_done_as_its_own_role_and_read_as_the_scan_s(cloud: Cloud, elsewhere: Resource) -> None:
    requests = sent(cloud, "AssumeRole")
    roles = {"scan": "reader", "stop": "path/stopper"}
    steps = [step(elsewhere, "stop")]
    outcomes = act(steps, roles=roles, external_id="xyz")
    assert states(outcomes) == ["done"]
    assert _roles(requests) == [f"arn:aws:iam::{OTHER}:role/{name}" for name in ("reader", "path/stopper")]
    assert {asked["ExternalId"] for _, asked in requests} == {"xyz"}
    # Nobody is named for `start`, so whoever may stop takes it back.
    assert states(undo(steps, outcomes, roles=roles)) == ["done"]
    assert _roles(requests)[2:] == _roles(requests)[:2]
    assert acting(roles=roles).identity(OTHER, "stop").principal == (
        f"arn:aws:sts::{OTHER}:assumed-role/stopper/finops-guard"
    )


def test_in_our_own_account_a_verb_has_its_role_too(cloud: Cloud, vms: list[Resource]) -> None:
    requests = sent(cloud, "AssumeRole")
    act([step(vms[0], "stop")], roles={"scan": "reader", "terminate": "other"})
    assert requests == []
    act([step(vms[1], "stop")], roles={"scan": "reader", "stop": "stopper"})
    assert _roles(requests) == [f"arn:aws:iam::{OWN}:role/stopper"]


@pytest.mark.parametrize(
    ("roles", "why"),
    [({}, "no role to assume there: name it in scope.aws.roles.scan"), ({"scan": "x"}, "AccessDenied sts:AssumeRole")],
)
def test_an_account_that_cannot_be_entered_fails_alone(
    cloud: Cloud, vms: list[Resource], elsewhere: Resource, roles: dict[str, str], why: str
) -> None:
    cloud.denied = {("sts", "AssumeRole")}
    outcomes = act([step(elsewhere, "stop"), step(vms[0], "stop")], roles=roles)
    assert [(outcome.state, outcome.error) for outcome in outcomes] == [("failed", why), ("done", None)]
    (again,) = acting(roles=roles).read([elsewhere], ())
    assert (again.id, again.unknown["state"]) == (elsewhere.id, why)


def test_without_credentials_everything_fails_and_nothing_is_sent(cloud: Cloud, vms: list[Resource]) -> None:
    cloud.denied = {("sts", "GetCallerIdentity")}
    requests = sent(cloud, *LIFECYCLE)
    assert {(o.state, o.error) for o in act([step(vm, "stop") for vm in vms])} == {
        ("failed", "AWS does not know who we are")
    }
    assert requests == []


def test_our_own_crash_is_the_outcome_of_every_step(vms: list[Resource], monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object) -> Iterator[Outcome]:
        yield from ()
        raise KeyError("never")

    monkeypatch.setattr(ec2_instance, "stop", crash)
    assert {(o.state, o.error) for o in act([step(vm, "stop") for vm in vms])} == {("failed", "KeyError: 'never'")}


def test_no_secret_is_in_an_error(cloud: Cloud, vms: list[Resource]) -> None:
    message = "Client.Error AKIAIOSFODNN7EXAMPLE Encoded authorization failure message: " + "aB3" * 40
    error = f"<Error><Code>IncorrectState</Code><Message>{message}</Message></Error>"
    told = Response(f"<Response><Errors>{error}</Errors></Response>", 400, content_type="text/xml")
    cloud.instead = {"StopInstances": lambda _: told}
    (outcome,) = act([step(vms[0], "stop")])
    assert outcome.error == (
        "IncorrectState ec2:StopInstances: Client.Error AKIA…MPLE Encoded authorization failure message: …"
    )
