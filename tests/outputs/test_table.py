from __future__ import annotations

import io
import os
import pty
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.cells import cell_len

from finops_guard.model import Coverage, Gap, Identity
from finops_guard.outputs import table as output
from tests.factory import finding, report, resource, rule, step
from tests.outputs.estate import estate

if TYPE_CHECKING:
    from finops_guard.model import Report


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COLUMNS", "FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def written(made: Report, rows: int | None = output.ROWS) -> str:
    out = io.StringIO()
    output.render(made, out, rows=rows)
    return out.getvalue()


def on_a_terminal(made: Report) -> str:
    """What a terminal receives."""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w", encoding="utf-8", newline="") as out:
        assert out.isatty()
        output.render(made, out)
        out.flush()
        os.set_blocking(ours, False)
        read = b""
        while True:
            try:
                read += os.read(ours, 65_536)
            except BlockingIOError:
                break
    os.close(ours)
    return read.decode()


def test_colour_on_a_terminal() -> None:
    assert "\x1b[1;31m1 failing\x1b[0m" in on_a_terminal(report([finding()]))


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_no_colour_nor_bold_nor_dim_where_it_is_not_wanted(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    assert "\x1b" not in on_a_terminal(report([finding()]))


def test_no_color_wins_over_force_color(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" in written(report([finding()]))
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in written(report([finding()]))


def test_force_color_0_forces_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "0")
    assert "\x1b" not in written(report([finding()]))


def test_colour_carries_no_words(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = written(estate())
    monkeypatch.setenv("FORCE_COLOR", "1")
    stripped = re.sub(r"\x1b\[[0-9;]*m", "", written(estate()))
    assert stripped == plain


@pytest.mark.parametrize("width", [60, 80, 100, 129, 130, 160, 180])
@pytest.mark.parametrize("rows", [10, None])
def test_no_line_is_wider_than_the_terminal(width: int, rows: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    made = estate()
    made.findings = (
        *made.findings,
        finding(resource("東京" * 40, account="9" * 70, owner="😀" * 90), rule("a-pack/" + "long-" * 30, "t " * 200)),
        finding(resource("dear", month="123456789012.34", currency="USD")),
    )
    made.coverage += (Coverage("a-pack/" + "long-" * 30, "t", "low", 1, 1),)
    made.identities += (Identity("aws", "1", "x" * 300),) * 5
    for line in written(made, rows).splitlines():
        assert cell_len(line) <= width, line
        assert line == line.rstrip()


@pytest.mark.parametrize("width", [80, 160])
def test_it_looks_as_it_did(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """UPDATE_GOLDEN=1 writes the files anew; look at them before committing."""
    monkeypatch.setenv("COLUMNS", str(width))
    golden = Path(__file__).parent / "golden" / f"estate.{width}.table"
    text = written(estate())
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def test_a_file_is_100_columns_wide() -> None:
    assert max(len(line) for line in written(estate()).splitlines()) == 100


def test_signs_become_ascii_where_the_encoding_has_none() -> None:
    out = io.TextIOWrapper(raw := io.BytesIO(), encoding="ascii")
    output.render(estate(), out)
    out.flush()
    assert b"-- Coverage ---" in raw.getvalue()
    assert re.search(rb"whose +#+\.+ +65 %", raw.getvalue())
    assert rb"10 x tags.workload-type" in raw.getvalue()


def test_each_rule_shows_its_ten_most_expensive_findings_and_counts_the_rest() -> None:
    made = report(finding(resource(f"vm-{n:02}", month=f"{n}", owner="ab"[n % 2])) for n in range(14))
    text = written(made)
    assert re.findall(r"✗ (vm-\d\d)", text) == [f"vm-{n:02}" for n in (*range(13, 3, -2), *range(12, 3, -2))]
    assert "+4 more, -f json for all: b 2, a 2" in text
    assert re.findall(r"✗ (vm-\d\d)", written(made, None))[-1] == "vm-00"
    assert "more, -f json" not in written(made, None)


def test_rules_come_by_money_and_owners_by_theirs() -> None:
    cheap, dear = rule("p/cheap", severity="critical"), rule("p/dear", severity="low")
    made = report(
        [
            finding(resource("a", month="1", owner="poor"), dear),
            finding(resource("b", month="70", owner="rich"), dear),
            finding(resource("c", month="60"), dear),
            finding(resource("d", month="50"), cheap),
        ]
    )
    text = written(made)[written(made).index("Findings") :]
    places = [
        text.index(word) for word in ("p/dear", "  rich  1 failing", "(no owner)", "  poor  1 failing", "p/cheap")
    ]
    assert places == sorted(places)
    assert re.search(r"p/dear  low  3 failing +131\.00", text)


def test_two_currencies_are_never_added() -> None:
    made = report([finding(resource("a", month="10")), finding(resource("b", month="20", currency="USD"))])
    text = written(made)
    assert "The failing resources cost 10.00 EUR + 20.00 USD a month" in text
    assert re.search(r"2 failing +20\.00 USD\n +10\.00 EUR\n", text)
    assert "30.00" not in text


def test_neighbours_with_the_same_reasons_share_them() -> None:
    made = report(finding(resource(name)) for name in "abc")
    assert written(made).count("tags.team is absent") == 1
    assert "3 × tags.team is absent" in written(made)


def test_gaps_stand_above_all_and_expected_ones_are_counted_apart() -> None:
    made = report(
        [finding()],
        gaps=[
            *(Gap("aws", str(n), "eu-west-1", "AWS::S3::Bucket", "AccessDenied") for n in range(11)),
            Gap("aws", "9", "*", "*", "suspended", expected=True),
        ],
    )
    text = written(made)
    assert "▲ INCOMPLETE 11 cells could not be read and never count as compliant (exit 3)" in text
    assert "+3 more, -f json for all" in text
    assert "1 expected gap, known to the policy\n  aws 9 · all regions · everything · suspended" in text
    assert text.index("INCOMPLETE") < text.index("resources ·")
    assert "finops-guard doctor" in text


def test_expected_gaps_alone_are_no_alarm() -> None:
    text = written(report([finding()], gaps=[Gap("aws", "9", "*", "*", "suspended", expected=True)]))
    assert "INCOMPLETE" not in text


def test_the_exit_code_of_a_file_that_is_wrong_is_told() -> None:
    text = written(report([finding()], gaps=[Gap("terraform", "*", "*", "*", "main.tf:1:1: is not HCL", wrong=True)]))
    assert "1 cell could not be read and never counts as compliant (exit 2)" in text


def test_a_scan_that_did_not_finish_says_so() -> None:
    made = report([finding()])
    made.complete = False
    assert "▲ INCOMPLETE the scan did not finish (exit 3)" in written(made)


def test_a_rule_that_could_be_judged_nowhere_is_named() -> None:
    made = report(coverage=(Coverage("p/blind", "t", "high", unknown=3), Coverage("p/unmet", "t", "high")), resources=3)
    text = written(made)
    assert re.search(r"▲ JUDGED NOWHERE .*\n  p/blind  3 unknown", text)
    assert "matched nothing: p/unmet" in text


def test_steps_with_a_reason_each_are_counted_beyond_twenty() -> None:
    many = [step("stop", resource(f"vm-{n}"), "refused", because=f"lock {n:02}") for n in range(23)]
    text = written(report(steps=many))
    assert "lock 19" in text
    assert "lock 20" not in text
    assert "+3 more, -f json for all" in text


def test_all_is_well() -> None:
    made = report(coverage=(Coverage("p/good", "t", "high", passed=7),), resources=7)
    text = written(made)
    assert "7 resources · none failing" in text
    assert "100 %" in text
    assert "Next" not in text


def test_almost_all_is_not_all() -> None:
    made = report(coverage=(Coverage("p/almost", "t", "high", passed=99_999, failed=1),), resources=100_000)
    assert " 99 %" in written(made)
    assert "░" in written(made)


def test_a_next_step_that_does_not_fit_is_put_on_two_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    made = report([finding(of=rule("a-long-pack/with-a-long-rule"))])
    assert "$ finops-guard explain a-long-pack/with-a-long-rule\n  why it matters" in written(made)
