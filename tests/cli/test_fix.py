"""`fix`: tags put right in Terraform sources, by edits that change nothing else."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finops_guard import fixing
from finops_guard.fixing import hcl
from finops_guard.fixing.edit import CannotError, Edit, applied
from finops_guard.pipeline import Request
from finops_guard.sources.iac._hcl import syntax
from tests.cli.command import Ran, finops_guard

POLICY = """\
policy: acme
owner: finops@acme.example
mode: enforce
currency: USD
teams: {vision: {}, nlp: {}}
packs:
  - use: ai-tags
  - use: tag-hygiene
"""
SET = ("--set", "team=vision", "--set", "project=churn", "--set", "workload-type=evaluation")
DEFAULTS = (
    'provider "aws" {\n  region = "eu-west-1"\n  default_tags {\n    tags = {\n      origin = "tf"\n    }\n  }\n}\n'
)


def machine(tags: str, name: str = "a", more: str = "") -> str:
    return (
        f'resource "aws_instance" "{name}" {{\n  ami           = "x"\n  instance_type = "p5.48xlarge"\n{more}{tags}}}\n'
    )


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "infra").mkdir()
    (tmp_path / "finops-guard.yaml").write_text(POLICY)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "infra"


def fixed(house: Path, text: str, *more: str) -> tuple[Ran, str]:
    (house / "main.tf").write_bytes(text.encode())
    ran = finops_guard("fix", "infra", "--write", *more)
    return ran, (house / "main.tf").read_bytes().decode()


EVERY = '\n    project = "churn"\n    workload-type = "evaluation"\n'


def test_a_misspelt_value_and_a_key_in_another_spelling(house: Path) -> None:
    before = machine(f'  tags = {{{EVERY}    Team = "visoin" # ours\n  }} // end\n')
    ran, after = fixed(house, before)
    assert (ran.code, ran.out) == (0, "")
    assert "2 findings fixed in 1 file, 0 not" in ran.err
    assert after == before.replace('Team = "visoin"', 'team = "vision"')
    assert finops_guard("fix", "infra").code == 0


def test_diff_shows_and_writes_nothing(house: Path) -> None:
    before = machine(f'  tags = {{{EVERY}    team = "visoin"\n  }}\n')
    (house / "main.tf").write_text(before)
    ran = finops_guard("fix", "infra")
    assert ran.code == 1
    assert (house / "main.tf").read_text() == before
    patch = shutil.which("patch")
    if patch is None:
        pytest.skip("patch is not installed")
    subprocess.run([patch, "-p1"], input=ran.out, text=True, check=True, capture_output=True)
    assert 'team = "vision"' in (house / "main.tf").read_text()


@pytest.mark.parametrize(
    ("tags", "after"),
    [
        ("", '  tags = {\n    project = "churn"\n    team = "vision"\n    workload-type = "evaluation"\n  }\n'),
        ("  tags = {}\n", '  tags = { project = "churn", team = "vision", workload-type = "evaluation" }\n'),
        (
            '  tags = { "x" : "y" }\n',
            '  tags = { "x" : "y", "project": "churn", "team": "vision", "workload-type": "evaluation" }\n',
        ),
        (
            "  tags = {\n      x = 1,\n      y = 2, # z\n  }\n",
            (
                '  tags = {\n      x = 1,\n      y = 2, # z\n      project = "churn",\n      team = "vision",\n'
                '      workload-type = "evaluation",\n  }\n'
            ),
        ),
        (
            "  tags = local.c\n",
            '  tags = merge(local.c, { project = "churn", team = "vision", workload-type = "evaluation" })\n',
        ),
        (  # yor#315: what merge is given is kept as it is
            '  tags = merge(tomap({ "n" = format("%s-%s", "a", "b") }), local.c)\n',
            (
                '  tags = merge(merge(tomap({ "n" = format("%s-%s", "a", "b") }), local.c), '
                '{ project = "churn", team = "vision", workload-type = "evaluation" })\n'
            ),
        ),
        (  # terratag#33: quotes and what is put in between them
            '  tags = merge(local.c, { "Name" = "a-${local.n}" })\n',
            (
                '  tags = merge(local.c, { "Name" = "a-${local.n}", "project" = "churn", "team" = "vision", '
                '"workload-type" = "evaluation" })\n'
            ),
        ),
    ],
)
def test_missing_tags_are_added(house: Path, tags: str, after: str) -> None:
    head = 'locals {\n  n = "x"\n  c = { a = "b" }\n}\n'
    ran, text = fixed(house, head + machine(tags), *SET)
    assert ran.code == 0, ran.err
    assert text == head + machine(after)


def test_default_tags_when_many_need_it(house: Path) -> None:
    machines = "".join(machine("", name) for name in "abc")
    ran, text = fixed(house, DEFAULTS + machines, *SET)
    added = '      project = "churn"\n      team = "vision"\n      workload-type = "evaluation"\n'
    assert text == DEFAULTS.replace('"tf"\n', f'"tf"\n{added}') + machines
    assert "default tags get 'team', which 3 findings need" in ran.err
    ran, text = fixed(house, DEFAULTS + machine("") + machine("", "b"), *SET)
    assert text.startswith(DEFAULTS)
    assert text.count('team = "vision"') == 2


def test_default_tags_in_another_file_and_tags_that_cannot_be_told(house: Path) -> None:
    provider = 'provider "aws" {\n  alias = "x"\n  default_tags {\n    tags = { Environment = "prd" }\n  }\n}\n'
    (house / "providers.tf").write_text(provider)
    use = "  provider = aws.x\n"
    hidden = machine("  tags = var.given\n", "h", use) + 'variable "given" {}\n'
    ran, text = fixed(house, machine(f"  tags = {{{EVERY} }}\n", more=use) + hidden, *SET)
    assert (house / "providers.tf").read_text() == provider.replace('Environment = "prd"', 'environment = "prod"')
    assert text == machine(f'  tags = {{{EVERY}    team = "vision"\n }}\n', more=use) + hidden
    assert " 0 not" in ran.err


def test_what_reads_the_tags_of_another_must_not_change(house: Path) -> None:
    reader = 'resource "aws_s3_bucket" "r" {\n  tags = { team = try(aws_instance.a.tags["team"], "nlp") }\n}\n'
    ran, text = fixed(house, machine("  tags = { x = 1 }\n") + reader, *SET)
    assert text == machine("  tags = { x = 1 }\n") + reader
    assert "tag 'team' of aws_s3_bucket.r would change too" in ran.err


def test_a_value_is_put_right_where_it_is_written(house: Path) -> None:
    reader = machine("  tags = aws_instance.a.tags\n", "r")
    ran, text = fixed(house, machine(f'  tags = {{{EVERY} team = "visoin"\n }}\n') + reader)
    assert text == machine(f'  tags = {{{EVERY} team = "vision"\n }}\n') + reader
    assert "2 findings fixed in 1 file, 0 not" in ran.err
    default = DEFAULTS.replace('origin = "tf"', 'team = "visoin"')
    machines = machine(f"  tags = {{{EVERY} }}\n")
    assert fixed(house, default + machines)[1] == default.replace("visoin", "vision") + machines


def test_what_follows_is_done_with_it_or_nothing_is(house: Path) -> None:
    before = machine('  tags = { project = "churn", team = "vision" }\n')
    ran, text = fixed(house, before, "--set", "workload-type=training")
    assert text == before
    assert "ai-tags/training-data would be fail" in ran.err
    given = ("--set", "workload-type=training", "--set", "dataset=faces", "--set", "model-version=1")
    ran, text = fixed(house, before, *given)
    assert '"training", dataset = "faces", model-version = "1" }' in text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (machine('  tags = { project = "churn" }\n'), "tag 'team' is missing and nobody said its value"),
        (machine(f'  tags = {{{EVERY} team = "finance"\n }}\n'), "which value tag 'team' should have is not known"),
        (machine(f'  tags = {{{EVERY} team = "viso${{"in"}}"\n }}\n'), "is an expression"),
        (
            machine(f"  tags = {{{EVERY} team = var.t\n }}\n") + 'variable "t" {\n  default = "visoin"\n}\n',
            "expression",
        ),
        (machine(f'  tags = {{{EVERY} x = <<E\ny\nE\n team = "visoin"\n }}\n'), "heredoc"),
        (
            machine(f"  tags = {{{EVERY} team = each.key\n }}\n", more='  for_each = toset(["visoin", "npl"])\n'),
            "is an expression",
        ),
    ],
)
def test_what_is_not_sure_is_refused_with_the_reason(house: Path, text: str, why: str) -> None:
    ran, after = fixed(house, text)
    assert (ran.code, after) == (0, text)
    assert why in ran.err


def test_modules_and_json_are_refused(house: Path) -> None:
    """yor#161: tags of a module are its own."""
    (house / "m").mkdir()
    (house / "m" / "m.tf").write_text(machine(""))
    (house / "j.tf.json").write_text(
        '{"resource": {"aws_instance": {"j": {"ami": "x", "instance_type": "p5.48xlarge", "tags": {}}}}}'
    )
    ran, text = fixed(house, 'module "m" {\n  source = "./m"\n}\n', *SET)
    assert text == 'module "m" {\n  source = "./m"\n}\n'
    assert "module.m.aws_instance.a: it is inside a module" in ran.err
    assert "aws_instance.j: only Terraform sources (.tf, .tofu) and CloudFormation templates are edited" in ran.err
    assert (house / "m" / "m.tf").read_text() == machine("")


