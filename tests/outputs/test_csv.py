from __future__ import annotations

import csv
import io

import pytest

from finops_guard.outputs import csv as output
from finops_guard.outputs._escape import cell
from finops_guard.state.shelf import ordered
from tests.factory import ABSENT, NOW, finding, report, resource
from tests.outputs.estate import HOSTILE, estate

STARTERS = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def written(*findings: object) -> str:
    out = io.StringIO(newline="")
    output.render(report(findings), out)  # type: ignore[arg-type] # only findings come in
    return out.getvalue()


def test_what_is_read_back_is_the_data() -> None:
    made = estate()
    out = io.StringIO(newline="")
    output.render(made, out)
    head, *body = rows(out.getvalue())
    assert tuple(head) == output.COLUMNS
    assert body == [[cell(text) for text in output.row(one)] for one in ordered(made.findings)]


def test_harmless_data_is_not_touched() -> None:
    vm = resource('say "hi", ü', tags={"Team": "vision", "cost center": "cc;101"}, owner="v@acme.example")
    (_, row) = rows(written(finding(vm, since=NOW, exempt="a, b")))
    assert dict(zip(output.COLUMNS, row, strict=True)) == {
        "rule": "ai-tags/whose",
        "severity": "high",
        "verdict": "fail",
        "kind": "vm",
        "type": "AWS::EC2::Instance",
        "cloud": "aws",
        "account": "111111111111",
        "region": "eu-west-1",
        "id": 'arn:aws:ec2:eu-west-1:111111111111:instance/say "hi", ü',
        "name": 'say "hi", ü',
        "owner": "v@acme.example",
        "why": "tags.team is absent",
        "since": "2026-11-14T09:30:00Z",
        "cost_month": "100.00",
        "currency": "EUR",
        "exempt": "a, b",
        "tags": "Team=vision; cost center=cc;101",
    }


def test_lines_end_as_rfc_4180_says() -> None:
    text = written(finding(), finding(resource("two\nlines")))
    assert text.count("\r\n") == text.count("\n") == 3


@pytest.mark.parametrize("hostile", [*HOSTILE, "+1", "-1+1", "  =1", "\r=1", "\uff1d1", "a;@x", "a; \t=1", "=1;=2"])
def test_no_cell_is_a_formula(hostile: str) -> None:
    """Also where a spreadsheet takes the semicolon for the separator."""
    vm = resource(hostile, tags={hostile: hostile}, owner=hostile, region=hostile)
    text = written(finding(vm, reasons=(ABSENT[0]._replace(actual=hostile),), exempt=hostile))
    for separator in ",;":
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            assert not [one for one in row if one.lstrip(" ").startswith(STARTERS)]


def test_an_unknown_price_is_an_empty_cell() -> None:
    (_, row) = rows(written(finding(resource(month=None))))
    assert (row[output.COLUMNS.index("cost_month")], row[output.COLUMNS.index("currency")]) == ("", "")
