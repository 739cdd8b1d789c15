"""The folder is the list of types: each file is named after the type it reads."""

from __future__ import annotations

import re
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from finops_guard.fields import KINDS
from finops_guard.sources import aws
from finops_guard.sources.aws import _modules

MODULES = {Path(str(module.__file__)).stem: module for module in _modules.types()}  # type: ignore[attr-defined] # modules
SAMPLES = {
    "ec2_instance": "arn:aws:ec2:eu-west-1:1:instance/i-1",
    "ec2_nat_gateway": "arn:aws:ec2:eu-west-1:1:natgateway/nat-1",
    "ec2_vpc_endpoint": "arn:aws:ec2:eu-west-1:1:vpc-endpoint/vpce-1",
    "ec2_volume": "arn:aws:ec2:eu-west-1:1:volume/vol-1",
    "eks_cluster": "arn:aws-cn:eks:cn-north-1:1:cluster/c",
    "eks_nodegroup": "arn:aws:eks:eu-west-1:1:nodegroup/c/n/1-2",
    "elasticloadbalancingv2_load_balancer": "arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/app/x/1",
    "lambda_function": "arn:aws:lambda:eu-west-1:1:function:f",
    "logs_log_group": "arn:aws:logs:eu-west-1:1:log-group:/a/b",
    "organizations_account": "arn:aws:iam::1:root",
    "rds_db_instance": "arn:aws:rds:eu-west-1:1:db:d",
    "s3_bucket": "arn:aws:s3:::b",
    "sagemaker_endpoint": "arn:aws:sagemaker:eu-west-1:1:endpoint/e",
    "sagemaker_notebook_instance": "arn:aws:sagemaker:eu-west-1:1:notebook-instance/n",
    "sagemaker_training_job": "arn:aws:sagemaker:eu-west-1:1:training-job/t",
}
OTHERS = (
    "arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/classic",
    "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/t/1",
    "arn:aws:rds:eu-west-1:1:cluster:c",
    "arn:aws:s3:eu-west-1:1:accesspoint/a",
    "arn:aws:sagemaker:eu-west-1:1:endpoint-config/e",
    "arn:aws:lambda:eu-west-1:1:layer:l",
    "arn:aws:ec2:eu-west-1:1:instance-connect-endpoint/e",
)


def _file_name(cfn_type: str) -> str:
    _, service, thing = cfn_type.split("::")
    return f"{service.lower()}_{re.sub(r'(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])', '_', thing).lower()}"


def test_every_file_is_named_after_its_type() -> None:
    assert {name: _file_name(module.TYPE) for name, module in MODULES.items()} == {name: name for name in MODULES}
    assert MODULES.keys() == SAMPLES.keys()


@pytest.mark.parametrize("name", MODULES)
def test_every_module_keeps_the_contract(name: str) -> None:
    module = MODULES[name]
    assert module.__doc__
    assert module.collect.__doc__
    assert module.KIND in (*KINDS, "account")
    assert module.PERMISSIONS["collect"]
    assert [other for other in MODULES if fnmatchcase(SAMPLES[name], MODULES[other].ARN)] == [name]
    assert not any(fnmatchcase(arn, module.ARN) for arn in OTHERS)


def test_the_scan_role_reads_and_nothing_else() -> None:
    permissions = aws.permissions()
    assert permissions == sorted(set(permissions))
    assert {"ec2:DescribeInstances", "sagemaker:ListTags", "tag:GetResources", "resource-explorer-2:ListResources"} <= {
        *permissions
    }
    assert [p for p in permissions if not re.search(r":(Describe|List|Get)\w+$", p)] == ["sts:AssumeRole"]


def test_the_sdk_is_not_imported_before_a_scan() -> None:
    program = "import sys, finops_guard.sources.aws; print({'boto3', 'botocore'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"
