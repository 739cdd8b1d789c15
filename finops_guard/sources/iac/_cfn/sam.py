"""SAM's `Globals`: what every function (API, state machine, …) of a template has unless it says otherwise.

Maps are put together, lists are appended, anything else is replaced (SAM specification, "Globals section").
"""

from __future__ import annotations

from collections.abc import Mapping

from finops_guard.model import Unknown
from finops_guard.sources.iac._cfn.scope import Scope
from finops_guard.sources.iac._either import Open

_PREFIX = "AWS::Serverless::"


def globals_of(template: Mapping[str, object], scope: Scope) -> Mapping[str, object]:
    """The section, evaluated: `Function`, `Api`, … -> properties."""
    section = template.get("Globals")
    found = scope.value(section) if isinstance(section, dict) else {}
    return found if isinstance(found, dict) else {}


def with_globals(type_: str, values: object, shared: Mapping[str, object]) -> object:
    """The properties of a resource with the globals of its type."""
    if not type_.startswith(_PREFIX) or (below := shared.get(type_.removeprefix(_PREFIX))) is None:
        return values
    return _merged(below, values)


def _merged(below: object, above: object) -> object:
    if isinstance(below, dict) and isinstance(above, dict):
        keys = dict.fromkeys([*below, *above])
        found = {key: _one(below, above, key) for key in keys}
        because = getattr(below, "because", None) or getattr(above, "because", None)
        return found if because is None else Open(found, because)
    if isinstance(below, Unknown) and isinstance(above, dict):
        return Open(above, below.reason)
    if isinstance(below, list) and isinstance(above, list):
        return below + above
    return above


def _one(below: Mapping[str, object], above: Mapping[str, object], key: str) -> object:
    if key not in below:
        return above[key]
    return below[key] if key not in above else _merged(below[key], above[key])
