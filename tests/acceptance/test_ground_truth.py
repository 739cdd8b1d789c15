"""A moto estate seeded through plain SDK calls, scanned by the command: exactly what was planted, nothing twice."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

REGIONS = ("eu-west-1", "eu-central-1", "us-east-1", "us-west-2")
KEYS = ("project", "team", "cost-center", "environment", "workload-type", "model-version")
ROLE = "arn:aws:iam::123456789012:role/sagemaker"
PACK = """
pack: required
version: 1.0.0
rules:
  tags:
    title: Everything that costs money says whose it is
    severity: high
    match: {kind: [vm, bucket, function, database, notebook, endpoint, training-job, log-store]}
    require:
      tags:
        project: {exists: true}
        team: {exists: true}
        cost-center: {exists: true}
        environment: [prod, staging, dev]
        workload-type: {exists: true}
        model-version: {exists: true}
"""
POLICY = """
policy: acceptance
owner: finops@acme.example
packs: [{use: ./required.yaml}]
scope: {aws: {regions: [eu-west-1, eu-central-1, us-east-1, us-west-2]}}
"""


def _tags(dice: random.Random) -> dict[str, str]:
    tags = {key: f"{key}-1" for key in KEYS} | {"environment": dice.choice(["prod", "staging", "dev"])}
    match dice.randrange(10):
        case 0:
            tags.pop(dice.choice(KEYS))
        case 1:
            for key in dice.sample(KEYS, 2):
                tags.pop(key)
        case 2:
            return {}
        case 3:
            tags[dice.choice(KEYS)] = ""
        case 4:
            tags["environment"] = "production"
    return tags


def _wrong(tags: dict[str, str]) -> bool:
    return any(not tags.get(key) for key in KEYS) or tags["environment"] not in ("prod", "staging", "dev")


class Seed:
    """Plants resources and remembers which of them break the rule."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.dice = random.Random(11)
        self.wrong: set[str] = set()
        self.all: set[str] = set()

    def client(self, service: str, region: str) -> Any:
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=self.endpoint,
            aws_access_key_id="seed",
            aws_secret_access_key="seed",
        )

    def note(self, arn: str, tags: dict[str, str]) -> None:
        self.all.add(arn)
        if _wrong(tags):
            self.wrong.add(arn)

    def region(self, region: str) -> None:
        for i in range(5):
            self._ec2(region)
            self._s3(region, i)
            self._lambda(region, i)
            self._rds(region, i)
            self._logs(region, i)
            self._sagemaker(region, i)

    def _pairs(self, key: str = "Key", value: str = "Value") -> tuple[dict[str, str], list[dict[str, str]]]:
        tags = _tags(self.dice)
        return tags, [{key: k, value: v} for k, v in tags.items()]

    def _ec2(self, region: str) -> None:
        tags, pairs = self._pairs()
        spec = [{"ResourceType": "instance", "Tags": pairs}] if pairs else []
        made = self.client("ec2", region).run_instances(
            ImageId="ami-12c6146b", MinCount=1, MaxCount=1, InstanceType="g4dn.xlarge", TagSpecifications=spec
        )
        self.note(f"arn:aws:ec2:{region}:123456789012:instance/{made['Instances'][0]['InstanceId']}", tags)

    def _s3(self, region: str, i: int) -> None:
        tags, pairs = self._pairs()
        s3, name = self.client("s3", region), f"bucket-{region}-{i}"
        where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        s3.create_bucket(Bucket=name, **where)
        if pairs:
            s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": pairs})
        self.note(f"arn:aws:s3:::{name}", tags)

    def _lambda(self, region: str, i: int) -> None:
        tags, _ = self._pairs()
        role = "arn:aws:iam::123456789012:role/lambda"
        iam = self.client("iam", "us-east-1")
        with suppress(iam.exceptions.EntityAlreadyExistsException):
            iam.create_role(RoleName="lambda", AssumeRolePolicyDocument="{}")
        made = self.client("lambda", region).create_function(
            FunctionName=f"fn-{i}",
            Runtime="python3.12",
            Role=role,
            Handler="a.b",
            Code={"ZipFile": b"zip"},
            **({"Tags": tags} if tags else {}),
        )
        self.note(made["FunctionArn"], tags)

    def _rds(self, region: str, i: int) -> None:
        tags, pairs = self._pairs()
        made = self.client("rds", region).create_db_instance(
            DBInstanceIdentifier=f"db-{i}",
            DBInstanceClass="db.t3.medium",
            Engine="postgres",
            MasterUsername="owner",
            MasterUserPassword="not-a-secret-1",
            AllocatedStorage=20,
            Tags=pairs,
        )
        self.note(made["DBInstance"]["DBInstanceArn"], tags)

    def _logs(self, region: str, i: int) -> None:
        tags, _ = self._pairs()
        self.client("logs", region).create_log_group(logGroupName=f"/app/{i}", **({"tags": tags} if tags else {}))
        self.note(f"arn:aws:logs:{region}:123456789012:log-group:/app/{i}", tags)

    def _sagemaker(self, region: str, i: int) -> None:
        client = self.client("sagemaker", region)
        tags, pairs = self._pairs()
        made = client.create_notebook_instance(
            NotebookInstanceName=f"nb-{i}", InstanceType="ml.t2.medium", RoleArn=ROLE, Tags=pairs
        )
        self.note(made["NotebookInstanceArn"], tags)
        tags, pairs = self._pairs()
        made = client.create_training_job(
            TrainingJobName=f"job-{i}",
            AlgorithmSpecification={"TrainingImage": "image", "TrainingInputMode": "File"},
            RoleArn=ROLE,
            OutputDataConfig={"S3OutputPath": "s3://out"},
            ResourceConfig={"InstanceType": "ml.m4.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 10},
            StoppingCondition={"MaxRuntimeInSeconds": 60},
            Tags=pairs,
        )
        self.note(made["TrainingJobArn"], tags)
        client.create_model(
            ModelName=f"model-{i}", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": "image", "ModelDataUrl": "s3://m"}
        )
        variant = {
            "VariantName": "a",
            "ModelName": f"model-{i}",
            "InitialInstanceCount": 1,
            "InstanceType": "ml.t2.medium",
        }
        client.create_endpoint_config(EndpointConfigName=f"config-{i}", ProductionVariants=[variant])
        tags, pairs = self._pairs()
        made = client.create_endpoint(EndpointName=f"end-{i}", EndpointConfigName=f"config-{i}", Tags=pairs)
        self.note(made["EndpointArn"], tags)


@pytest.fixture(scope="module")
def estate() -> Iterator[Seed]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        seed = Seed(f"http://{host}:{port}")
        for region in REGIONS:
            seed.region(region)
        yield seed
    finally:
        server.stop()


def _scan(estate: Seed, folder: Path) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
    (folder / "required.yaml").write_text(PACK)
    (folder / "policy.yaml").write_text(POLICY)
    environ = os.environ | {
        "AWS_ENDPOINT_URL": estate.endpoint,
        "AWS_ACCESS_KEY_ID": "scan",
        "AWS_SECRET_ACCESS_KEY": "scan",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_CONFIG_FILE": str(folder / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "none"),
    }
    command = [sys.executable, "-m", "finops_guard", "scan", "aws", "-p", "policy.yaml", "-f", "json"]
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    return done, json.loads(done.stdout) if done.stdout else {}


def test_the_scan_finds_exactly_what_was_planted(estate: Seed, tmp_path: Path) -> None:
    done, report = _scan(estate, tmp_path)
    assert report, done.stderr
    assert report["gaps"] == []
    failing = [f["resource"]["id"] for f in report["findings"] if f["verdict"] == "fail"]
    assert len(failing) == len(set(failing))
    assert set(failing) == estate.wrong
    coverage = report["coverage"][0]
    assert (coverage["pass"], coverage["unknown"]) == (len(estate.all) - len(estate.wrong), 0)
    assert done.returncode == 1
