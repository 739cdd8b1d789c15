from __future__ import annotations

import html
import io
import re
from typing import TYPE_CHECKING

import pytest
from markdown_it import MarkdownIt

from finops_guard.model import Gap, Location
from finops_guard.outputs import markdown as output
from finops_guard.outputs._escape import markdown, visible
from tests.factory import ABSENT, finding, report, resource, rule, step
from tests.outputs.estate import HOSTILE, estate

if TYPE_CHECKING:
    from finops_guard.model import Report

ALLOWED = {"<details><summary>", "<b>", "</b>", "</summary>", "</details>", "<code>", "</code>"}
WORSE = (
    *HOSTILE,
    "</details></td><td>",
    "a \\| b",
    "\\",
    "ends with \\",
    "| --- |",
    "# heading",
    "- item",
    "1. item",
    "> quote",
    "***",
    "===",
    "```",
    "~~~",
    "    code",
    "<!-- -->",
    "&lt;script&gt;",
    "&#124; entity",
    "a@b.example",
    "org/repo#7",
    "[ref]: http://evil.example",
    "![][x]",
    "https://evil.example",
    "WWW.evil.example",
    "_under_ *star* ~~gone~~",
    "  \n\n| a | b |",
)


def parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def rendered(made: Report) -> str:
    out = io.StringIO()
    output.render(made, out)
    return out.getvalue()


def kinds(text: str) -> list[str]:
    found = []
    for token in parser().parse(text):
        found.append(token.type)
        found += [child.type for child in token.children or []]
    return found


@pytest.mark.parametrize("hostile", WORSE)
def test_text_stays_text(hostile: str) -> None:
    """In a paragraph, a list, a heading, a quote and a cell: only text, and only the text that was there."""
    shown = visible(hostile).strip()
    for frame in ("{}", "- {}", "> - {}", "## x: {}", "| a | b |\n| --- | --- |\n| {} | z |"):
        tokens = parser().parse(frame.format(markdown(hostile)))
        inline = [token for token in tokens if token.type == "inline"]
        children = [child for token in inline for child in token.children or []]
        assert {child.type for child in children} <= {"text", "text_special"}
        assert not [token for token in tokens if token.type in {"fence", "code_block", "html_block", "hr"}]
        text = "".join(child.content for child in children).replace("\u200b", "")
        assert shown in text
        if frame.startswith("|"):
            assert [token.type for token in tokens].count("td_open") == 2


@pytest.mark.parametrize("hostile", ["@team", "see @org/team", "#12", "org/repo#12", "GH-7", "a@b.example"])
def test_nobody_is_called_and_nothing_referred_to(hostile: str) -> None:
    """GitHub looks in the text that is left when escapes and entities are gone."""
    text = html.unescape(markdown(hostile))
    assert not re.search(r"@\w|#\d|GH-\d", text)


@pytest.mark.parametrize("hostile", ["http://evil.example", "HTTPS://evil", "www.evil.example", "ftp://x"])
def test_no_address_becomes_a_link(hostile: str) -> None:
    assert not re.search(r"://|www\.", markdown(hostile), re.IGNORECASE)


def test_the_report_holds_our_html_only_and_no_links() -> None:
    text = rendered(estate())
    assert not {"link_open", "image", "fence", "code_block"} & set(kinds(text))
    raw = [
        tag
        for token in parser().parse(text)
        for piece in ([token] if token.type == "html_block" else token.children or [])
        if piece.type in {"html_block", "html_inline"}
        for tag in re.findall(r"<[^>]*>(?:<summary>)?", piece.content)
    ]
    assert set(raw) <= ALLOWED | {output.MARKER}
    assert text.count("<details>") == text.count("</details>")


def test_every_table_is_rectangular() -> None:
    """A row with a cell too many would be cut, one too few filled: count before the parser mends it."""
    for table in re.findall(r"(?:^\|.*\n)+", rendered(estate()), re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1


def test_its_first_line_lets_a_comment_be_found_again() -> None:
    assert rendered(report()).startswith("<!-- finops-guard report -->\n## finops-guard: ")


def test_the_headline() -> None:
    def headline(made: Report) -> str:
        return rendered(made).splitlines()[1]

    vm = resource(month="1234.5")
    assert headline(report([finding(vm), finding(vm, rule("a/b"))], resources=9)) == (
        "## finops-guard: 2 failing on 1 of 9 resources, 1,234.50 EUR a month"
    )
    assert headline(report([finding(verdict="unknown")])) == "## finops-guard: nothing was judged"
    good = report([finding(exempt="x")], passed=3)
    assert headline(good) == "## finops-guard: nothing failing on 4 resources"
    good.complete = False
    assert headline(good) == "## finops-guard: nothing failing on 4 resources that could be read"


def test_in_code_the_place_is_a_line() -> None:
    planned = resource("aws_instance.a", at=Location("modules/gpu/main.tf", 12))
    assert "modules/gpu/main.tf:12" in rendered(report([finding(planned)]))


def test_what_does_not_fit_is_left_out_from_the_least_severe_up_and_counted() -> None:
    rules = [
        rule(f"p/{severity}-{n}", severity=severity) for severity in ("low", "critical", "medium") for n in range(9)
    ]
    made = report(finding(resource(f"vm-{n}-with-a-name"), of) for of in rules for n in range(60))
    text = rendered(made)
    assert len(text) <= output.LIMIT
    assert text.index("<b>p/critical-0</b>") < text.index("<b>p/medium-0</b>")
    assert text.count("<b>p/critical-") == 9
    assert "<b>p/low-8</b>" not in text
    shown = len(re.findall(r"^\| ❌", text, re.MULTILINE))
    counted = sum(int(n) for n in re.findall(r"^(\d+) more of this rule", text, re.MULTILINE))
    (left,) = re.findall(r"Left out for want of room:\*\* (.*)\. `-f", text)
    assert shown + counted + sum(int(n) for n in re.findall(r"\d+", left)) == 27 * 60


@pytest.mark.parametrize("filler", ["|", "<", "@", "\x1b", "a", "😀"])
def test_the_limit_holds_whatever_the_names(filler: str) -> None:
    long = filler * 3000
    rules = [rule(f"p/r-{n}-{long}", long) for n in range(100)]
    vms = [resource(f"{n}{long}", owner=long, region=long) for n in range(100)]
    made = report(
        [finding(vm, of) for vm, of in zip(vms, rules, strict=True)],
        steps=[step("stop", vm, "refused", because=f"{n}{long}") for n, vm in enumerate(vms)],
        gaps=[Gap("aws", f"{n}{long}", long, long, long, expected=bool(n % 2)) for n in range(100)],
        remarks=(long,) * 100,
    )
    text = rendered(made)
    assert len(text) <= output.LIMIT
    assert "### What would follow" in text


def test_in_code_a_resource_is_its_address_and_a_plan_has_no_price() -> None:
    planned = resource("this[0]", id="module.a.aws_instance.this[0]", at=Location("main.tf", 1))
    plan = resource("plan", kind="plan", id="plan", month=None)
    twice = finding(plan, reasons=(ABSENT[0], ABSENT[0]))
    text = rendered(report([finding(planned), twice]))
    assert "| ❌ | module.a.aws\\_instance.this\\[0\\] |" in text
    assert "| – | tags.team is absent |" in text
    assert "no price" not in text
