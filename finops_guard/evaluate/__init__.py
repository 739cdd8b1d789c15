"""Judging resources: rules compiled to Python, three-valued, with reasons."""

from finops_guard.evaluate.judge import Evaluator, Judgement, predicate

__all__ = ["Evaluator", "Judgement", "predicate"]
