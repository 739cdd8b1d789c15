"""A report on planned resources whose names, tags and paths are hostile, and readers for what is written of it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from finops_guard import outputs
from finops_guard.model import Gap, Location, Reason, Unknown
from tests.factory import finding, report, resource, rule
from tests.outputs.estate import DATA, DENIED, HOSTILE, IDLE, NO_DATA, NO_TEAM, SPELLING, TYPO, WHOSE

if TYPE_CHECKING:
    from finops_guard.model import Report

WORSE = (
    *HOSTILE,
    "::error::owned",
    "x::set-env name=PATH::/evil",
    "%0A::error::owned",
    "%3A%2C%25",
    "a,file=b.tf,line=9",
    "##[error]owned",
    "{0} {1} [x](1)",
    "]]><failure/><!--",
    "\ufffe\uffff",
    "\ud800",
    "../../etc/passwd",
)
KNOWN_AFTER_APPLY = Reason("tags.team", "in", ("vision", "nlp"), Unknown("known after apply"))


def planned() -> Report:
    """A module of ours, findings of every severity and verdict, live ones beside them and a gap."""
    at = Location("modules/gpu/main.tf", 12, 3)
    a100 = resource("module.gpu.aws_instance.train", at=at, month="23922.10", id="module.gpu.aws_instance.train")
    book = resource("aws_sagemaker_notebook_instance.a", at=Location("main.tf", 40), month=None)
    strange = [
        resource(f"aws_s3_bucket.{n}", at=Location(text, n + 1), id=f'module.x["{text}"]', month="0.02")
        for n, text in enumerate(WORSE)
    ]
    return report(
        [
            finding(a100, WHOSE, reasons=(TYPO, NO_TEAM)),
            finding(a100, IDLE, "unknown", (DENIED,)),
            finding(book, WHOSE, "unknown", (KNOWN_AFTER_APPLY,)),
            finding(book, DATA, reasons=(NO_DATA,)),
            finding(book, SPELLING, exempt="Old | <names>."),
            *(finding(one, SPELLING, reasons=(Reason("tags.note", "matches", "[a-z]+", text),))
              for one, text in zip(strange, WORSE, strict=True)),
            finding(resource("i-0abc"), WHOSE),
            finding(resource("i-0def"), DATA, "unknown", (DENIED,)),
        ],
        gaps=[
            Gap("aws", "333333333333", "*", "*", "AccessDenied sts:AssumeRole \x1b]0;pwned\x07::error::x"),
            Gap("aws", "999999999999", "*", "*", "suspended", expected=True),
        ],
        passed=7,
    )  # fmt: skip


def many(count: int) -> Report:
    """So many findings in code, a tenth of each severity but low."""
    rules = [
        rule("p/low", severity="low"),
        rule("p/medium", severity="medium"),
        rule("p/critical", severity="critical"),
    ]
    return report(
        finding(
            resource(f"aws_instance.n{n}", id=f"aws_instance.n{n}", at=Location("main.tf", n + 1)),
            rules[0 if n % 10 > 1 else n % 10 + 1],
        )
        for n in range(count)
    )


def written(name: str, made: Report) -> str:
    """What an output writes of a report."""
    out = io.StringIO(newline="")
    outputs.load(name).render(made, out)
    return out.getvalue()
