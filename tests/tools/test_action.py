"""The Action's steps as a program, over a real repository with a base and a head, and GitHub on loopback."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from finops_guard.outputs.markdown import MARKER
from tests.notify.hub import Hub, hub

ROOT = Path(__file__).parents[2]
REAL = ROOT.parent / "shared/data/iac/plan/infracost__cmd_infracost_testdata_terraform_v0.14_plan.json"
TOLD = ROOT / "docs/pull-request-comment.md"
PACK = """\
pack: demo
version: 1.2.3
rules:
  whose:
    title: Machines say whose they are
    severity: high
    match: {kind: vm}
    require: {tags: {team: {in: [vision, nlp]}}}
"""
POLICY = """\
policy: acme
owner: finops@acme.example
mode: enforce
packs: [{use: demo}]
"""
CODE = """\
resource "aws_instance" "train" {
  instance_type = "p5.48xlarge"
}
"""
TYPO = CODE.replace("}\n", '  tags = { team = "vison" }\n}\n')
LAX = PACK.replace("{tags: {team: {in: [vision, nlp]}}}", "{kind: vm}")


def plan(**tags: str) -> str:
    after = {"instance_type": "p5.48xlarge", "tags": tags or None, "tags_all": tags}
    return json.dumps(
        {
            "format_version": "1.2",
            "terraform_version": "1.11.4",
            "planned_values": {"root_module": {}},
            "resource_changes": [
                {
                    "address": "aws_instance.train",
                    "mode": "managed",
                    "type": "aws_instance",
                    "name": "train",
                    "provider_name": "registry.terraform.io/hashicorp/aws",
                    "change": {"actions": ["create"], "before": None, "after": after, "after_unknown": {"id": True}},
                }
            ],
        }
    )


@dataclass
class Place:
    """A checkout of a pull request; what is written before `request` belongs to its base."""

    top: Path
    hub: Hub
    base: str = ""
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def work(self) -> Path:
        return self.top / "work"

    def write(self, **files: str | None) -> None:
        for name, text in files.items():
            path = self.work / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                path.unlink()
            else:
                path.write_text(text)

    def git(self, *arguments: str, at: Path | None = None) -> str:
        ran = subprocess.run(
            ["git", "-c", "user.name=a", "-c", "user.email=a@b.example", *arguments],  # noqa: S607 - git itself
            cwd=at or self.work, env={"PATH": os.environ["PATH"], "HOME": str(self.top)},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return ran.stdout.strip()

    def commit(self) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "change")
        return self.git("rev-parse", "HEAD")

    def request(self, **files: str | None) -> None:
        self.base = self.commit()
        self.write(**files)
        self.commit()

    def run(self, **given: str) -> Ran:
        """The Action as its last step runs it, on a plan that an earlier step left."""
        if not (self.work / "plan.json").exists():
            self.write(**{"plan.json": plan()})
        event = {"pull_request": {"number": 7, "base": {"sha": self.base}}} if self.base else {}
        (self.top / "event.json").write_text(json.dumps(event))
        for name in ("output", "summary"):
            (self.top / name).write_text("")
        environ = {
            **self.hub.environ, "PATH": os.environ["PATH"], "HOME": str(self.top), "RUNNER_TEMP": str(self.top / "tmp"),
            "GITHUB_WORKSPACE": str(self.work), "GITHUB_EVENT_PATH": str(self.top / "event.json"),
            "GITHUB_OUTPUT": str(self.top / "output"), "GITHUB_STEP_SUMMARY": str(self.top / "summary"),
            "XDG_CACHE_HOME": str(self.top / "cache"), "FG_PATH": "plan.json", **self.environ, **given,
        }  # fmt: skip
        ran = subprocess.run(
            [sys.executable, "-I", "-m", "tools.action"],
            cwd=self.work, env=environ, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert "Traceback" not in ran.stderr + ran.stdout, ran.stderr
        outputs = dict(line.split("=", 1) for line in (self.top / "output").read_text().splitlines())
        return Ran(ran.returncode, ran.stdout, ran.stderr, (self.top / "summary").read_text(), outputs)


@dataclass(frozen=True)
class Ran:
    code: int
    log: str
    err: str
    summary: str
    outputs: dict[str, str]

    @property
    def sarif(self) -> Any:
        return json.loads(Path(self.outputs["sarif"]).read_text())["runs"][0]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    (tmp_path / "work").mkdir()
    (tmp_path / "tmp").mkdir()
    with hub() as there:
        made = Place(tmp_path, there)
        made.git("init", "--quiet", "--initial-branch=main")
        made.write(
            **{"policies/acme.yaml": POLICY, "rules/demo.yaml": PACK, "main.tf": CODE, ".gitignore": "plan.json\n"}
        )
        yield made


def test_a_request_is_judged_annotated_and_commented_and_fails(place: Place) -> None:
    place.request(**{"main.tf": CODE + "\n# more\n"})
    ran = place.run()
    assert ran.code == 1, ran.log
    assert ran.err == ""
    (comment,) = place.hub.comments
    assert comment["body"].startswith(f"{MARKER}\n## finops-guard: 1 failing on 1 of 1 resources")
    assert "This request changes the policy" not in comment["body"]
    assert ran.summary == comment["body"] + "\n"
    assert "::error file=main.tf,line=1,col=1,title=demo/whose (high)::" in ran.log
    assert (ran.outputs["violations"], ran.outputs["unknown"]) == ("1", "0")
    assert ran.outputs["monthly-delta"] == "40179.20 USD"
    assert "the plan adds +40,179.20 USD a month" in comment["body"]
    (result,) = ran.sarif["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "main.tf"
    assert not list((place.top / "tmp").glob("*base*"))

    place.write(**{"plan.json": plan(team="vision")})
    again = place.run()
    assert again.code == 0, again.log
    assert len(place.hub.comments) == 1
    assert "nothing failing on 1 resources" in place.hub.comments[0]["body"]


EMPTY: dict[str, dict[str, str | None]] = {
    "no rule file": {"rules/demo.yaml": None},
    "a rule skipped": {"policies/acme.yaml": POLICY.replace("{use: demo}", "{use: demo, skip: [whose]}")},
    "a rule exempted": {
        "policies/acme.yaml": POLICY + "exempt: [{rule: demo/whose, where: {kind: vm}, until: 2026-12-31, "
        "reason: Please., by: me@acme.example}]\n"
    },
    "dry-run": {"policies/acme.yaml": POLICY.replace("enforce", "dry-run")},
    "no policy": {"policies/acme.yaml": None},
}


@pytest.mark.parametrize("change", EMPTY.values(), ids=EMPTY)
def test_a_request_that_empties_the_pack_still_fails(place: Place, change: dict[str, str | None]) -> None:
    place.request(**change)
    ran = place.run(FG_POLICY="policies/acme.yaml")
    assert ran.code == 1, ran.log
    assert ran.outputs["violations"] == "1"
    (comment,) = place.hub.comments
    if "finops-guard.yaml" not in change:
        assert "**This request changes the policy.**" in comment["body"]
        assert (
            "By its own policy 0 would" in comment["body"]
            or "does not load" in comment["body"]
            or ("By its own policy 1 would be failing instead of 1" in comment["body"] and "dry-run" in str(change))
        )


def test_what_a_pack_becomes_is_told(place: Place) -> None:
    other = PACK.replace("pack: demo", "pack: other")
    place.request(**{"rules/demo.yaml": LAX, "rules/<b>@team|[x](y)`.yaml": other})
    ran = place.run()
    assert "> - added: rules/&lt;b&gt;@\u200bteam&#124;\\[x\\](y)\\`.yaml" in ran.summary
    assert "> - modified: rules/demo.yaml" in ran.summary
    assert "By its own policy 0 would be failing instead of 1" in ran.summary
    assert "> What it would have done is not known: no stored runs were given (`state`)." in ran.summary
    assert "<details><summary>rules/demo.yaml</summary>\n\nA major change" in ran.summary
    assert "| rule whose require | changed | tags.team is one of vision, nlp | kind is 'vm' |" in ran.summary


def test_links_of_a_request_lead_nowhere(place: Place) -> None:
    """Neither does the policy that a link replaces stop to judge, nor is what a link leads to quoted."""
    (place.top / "secret.yaml").write_text("s3cret: hunter2\n")
    place.request()
    for name in ("policies/acme.yaml", "rules/demo.yaml"):
        (place.work / name).unlink()
        (place.work / name).symlink_to(place.top / "secret.yaml")
    place.commit()
    ran = place.run(FG_POLICY="policies/acme.yaml")
    assert ran.code == 1, ran.log
    assert "hunter2" not in ran.log + ran.summary


def test_a_folder_of_policies_that_becomes_a_link_or_another_repository_judges_nothing(place: Place) -> None:
    place.request()
    lax = place.top / "lax"
    (lax / "policies").mkdir(parents=True)
    (lax / "policies/acme.yaml").write_text(POLICY.replace("{use: demo}", "{use: demo, skip: [whose]}"))
    shutil.rmtree(place.work / "policies")
    (place.work / "policies").symlink_to(lax / "policies")
    place.commit()
    assert place.run(FG_POLICY="policies/acme.yaml").code == 1
    place.git("init", "--quiet", at=lax / "policies")
    place.git("add", "--all", at=lax / "policies")
    place.git("commit", "--quiet", "--message", "lax", at=lax / "policies")
    (place.work / "policies").unlink()
    shutil.copytree(lax / "policies", place.work / "policies")
    place.commit()
    assert place.git("ls-files", "--stage", "policies").startswith("160000")
    ran = place.run(FG_POLICY="policies/acme.yaml")
    assert ran.code == 1, ran.log
    assert "does not load" in ran.summary


def test_variables_choose_neither_policy_nor_mode_nor_what_counts(place: Place) -> None:
    place.request()
    (place.top / "none.json").write_text('{"schema": "finops-guard/baseline/1"}')
    ran = place.run(
        FINOPS_GUARD_MODE="enforce", FINOPS_GUARD_FAIL_ON="never", FINOPS_GUARD_POLICY="/nowhere.yaml",
        FINOPS_GUARD_BASELINE=str(place.top / "none.json"), FINOPS_GUARD_QUIET="x", PYTHONSTARTUP="/nowhere",
        FINOPS_GUARD_OUTPUT="json=/nowhere/x.json", FINOPS_GUARD_STATE="s3://evil/guard",
    )  # fmt: skip
    assert ran.code == 1, ran.log


def test_fixes_stand_in_the_comment_and_once_on_the_lines_of_the_request(place: Place) -> None:
    place.write(**{"infra/main.tf": CODE})
    place.request(**{"infra/main.tf": TYPO, "infra/old.tf": TYPO.replace("train", "old")})
    blob = place.git("rev-parse", "HEAD:infra/main.tf")
    place.hub.files.append({"filename": "infra/main.tf", "sha": blob, "patch": "@@ -1,3 +1,4 @@\n r\n i\n+t\n }"})
    ran = place.run(FG_PATH="infra", FG_SUGGEST="true")
    assert ran.code == 1, ran.log
    body = place.hub.comments[0]["body"]
    assert "### Fixes" in body
    assert "**infra/main.tf:3** · high · demo/whose on aws\\_instance.train\n\n```suggestion\n" in body
    assert body.count('  tags = { team = "vision" }\n```') == 2
    assert body in ran.summary
    (review,) = place.hub.reviews
    assert [(each["path"], each["line"]) for each in review["comments"]] == [("infra/main.tf", 3)]
    assert "1 suggestion made, 1 outside of the request's lines" in ran.log
    assert place.run(FG_PATH="infra", FG_SUGGEST="true").code == 1
    assert len(place.hub.reviews) == 1

    place.hub.refuses = {"POST", "PATCH"}
    place.hub.notes.clear()
    fork = place.run(FG_PATH="infra", FG_SUGGEST="true")
    assert fork.code == 1
    assert "### Fixes" in fork.summary


def test_a_plan_and_what_stood_before_are_not_put_right(place: Place) -> None:
    place.write(**{"main.tf": TYPO, "plan.json": plan(team="vison")})
    place.request()
    ran = place.run(FG_COMMENT="false")
    assert ran.code == 1, ran.log
    assert "### Fixes" not in ran.summary
    place.write(**{"infra/stood.tf": TYPO})
    place.request(**{"infra/new.tf": TYPO.replace("train", "new")})
    ran = place.run(FG_PATH="infra", FG_ONLY_NEW="true", FG_COMMENT="false")
    assert "**infra/new.tf:3**" in ran.summary
    assert "infra/stood.tf:3" not in ran.summary


def test_a_policy_of_the_request_reaches_no_host_and_no_secret(place: Place) -> None:
    place.request(
        **{
            "policies/acme.yaml": POLICY.replace("{use: demo}", "{use: demo}, {use: budgets}, {use: unit-economics}")
            + "state: s3://evil/guard\n"
            + "units: {a: {of: prediction, cost: {for: all}, count: {from: prometheus, "
            + f"url: '{place.hub.server.url}', query: up, headers: {{X-Leak: $env.CLOUD_SECRET}}}}}}}}\n"
        }
    )
    ran = place.run(CLOUD_SECRET="hunter2")
    assert ran.code == 1, ran.log
    assert {asked.path.partition("?")[0] for asked in place.hub.server.asked} == {"/repos/acme/infra/issues/7/comments"}
    assert "hunter2" not in ran.log + ran.summary


def test_files_of_the_request_are_no_modules_of_ours(place: Place) -> None:
    shadow = "raise SystemExit('owned')\n"
    place.request(
        **{"yaml.py": shadow, "json.py": shadow, "tools/action/__init__.py": shadow, "finops_guard/__init__.py": shadow}
    )
    assert place.run().code == 1


def test_a_fork_gets_the_summary_and_the_same_exit_code(place: Place) -> None:
    place.hub.refuses = {"POST", "PATCH"}
    place.request()
    ran = place.run()
    assert ran.code == 1
    assert place.hub.comments == []
    assert "1 failing on 1 of 1 resources" in ran.summary
    assert "not commented: GitHub answered 403; the report is in the job summary" in ran.log


def test_a_request_that_is_well_begins_no_comment(place: Place) -> None:
    place.write(**{"plan.json": plan(team="nlp").replace('"create"', '"no-op"')})
    place.request()
    ran = place.run()
    assert ran.code == 0, ran.log
    assert place.hub.sent == []
    assert ran.summary.startswith(MARKER)
    assert ran.outputs["monthly-delta"] == "0.00 USD"


def test_without_comment_there_is_the_summary(place: Place) -> None:
    place.request()
    ran = place.run(FG_COMMENT="false")
    assert ran.code == 1
    assert place.hub.server.asked == []
    assert "1 failing on 1 of 1 resources" in ran.summary


def test_a_policy_that_the_base_has_not_fails_nothing_yet(place: Place) -> None:
    place.write(**{"policies/acme.yaml": None})
    place.request(**{"policies/acme.yaml": POLICY})
    ran = place.run(FG_POLICY="policies/acme.yaml")
    assert ran.code == 0, ran.log
    assert "**The base has no policy yet.**" in ran.summary
    assert "By its own policy 1 would be failing" in ran.summary


def test_a_policy_that_nobody_has_is_an_error_that_the_old_comment_tells(place: Place) -> None:
    place.hub.add(f"{MARKER}\nold")
    place.request()
    ran = place.run(FG_POLICY="polices/acme.yaml")
    assert ran.code == 2
    assert "::error title=finops-guard::polices/acme.yaml: neither the base nor the request has this policy" in ran.log
    assert "nothing could be judged" in place.hub.comments[0]["body"]


def test_a_checkout_of_its_own_is_nothing_of_the_request(place: Place) -> None:
    """The workflow checks out a repository of policies beside the code."""
    place.write(**{".gitignore": "plan.json\ncentral\n"})
    place.request(**{"rules/demo.yaml": LAX})
    central = place.work / "central"
    (central / "rules").mkdir(parents=True)
    place.git("init", "--quiet", at=central)
    (central / "finops-guard.yaml").write_text(POLICY)
    (central / "rules/demo.yaml").write_text(PACK)
    ran = place.run(FG_POLICY="central/finops-guard.yaml")
    assert ran.code == 1, ran.log
    assert "This request changes the policy" not in ran.summary


def test_a_base_that_cannot_be_had_is_said(place: Place) -> None:
    place.request(**{"rules/demo.yaml": LAX})
    shallow = place.top / "shallow"
    place.git("clone", "--quiet", "--depth=1", f"file://{place.work}", str(shallow), at=place.top)
    shutil.rmtree(place.work)
    shallow.rename(place.work)
    ran = place.run()
    assert ran.code == 2
    assert "is not here: git fetch: " in ran.log
    assert "fetch-depth: 0" in ran.log


def test_a_baseline_is_that_of_the_base(place: Place) -> None:
    """A request that writes what it does into the baseline is judged without it."""
    place.write(**{"infra/main.tf": CODE})
    place.commit()
    subprocess.run(
        [sys.executable, "-m", "finops_guard", "scan", "infra", "-p", "policies/acme.yaml", "-q",
         "--write-baseline", "stood.json"],
        cwd=place.work, capture_output=True, check=False,
    )  # fmt: skip
    mine = (place.work / "stood.json").read_text()
    (place.work / "stood.json").unlink()
    place.request(**{"stood.json": mine})
    introduced = place.run(FG_PATH="infra", FG_BASELINE="stood.json")
    assert introduced.code == 1, introduced.log
    assert "> - added: stood.json" in introduced.summary
    place.request()
    assert place.run(FG_PATH="infra", FG_BASELINE="stood.json").code == 0


def test_only_what_is_new_counts(place: Place) -> None:
    place.write(**{"infra/main.tf": CODE})
    place.request(**{"infra/more.tf": CODE.replace("train", "more")})
    whole = place.run(FG_PATH="infra")
    assert (whole.outputs["violations"], whole.outputs["monthly-delta"]) == ("2", "40179.20 USD")
    ran = place.run(FG_PATH="infra", FG_ONLY_NEW="true")
    assert ran.code == 1, ran.log
    assert (ran.outputs["violations"], ran.outputs["monthly-delta"]) == ("1", "40179.20 USD")
    assert "aws\\_instance.more" in ran.summary
    place.request()
    assert place.run(FG_PATH="infra", FG_ONLY_NEW="true").code == 0


def test_a_template_adds_what_it_costs_more_than_in_the_base_and_one_that_a_step_made_at_most_all(place: Place) -> None:
    text = "AWSTemplateFormatVersion: 2010-09-09\nResources:\n  A: {Type: AWS::EC2::Instance, Properties: {%s}}\n"
    place.write(**{"app.template": text % "ImageId: x, InstanceType: p5.48xlarge"})
    place.request()
    assert place.run(FG_PATH="app.template").outputs["monthly-delta"] == "0.00 USD"
    place.write(**{"out/app.template": text % "ImageId: x, InstanceType: p5.48xlarge"})
    assert place.run(FG_PATH="out").outputs["monthly-delta"] == "at most 40179.20 USD"


def test_a_shallow_checkout_fetches_its_base(place: Place) -> None:
    place.request(**{"rules/demo.yaml": LAX})
    origin = place.top / "origin"
    place.work.rename(origin)
    place.git("config", "uploadpack.allowAnySHA1InWant", "true", at=origin)
    place.git("clone", "--quiet", "--depth=1", f"file://{origin}", str(place.work), at=place.top)
    ran = place.run()
    assert ran.code == 1, ran.log


def test_outside_of_a_request_the_policy_is_the_checkouts_own(place: Place) -> None:
    place.write(**{"rules/demo.yaml": LAX})
    place.commit()
    ran = place.run(GITHUB_REF="refs/heads/main")
    assert ran.code == 0, ran.log
    assert "not commented: this is no run for a pull request" in ran.log


def test_names_of_strangers_are_no_commands(place: Place) -> None:
    evil = "x\n::error::owned\n##[add-path]/evil"
    place.write(
        **{"plan.json": plan(team=evil).replace("aws_instance.train", 'aws_instance.train[\\"::error::owned\\"]')}
    )
    place.request()
    ran = place.run()
    assert ran.code == 1, ran.log
    quiet = ""
    for line in ran.log.splitlines():
        if quiet:
            quiet = "" if line == f"::{quiet}::" else quiet
        elif line.startswith("::stop-commands::"):
            quiet = line.removeprefix("::stop-commands::")
        elif line.strip():
            assert line.startswith(("::error file=main.tf,line=1,", "::notice title=finops-guard::")), line
    assert not quiet


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"FG_BASE_REF": "--upload-pack=evil"}, "base-ref is neither a commit"),
        ({"FG_BASE_REF": "main..x"}, "base-ref is neither a commit"),
        ({"FG_FAIL_ON": "hihg"}, "fail-on is not one of"),
        ({"FG_COMMENT": "yes"}, "comment is neither true nor false"),
        ({"FG_ONLY_NEW": "1"}, "only-new is neither true nor false"),
        ({"FG_BASELINE": "../x.json"}, "baseline lies outside of the checkout"),
        ({"FG_POLICY": "../x.yaml"}, "policy lies outside of the checkout"),
        ({"FG_PATH": "nowhere.json"}, "nowhere.json"),
        ({"FG_PATH": "--mode\nenforce"}, "--mode"),
    ],
)
def test_inputs_that_are_none_are_said(place: Place, given: dict[str, str], why: str) -> None:
    place.request()
    ran = place.run(**given)
    assert ran.code == 2, ran.log
    assert why in ran.log
    assert "::error title=finops-guard::" in ran.log


def test_a_merge_queue_has_a_base_too(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.request(**{"rules/demo.yaml": LAX})
    dump: Callable[..., str] = json.dumps
    group = {"merge_group": {"base_sha": place.base}}
    monkeypatch.setattr(json, "dumps", lambda value, **more: dump(group if "pull_request" in value else value, **more))
    assert place.run(GITHUB_REF="refs/heads/gh-readonly-queue/main").code == 1


@pytest.mark.skipif(not REAL.is_file(), reason="other people's plans are not here")
def test_the_comment_in_the_documents_is_that_of_a_real_plan(place: Place) -> None:
    """UPDATE_GOLDEN=1 writes it anew; read the difference before committing it."""
    guardrail = "{{use: iac-guardrail, with: {{most: {} USD, small: 10 USD}}}}, {{use: tag-hygiene}}"
    policy = POLICY.replace("{use: demo}", guardrail) + "permit: [notify, suggest, block]\n"
    place.write(
        **{"policies/acme.yaml": None, "finops-guard.yaml": policy.format(20), "infra/.gitignore": "plan.json\n"}
    )
    place.request(**{"finops-guard.yaml": policy.format(500)})
    place.write(**{"infra/plan.json": REAL.read_text("utf-8")})
    ran = place.run(FG_PATH="infra/plan.json")
    assert ran.code == 1, ran.log
    (comment,) = place.hub.comments
    if os.environ.get("UPDATE_GOLDEN"):
        TOLD.write_text(comment["body"], "utf-8")
    assert undated(comment["body"]) == undated(TOLD.read_text("utf-8"))


def undated(text: str) -> str:
    """Without what the day decides: the time, and which price lists are old by now."""
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "(time)", text)
    return re.sub(r"Note: list prices older .*\n\n", "", text)
