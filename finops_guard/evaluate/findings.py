"""Judgements become findings: with a stable id, and the exemption that covers them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from finops_guard.evaluate.judge import Judgement, predicate
from finops_guard.model import Exemption, Finding, Policy, Reason, Resource


def fingerprint(rule: str, resource: str) -> str:
    """The stable id of a finding: the same for one rule on one resource, whatever run or binding found it."""
    return hashlib.sha256(f"{rule}\0{resource}".encode(errors="surrogatepass")).hexdigest()[:20]


def findings(judgements: Iterable[Judgement], policy: Policy, now: datetime) -> Iterator[Finding]:
    """Findings in the order of the judgements. An exemption covers a failure until the end of its last day (UTC).

    Where it is unknown whether one does the failure counts, and is not acted on.
    """
    covers: dict[str, list[tuple[Exemption, Callable[[Resource], bool | None]]]] = {}
    for exemption in policy.exempt:
        if exemption.until >= now.date():
            test = predicate(exemption.where, now, policy.fx)
            covers.setdefault(exemption.rule, []).append((exemption, test))
    for each in judgements:
        rule, resource = each.rule, each.resource
        exempt = doubt = None
        if each.verdict == "fail" and rule.id in covers:
            told = [(exemption, test(resource)) for exemption, test in covers[rule.id]]
            exempt = next((exemption for exemption, holds in told if holds is True), None)
            doubt = next((exemption for exemption, holds in told if holds is None), None) if exempt is None else None
        yield Finding(
            rule=rule,
            binding=each.binding.name,
            severity=rule.severity,
            resource=resource,
            verdict=each.verdict,
            reasons=tuple(map(Reason._make, each.reasons)),
            id=fingerprint(rule.id, resource.id),
            acts=each.acts,
            exempt=None if exempt is None else _said(exempt),
            doubt=None if doubt is None else f"whether it is exempt is unknown: {_said(doubt)}",
        )


def _said(exemption: Exemption) -> str:
    return f"{exemption.reason} ({exemption.by}, until {exemption.until})"
