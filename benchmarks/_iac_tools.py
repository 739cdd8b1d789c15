"""The tools that `iac.py` compares: where each is, the same sentence as each writes it, and what its report says.

The sentence: what can carry tags has a project, a team, and a workload type that is training or inference.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PEERS = Path(__file__).resolve().parent.parent / ".venv-peers"
"""One environment a tool, which `make bench` makes."""
KEYS = ("project", "team", "workload-type")
DOES = ["training", "inference"]
TYPES = {
    "aws": ["aws_instance", "aws_s3_bucket", "aws_ebs_volume", "aws_sagemaker_notebook_instance"],
    "google": ["google_storage_bucket"],
}
"""What checkov is told to look at: it knows of no type whether it can carry tags."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a report says of addresses; `places` are (file, line), where we compare them."""

    failed: frozenset[str]
    passed: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()
    places: dict[str, tuple[str, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool: where its program is, what it reads, how it is asked (policies, target) and how it answers."""

    name: str
    program: Path
    reads: frozenset[str]
    asked: Callable[[Path, Path], list[str]]
    answer: Callable[[Any], Found]
    environ: dict[str, str] = field(default_factory=dict)

    def command(self, policies: Path, target: Path) -> list[str]:
        """The command that judges a target."""
        return [str(self.program), *self.asked(policies / self.name, target)]

    @property
    def installed(self) -> bool:
        """Whether it is there whole: an installation that broke off has a program and no stamp."""
        return self.program.is_file() and (self.name == OURS or (PEERS / self.name / ".installed").is_file())


OURS = "finops-guard"
PACK = {
    "pack": "bench",
    "version": "1.0.0",
    "rules": {
        "tagged": {
            "title": "Everything says whose it is and what it does",
            "severity": "high",
            "match": {"taggable": True},
            "require": {"tags": {"project": {"exists": True}, "team": {"exists": True}, "workload-type": DOES}},
        }
    },
}
POLICY = {"policy": "bench", "owner": "bench@example.com", "packs": [{"use": "./bench.yaml"}]}


def policies(folder: Path) -> None:
    """Each tool's policy in a folder of its name. JSON, which is YAML."""
    documents = {
        f"{OURS}/policy.yaml": POLICY,
        f"{OURS}/bench.yaml": PACK,
        "c7n-left/policies.yaml": {"policies": [_custodian("aws", "tag:{}"), _custodian("google", 'labels."{}"')]},
        "checkov/aws.yaml": _checkov("aws", ["tags.{}", "tags_all.{}"]),
        "checkov/google.yaml": _checkov("google", ["labels.{}", "effective_labels.{}"]),
    }
    for name, document in documents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document), "utf-8")


def _custodian(cloud: str, key: str) -> dict[str, Any]:
    """What Cloud Custodian is to find: the sentence turned round."""
    bad: list[dict[str, Any]] = [{key.format(name): "absent"} for name in KEYS[:2]]
    bad.append({"type": "value", "key": key.format(KEYS[2]), "op": "not-in", "value": DOES})
    return {"name": f"tagged-{cloud}", "resource": [f"terraform.{cloud}_*"], "filters": ["taggable", {"or": bad}]}


def _checkov(cloud: str, places: list[str]) -> dict[str, Any]:
    """A custom check: a tag may stand in either of two places, as a plan has them."""

    def said(key: str, **operator: object) -> dict[str, Any]:
        common = {"cond_type": "attribute", "resource_types": TYPES[cloud], **operator}
        return {"or": [{**common, "attribute": place.format(key)} for place in places]}

    every = [said(key, operator="exists") for key in KEYS[:2]]
    return {
        "metadata": {"id": f"CKV2_BENCH_{cloud.upper()}", "name": "tagged", "category": "CONVENTION"},
        "definition": {"and": [*every, said(KEYS[2], operator="within", value=DOES)]},
    }


def _ours(report: dict[str, Any]) -> Found:
    by: dict[str, set[str]] = {"fail": set(), "pass": set(), "unknown": set()}
    places = {}
    for each in report["findings"]:
        resource = each["resource"]
        by[each["verdict"]].add(resource["id"])
        if "location" in resource:
            places[resource["id"]] = (resource["location"]["file"], resource["location"]["line"])
    return Found(frozenset(by["fail"]), frozenset(by["pass"]), frozenset(by["unknown"]), places)


def _left(report: dict[str, Any]) -> Found:
    """It reports what fails; what fails in a module, as its outermost call, which lists the addresses within."""
    failed: set[str] = set()
    for each in report["results"]:
        about = each["resource"]["__tfmeta"]
        failed.update(about.get("refs") or [about["path"]])
    return Found(frozenset(failed))


def _checked(report: dict[str, Any] | list[dict[str, Any]]) -> Found:
    """One report, or one a framework."""
    results = [each["results"] for each in (report if isinstance(report, list) else [report]) if "results" in each]
    failed, passed = (
        frozenset(check["resource"] for result in results for check in result[name])
        for name in ("failed_checks", "passed_checks")
    )
    return Found(failed, passed)


def _asked_checkov(policies: Path, target: Path) -> list[str]:
    where = (
        ["--directory", str(target), "--framework", "terraform"]
        if target.is_dir()
        else ["--file", str(target), "--framework", "terraform_plan"]
    )
    ours = ["--external-checks-dir", str(policies), "--check", "CKV2_BENCH_AWS,CKV2_BENCH_GOOGLE"]
    return [*where, *ours, "--output", "json", "--compact", "--skip-download"]


TOOLS = (
    Tool(
        OURS,
        Path(sys.executable).with_name(OURS),
        frozenset({"sources", "plan"}),
        lambda policies, target: [
            "scan", str(target), "-p", str(policies / "policy.yaml"), "-f", "json", "--include", "pass", "-q",
            "--state", "none",
        ],
        _ours,
    ),
    Tool(
        "c7n-left",
        PEERS / "c7n-left/bin/c7n-left",
        frozenset({"sources"}),
        lambda policies, target: ["run", "-p", str(policies), "-d", str(target), "-o", "json"],
        _left,
    ),
    Tool(
        "checkov",
        PEERS / "checkov/bin/checkov",
        frozenset({"sources", "plan"}),
        _asked_checkov,
        _checked,
        {"CKV_SKIP_PACKAGE_UPDATE_CHECK": "true"},
    ),
)  # fmt: skip
