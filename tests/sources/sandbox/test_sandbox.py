from __future__ import annotations

import os
import subprocess
import sys
import threading
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError

from finops_guard.sources import sandbox
from tests.sources.sandbox.conftest import NOW, Cloud

ACCOUNT = "214365870912"


def inventory(cloud: Cloud) -> list[Any]:
    """What a scan would see of one account, less what AWS makes up for each answer."""
    found: list[Any] = []
    for region in ("eu-west-1", "eu-central-1"):
        for service, operation, key in (
            ("ec2", "describe_instances", "Reservations"),
            ("ec2", "describe_volumes", "Volumes"),
            ("ec2", "describe_nat_gateways", "NatGateways"),
            ("sagemaker", "list_notebook_instances", "NotebookInstances"),
            ("sagemaker", "list_training_jobs", "TrainingJobSummaries"),
            ("rds", "describe_db_instances", "DBInstances"),
            ("lambda", "list_functions", "Functions"),
            ("resourcegroupstaggingapi", "get_resources", "ResourceTagMappingList"),
        ):
            found += cloud.pages(service, ACCOUNT, region, operation, key)
        eks = cloud.client("eks", ACCOUNT, region)
        found += [eks.describe_cluster(name=name)["cluster"] for name in eks.list_clusters()["clusters"]]
    for one in found:
        one.pop("LatestRestorableTime", None)  # a database can be restored to a few minutes ago, always
    return found


def test_two_starts_with_one_seed_and_moment_are_the_same_estate() -> None:
    seen = []
    for _ in range(2):
        with sandbox.start(seed=3, now=NOW) as box:
            seen.append((box.environment["AWS_ACCESS_KEY_ID"], inventory(Cloud(box))))
    assert seen[0] == seen[1]


def test_nothing_is_left_when_a_run_ends_even_in_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody-has-this")
    before, threads = dict(os.environ), threading.enumerate()
    running = sandbox.start(now=NOW + timedelta(hours=1))
    box = running.__enter__()
    assert dict(os.environ) == before
    assert [thread.name for thread in threading.enumerate() if thread not in threads] == ["sandbox"]
    assert box.environment["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
    assert box.policy_path.is_file()
    with sandbox.applied(box.environment):
        sts = boto3.Session().client("sts", config=Config(retries={"total_max_attempts": 1}))
        assert sts.get_caller_identity()["Account"] == "109283746556"
    assert not running.__exit__(RuntimeError, RuntimeError("the scan failed"), None)
    assert dict(os.environ) == before
    assert threading.enumerate() == threads
    assert not box.policy_path.exists()
    with pytest.raises(EndpointConnectionError):
        sts.get_caller_identity()


def test_nothing_heavy_is_imported_before_it_starts() -> None:
    code = (
        "import sys, finops_guard.sources.sandbox\n"
        "heavy = {'moto', 'flask', 'boto3', 'botocore', 'werkzeug', 'yaml'} & sys.modules.keys()\n"
        "sys.exit(', '.join(sorted(heavy)) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
