"""Findings become steps: what would be done to what, when, for how much, and why not.

A pure function: no I/O and no clock. The way of a finding up its rule's ladder (`ladder`), what the policy allows
(`authority`), what forbids touching the resource (`protections`, `losses`), what a tag verb would write (`tags`),
when a verb may act (`calendar`), what gives way on one resource (`conflicts`), how many stops a budget needs
(`enough`), how much a day holds (`caps`), and what it saves (`money`).

What is decided here, and its reasons:

- Exempted findings have no steps: the exemption stands on the finding. Where a binding's `where` is unknown all
  steps are refused: unknown never acts.
- Nothing is done to what is only planned (infrastructure as code): notices and `block` are all its ladder has.
- In a dry-run steps are shown as they would be if the run enforced. What would still not be done then (a binding
  that is dry-run, a type whose remediation is not built) says so in `because` and is not counted against
  `at_most`; in an enforcing run it is refused.
- Outside its window or in a freeze a step is not refused, it is scheduled for the first moment that allows it.
- A saving stands on the first lifecycle step of a resource that is not refused.
"""

from finops_guard.plan.context import Can, Episode, Episodes
from finops_guard.plan.steps import plan

__all__ = ["Can", "Episode", "Episodes", "plan"]
