"""The seed: in each region two or more of every type, one with tags, one with none."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING

from tests.sources.aws.cloud import OWN, ROLE, pairs

if TYPE_CHECKING:
    from tests.sources.aws.cloud import Cloud

GOOD = {"team": "vision", "project": "churn", "environment": "prod"}
EMPTY = {"team": "", "project": "churn"}
_IMAGE = "ami-12c6146b"
"""One that moto ships in every region; listing all of them takes it a second."""
TAGS: dict[str, dict[str, str]] = {"good": GOOD, "empty": EMPTY, "bare": {}}


def seed(cloud: Cloud, *regions: str) -> dict[str, dict[str, str]]:
    """Raw tags by ARN of everything that a scan of these regions must tell, but for volumes."""
    # moto's Lambda wants a role that Lambda may assume.
    trust = {
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]
    }
    cloud.client("iam").create_role(RoleName="any", AssumeRolePolicyDocument=json.dumps(trust))
    truth: dict[str, dict[str, str]] = {}
    for region in regions:
        truth |= _ec2(cloud, region) | _sagemaker(cloud, region) | _others(cloud, region) | _network(cloud, region)
    return truth


def _ec2(cloud: Cloud, region: str) -> dict[str, dict[str, str]]:
    ec2 = cloud.client("ec2", region)
    truth = {}
    for tags, kind in ((GOOD, "p4d.24xlarge"), (EMPTY, "m5.large"), ({}, "g5.xlarge")):
        marked = [{"ResourceType": "instance", "Tags": pairs(tags)}] if tags else []
        # One reservation each: moto pages by reservation.
        run = ec2.run_instances(ImageId=_IMAGE, MinCount=1, MaxCount=1, InstanceType=kind, TagSpecifications=marked)
        truth[f"arn:aws:ec2:{region}:{OWN}:instance/{run['Instances'][0]['InstanceId']}"] = tags
    gone = ec2.run_instances(ImageId=_IMAGE, MinCount=1, MaxCount=1, InstanceType="m5.large")
    ec2.terminate_instances(InstanceIds=[gone["Instances"][0]["InstanceId"]])
    return truth


def _sagemaker(cloud: Cloud, region: str) -> dict[str, dict[str, str]]:
    sagemaker = cloud.client("sagemaker", region)
    sagemaker.create_model(ModelName="m", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": "image"})
    variant = {"VariantName": "v", "ModelName": "m", "InstanceType": "ml.p3.8xlarge", "InitialInstanceCount": 2}
    sagemaker.create_endpoint_config(EndpointConfigName="all", ProductionVariants=[variant])
    truth = {}
    for name, tags in TAGS.items():
        notebook = sagemaker.create_notebook_instance(
            NotebookInstanceName=name, InstanceType="ml.p3.2xlarge", RoleArn=ROLE, Tags=pairs(tags)
        )
        endpoint = sagemaker.create_endpoint(EndpointName=name, EndpointConfigName="all", Tags=pairs(tags))
        job = sagemaker.create_training_job(
            TrainingJobName=name,
            AlgorithmSpecification={"TrainingImage": "image", "TrainingInputMode": "File"},
            RoleArn=ROLE,
            OutputDataConfig={"S3OutputPath": "s3://out/x"},
            ResourceConfig={"InstanceType": "ml.p3.16xlarge", "InstanceCount": 2, "VolumeSizeInGB": 1},
            StoppingCondition={"MaxRuntimeInSeconds": 60},
            Tags=pairs(tags),
        )
        truth[notebook["NotebookInstanceArn"]] = tags
        truth[endpoint["EndpointArn"]] = tags
        truth[job["TrainingJobArn"]] = tags
    return truth


def _others(cloud: Cloud, region: str) -> dict[str, dict[str, str]]:
    truth: dict[str, dict[str, str]] = {}
    for name, tags in TAGS.items():
        truth |= _stores(cloud, region, name, tags)
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("f.py", "")
        function = cloud.client("lambda", region).create_function(
            FunctionName=name,
            Runtime="python3.11",
            Role=ROLE,
            Handler="f.f",
            Code={"ZipFile": code.getvalue()},
            Tags=tags,
        )
        truth[function["FunctionArn"]] = tags
        eks = cloud.client("eks", region)
        cluster = eks.create_cluster(
            name=name, roleArn=ROLE, resourcesVpcConfig={"subnetIds": [], "securityGroupIds": []}, tags=tags
        )
        group = eks.create_nodegroup(
            clusterName=name,
            nodegroupName="n",
            nodeRole=ROLE,
            subnets=[],
            instanceTypes=["p4d.24xlarge"],
            scalingConfig={"minSize": 0, "maxSize": 3, "desiredSize": 2 if tags else 0},
            tags=tags,
        )
        truth[cluster["cluster"]["arn"]] = tags
        truth[group["nodegroup"]["nodegroupArn"]] = tags
    return truth


def _stores(cloud: Cloud, region: str, name: str, tags: dict[str, str]) -> dict[str, dict[str, str]]:
    s3 = cloud.client("s3", region)
    bucket = f"{name}-{region}"
    where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=bucket, **where)
    if tags:
        s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": pairs(tags)})
    database = cloud.client("rds", region).create_db_instance(
        DBInstanceIdentifier=name,
        DBInstanceClass="db.m5.large",
        Engine="postgres",
        AllocatedStorage=20,
        Tags=pairs(tags),
    )
    logs = cloud.client("logs", region)
    logs.create_log_group(logGroupName=f"/x/{name}", tags=tags)
    if name == "good":
        logs.put_retention_policy(logGroupName="/x/good", retentionInDays=30)
    return {
        f"arn:aws:s3:::{bucket}": tags,
        database["DBInstance"]["DBInstanceArn"]: tags,
        f"arn:aws:logs:{region}:{OWN}:log-group:/x/{name}": tags,
    }


def _network(cloud: Cloud, region: str) -> dict[str, dict[str, str]]:
    ec2 = cloud.client("ec2", region)
    subnets = [subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"]]
    truth = {}
    for name, tags in TAGS.items():
        marked = [{"ResourceType": "natgateway", "Tags": pairs(tags)}] if tags else []
        nat = ec2.create_nat_gateway(SubnetId=subnets[0], ConnectivityType="private", TagSpecifications=marked)
        truth[f"arn:aws:ec2:{region}:{OWN}:natgateway/{nat['NatGateway']['NatGatewayId']}"] = tags
        link = ec2.create_vpc_endpoint(
            VpcId=nat["NatGateway"]["VpcId"],
            VpcEndpointType="Interface",
            ServiceName=f"com.amazonaws.{region}.logs",
            SubnetIds=subnets[:2],
            TagSpecifications=[{**each, "ResourceType": "vpc-endpoint"} for each in marked],
        )
        truth[f"arn:aws:ec2:{region}:{OWN}:vpc-endpoint/{link['VpcEndpoint']['VpcEndpointId']}"] = tags
        extra = {"Tags": pairs(tags)} if tags else {}
        balancer = cloud.client("elbv2", region).create_load_balancer(Name=name, Subnets=subnets[:2], **extra)
        truth[balancer["LoadBalancers"][0]["LoadBalancerArn"]] = tags
    gone = ec2.create_nat_gateway(SubnetId=subnets[0], ConnectivityType="private")
    ec2.delete_nat_gateway(NatGatewayId=gone["NatGateway"]["NatGatewayId"])
    return truth