def test_line_endings_a_byte_order_mark_and_the_mode_stay(house: Path) -> None:
    file = house / "main.tf"
    before = b"\xef\xbb\xbf" + machine("").replace("\n", "\r\n").encode()
    file.write_bytes(before)
    file.chmod(0o640)
    assert finops_guard("fix", "infra", "--write", *SET).code == 0
    after = file.read_bytes()
    assert after.startswith(before[:-3])
    assert after.count(b"\n") == after.count(b"\r\n") == 9
    assert file.stat().st_mode & 0o777 == 0o640
    assert [each.name for each in house.iterdir()] == ["main.tf"]


def test_a_link_that_leads_outside_is_refused(house: Path) -> None:
    outside = house.parent / "other.tf"
    outside.write_text(machine(""))
    (house / "main.tf").symlink_to(outside)
    ran = finops_guard("fix", "infra", "--write", *SET)
    assert "leads outside infra" in ran.err
    assert outside.read_text() == machine("")


def test_a_file_that_changed_is_not_written(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = house / "main.tf"
    file.write_text(machine(""))
    done = fixing.fixes

    def meanwhile(request: Request, values: Mapping[str, str]) -> fixing.Fixed:
        result = done(request, values)
        file.write_text("# somebody else's\n")
        return result

    monkeypatch.setattr(fixing, "fixes", meanwhile)
    ran = finops_guard("fix", "infra", "--write", *SET)
    assert ran.code == 4
    assert "changed since it was judged" in ran.err
    assert file.read_text() == "# somebody else's\n"


def test_what_was_given_is_checked(house: Path) -> None:
    (house / "main.tf").write_text(machine(""))
    assert finops_guard("fix", "infra", "--set", "team").code == 2
    assert finops_guard("fix", "infra", "--set", "team=a", "--set", "Team=b").code == 2
    assert finops_guard("fix", "nowhere").code == 2
    ran = finops_guard("fix", "infra", *SET[2:], "--set", "team=finance")
    assert "'finance' is no value that tag 'team' may have" in ran.err


WORD = st.text(st.characters(codec="utf-8"), max_size=12)


@given(WORD | st.sampled_from(["${x}", "%{ if }", '"', "\\", "\n", '" }\n}\nresource "a" "b" {', "$", "%%", "a$"]))
@settings(deadline=None)
def test_nothing_breaks_out_of_a_value(text: str) -> None:
    from finops_guard.sources.iac._hcl.attributes import evaluate

    try:
        written = hcl.quoted(text)
    except CannotError:
        assert re.search(r"\$\$\{|%%\{", text)
        return
    source = syntax.parse(b"v = " + written + b"\n", "x")
    assert source.mistake is None
    assert list(source.body.attributes) == ["v"]
    assert evaluate(source.body.attributes["v"], None) == text  # type: ignore[arg-type] # a literal needs no names


KEY = st.from_regex(r"[a-z]{1,6}x", fullmatch=True)
COMMENT = st.sampled_from(["", " # c }", " // {", " /* = */"])


@st.composite
def maps(draw: st.DrawFn) -> str:
    pairs = draw(st.dictionaries(KEY, st.from_regex(r"[a-z ]{1,8}", fullmatch=True), max_size=4))
    quote, sign = draw(st.sampled_from(['"', ""])), draw(st.sampled_from(["=", ":", "   ="]))
    items = [f'{quote}{key}{quote} {sign} "{value}"' for key, value in pairs.items()]
    if draw(st.booleans()):
        return "{ " + ", ".join(items) + draw(st.sampled_from(["", ","] if items else [""])) + " }"
    comma = draw(st.sampled_from(["", ","]))
    return "{\n" + "".join(f"    {item}{comma}{draw(COMMENT)}\n" for item in items) + "  }"


@st.composite
def modules(draw: st.DrawFn) -> str:
    blocks = []
    for name in draw(st.lists(st.from_regex(r"[a-z]{1,3}", fullmatch=True), min_size=1, max_size=5, unique=True)):
        way = draw(st.sampled_from(["{m}", "merge({m}, local.c)", "merge(local.c, {m})", "local.c", None]))
        count = draw(st.sampled_from(["", "  count = 2\n"]))
        tags = "" if way is None else f"  tags = {way.replace('{m}', draw(maps()))}{draw(COMMENT)}\n"
        blocks.append(machine(tags, name, count))
    return draw(st.sampled_from(["", DEFAULTS])) + 'locals {\n  c = { z = "1" }\n}\n' + "\n".join(blocks)


@given(text=modules())
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_of_any_module_only_tags_change_and_nothing_is_left(house: Path, text: str) -> None:
    ran, after = fixed(house, text, *SET)
    assert ran.code == 0, ran.err
    assert " 0 not" in ran.err
    assert syntax.parse(after.encode(), "main.tf").mistake is None
    rest = iter(after)
    assert all(each in rest for each in text), "something that was there is gone"
    put = re.sub(
        r'"?(team|project|workload-type)"? ?[=:] "(vision|churn|evaluation)"|merge\(|tags = |[\s,{})]', "", after
    )
    assert put == re.sub(r"merge\(|tags = |[\s,{})]", "", text)
    again = finops_guard("fix", "infra", *SET)
    assert (again.code, again.out) == (0, "")
    assert finops_guard("scan", "infra", "-q").code == 0


@given(
    lines=st.lists(st.sampled_from(["a", "bb", ""]), max_size=30),
    end=st.sampled_from(["", "\n"]),
    puts=st.dictionaries(st.integers(0, 60), st.sampled_from(["x", "x\n", "\ny", "z\nz\n"]), min_size=1, max_size=5),
)
def test_a_patch_says_what_the_edits_do(lines: list[str], end: str, puts: dict[int, str]) -> None:
    before = "\n".join(lines).encode() + end.encode()
    made = [Edit(at, min(at + at % 2, len(before)), put.encode()) for at, put in puts.items() if at <= len(before)]
    try:
        after = applied(before, made)
    except CannotError:
        return
    patch = fixing.diff({Path("f"): (before, after)}, {Path("f"): made})
    old, new, at = re.findall(rb"[^\n]*\n|[^\n]+", before), b"", 0
    for hunk in re.split(rb"^@@ -", patch, flags=re.MULTILINE)[1:]:
        head, _, body = hunk.partition(b"\n")
        first, count = map(int, head.split(b" ")[0].split(b","))
        first -= count > 0
        body = body.replace(b"\n\\ No newline at end of file\n", b"\0")
        rows = [row.replace(b"\0", b"") for row in re.findall(rb"[^\n\0]*[\n\0]", body)]
        assert [row[1:] for row in rows if row[:1] in b" -"] == old[first : first + count]
        new += b"".join(old[at:first]) + b"".join(row[1:] for row in rows if row[:1] in b" +")
        at = first + count
    assert new + b"".join(old[at:]) == after


def test_a_patch_applies_with_git(house: Path) -> None:
    git = shutil.which("git")
    if git is None:
        pytest.skip("git is not installed")
    (house / "main.tf").write_text(machine("").rstrip("\n"))
    shutil.rmtree(house.parent / ".git")
    subprocess.run([git, "init", "-q", "."], check=True, env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull})
    ran = finops_guard("fix", "infra", *SET)
    subprocess.run([git, "apply", "-"], input=ran.out, text=True, check=True, capture_output=True)
    assert (house / "main.tf").read_text().endswith('evaluation"\n  }\n}')
