"""Pieces of which the schemas of policies are made."""

from __future__ import annotations

from finops_guard.language.literals import CURRENCIES
from finops_guard.language.schema import Schema

TEXT: Schema = {"type": "string", "minLength": 1}
FREE: Schema = {"type": "object"}
"""A map whose keys are names of the policy's own."""
CURRENCY: Schema = {"type": "string", "enum": sorted(CURRENCIES), "title": "currency"}
CLOUDS = ("aws", "azure", "gcp")


def listed(item: Schema) -> Schema:
    """A list of at least one."""
    return {"type": "array", "items": item, "minItems": 1}
