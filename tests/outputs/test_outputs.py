"""What holds for every output: found by its file, the same for the same report, harmless, quick."""

from __future__ import annotations

import io
import os
import re
import time
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from finops_guard import outputs
from finops_guard.errors import InputError
from finops_guard.model import Gap, Location, Reason, Unknown
from tests.factory import NOW, finding, report, resource, rule, step
from tests.outputs.estate import estate

if TYPE_CHECKING:
    from finops_guard.model import Report

GOLDEN = Path(__file__).parent / "golden"
CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
LINE_ENDS = {"csv": "\r\n"}


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COLUMNS", "FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)


def written(name: str, made: Report) -> str:
    out = io.StringIO(newline="")
    outputs.load(name).render(made, out)
    return out.getvalue()


def many(count: int) -> Report:
    rules = [rule(f"pack/rule-{n}", severity="medium") for n in range(10)]
    return report(
        finding(resource(f"vm-{n}", month=f"{n % 977}.50", owner=f"team-{n % 40}"), rules[n % 10]) for n in range(count)
    )


def everything() -> list[str]:
    return [name for name in outputs.names() if name in {"csv", "json", "markdown", "table"}]


def test_outputs_are_found_by_file_name() -> None:
    assert {"csv", "json", "markdown", "table"} <= set(outputs.names())
    assert not [name for name in outputs.names() if name.startswith("_")]
    for name in outputs.names():
        assert outputs.load(name).__doc__
        assert outputs.load(name).render.__doc__


def test_an_unknown_output_is_an_error_that_names_the_nearest() -> None:
    with pytest.raises(InputError) as caught:
        outputs.load("markdwon")
    assert caught.value.what == "unknown format 'markdwon' (did you mean 'markdown'?)"
    assert ", json, junit, markdown, " in (caught.value.help or "")
    with pytest.raises(InputError, match=r"^unknown format '_view'$"):
        outputs.load("_view")


@pytest.mark.parametrize("name", everything())
def test_the_rich_report_is_as_it_was(name: str) -> None:
    """UPDATE_GOLDEN=1 writes the files anew; read the difference before committing it."""
    golden = GOLDEN / f"estate.{name}"
    text = written(name, estate())
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text, encoding="utf-8", newline="")
    assert text == golden.read_bytes().decode("utf-8")


@pytest.mark.parametrize("name", everything())
def test_no_control_character_gets_through(name: str) -> None:
    """Neither into a file nor past a terminal: names and tag values are written by strangers."""
    text = written(name, estate()).replace(LINE_ENDS.get(name, "\n"), "\n")
    assert not CONTROL.findall(text)


@pytest.mark.parametrize("name", everything())
@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_every_encoding_can_carry_it(name: str, encoding: str) -> None:
    made = report([finding(resource("naam-ü-😀-東京"), reasons=())], gaps=[Gap("aws", "1", "*", "x", "é")])
    out = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    outputs.load(name).render(made, out)
    out.flush()
    assert "naam-" in out.buffer.getvalue().decode(encoding)


@pytest.mark.parametrize("name", everything())
def test_the_order_of_findings_does_not_depend_on_how_they_came(name: str) -> None:
    one, other = estate(), estate()
    other.findings = tuple(reversed(list(other.findings)))
    assert written(name, one) == written(name, other)


@pytest.mark.parametrize("name", ["json", "markdown", "table", "csv", "sarif", "junit"])
def test_a_reason_is_said_once(name: str) -> None:
    again = (Reason("tags.team", "exists", expected=True, actual=None),) * 3
    made = report([finding(resource("gpu-1", at=Location("main.tf", 1)), reasons=again)])
    text = written(name, made)
    assert "tags.team is absent" in text
    assert not re.search(r'absent[;,"\s]+tags', text)


@pytest.mark.parametrize("name", everything())
def test_an_empty_report(name: str) -> None:
    text = written(name, report())
    assert text.strip()
    assert "none failing" not in text, "nothing judged is not nothing failing"


@pytest.mark.parametrize("name", ["json", "markdown", "table"])
def test_a_report_with_only_gaps_does_not_look_like_compliance(name: str) -> None:
    made = report(gaps=[Gap("aws", "111111111111", "*", "*", "AccessDenied sts:AssumeRole")], resources=0)
    text = written(name, made)
    assert "AccessDenied sts:AssumeRole" in text
    assert "nothing failing" not in text


@pytest.mark.parametrize("name", everything())
def test_ten_thousand_findings_are_quick_and_memory_stays_flat(name: str) -> None:
    """Memory: only the order of the findings may grow with them, never their text."""
    made = many(10_000)
    outputs.load(name).render(report(), io.StringIO())
    with Path(os.devnull).open("w", encoding="utf-8") as out:
        started = time.process_time()
        outputs.load(name).render(made, out)
        spent = time.process_time() - started
        tracemalloc.start()
        outputs.load(name).render(made, out)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert spent < 3
    assert peak < 12_000_000


@pytest.mark.parametrize("name", ["json", "markdown", "csv"])
def test_an_exemption_is_shown_as_one(name: str) -> None:
    made = report([finding(exempt="Warm standby until Friday.")])
    text = written(name, made)
    assert "Warm standby until Friday." in text or "1 exempt" in text


def test_steps_of_an_enforcing_run() -> None:
    machine = resource("train-1", month="730.00")
    made = report(
        [finding(machine)],
        steps=[
            step("stop", machine, "done", saves="730.00"),
            step("tag", machine, "failed", because="ThrottlingException"),
            step("terminate", machine, "skipped", because="changed since"),
            step("notify", machine, "due", due=NOW),
        ],
    )
    made.mode = "enforce"
    for name in ("markdown", "table"):
        text = written(name, made)
        assert "What was done" in text
        assert "finops-guard undo 01JC-test" in text
        places = [text.index(word) for word in ("ThrottlingException", "730.00 EUR", "changed since")]
        assert len(places) == 3
        assert "nothing was changed" not in text
        assert "--plan-out" not in text


def test_a_price_that_nobody_knows_is_never_nought() -> None:
    odd = resource("odd", month=None)
    odd.unknown["cost.month"] = "no list price for p9.96xlarge"
    made = report([finding(odd, reasons=(finding().reasons[0]._replace(actual=Unknown("denied")),))])
    assert '"month": null' in written("json", made)
    assert "no list price for p9.96xlarge" in written("json", made)
    for name in ("table", "markdown"):
        assert "no price" in written(name, made)
        assert "0.00" not in written(name, made)
