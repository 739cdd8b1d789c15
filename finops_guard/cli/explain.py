"""Explain a rule, a pack, or a finding of a report: why it matters and what to do."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import click

from finops_guard.cli import _options
from finops_guard.errors import InputError

_FINDING = re.compile(r"[0-9a-f]{20}")


@click.command()
@click.argument("subject", metavar="RULE|PACK|FINDING")
@click.option("--from", "report", metavar="FILE", help="The JSON report that holds the finding; - for standard input.")
@_options.policy
@_options.common("text", "json")
def command(subject: str, report: str | None, policy_path: Path | None, shape: str, quiet: bool, verbose: bool) -> None:
    """Explain a rule, a pack, or a finding of a report: why it matters and what to do.

    RULE is pack/rule, or the rule's name where only one pack has it. FINDING is the id of a finding in a JSON report:
    finops-guard explain ID --from report.json
    """
    del quiet, verbose
    from finops_guard.cli import _explained
    from finops_guard.cli._packs import all_packs, find_rule
    from finops_guard.cli._policy import default_policy
    from finops_guard.language.policy import load_policy

    try:
        path = policy_path or default_policy(Path.cwd())
    except InputError:  # several: a rule can be explained without any
        path = None
    policy = load_policy(path, datetime.now(UTC).date()) if path else None
    packs = all_packs(policy)
    if report is not None:
        from finops_guard.cli._finding import find, show

        show(find(report, subject), packs, shape)
    elif _FINDING.fullmatch(subject):
        raise InputError(
            f"{subject} looks like a finding, and no report was given",
            help=f"finops-guard scan -f json > report.json; finops-guard explain {subject} --from report.json",
        )
    elif subject in packs:
        _explained.pack(packs[subject], shape)
    else:
        rule = find_rule(subject, packs.values())
        _explained.rule(rule, packs[rule.pack], policy, shape)
