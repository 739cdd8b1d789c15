"""What holds for every shipped pack: it loads clean, reads well, and never destroys without notice."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from finops_guard.language.bind import bind_rule
from finops_guard.model import DESTRUCTIVE, Pack, Param, Rule
from tests.rules.shipped import FILES, PACKS, RULES, defaults, loaded, name_of

DAY = 86_400
ASKED_FOR = {"schedules": 1_800}
"""Packs about what somebody put a tag on for the purpose: an evening is shorter than a day."""
ORDERED = {"number", "percent", "duration", "money", "size", "date"}
CAPABILITIES = (
    # FinOps Framework 2026, lower case with hyphens: Understand, Quantify, Optimize, Manage.
    "data-ingestion allocation reporting-analytics anomaly-management "
    "planning-estimating forecasting budgeting kpis-benchmarking unit-economics "
    "architecting-workload-placement usage-optimization rate-optimization licensing-saas sustainability "
    "executive-strategy-alignment finops-practice-operations governance-policy-risk education-enablement "
    "invoicing-chargeback finops-assessment automation-tools-services intersecting-disciplines"
).split()

each_rule = pytest.mark.parametrize(("pack", "rule"), RULES, ids=name_of)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_loads_without_a_remark_under_its_own_name(path: Path) -> None:
    pack, problems = loaded(path)
    assert [str(problem) for problem in problems] == []
    assert pack.name == path.stem
    assert path.read_text("utf-8").startswith("# yaml-language-server: $schema=../schema/pack.json\n")


@pytest.mark.parametrize("pack", PACKS, ids=name_of)
def test_the_pack_and_its_parameters_are_explained(pack: Pack) -> None:
    assert _sentence(pack.summary)
    assert [name for name, param in pack.params.items() if not _sentence(param.help)] == []
    assert [name for name, p in pack.params.items() if p.type in ORDERED and p.stricter is None] == []
    assert [name for name, param in pack.params.items() if param.required] == []


@each_rule
def test_it_reads_well(pack: Pack, rule: Rule) -> None:
    assert re.fullmatch(r"[A-Z][^.!?:;]{15,70}", rule.title), "a title is one plain sentence without its full stop"
    for text in (rule.why, rule.learn):
        assert _sentence(text)
        assert len(text) < 400
    assert rule.capability in CAPABILITIES
    words = f"{rule.title} {rule.why} {rule.learn} {pack.summary}"
    assert not re.search(r"\b(?:TODO|FIXME|TBD|XXX|please|simply|just|leverage)\b", words, re.IGNORECASE)


@each_rule
def test_notice_comes_before_anything_else(pack: Pack, rule: Rule) -> None:
    ladder = bind_rule(rule, defaults(pack)).otherwise
    if [rung.do for rung in ladder] == ["start"]:
        return  # it gives back what was taken with notice
    assert ladder[0].do == "notify"
    assert ladder[0].after is None
    waits = [rung.after or 0 for rung in ladder]
    assert all(isinstance(wait, int) for wait in waits)
    assert waits == sorted(waits)  # type: ignore[type-var] # all are seconds
    for rung in ladder:
        if rung.do in DESTRUCTIVE:
            assert isinstance(rung.after, int)
            assert rung.after >= ASKED_FOR.get(pack.name, DAY)
            assert rung.warn, "whoever overlooked the notice gets a reminder"


@each_rule
def test_what_stops_a_thing_is_a_wait_that_only_grows(pack: Pack, rule: Rule) -> None:
    """`extends` lets waiting times only become longer; the pack must not say otherwise."""
    waits = {rung.after.name for rung in rule.otherwise if isinstance(rung.after, Param)}
    assert {pack.params[name].stricter for name in waits} <= {"higher"}


def _sentence(text: str) -> bool:
    return bool(re.fullmatch(r"[A-Z].*[a-z0-9)]\.", text.strip(), re.DOTALL))
