from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from finops_guard.model import PlanDelta
from finops_guard.outputs._deltas import accelerators, change, doubts
from tests.factory import report
from tests.outputs.code import written
from tests.outputs.estate import HOSTILE

SCHEMA = json.loads((Path(__file__).parents[2] / "schema" / "report.json").read_text(encoding="utf-8"))


def delta(low: str | None, high: str | None, name: str = "", **more: object) -> PlanDelta:
    def known(text: str | None) -> Decimal | None:
        return None if text is None else Decimal(text)

    given = {"before": Decimal(100), "accelerators": Decimal(8), **more}
    return PlanDelta(name, "EUR", known(low), known(high), **given)  # type: ignore[arg-type] # what is given fits


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        ("1234.5", "1234.5", "+1,234.50 EUR"),
        ("-10", "-10", "-10.00 EUR"),
        ("0", "0", "0.00 EUR"),
        ("-1", "2", "-1.00 to +2.00 EUR"),
        ("100", None, "at least +100.00 EUR"),
        (None, "100", "at most +100.00 EUR"),
        (None, None, "unknown"),
    ],
)
def test_what_nobody_knows_is_never_nought(low: str | None, high: str | None, said: str) -> None:
    assert change(delta(low, high)) == said


def test_accelerators_and_doubts() -> None:
    assert accelerators(delta("1", "1")) == "+8"
    assert accelerators(delta("1", "1", accelerators=Decimal(-16))) == "-16"
    odd = delta("1", None, accelerators=None, uncounted="a: known after apply", hidden=tuple("abcde"), by_usage=2)
    assert accelerators(odd) == "unknown"
    assert doubts(odd) == (
        "a; b; c; and 2 more; accelerators of a: known after apply; "
        "2 priced by use, which nobody assumed, counted without it"
    )
    assert doubts(delta("1", "1")) == ""


def test_every_report_tells_it() -> None:
    made = report(passed=1)
    made.deltas = (
        delta("1234.50", None, hidden=(f"aws_x.{HOSTILE[2]}: no price",)),
        delta("20", "20", HOSTILE[1], before=None),
    )
    found = json.loads(written("json", made))
    assert [error.message for error in Draft202012Validator(SCHEMA).iter_errors(found)] == []
    assert found["deltas"][0] == {
        "team": None, "budget": None, "currency": "EUR", "low": "1234.50", "high": None, "before": "100.00",
        "accelerators": 8.0, "unknown": ["aws_x.`rm -rf`: no price"], "by_usage": 0,
    }  # fmt: skip
    text = written("markdown", made)
    assert "; the plan adds at least +1,234.50 EUR a month\n" in text
    assert "| **all of the plan** | 100.00 EUR | at least +1,234.50 EUR | +8 |\n" in text
    assert "| a&#124;b&#124;c | unknown | +20.00 EUR | +8 |\n" in text
    assert "Not in it: aws\\_x.\\`rm -rf\\`: no price." in text
    shown = written("table", made)
    assert "at least +1,234.50 EUR · now 100.00 EUR, accelerators +8" in shown
    assert "not in it: aws_x.`rm -rf`: no price" in shown
    assert "Cost of the plan" not in written("table", report(passed=1))
