"""What an invocation is asked to do: an event, an EventBridge schedule's event, or the `continue` of an earlier one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, cast

from finops_guard.errors import InputError
from finops_guard.language.near import suggest
from finops_guard.model import Mode, Policy

_KEYS = ("policy", "scope", "mode", "targets", "state", "run")
_SOURCES = ("aws",)


@dataclass(frozen=True, slots=True)
class Order:
    """`key` is the same for every invocation of one run. `cells` and `tries`: how far the last one came, how often."""

    policy: str
    key: str
    mode: Mode = "dry-run"
    targets: tuple[str, ...] = ()
    scope: Mapping[str, object] | None = None
    state: str | None = None
    cells: int = 0
    tries: int = 0

    @classmethod
    def of(cls, event: object, environ: Mapping[str, str], request_id: str) -> Order:
        """The order in an event. InputError for one that says anything else.

        The run is told by `run`, an EventBridge event's `id`, else the invocation's own id, which a retry keeps.
        """
        if not isinstance(event, Mapping):
            raise InputError("the event is not an object")
        if "continue" in event:
            return cls._going_on(event["continue"])
        name = event.get("run") or request_id
        if "detail-type" in event:  # as EventBridge sends it; a rule's own input replaces all of it
            name, event = event.get("id") or request_id, event.get("detail") or {}
        for key in event:
            if key not in _KEYS:
                near = suggest(str(key), _KEYS)
                hint = f"did you mean '{near}'?" if near else f"known: {', '.join(_KEYS)}"
                raise InputError(f"the event has an unknown key '{key}'", help=hint)
        policy = event.get("policy") or environ.get("FINOPS_GUARD_POLICY")
        if not isinstance(policy, str):
            raise InputError("the event names no policy", help="policy: s3://BUCKET/KEY, or set FINOPS_GUARD_POLICY")
        return cls(
            policy=policy,
            key=sha256(f"{policy}\0{name}".encode()).hexdigest()[:16],
            mode=_mode(event.get("mode", "dry-run")),
            targets=_targets(event.get("targets") or []),
            scope=event.get("scope"),
            state=event.get("state") or environ.get("FINOPS_GUARD_STATE"),
        )

    @classmethod
    def _going_on(cls, token: object) -> Order:
        if not isinstance(token, Mapping) or set(token) != {*cls.__slots__}:
            raise InputError("the event's 'continue' is not what an invocation returned")
        known = cast("dict[str, Any]", dict(token))
        return cls(**{**known, "mode": _mode(known["mode"]), "targets": _targets(known["targets"])})

    def token(self, cells: int) -> dict[str, object]:
        """What the next invocation is given; InputError-free, plain JSON."""
        tries = self.tries + 1 if cells == self.cells else 0
        went = replace(self, cells=cells, tries=tries)
        return {name: getattr(went, name) for name in self.__slots__} | {"targets": list(self.targets)}


def narrowed(policy: Policy, scope: object) -> Policy:
    """The policy with the smaller scope of an event: some of its accounts and regions. InputError otherwise."""
    if scope is None:
        return policy
    if not isinstance(scope, Mapping) or not set(scope) <= {*_SOURCES}:
        raise InputError("the event's scope is {aws: {accounts: […], regions: […]}}")
    aws = dict(policy.scope.get("aws", {}))
    asked = scope.get("aws") or {}
    if not isinstance(asked, Mapping) or not set(asked) <= {"accounts", "regions"}:
        raise InputError("the event's scope is {aws: {accounts: […], regions: […]}}")
    for name, wanted in asked.items():
        aws[name] = _within(name, wanted, aws.get(name))
    return replace(policy, scope={**policy.scope, "aws": aws})


def _within(name: str, wanted: object, allowed: object) -> list[str]:
    if not isinstance(wanted, list) or not wanted or not all(isinstance(each, str) for each in wanted):
        raise InputError(f"the event's scope: {name} is a list of texts")
    if name == "regions" and allowed in (None, "enabled"):
        return wanted
    known = allowed if isinstance(allowed, list) else []
    beyond = [each for each in wanted if each not in map(str, known)]
    if beyond:
        raise InputError(
            f"the event's scope is wider than the policy's: {name} {', '.join(beyond)}",
            help=f"an event can only narrow; the policy lists {name}: {known}",
        )
    return wanted


def _mode(value: object) -> Mode:
    if value not in ("dry-run", "enforce"):
        raise InputError("the event's mode is neither dry-run nor enforce")
    return value


def _targets(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(each in _SOURCES for each in value):
        raise InputError(f"the event's targets are a list of {', '.join(_SOURCES)}")
    return tuple(value)
