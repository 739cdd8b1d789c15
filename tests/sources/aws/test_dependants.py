"""Who else depends on what a plan would stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.sources.aws.acts import IMAGE, acting
from tests.sources.aws.cloud import denied, need, scan

if TYPE_CHECKING:
    from tests.sources.aws.cloud import Cloud


def test_load_balancers_depend_on_the_instances_that_they_send_requests_to(cloud: Cloud) -> None:
    ec2, elb = cloud.client("ec2"), cloud.client("elbv2")
    made = ec2.run_instances(ImageId=IMAGE, MinCount=2, MaxCount=2, InstanceType="m5.large")["Instances"]
    one, two = (str(each["InstanceId"]) for each in made)
    vpc = made[0]["VpcId"]
    subnets = [each["SubnetId"] for each in ec2.describe_subnets()["Subnets"]][:2]
    balancer = elb.create_load_balancer(Name="front", Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
    named = {"Protocol": "HTTP", "Port": 80, "VpcId": vpc}
    group = elb.create_target_group(Name="g", **named)["TargetGroups"][0]["TargetGroupArn"]
    elb.create_target_group(Name="addresses", TargetType="ip", **named)
    action = [{"Type": "forward", "TargetGroupArn": group}]
    elb.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=action)
    elb.register_targets(TargetGroupArn=group, Targets=[{"Id": one}])
    vms = {str(found.facts["instance_id"]): found for found in scan(need("vm"))[0]}
    cloud.asked.clear()
    found = acting().dependants([vms[one], vms[two]])
    assert found == {vms[one].id: sorted([balancer, group]), vms[two].id: []}
    assert [name for _, name, _ in cloud.asked].count("DescribeTargetHealth") == 1
    cloud.instead["DescribeTargetGroups"] = lambda _asked: denied("elasticloadbalancing")
    assert acting().dependants([vms[one]]) == {}, "what cannot be told is not nobody"
    ec2.terminate_instances(InstanceIds=[one, two])


def test_of_other_types_nobody_tells(cloud: Cloud) -> None:
    made = cloud.client("ec2").create_volume(AvailabilityZone="eu-west-1a", Size=8)["VolumeId"]
    volumes = [found for found in scan(need("volume"))[0] if made in found.id]
    assert acting().dependants(volumes) == {}
