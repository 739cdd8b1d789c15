"""Findings in code that a comment waives or a baseline holds, through `scan`, in real git repositories."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import Ran, finops_guard
from tests.sources.iac.planning import block, change, plan

POLICY = """\
policy: acme
owner: finops@acme.example
mode: enforce
currency: USD
{waivers}packs:
  - use: ai-tags
"""
ALLOWED = "waivers: {inline: [ai-tags/whose], at_most: 30d}\n"
GIT = shutil.which("git") or "git"
AT = ("--at", "2026-11-25T12:00:00Z")
SAID = '# finops-guard:ignore ai-tags/whose until=2026-12-20 reason="moves in December"'


def machine(name: str, above: str = "") -> str:
    return f'{above}\nresource "aws_instance" "{name}" {{\n  ami = "x"\n  instance_type = "p5.48xlarge"\n}}\n'


def git(folder: Path, *arguments: str) -> str:
    who = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    for role in ("AUTHOR", "COMMITTER"):
        who |= {f"GIT_{role}_NAME": "Ann | `x` [y](http://z)", f"GIT_{role}_EMAIL": "ann@acme.example"}
    ran = subprocess.run(
        [GIT, "-C", str(folder), *arguments], env={**os.environ, **who}, check=True, capture_output=True, text=True
    )
    return ran.stdout.strip()


def commit(folder: Path) -> str:
    git(folder, "add", ".")
    git(folder, "commit", "-q", "--allow-empty", "-m", "as it is")
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "house"
    (home / "infra").mkdir(parents=True)
    monkeypatch.chdir(home)
    git(home, "init", "-q", "-b", "main", ".")
    (home / "finops-guard.yaml").write_text(POLICY.format(waivers=ALLOWED))
    return home


def scan(*arguments: object) -> tuple[Ran, dict[str, Any]]:
    ran = finops_guard("scan", "-f", "json", "-q", *AT, *arguments)
    return ran, json.loads(ran.out) if ran.out else {}


def exempt(report: dict[str, Any]) -> dict[str, str | None]:
    return {each["resource"]["id"]: each["exempt"] for each in report["findings"]}


def remarks(report: dict[str, Any]) -> str:
    return "\n".join(report["run"]["remarks"])


def test_a_comment_waives_and_the_report_says_by_whom(house: Path) -> None:
    (house / "infra/main.tf").write_text(machine("a", SAID))
    id_ = commit(house)
    ran, report = scan("infra")
    by = f"by Ann | `x` [y](http://z) in {id_[:10]}"
    assert (ran.code, exempt(report)) == (
        0,
        {"aws_instance.a": f"moves in December (inline at infra/main.tf:1, {by}, until 2026-12-20)"},
    ), ran.err
    assert report["totals"]["findings"] == {"pass": 0, "fail": 0, "unknown": 0, "exempt": 1}
    assert f"infra/main.tf:1: ai-tags/whose is waived until 2026-12-20, {by}: moves in December" in remarks(report)
    shown = finops_guard("scan", "infra", "-f", "markdown", "-q", *AT).out
    assert "is waived until 2026-12-20" in shown
    assert "[y](" not in shown.replace("\\[", "").replace("\\]", "")
    assert "http://" not in shown


def test_what_is_not_committed_has_no_author(house: Path) -> None:
    (house / "infra/main.tf").write_text(machine("a", SAID))
    for _ in range(2):
        ran, report = scan("infra")
        assert (ran.code, exempt(report)["aws_instance.a"]) == (
            0,
            "moves in December (inline at infra/main.tf:1, until 2026-12-20)",
        )
        commit(house)
        (house / "infra/main.tf").write_text(machine("a", SAID.replace(" until", "  until")))


def test_a_shallow_clone_blames_nobody(house: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (house / "infra/main.tf").write_text(machine("a", SAID))
    commit(house)
    commit(house)
    git(tmp_path, "clone", "-q", "--depth=1", house.as_uri(), "shallow")
    monkeypatch.chdir(tmp_path / "shallow")
    assert (
        exempt(scan("infra")[1])["aws_instance.a"] == "moves in December (inline at infra/main.tf:1, until 2026-12-20)"
    )


@pytest.mark.parametrize(
    ("said", "waivers", "why"),
    [
        (SAID, "", "is not allowed for ai-tags/whose"),
        (SAID, "waivers: {inline: [ai-tags/training-data], at_most: 30d}\n", "is not allowed for ai-tags/whose"),
        (SAID.replace("2026-12-20", "2026-12-25"), ALLOWED, ""),
        (SAID.replace("2026-12-20", "2026-12-26"), ALLOWED, "the policy allows 2026-12-25 at most"),
        (SAID.replace("2026-12-20", "2026-12-26"), ALLOWED.replace(", at_most: 30d", ""), "allows 2026-12-25 at most"),
        (SAID.replace("2026-12-20", "2026-11-25"), ALLOWED, ""),
        (SAID.replace("2026-12-20", "2026-11-24"), ALLOWED, "ended on 2026-11-24"),
        (SAID.replace("/whose", "/whoever"), ALLOWED, "names ai-tags/whoever, which is no rule of the policy"),
        (SAID.replace("ai-tags/whose", "*"), ALLOWED, "names no one rule"),
        (SAID.partition(" reason")[0], ALLOWED, "gives no reason"),
        (SAID.replace("until=2026-12-20", ""), ALLOWED, "gives no day"),
    ],
)
def test_one_that_is_not_right_waives_nothing_and_is_told(house: Path, said: str, waivers: str, why: str) -> None:
    (house / "finops-guard.yaml").write_text(POLICY.format(waivers=waivers))
    (house / "infra/main.tf").write_text(machine("a", said))
    ran, report = scan("infra")
    if why:
        assert (ran.code, exempt(report)) == (1, {"aws_instance.a": None})
        assert f"infra/main.tf:1: finops-guard:ignore {why}" in remarks(report) or why in remarks(report)
    else:
        assert (ran.code, report["totals"]["findings"]["exempt"]) == (0, 1)


def test_what_a_plan_says_of_a_block_is_waived_in_its_source(house: Path) -> None:
    (house / "infra/main.tf").write_text(machine("a", SAID) + machine("b"))
    after = {"instance_type": "p5.48xlarge", "tags": {}, "tags_all": {}}
    blocks = [block("aws_instance", "a"), block("aws_instance", "b")]
    document = plan(change("aws_instance", "a", after), change("aws_instance", "b", after), blocks=blocks)
    (house / "infra/plan.json").write_text(json.dumps(document))
    ran, report = scan("infra/plan.json")
    found = exempt(report)
    assert (ran.code, found["aws_instance.b"]) == (1, None)
    assert str(found["aws_instance.a"]).startswith("moves in December (inline at infra/main.tf:1")


def test_many_comments_are_counted(house: Path) -> None:
    (house / "infra/main.tf").write_text("".join(machine(f"m{n}", SAID) for n in range(30)))
    ran, report = scan("infra")
    assert ran.code == 0
    assert "10 more comments that waive a rule, or would" in remarks(report)


def test_a_baseline_survives_moved_lines_and_files_and_what_is_new_counts(house: Path) -> None:
    main = house / "infra/main.tf"
    main.write_text(machine("a") + machine("b"))
    ran, _ = scan("infra", "--write-baseline", "stood.json")
    assert ran.code == 1
    assert scan("infra", "--baseline", "stood.json")[0].code == 0
    (house / "infra/other.tf").write_text("\n\n" + machine("b"))
    main.write_text("# above\n" * 40 + machine("a"))
    ran, report = scan("infra", "--baseline", "stood.json")
    assert (ran.code, set(exempt(report).values())) == (0, {"in the baseline of 2026-11-25"})
    assert "2 findings stand in the baseline of 2026-11-25: only others count" in remarks(report)
    main.write_text(machine("new"))
    ran, report = scan("infra", "--baseline", "stood.json")
    assert (ran.code, exempt(report)["aws_instance.new"]) == (1, None)
    assert "1 finding stands in the baseline of 2026-11-25: only others count; 1 of it no longer stand" in remarks(
        report
    )


def test_a_baseline_is_of_its_folder_and_rewritten_it_keeps_what_stands(house: Path) -> None:
    (house / "infra/main.tf").write_text(machine("a"))
    scan("infra", "--write-baseline", "stood.json")
    (house / "other").mkdir()
    (house / "other/main.tf").write_text(machine("a"))
    ran, report = scan("infra", "other", "--baseline", "stood.json", "--write-baseline", "stood.json")
    assert (ran.code, sorted(map(str, (each["exempt"] for each in report["findings"])))) == (
        1,
        ["None", "in the baseline of 2026-11-25"],
    )
    told = json.loads((house / "stood.json").read_text())
    assert [each["where"] for each in told["findings"]] == ["infra", "other"]
    assert scan("infra", "other", "--baseline", "stood.json")[0].code == 0


def test_a_baseline_holds_from_wherever_it_is_used(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (house / "infra/main.tf").write_text(machine("a"))
    scan("infra", "--write-baseline", "stood.json")
    monkeypatch.chdir(house / "infra")
    assert scan(".", "-p", "../finops-guard.yaml", "--baseline", "../stood.json")[0].code == 0


def test_what_was_waived_is_no_debt(house: Path) -> None:
    (house / "infra/main.tf").write_text(machine("a", SAID))
    scan("infra", "--write-baseline", "stood.json")
    assert json.loads((house / "stood.json").read_text())["findings"] == []


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{}", "null", "[" * 100_000, '{"schema": "finops-guard/baseline/2", "findings": []}',
        '{"schema": "finops-guard/baseline/1", "date": "2026-11-25"}',
        '{"schema": "finops-guard/baseline/1", "date": "x", "findings": []}',
        '{"schema": "finops-guard/baseline/1", "date": "2026-11-25", "findings": [1]}',
        '{"schema": "finops-guard/baseline/1", "date": "2026-11-25", "findings": [{"id": 1, "where": ""}]}',
    ],
)  # fmt: skip
def test_what_is_no_baseline_is_refused(house: Path, text: str) -> None:
    (house / "infra/main.tf").write_text(machine("a"))
    (house / "stood.json").write_text(text)
    ran, _ = scan("infra", "--baseline", "stood.json")
    assert (ran.code, "stood.json: no baseline: it " in ran.err) == (2, True), ran.err


def test_what_is_unknown_stays_unknown(house: Path) -> None:
    (house / "infra/main.tf").write_text('variable "x" {}\n' + machine("a").replace('"x"', '"x"\n  tags = var.x'))
    ran, report = scan("infra", "--write-baseline", "stood.json")
    assert {each["verdict"] for each in report["findings"]} == {"unknown"}
    assert json.loads((house / "stood.json").read_text())["findings"] == []
    commit(house)
    for given in (("--baseline", "stood.json"), ("--baseline-ref", "HEAD")):
        ran, report = scan("infra", *given, "--unknown", "fail")
        assert (ran.code, exempt(report)) == (1, {"aws_instance.a": None})


def test_only_what_is_new_since_a_ref_counts(house: Path) -> None:
    (house / "infra/main.tf").write_text('module "m" {\n  source = "../modules/m"\n}\n' + machine("a"))
    (house / "modules/m").mkdir(parents=True)
    (house / "modules/m/main.tf").write_text(machine("b"))
    id_ = commit(house)
    git(house, "switch", "-q", "-c", "request")
    (house / "infra/main.tf").write_text("\n\n" + (house / "infra/main.tf").read_text())
    ran, report = scan("infra", "--baseline-ref", "main")
    name = f"in the baseline of main ({id_[:10]})"
    assert (ran.code, exempt(report)) == (0, {"aws_instance.a": name, "module.m.aws_instance.b": name})
    (house / "modules/m/more.tf").write_text(machine("c"))
    ran, report = scan("infra", "--baseline-ref", "main")
    assert (ran.code, exempt(report)["module.m.aws_instance.c"]) == (1, None)
    assert git(house, "status", "--porcelain") == "M infra/main.tf\n?? modules/m/more.tf"


def test_sources_add_what_they_cost_less_what_they_did_at_the_ref(house: Path) -> None:
    def month(*arguments: object) -> tuple[object, ...]:
        row = scan("infra", *arguments)[1]["deltas"][0]
        return row["low"], row["high"], row["before"], row["accelerators"]

    commit(house)
    (house / "infra/main.tf").write_text(machine("a"))
    assert month() == (None, "40179.20", None, None)  # all of it, at most
    assert month("--baseline-ref", "HEAD") == ("40179.20", "40179.20", "0.00", 8.0)  # infra was not there
    commit(house)
    assert month("--baseline-ref", "HEAD") == ("0.00", "0.00", "40179.20", 0.0)
    (house / "infra/main.tf").write_text(machine("a").replace("p5.48xlarge", "p4d.24xlarge"))
    for name in ("--baseline-ref", "--cost-ref"):
        assert month(name, "HEAD") == ("-24150.15", "-24150.15", "40179.20", 0.0)


def test_of_a_ref_for_costs_nothing_is_exempt(house: Path) -> None:
    (house / "infra/main.tf").write_text(machine("a"))
    commit(house)
    ran, report = scan("infra", "--cost-ref", "HEAD")
    assert (ran.code, exempt(report)) == (1, {"aws_instance.a": None})
    assert "baseline" not in ran.out
    scan("infra", "--write-baseline", "stood.json")
    ran, report = scan("infra", "--cost-ref", "HEAD", "--baseline", "stood.json")
    assert ran.code == 0
    assert report["deltas"][0]["low"] == "0.00"
    (house / "infra/main.tf").write_text("resource {")
    commit(house)
    (house / "infra/main.tf").write_text(machine("a"))
    ran, report = scan("infra", "--cost-ref", "HEAD")
    assert report["deltas"][0]["low"] is None


def test_of_too_large_a_repository_the_largest_data_is_left_out(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (house / "infra/main.tf").write_text(machine("a"))
    (house / "infra/small.json").write_text("{}")
    (house / "data.json").write_text("[" + "1, " * 5000 + "1]")
    commit(house)
    monkeypatch.setattr("finops_guard.sources.git.ALL", 10_000)
    ran, report = scan("infra", "--baseline-ref", "HEAD")
    assert (ran.code, "large files of HEAD left out: 1" in remarks(report)) == (0, True), ran.err
    monkeypatch.setattr("finops_guard.sources.git.ALL", 10)
    ran, _ = scan("infra", "--baseline-ref", "HEAD")
    assert (ran.code, "are more than" in ran.err) == (2, True)


def test_a_folder_that_was_not_there_is_all_new(house: Path) -> None:
    commit(house)
    (house / "infra/main.tf").write_text(machine("a"))
    ran, report = scan("infra", "--baseline-ref", "HEAD")
    assert (ran.code, exempt(report)) == (1, {"aws_instance.a": None})
    assert "infra is not at HEAD: everything in it counts as new" in remarks(report)


def test_for_costs_too_a_folder_that_was_not_there_is_told(house: Path) -> None:
    commit(house)
    (house / "infra/main.tf").write_text(machine("a"))
    _, report = scan("infra", "--cost-ref", "HEAD")
    assert "infra is not at HEAD: everything in it counts as new" in remarks(report)


@pytest.mark.parametrize("name", ["--baseline-ref", "--cost-ref"])
@pytest.mark.parametrize("others", [(), ("infra",)])
def test_what_something_makes_and_git_ignores_is_not_new(house: Path, name: str, others: tuple[str, ...]) -> None:
    (house / ".gitignore").write_text("out/\nplan.json\n")
    (house / "infra/main.tf").write_text(machine("a"))
    commit(house)
    (house / "out").mkdir()
    made = "{Resources: {A: {Type: AWS::EC2::Instance, Properties: {ImageId: x, InstanceType: p5.48xlarge}}}}"
    (house / "out/app.template.yaml").write_text(f"AWSTemplateFormatVersion: 2010-09-09\n{made[1:-1]}\n")
    _, report = scan("out", *others, name, "HEAD")
    assert report["deltas"][0]["low"] is None
    assert "git ignores out: what it cost at HEAD is not known" in remarks(report)
    (house / "plan.json").write_text(json.dumps(plan()))
    _, report = scan("plan.json", "infra", name, "HEAD")
    assert report["deltas"][0]["low"] == "0.00"


def test_a_folder_that_held_no_infrastructure_is_new_and_others_are_not(house: Path) -> None:
    (house / "infra/main.tf").write_text(machine("a"))
    (house / "other").mkdir()
    (house / "other/run.sh").write_text("true\n")
    commit(house)
    (house / "other/main.tf").write_text(machine("b"))
    _, report = scan("infra", "other", "--baseline-ref", "HEAD")
    assert {name for name, why in exempt(report).items() if why is None} == {"aws_instance.b"}
    assert (report["deltas"][0]["low"], report["deltas"][0]["before"]) == ("40179.20", "40179.20")
    assert "other is not at HEAD: everything in it counts as new" in remarks(report)


@pytest.mark.parametrize("name", ["--baseline-ref", "--cost-ref"])
def test_from_a_folder_that_was_not_there_others_are_found(
    house: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (house / "infra/main.tf").write_text(machine("a"))
    commit(house)
    (house / "new/deep").mkdir(parents=True)
    monkeypatch.chdir(house / "new/deep")
    _, report = scan("../../infra", name, "HEAD", "-p", "../../finops-guard.yaml")
    assert (report["deltas"][0]["low"], report["deltas"][0]["before"]) == ("0.00", "40179.20")


def test_sources_that_could_not_be_read_are_no_baseline(house: Path) -> None:
    (house / "infra/main.yaml").write_text("AWSTemplateFormatVersion: 2010-09-09\nResources: [\n")
    commit(house)
    machine_ = "A: {Type: AWS::EC2::Instance, Properties: {InstanceType: p5.48xlarge}}"
    (house / "infra/main.yaml").write_text(f"AWSTemplateFormatVersion: 2010-09-09\nResources:\n  {machine_}\n")
    ran, report = scan("infra/main.yaml", "--baseline-ref", "HEAD")
    assert (ran.code, exempt(report)) == (1, {"A": None})
    assert "nothing can be read at HEAD, all counts as new: infra/main.yaml:" in remarks(report)


def test_a_ref_runs_nothing_and_is_no_option(house: Path) -> None:
    (house / "infra/main.tf").write_text(machine("a"))
    (house / ".gitattributes").write_text("* filter=evil\n")
    commit(house)
    ran_ = house.parent / "ran"
    for key in ("filter.evil.smudge", "filter.evil.clean", "core.fsmonitor", "diff.evil.textconv"):
        git(house, "config", key, f"touch {ran_}; cat")
    for hook in ("post-checkout", "post-index-change", "reference-transaction"):
        (house / ".git/hooks" / hook).write_text(f"#!/bin/sh\ntouch {ran_}\n")
        (house / ".git/hooks" / hook).chmod(0o755)
    assert scan("infra", "--baseline-ref", "HEAD")[0].code == 0
    for ref in ("--output=evil", "-h", "--help", "", "no-such", "HEAD\n", "a b", "--", "HEAD:infra", "\udcff"):
        ran, _ = scan("infra", f"--baseline-ref={ref}")
        assert ran.code == 2, (ref, ran.err)
        assert "Traceback" not in ran.err
    assert not ran_.exists()
    assert not (house / "evil").exists()


def test_in_a_hook_of_git_the_repository_is_that_of_the_target(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (house / "infra/main.tf").write_text(machine("a", SAID))
    commit(house)
    monkeypatch.setenv("GIT_DIR", ".nowhere")
    monkeypatch.setenv("GIT_INDEX_FILE", ".nowhere/index")
    ran, report = scan("infra", "--baseline-ref", "HEAD")
    assert (ran.code, ", by Ann" in str(exempt(report)["aws_instance.a"])) == (0, True), ran.err


@pytest.mark.parametrize("ref", ["^HEAD", "main..main", "HEAD^{tree}", "x" * 5000, "@{u}", "blob"])
def test_what_is_no_commit_is_told_in_a_line(house: Path, ref: str) -> None:
    (house / "infra/main.tf").write_text(machine("a"))
    commit(house)
    git(house, "tag", "blob", git(house, "rev-parse", "HEAD:infra/main.tf"))
    ran, _ = scan("infra", f"--baseline-ref={ref}")
    assert (ran.code, ran.out) == (2, "")
    assert max(map(len, ran.err.splitlines())) < 300, ran.err
    assert "ls-tree" not in ran.err


def test_tags_of_tags_and_odd_names_are_refs(house: Path) -> None:
    (house / "infra/main.tf").write_text(machine("a"))
    commit(house)
    git(house, "tag", "-a", "v1", "-m", "a tag")
    git(house, "tag", "-a", "v2", "v1", "-m", "a tag of a tag")
    git(house, "branch", "feature/ünï@b")
    for ref in ("v1", "v2", "feature/ünï@b", "refs/heads/main", "HEAD~0"):
        assert scan("infra", f"--baseline-ref={ref}")[0].code == 0, ref


def test_without_git_a_waiver_has_no_author_and_a_ref_is_no_riddle(
    house: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (house / "infra/main.tf").write_text(machine("a", SAID))
    commit(house)
    monkeypatch.setenv("PATH", str(house))
    ran, report = scan("infra")
    said = "moves in December (inline at infra/main.tf:1, until 2026-12-20)"
    assert (ran.code, exempt(report)["aws_instance.a"]) == (0, said)
    ran, _ = scan("infra", "--baseline-ref", "HEAD")
    assert (ran.code, "git cannot be run" in ran.err, "shallow" in ran.err) == (2, True, False)


def test_a_renamed_file_is_blamed_on_who_wrote_the_comment(house: Path) -> None:
    (house / "infra/main.tf").write_text(machine("a", SAID) + "# padding\n" * 20)
    wrote = commit(house)
    git(house, "mv", "infra/main.tf", "infra/other.tf")
    commit(house)
    (house / "infra/other.tf").write_text("\n" + (house / "infra/other.tf").read_text())
    assert f" in {wrote[:10]}" in str(exempt(scan("infra")[1])["aws_instance.a"])


def test_a_baseline_survives_line_ends_order_and_keys_of_any_text(house: Path) -> None:
    loop = machine("k").replace("{\n", '{\n  for_each = toset(["x\\"y", "é", "a\\nb", "a]b", "\\u202e"])\n', 1)
    main = house / "infra/main.tf"
    main.write_text(machine("a") + loop)
    scan("infra", "--write-baseline", "stood.json")
    main.write_bytes((loop + machine("a")).replace("\n", "\r\n").encode())
    ran, report = scan("infra", "--baseline", "stood.json")
    assert (ran.code, len(report["findings"])) == (0, 6)
    main.write_bytes(b"\xef\xbb\xbf" + (SAID + machine("a") + loop.replace('"é"', '"e"')).encode())
    ran, report = scan("infra", "--baseline", "stood.json")
    assert (ran.code, [name for name, why in exempt(report).items() if why is None]) == (1, ['aws_instance.k["e"]'])
    assert "moves in December" in str(exempt(report)["aws_instance.a"])


def test_what_is_no_comment_waives_nothing(house: Path) -> None:
    text = SAID.replace('"', '\\"')
    quoted = machine("a").replace('"x"', f'"{text}"')
    heredoc = machine("b").replace('"x"', f'"x"\n  user_data = <<EOT\n{SAID}\n/* {SAID} */\nEOT')
    apart = f"{SAID}\n\n" + machine("c").lstrip()
    (house / "infra/main.tf").write_text(quoted + heredoc + apart)
    ran, report = scan("infra")
    assert (ran.code, set(exempt(report).values())) == (1, {None})


@pytest.mark.parametrize(
    "arguments",
    [
        ("infra", "--baseline", "x", "--baseline-ref", "HEAD"), ("sandbox", "--baseline-ref", "HEAD"),
        ("--baseline-ref", "HEAD"), ("infra", "--mode", "enforce", "--write-baseline", "x"),
        ("--cost-ref", "HEAD"), ("infra", "--cost-ref", "HEAD", "--baseline-ref", "HEAD"),
        ("infra", "--write-baseline", "nowhere/x"), ("infra", "--baseline", "nowhere"),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_refused(house: Path, arguments: tuple[str, ...]) -> None:
    (house / "infra/main.tf").write_text(machine("a"))
    ran = finops_guard("scan", *arguments)
    assert (ran.code, ran.out) == (2, "")


def test_outside_of_git_there_is_no_ref(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "finops-guard.yaml").write_text(POLICY.format(waivers=""))
    (tmp_path / "main.tf").write_text(machine("a"))
    ran, _ = scan("main.tf", "--baseline-ref", "HEAD")
    assert (ran.code, "main.tf: is in no git repository" in ran.err) == (2, True)
