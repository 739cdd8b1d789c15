"""Steps become acts, through five gates, each act on record before it is done.

`session` is the right to act: the lease, the journal, the clock, what the state says. `settle` finds out what came of
acts that an earlier run left without an outcome. `apply` carries out what is due: it chooses (`choice`), goes batch by
batch (`carry`), reads each resource again and plans it anew as it is now (`recheck`), and records, acts and looks at
the result (`perform`).

What is decided here, and its reasons:

- Gates 2 and 3 are the planner itself, once more, on the resource as it is now: policy, episode, protections, losses,
  windows and freezes are judged in one place only. A step is done if it comes out due and the same as it was planned.
- Our own acts of a run do not count as changes: resources are judged as they were before them (`own`).
- What was done is what is so on reading it again, whatever the cloud answered. Where it cannot be read the act stays
  open in the journal, counts for `at_most`, and is settled by the next run.
- The first act of a rule in an account is done alone. Where the cloud refused it and left the resource as it was,
  another one is tried alone; where it was changed otherwise than intended, the rule does nothing more there.
- Episodes are written before outcomes: cut short in between, the act is still open and both are written again.
"""

from finops_guard.apply.carry import apply
from finops_guard.apply.own import before_ours
from finops_guard.apply.ports import Because, Clock, Judge, Limits, Verbs
from finops_guard.apply.result import Applied
from finops_guard.apply.session import Session, session
from finops_guard.apply.settle import settle

__all__ = [
    "Applied",
    "Because",
    "Clock",
    "Judge",
    "Limits",
    "Session",
    "Verbs",
    "apply",
    "before_ours",
    "session",
    "settle",
]
