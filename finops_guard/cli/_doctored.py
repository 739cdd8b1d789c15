"""What `doctor` found, and how it says that: as text, as JSON and as an IAM policy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING

from finops_guard.cli._options import counted
from finops_guard.errors import InputError
from finops_guard.language.diagnostics import printable

if TYPE_CHECKING:
    from finops_guard.advice.checkup import Trouble
    from finops_guard.language.diagnostics import Diagnostic
    from finops_guard.model import Report

SCHEMA = "finops-guard/doctor/1"
_TITLES = {
    "installation": "This installation",
    "login": "Login",
    "access": "Not read",
    "rules": "Rules",
    "facts": "Unknown",
    "prices": "Without a price",
    "remarks": "To know",
}
_SHOWN = 8
_CENT = Decimal("0.01")


@dataclass(slots=True)
class Diagnosis:
    """All that was found: troubles, mistakes of the policy, and the report where a scan could be tried."""

    troubles: list[Trouble] = field(default_factory=list)
    mistakes: list[Diagnostic] = field(default_factory=list)
    report: Report | None = None

    @property
    def exit_code(self) -> int:
        """2 for a policy that does not load, 3 for a scan that would be incomplete, else 0."""
        if self.mistakes:
            return 2
        return 3 if any(trouble.blocks for trouble in self.troubles) else 0


def write(diagnosis: Diagnosis, *, everything: bool) -> None:
    """The text; long lists are cut short and counted, unless `everything` is wanted."""
    from finops_guard.cli._paint import painter, write

    paint = painter()
    for mistake in diagnosis.mistakes:
        write(*str(mistake).split("\n"))
    for about, same in groupby(diagnosis.troubles, key=lambda trouble: trouble.about):
        troubles = list(same)
        shown = troubles if everything else troubles[:_SHOWN]
        write(paint("bold", _TITLES[about]))
        for place, trouble in enumerate(shown):
            mark = paint("red", "x") if trouble.blocks else paint("yellow", "-")
            write(f"{mark} {printable(trouble.what)}")
            write(*(f"    {printable(line)}" for line in _lines(trouble, everything=everything)))
            next_fix = shown[place + 1].fix if place + 1 < len(shown) else ""
            if trouble.fix and trouble.fix != next_fix:
                write(paint("cyan", f"    -> {printable(trouble.fix)}"))
        if len(troubles) > len(shown):
            write(f"  +{len(troubles) - len(shown)} more, -v for all")
        write("")
    write(paint("bold", summary(diagnosis)))


def summary(diagnosis: Diagnosis) -> str:
    """One line: how it stands."""
    if diagnosis.mistakes:
        return "The policy does not load, so nothing was scanned (exit 2)."
    blocking = sum(trouble.blocks for trouble in diagnosis.troubles)
    if blocking:
        return f"A scan is not complete: {blocking} to mend, marked x (exit 3)."
    read = f"{counted(diagnosis.report.resources, 'resource')} read, " if diagnosis.report else ""
    rest = f"{counted(len(diagnosis.troubles), 'thing')} above may be worth mending" if diagnosis.troubles else ""
    return f"A scan is complete: {read}{rest or 'nothing to mend'}."


def record(diagnosis: Diagnosis) -> dict[str, object]:
    """The same for a program."""
    from finops_guard import __version__

    report = diagnosis.report
    return {
        "schema": SCHEMA,
        "version": __version__,
        "complete": diagnosis.exit_code == 0,
        "resources": report.resources if report else None,
        "identities": [
            {"cloud": who.cloud, "account": who.account, "principal": who.principal}
            for who in (report.identities if report else ())
        ],
        "mistakes": [
            {"file": each.file, "line": each.line, "column": each.column, "message": each.message, "hint": each.hint}
            for each in diagnosis.mistakes
        ],
        "troubles": [_trouble(trouble) for trouble in diagnosis.troubles],
    }


def iam_policy() -> dict[str, object]:
    """An IAM policy with what reading needs, for the role that `scope.aws.roles.scan` names or the credentials' own.

    The last statement is of costs and counts, which are asked with the credentials' own alone.
    """
    from finops_guard.costs import permissions

    try:
        from finops_guard.sources import aws

        actions = aws.permissions()
    except ImportError as error:
        message = f"aws needs the package {error.name}"
        raise InputError(message, help="pip install 'finops-guard-engine[aws]'") from None
    costs = [action for action in permissions.on_aws() if action not in actions]
    first = [action for action in actions if action.startswith(("organizations:", "sts:AssumeRole"))]
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "FinopsGuardScan",
                "Effect": "Allow",
                "Action": [action for action in actions if action not in first],
                "Resource": "*",
            },
            {"Sid": "FinopsGuardScanOfSeveralAccounts", "Effect": "Allow", "Action": first, "Resource": "*"},
            {"Sid": "FinopsGuardCosts", "Effect": "Allow", "Action": costs, "Resource": "*"},
        ],
    }


def _lines(trouble: Trouble, *, everything: bool) -> Iterator[str]:
    where = trouble.where if everything else trouble.where[:_SHOWN]
    if trouble.about == "access":
        yield from where
    elif where:
        yield ", ".join(where)
    if len(trouble.where) > len(where):
        yield f"+{len(trouble.where) - len(where)} more, -v for all"
    if trouble.resources:
        count = counted(trouble.resources, "resource")
        yield f"{count}{_hides(trouble)}" if trouble.about == "facts" else count
    if trouble.about == "access" and trouble.blocks:
        yield "what is there is not judged, and what it costs not known"


def _hides(trouble: Trouble) -> str:
    parts = [f"{amount.quantize(_CENT):,} {currency} a month" for currency, amount in sorted(trouble.hides.items())]
    parts += [f"{trouble.unpriced:,} without a price"] if trouble.unpriced else []
    return f", {' and '.join(parts)}" if parts else ""


def _trouble(trouble: Trouble) -> dict[str, object]:
    return {
        "about": trouble.about,
        "what": trouble.what,
        "fix": trouble.fix or None,
        "blocks": trouble.blocks,
        "where": list(trouble.where),
        "resources": trouble.resources,
        "hides_month": _money(trouble.hides),
        "hides_unpriced": trouble.unpriced,
    }


def _money(month: Mapping[str, Decimal]) -> dict[str, str]:
    return {currency: str(amount.quantize(_CENT)) for currency, amount in sorted(month.items())}
