"""Judging resources: rules compiled to Python, three-valued, with reasons."""

from finops_guard.evaluate.derive import Setting, derive
from finops_guard.evaluate.findings import findings, fingerprint
from finops_guard.evaluate.judge import Evaluator, Judgement, predicate
from finops_guard.evaluate.need import need_of
from finops_guard.evaluate.tally import Tally

__all__ = [
    "Evaluator",
    "Judgement",
    "Setting",
    "Tally",
    "derive",
    "findings",
    "fingerprint",
    "need_of",
    "predicate",
]
