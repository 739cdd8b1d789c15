"""The exit code of a scan for every combination, held against the words of CONTRACT.md.

`0` ok, `1` findings, `2` input error, `3` incomplete, `4` acts that failed; if several hold: 2, 4, 3, 1. Findings mean:
live, an unexempted finding at or above --fail-on; on infrastructure as code, that under a binding whose declared mode
is enforce, or a rule with `block` under one. `--unknown fail` counts unknown as fail.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Literal, get_args

from finops_guard.cli.scan import exit_code
from finops_guard.model import Gap, Mode, Report, Rung, Severity
from tests.factory import finding, report, resource, rule

SEVERITIES: tuple[Severity, ...] = get_args(Severity)
LEVELS = (*SEVERITIES, "never")
VERDICTS: tuple[Literal["pass", "fail", "unknown"], ...] = ("pass", "fail", "unknown")
MODES: tuple[Mode, ...] = get_args(Mode)
BOOL = (False, True)


def told(where: str, severity: Severity, verdict: Literal["pass", "fail", "unknown"], flags: str = "") -> Report:
    """A report of one finding: where it is (code alone, code beside a cloud, a cloud), `flags` of what it is."""
    enforced, blocked, exempt = (flag in flags for flag in ("enforced", "block", "exempt"))
    on = resource(state="running" if where == "cloud" else "planned")
    of = replace(rule(severity=severity), otherwise=(Rung("block"),) if blocked else ())
    found = report([finding(on, of, verdict, exempt="why" if exempt else None)])
    return replace(found, planned=where == "code", enforced=frozenset({"ai-tags"} if enforced else ()))


def test_what_is_a_finding_is_what_the_contract_calls_one() -> None:
    cases = product(("code", "mixed", "cloud"), SEVERITIES, VERDICTS, BOOL, BOOL, BOOL, LEVELS, ("report", "fail"))
    for where, severity, verdict, enforced, blocked, exempt, fail_on, unknown in cases:
        fails = verdict == "fail" or (verdict == "unknown" and unknown == "fail")
        high = fail_on != "never" and SEVERITIES.index(severity) >= SEVERITIES.index(fail_on)
        stopped = high if where == "cloud" else enforced and (high or (blocked and fail_on != "never"))
        wanted = 1 if fails and stopped and not exempt else 0
        flags = " ".join(name for name, on in (("enforced", enforced), ("block", blocked), ("exempt", exempt)) if on)
        made = told(where, severity, verdict, flags)
        for mode in MODES:  # of the command: what a pipeline is told does not depend on it
            got = exit_code(replace(made, mode=mode), fail_on, unknown)
            assert got == wanted, (where, severity, verdict, enforced, blocked, exempt, fail_on, unknown, mode)


def test_of_several_the_worst_is_told() -> None:
    for wrong, short, gap, fails, mode in product(BOOL, BOOL, BOOL, BOOL, MODES):
        made = told("cloud", "critical", "fail" if fails else "pass")
        made = replace(
            made,
            mode=mode,
            gaps=(Gap("terraform", "*", "*", "main.tf", "no HCL", wrong=True),) if wrong else (),
            short=("at_most",) if short else (),
            complete=not gap and not wrong,
        )
        acted = short and mode == "enforce"
        wanted = 2 if wrong else 4 if acted else 3 if gap else 1 if fails else 0
        assert exit_code(made, "high", "report") == wanted
        never = 2 if wrong else 4 if acted else 3 if gap else 0
        assert exit_code(made, "never", "report") == never


def test_one_finding_that_counts_is_enough() -> None:
    quiet = told("code", "low", "fail", "enforced")
    loud = told("code", "critical", "fail", "enforced")
    both = replace(quiet, findings=(*quiet.findings, *loud.findings))
    assert [exit_code(each, "high", "report") for each in (quiet, loud, both)] == [0, 1, 1]
