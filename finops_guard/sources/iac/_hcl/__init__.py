"""Terraform's language without Terraform: syntax by tree-sitter, values by our own demand-driven evaluation.

A value is known, absent (null) or `Unknown` with the reason; a map of which not every key can be told is an `OpenMap`.
What this cannot work out is unknown, never a guess: the real plan may then say more, and never something else.
"""
