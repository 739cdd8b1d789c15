"""Findings become jobs: what is wanted, and where that is written; or why there is none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from finops_guard.fixing.edit import CannotError
from finops_guard.fixing.job import Job, Place
from finops_guard.fixing.places import cloudformation, terraform
from finops_guard.fixing.texts import HCL, Texts
from finops_guard.fixing.wants import about_tags, wanted
from finops_guard.sources.iac.cloudformation import SUFFIXES

if TYPE_CHECKING:
    from finops_guard.model import Finding, Resource


@dataclass(slots=True)
class Asked:
    """The jobs, and the findings of which it is known now that they stay."""

    jobs: list[Job] = field(default_factory=list)
    left: list[tuple[Finding, str]] = field(default_factory=list)


def jobs_of(findings: Iterable[Finding], texts: Texts, given: Mapping[str, str], aliases: Mapping[str, str]) -> Asked:
    """A job for each finding about tags that is not exempt, as far as its value and its place are known."""
    asked = Asked()
    for finding in findings:
        if finding.exempt is not None or not about_tags(finding):
            continue
        try:
            place = _place(finding.resource, texts)
        except CannotError as why:
            asked.left.append((finding, str(why)))
            continue
        want = wanted(finding, given, aliases)
        if isinstance(want, str):
            asked.left.append((finding, want))
        else:
            asked.jobs.append(Job(finding, want, place))
    return asked


def _place(resource: Resource, texts: Texts) -> Place:
    file = "" if resource.at is None else resource.at.file.casefold()
    if file.endswith(HCL):
        return terraform.place(resource, texts)
    if file.endswith(SUFFIXES) and not file.endswith((".tf.json", ".tofu.json")) and resource.text("cloud") == "aws":
        return cloudformation.place(resource, texts)
    raise CannotError("only Terraform sources (.tf, .tofu) and CloudFormation templates are edited")
