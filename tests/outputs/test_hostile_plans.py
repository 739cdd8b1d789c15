"""A plan whose keys, tags and names are written by an enemy, through `scan` and every output, each read back."""

from __future__ import annotations

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tests.cli.command import finops_guard
from tests.sources.iac.planning import block, change, plan

OUTPUTS = ("json", "csv", "markdown", "sarif", "junit", "github", "gitlab", "table")
EVIL = (
    "x\ny", "\x1b[31mred", "%0A::error::x", "::error::boom", "a]()b", "[z](javascript:alert(1))", "<img src=x>",
    "<script>alert(1)</script>", "a|b", "`code`", "\u202eevil\u2066", "nul\x00byte", "\ud800lone", "--><!-- x",
    "&lt;b&gt;", "@everyone #1", "=cmd|' /C calc'!A0", "\r\n::set-output name=a::b", "]]>", "\u2028\u2029", "${x}",
    "\x9b31m", "\ufeffbom", "\u0085", "~~~\n```\n# h", "A" * 300_000, "::stop-commands::x", "|\n|-|",
    "- [ ] do", "<!--",
)  # fmt: skip
HIDDEN = re.compile("[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
POLICY = """\
policy: acme
owner: o@acme.example
mode: enforce
currency: USD
teams: {vision: {}}
packs:
  - use: ai-tags
  - use: tag-hygiene
  - use: iac-guardrail
"""
TEXT = st.text(
    alphabet=st.characters(codec=None) | st.sampled_from("\n\r\x1b|`<>[]()!#*_~:%@=-"), min_size=1, max_size=40
)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("house")
    (folder / "finops-guard.yaml").write_text(POLICY)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield folder


def written(house: Path, texts: tuple[str, ...]) -> dict[str, str]:
    """What every output says of a machine a text, which has the text for its key, its tags and their key."""
    changes = []
    for number, text in enumerate(texts):
        tags = {"team": text, "project": text, text[:100]: text}
        after = {"instance_type": "p5.48xlarge", "tags": tags, "tags_all": tags}
        changes.append(change("aws_instance", "a", after, index=text[:100] + str(number)))
    (house / "plan.json").write_text(json.dumps(plan(*changes, blocks=[block("aws_instance", "a")])))
    files = [word for name in OUTPUTS for word in ("-o", f"{name}=out.{name}")]
    ran = finops_guard("scan", "plan.json", "-q", *files)
    assert ran.code == 1, ran.err
    return {name: (house / f"out.{name}").read_bytes().decode("utf-8") for name in OUTPUTS}


def check(told: dict[str, str], number: int) -> None:
    """Each output is read by a reader of its kind, and nothing of a stranger does anything in it."""
    for name, text in told.items():
        assert not HIDDEN.findall(text), name
    assert len({each["resource"]["id"] for each in json.loads(told["json"])["findings"]} - {"plan"}) == number
    assert json.loads(told["sarif"])["runs"]
    assert isinstance(json.loads(told["gitlab"]), list)
    suites = ET.fromstring(told["junit"])  # noqa: S314 - our own
    assert {each.tag for each in suites.iter()} <= {
        "testsuites", "testsuite", "testcase", "failure", "skipped", "error", "properties", "property",
    }  # fmt: skip
    rows = list(csv.reader(io.StringIO(told["csv"], newline="")))
    assert {len(row) for row in rows} == {17}
    assert not [cell for row in rows for cell in row if cell[:1] in {"=", "+", "@"}]
    commands = [line for line in told["github"].splitlines() if line.startswith("::") or "##[" in line[:3]]
    assert all(line.startswith(("::error ", "::warning ", "::notice ")) for line in commands)
    assert not [line for line in told["github"].splitlines() if line and line not in commands]
    ours = re.compile(r"</?(?:details|summary|b|sub|sup|br|code|kbd)(?: open)?/?>|<!-- finops-guard[\w: -]*-->")
    for token in MarkdownIt("gfm-like", {"html": True, "linkify": False}).parse(told["markdown"]):
        for each in (token, *(token.children or ())):
            assert each.type not in {"image", "link_open", "fence", "code_block"}, each
            if each.type in {"html_inline", "html_block"}:
                assert not ours.sub("", each.content).strip().startswith("<"), each.content


def test_what_enemies_write_is_only_ever_text(house: Path) -> None:
    check(written(house, EVIL), len(EVIL))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(TEXT, min_size=1, max_size=4))
def test_so_is_whatever_else_they_write(house: Path, texts: list[str]) -> None:
    check(written(house, tuple(texts)), len(texts))


def test_names_of_files_are_text_too(house: Path) -> None:
    names = ("a\n::error::b.tf", "%0A::error::c.tf", "[x](y).tf", "<script>.tf", "a|b`c`.tf", "\u202ed.tf",
             "\x1b[31m.tf", "\udcff\udcfe.tf", "--x.tf", "e,line=1.tf")  # fmt: skip
    folder = house / "in\n::error::side"
    folder.mkdir()
    for number, name in enumerate(names):
        (folder / name).write_text(f'resource "aws_instance" "r{number}" {{\n  instance_type = "p5.48xlarge"\n}}\n')
    files = [word for name in OUTPUTS for word in ("-o", f"{name}=out.{name}")]
    ran = finops_guard("scan", folder.name, "-q", *files)
    assert ran.code == 1, ran.err
    check({name: (house / f"out.{name}").read_bytes().decode("utf-8") for name in OUTPUTS}, len(names))
