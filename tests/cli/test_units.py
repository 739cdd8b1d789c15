"""`finops-guard units` as a user has it."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from tests.cli.command import Ran, finops_guard
from tests.cli.house import ROOT
from tests.costs.budgeting import Row, days, ledger
from tests.costs.unit_costing import BOT, UNIT, bills, policy, usage

AT = ("--at", "2026-11-25T12:00:00Z")
MORE = "costs: [{from: focus, path: focus.csv}]\ncurrency: EUR\nfx: {USD: {EUR: 0.5, as_of: 2026-11-01}}\n"
SPLIT = UNIT + "    by: [model-version]\n    target: 0.05 EUR\n"
TRAIN = """\
  train:
    of: completed run
    cost: {for: {tags: {project: train}}}
    count: {from: inventory, match: {kind: training-job}}
"""


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "100")


def furnished(folder: Path, units: str = SPLIT, more: str = MORE, rows: list[Row] | None = None) -> Path:
    """A policy with its counts and bills."""
    usage(folder, count="100,v1")
    text = (folder / "usage.csv").read_text().replace("date,count", "date,count,model-version")
    (folder / "usage.csv").write_text(text)
    ledger(folder, bills(cost="8") + bills(cost="2", tags={"project": "bot"}) if rows is None else rows).close()
    policy(folder, units, more)
    return folder / "acme.yaml"


def units(folder: Path, *args: object, **more: str) -> Ran:
    return finops_guard("units", "-p", furnished(folder, **more), *AT, *args)  # type: ignore[arg-type] # texts


def test_a_unit_with_its_parts_what_is_counted_and_what_is_missing(tmp_path: Path) -> None:
    ran = units(tmp_path)
    assert ran.code == 0, ran.err
    lines = [line.split() for line in ran.out.splitlines()]
    assert ["unit", "costs", "of", "acme", "·", "2026-11-25", "12:00", "UTC"] in lines
    assert ["0.5", "EUR", "for", "one", "USD,", "of", "2026-11-01"] in lines
    assert ["per", "prediction", "cost", "count", "each", "of", "target", "change"] in lines
    assert ["all", "140.00", "EUR", "2,800", "0.05", "100", "%", "+0.0", "%"] in lines
    assert ["v1", "112.00", "EUR", "2,800", "0.04", "80", "%", "+0.0", "%"] in lines
    assert ["without", "model-version", "28.00", "EUR", "0", "n/a", "–", "–"] in lines
    assert "counts: column count of usage.csv, added up by UTC day" in ran.out
    assert "80 % of the cost carries model-version" in ran.out
    assert "2026-10-26 to 2026-11-22, 28 days" in ran.out
    assert f"$ finops-guard explain unit-economics/above-target -p {tmp_path / 'acme.yaml'}" in " ".join(
        ran.out.split()
    )
    assert "\x1b" not in ran.out


def test_json_is_that_of_the_report(tmp_path: Path) -> None:
    ran = units(tmp_path, "-f", "json")
    found = json.loads(ran.out)
    assert (found["schema"], found["days"], found["policy"]) == ("finops-guard/units/1", 28, "acme")
    schema = json.loads((ROOT / "schema/report.json").read_text())
    row = {"$schema": schema["$schema"], "$ref": "#/$defs/unit", "$defs": schema["$defs"]}
    for each in found["units"]:
        jsonschema.validate(each, row)
    whole, part, rest = found["units"]
    assert (whole["key"], whole["cost"], whole["currency"], whole["unit_cost"]) == ({}, "140.00", "EUR", "0.05")
    assert (whole["target_percent"], whole["change_percent"], whole["coverage_percent"]) == (100.0, 0.0, 80.0)
    assert (part["key"], part["unit_cost"]) == ({"model-version": "v1"}, "0.04")
    assert (rest["key"], rest["unit_cost"], rest["because"]) == ({"model-version": None}, None, "nothing was counted")
    assert found["rates"] == [{"from": "USD", "to": "EUR", "rate": "0.5", "as_of": "2026-11-01"}]


def test_the_dearest_unit_comes_first_and_one_without_cost_last(tmp_path: Path) -> None:
    cheap = SPLIT.replace("bot:", "cheap:", 1).replace("project: bot", "project: toy")
    rows = bills() + days("2026-09-01", "2026-11-24", "1", tags={**BOT, "project": "toy"})
    gone = SPLIT.replace("bot:", "a-gone:", 1).replace("project: bot", "project: gone")
    found = json.loads(units(tmp_path, "-f", "json", units=gone + cheap + SPLIT, rows=rows).out)["units"]  # type: ignore[arg-type] # rows
    assert list(dict.fromkeys(each["name"] for each in found)) == ["bot", "cheap", "a-gone"]


def test_other_bills_and_other_days(tmp_path: Path) -> None:
    path = furnished(tmp_path)
    (tmp_path / "other").mkdir()
    ledger(tmp_path / "other", bills(cost="20")).close()
    ran = finops_guard("units", "-p", path, *AT, "--costs", tmp_path / "other/focus.csv", "--days", 7, "-f", "json")
    whole = json.loads(ran.out)["units"][0]
    assert (whole["first"], whole["days"], whole["cost"]) == ("2026-11-16", 7, "70.00")


def test_a_count_that_is_wrong_is_refused_after_the_rest_was_shown(tmp_path: Path) -> None:
    path = furnished(tmp_path, SPLIT + SPLIT.replace("bot:", "bad:", 1).replace("usage.csv", "bad.csv"))
    (tmp_path / "bad.csv").write_text("date,count,model-version\n2026-11-01,\x1b[31m,v1\n")
    ran = finops_guard("units", "-p", path, *AT)
    assert ran.code == 2
    assert "140.00 EUR" in ran.out
    assert "refused: bad.csv:2:2: '\\x1b[31m' is not a count" in ran.err
    assert "\x1b" not in ran.out + ran.err


def test_bills_that_are_refused_are_exit_2(tmp_path: Path) -> None:
    path = furnished(tmp_path)
    (tmp_path / "focus.csv").write_text("no,bill\n1,2\n")
    ran = finops_guard("units", "-p", path, *AT)
    assert ran.code == 2
    assert "refused: " in ran.err
    assert "no day of cost data is complete" in ran.out


def test_a_source_that_does_not_answer_is_exit_3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("finops_guard.costs.web._TRIES", 1)
    count = 'count: {from: prometheus, url: "http://127.0.0.1:9", query: "sum by (model_version) (increase(x[1d]))"}'
    ran = units(tmp_path, units=SPLIT.replace("count: {from: csv, path: usage.csv}", count))
    assert ran.code == 3
    assert "not read: count of bot: 127.0.0.1 did not answer" in ran.err
    assert "its count could not be read" in ran.out


def test_without_a_target_the_inventory_is_unknown_and_not_asked(tmp_path: Path) -> None:
    rows = bills(tags={"project": "train"})
    ran = units(tmp_path, units=TRAIN, rows=rows)  # type: ignore[arg-type] # rows
    assert ran.code == 0
    assert "no inventory was read" in ran.out


def test_runs_are_counted_in_a_snapshot(tmp_path: Path) -> None:
    from datetime import UTC, datetime

    from finops_guard.model import Resource, Tags
    from tests.cli.house import snapshot

    def job(name: str, state: str, day: int) -> Resource:
        fields = {"id": name, "kind": "training-job", "cloud": "aws", "type": "AWS::SageMaker::TrainingJob"}
        ended = datetime(2026, 11, day, 3, tzinfo=UTC)
        return Resource({**fields, "state": state, "name": name}, Tags.of({}), facts={"ended": ended})

    jobs = [job("a", "completed", 2), job("b", "completed", 20), job("c", "failed", 20), job("d", "completed", 24)]
    there = snapshot(tmp_path / "estate.snapshot", jobs)
    rows = bills(tags={"project": "train"})
    ran = units(tmp_path, there, "-f", "json", units=TRAIN, rows=rows)  # type: ignore[arg-type] # rows
    (whole,) = json.loads(ran.out)["units"]
    assert (whole["count"], whole["days"], whole["cost"], whole["unit_cost"]) == ("2", 27, "135.00", "67.5")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("policy: a\nowner: o\npacks: [{use: ai-tags}]\n", "policy a has no units"),
        (f"policy: a\nowner: o\npacks: [{{use: ai-tags}}]\nunits:\n{UNIT}", "no cost data to take unit costs from"),
    ],
)
def test_what_is_missing_is_said(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "acme.yaml").write_text(text)
    ran = finops_guard("units", "-p", tmp_path / "acme.yaml")
    assert ran.code == 2
    assert says in ran.err
