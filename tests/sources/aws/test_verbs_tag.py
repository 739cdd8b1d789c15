"""Tags are merged, never replaced, twenty a request; each resource has its own outcome; what is sent is asserted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from finops_guard.model import Outcome, Tags
from finops_guard.sources.aws import _modules
from tests.sources.aws.acts import IMAGE, act, impatient, sent, states, step, tagging, undo
from tests.sources.aws.cloud import answer, denied, html, need, pairs, scan
from tests.sources.aws.estate import seed

if TYPE_CHECKING:
    from collections.abc import Callable

    from finops_guard.model import Resource
    from tests.sources.aws.cloud import Cloud

REGION = "eu-west-1"
WRITES = ("TagResources", "UntagResources", "TagResource", "UntagResource", "AddTags", "RemoveTags")
HOSTILE = ["{now.__class__.__mro__[1].__name__}", "a{b", "$x", "%s", "{0}", "' or 1=1 --", "a&b=c", "é ☃", "<&>"]


@pytest.fixture(scope="module")
def estate(server: Cloud) -> dict[str, list[Resource]]:
    seed(server, REGION)
    found: dict[str, list[Resource]] = {}
    for resource in scan(need(*{module.KIND for module in _modules.types()}))[0]:
        found.setdefault(resource.text("type"), []).append(resource)
    return found


def _vms(cloud: Cloud, count: int, **tags: str) -> list[Resource]:
    marked = [{"ResourceType": "instance", "Tags": pairs(tags)}] if tags else []
    run = cloud.client("ec2", REGION).run_instances(
        ImageId=IMAGE, MinCount=count, MaxCount=count, InstanceType="m5.large", TagSpecifications=marked
    )
    names = {instance["InstanceId"] for instance in run["Instances"]}
    return [found for found in scan(need("vm"))[0] if found.facts["instance_id"] in names]


def _now(resources: list[Resource]) -> list[dict[str, str]]:
    by_id = {found.id: found.tags.raw for found in scan(need(*{found.kind for found in resources}))[0]}
    return [by_id[resource.id] for resource in resources]


def _again(resources: list[Resource]) -> list[Resource]:
    by_id = {found.id: found for found in scan(need(*{found.kind for found in resources}))[0]}
    return [by_id[resource.id] for resource in resources]


def _failing(*failures: tuple[str, int, str, str]) -> Callable[[dict[str, Any]], Any]:
    """An answer of 200 that says what was not written: (the end of an ARN, status, code, message)."""

    def told(asked: dict[str, Any]) -> Any:
        failed = {
            arn: {"StatusCode": status, "ErrorCode": code, "ErrorMessage": message}
            for arn in asked["ResourceARNList"]
            for end, status, code, message in failures
            if arn.endswith(end)
        }
        return answer({"FailedResourcesMap": failed}) if failed else None

    return told


# moto tags no node groups; in the sandbox they are.
@pytest.mark.parametrize(
    "type_name", [m.TYPE for m in _modules.types() if m.TYPE != "AWS::EKS::Nodegroup" and m.KIND != "account"]
)
def test_every_type_is_tagged_and_put_back(cloud: Cloud, estate: dict[str, list[Resource]], type_name: str) -> None:
    there = _again(estate[type_name])
    before = [dict(found.tags.raw) for found in there]
    steps = [tagging(found, team="nlp", added="a b", project=None) for found in there]
    outcomes = act(steps)
    assert states(outcomes) == ["done"] * len(steps)
    assert _now(there) == [
        {key: value for key, value in raw.items() if key != "project"} | {"team": "nlp", "added": "a b"}
        for raw in before
    ]
    requests = sent(cloud, *WRITES)
    assert {(again.state, again.error) for again in act(steps)} == {("skipped", "its tags are so already")}
    assert requests == []
    assert states(undo(steps, outcomes)) == ["done"] * len(steps)
    assert _now(there) == before
    done = len(requests)
    assert set(states(undo(steps, outcomes))) == {"skipped"}
    assert len(requests) == done


def test_a_type_that_no_module_describes_is_tagged_too(cloud: Cloud) -> None:
    made = cloud.client("secretsmanager", REGION).create_secret(Name="s", SecretString="x", Tags=pairs({"team": "nlp"}))
    secret = {found.id: found for found in scan()[0]}[made["ARN"]]
    steps = [tagging(secret, owner="me")]
    outcomes = act(steps)
    assert states(outcomes) == ["done"]
    requests = sent(cloud, *WRITES)
    assert states(undo(steps, outcomes)) == ["done"]
    assert requests == [("UntagResources", {"ResourceARNList": [secret.id], "TagKeys": ["owner"]})]


def test_twenty_resources_a_request_and_only_the_keys_that_change(cloud: Cloud) -> None:
    vms = _vms(cloud, 45, keep="me", team="vision")
    requests = sent(cloud, *WRITES)
    steps = [tagging(vm, team="vision", owner="me") for vm in vms]
    assert states(act(steps)) == ["done"] * 45
    assert {operation for operation, _ in requests} == {"TagResources"}
    assert sorted(len(asked["ResourceARNList"]) for _, asked in requests) == [5, 20, 20]
    assert [asked["Tags"] for _, asked in requests] == [{"owner": "me"}] * 3
    assert _now(vms) == [{"keep": "me", "team": "vision", "owner": "me"}] * 45


def test_text_is_written_as_it_stands(cloud: Cloud) -> None:
    vms = _vms(cloud, len(HOSTILE))
    requests = sent(cloud, *WRITES)
    steps = [tagging(vm, note=text) for vm, text in zip(vms, HOSTILE, strict=True)]
    outcomes = act(steps)
    assert states(outcomes) == ["done"] * len(HOSTILE)
    assert [asked["Tags"]["note"] for _, asked in requests] == HOSTILE
    assert [raw["note"] for raw in _now(vms)] == HOSTILE
    assert states(undo(steps, outcomes)) == ["done"] * len(HOSTILE)
    assert _now(vms) == [{}] * len(HOSTILE)


def test_a_rename_writes_the_new_key_before_the_old_one_goes(cloud: Cloud) -> None:
    vms = _vms(cloud, 2, Team="vision")
    requests = sent(cloud, *WRITES)
    steps = [step(vm, "tag", {"Team": "vision", "team": None}, {"Team": None, "team": "vision"}) for vm in vms]
    assert states(act(steps)) == ["done"] * 2
    assert [(operation, asked.get("Tags") or asked["TagKeys"]) for operation, asked in requests] == [
        ("TagResources", {"team": "vision"}),
        ("UntagResources", ["Team"]),
    ]


def _full(cloud: Cloud) -> Resource:
    (vm,) = _vms(cloud, 1, Team="vision", **{f"key{number}": "x" for number in range(49)})
    return vm


def test_where_there_is_no_room_the_old_key_goes_first(cloud: Cloud) -> None:
    vm = _full(cloud)
    requests = sent(cloud, *WRITES)
    steps = [step(vm, "tag", {"Team": "vision", "team": None}, {"Team": None, "team": "vision"})]
    outcomes = act(steps)
    assert states(outcomes) == ["done"]
    assert [operation for operation, _ in requests] == ["UntagResources", "TagResources"]
    assert states(undo(steps, outcomes)) == ["done"]
    assert _now([vm]) == [vm.tags.raw]


def test_and_it_comes_back_if_the_new_one_is_refused(cloud: Cloud) -> None:
    vm = _full(cloud)
    refuse = _failing((vm.id, 400, "InvalidParameterException", "no"))
    cloud.instead = {"TagResources": lambda asked: refuse(asked) if "team" in asked["Tags"] else None}
    (outcome,) = act([step(vm, "tag", {"Team": "vision", "team": None}, {"Team": None, "team": "vision"})])
    before = {"Team": "vision", "team": None}
    assert outcome == Outcome(
        f"tag {vm.id}", "failed", before, before, "InvalidParameterException tag:TagResources: no"
    )
    assert _now([vm]) == [vm.tags.raw]


def test_a_failure_inside_an_answer_of_200_is_that_of_one_resource(cloud: Cloud) -> None:
    vms = _vms(cloud, 60, keep="me")
    pinned = vms[37].id

    def refuse(asked: dict[str, Any]) -> Any:
        if pinned not in asked["ResourceARNList"]:
            return None
        others = [arn for arn in asked["ResourceARNList"] if arn != pinned]
        cloud.client("resourcegroupstaggingapi", REGION).tag_resources(ResourceARNList=others, Tags=asked["Tags"])
        return _failing((pinned, 403, "InternalServiceException", "not authorized to perform ec2:CreateTags"))(asked)

    # The helper's own request is answered by moto: nothing pinned is in it.
    cloud.instead = {"TagResources": refuse}
    steps = [tagging(vm, owner="me") for vm in vms]
    outcomes = act(steps)
    assert states(outcomes).count("done") == 59
    assert outcomes[37] == Outcome(
        steps[37].id,
        "failed",
        {"owner": None},
        {"owner": None},
        "InternalServiceException tag:TagResources: not authorized to perform ec2:CreateTags",
    )
    cloud.reset()
    assert [raw.get("owner") for raw in _now(vms)] == ["me"] * 37 + [None] + ["me"] * 22


def test_only_what_was_throttled_is_sent_again(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses = impatient(monkeypatch)
    vms = _vms(cloud, 3)
    slow = _failing((vms[1].id, 429, "InternalServiceException", "Rate exceeded"))
    answers = [slow, slow]
    cloud.instead = {"TagResources": lambda asked: answers.pop()(asked) if answers else None}
    requests = sent(cloud, *WRITES)
    assert states(act([tagging(vm, owner="me") for vm in vms])) == ["done"] * 3
    arns = [vm.id for vm in vms]
    assert [asked["ResourceARNList"] for _, asked in requests] == [arns, [arns[1]], [arns[1]]]
    assert pauses == [1.0, 2.0]

    cloud.instead["TagResources"] = slow
    (outcome,) = act([tagging(_again(vms)[1], owner="you")])
    assert (outcome.state, outcome.after) == ("failed", {"owner": "me"})
    assert outcome.error == "InternalServiceException tag:TagResources: Rate exceeded"
    assert pauses[2:] == [1.0, 2.0, 4.0]


def test_a_request_refused_for_one_resource_is_halved(cloud: Cloud) -> None:
    vms = _vms(cloud, 16)
    bad = vms[5].id
    refused = answer({"__type": "InvalidParameterException", "message": "bad ARN"}, 400)
    cloud.instead = {"TagResources": lambda asked: refused if bad in asked["ResourceARNList"] else None}
    requests = sent(cloud, *WRITES)
    outcomes = act([tagging(vm, owner="me") for vm in vms])
    assert states(outcomes) == ["done"] * 5 + ["failed"] + ["done"] * 10
    assert len(requests) == 1 + 2 * 4


def test_who_may_not_tag_asks_once(cloud: Cloud) -> None:
    vms = _vms(cloud, 16)
    cloud.instead = {"TagResources": lambda _: denied("tagging")}
    requests = sent(cloud, *WRITES)
    outcomes = act([tagging(vm, owner="me") for vm in vms])
    assert {(outcome.state, outcome.error) for outcome in outcomes} == {("failed", "AccessDenied tag:TagResources")}
    assert len(requests) == 1


def test_a_lost_answer_is_looked_after(cloud: Cloud) -> None:
    vms = _vms(cloud, 3)
    cloud.lost = {"TagResources"}
    requests = sent(cloud, *WRITES)
    assert states(act([tagging(vm, owner="me") for vm in vms])) == ["done"] * 3
    assert len(requests) == 1
    cloud.lost = set()
    cloud.instead["TagResources"] = html
    outcomes = act([tagging(vm, owner="you") for vm in _again(vms)])
    assert states(outcomes) == ["failed"] * 3
    assert outcomes[0].after == {"owner": "me"}


def test_what_others_changed_is_left_alone(cloud: Cloud) -> None:
    vms = _vms(cloud, 3, team="vision")
    steps = [tagging(vm, team="nlp", owner="me") for vm in vms]
    name = str(vms[0].facts["instance_id"])
    ec2 = cloud.client("ec2", REGION)
    ec2.create_tags(Resources=[name], Tags=pairs({"team": "people"}))
    outcomes = act(steps)
    assert states(outcomes) == ["skipped", "done", "done"]
    assert outcomes[0].error == "changed by others since it was planned: tag 'team'"

    name = str(vms[1].facts["instance_id"])
    ec2.create_tags(Resources=[name], Tags=pairs({"team": "people", "more": "x"}))
    back = undo(steps, outcomes)
    assert states(back) == ["done", "done"]
    assert back[0].error == "left alone, changed by others since: tag 'team'"
    assert _now(vms) == [{"team": "people"}, {"team": "people", "more": "x"}, {"team": "vision"}]


def test_unreadable_tags_are_not_written(cloud: Cloud, estate: dict[str, list[Resource]]) -> None:
    cloud.denied = {("sagemaker", "ListTags")}
    requests = sent(cloud, *WRITES)
    outcomes = act([tagging(found, owner="me") for found in estate["AWS::SageMaker::NotebookInstance"]])
    why = "not all of its tags could be read: AccessDenied sagemaker:ListTags"
    assert {(outcome.state, outcome.error) for outcome in outcomes} == {("failed", why)}
    assert requests == []


def test_what_is_gone_is_skipped(cloud: Cloud) -> None:
    (vm,) = _vms(cloud, 1)
    cloud.client("ec2", REGION).terminate_instances(InstanceIds=[vm.facts["instance_id"]])
    vm.tags = Tags.of({})
    (outcome,) = act([tagging(vm, owner="me")])
    assert (outcome.state, outcome.error) == ("skipped", "it is gone")
