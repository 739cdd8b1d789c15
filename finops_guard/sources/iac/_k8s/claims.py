"""Devices that pods claim (Kubernetes, "Dynamic Resource Allocation"): what templates of claims beside them ask for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from finops_guard.model import Unknown
from finops_guard.sources.iac._either import looked_up
from finops_guard.sources.iac._k8s.numbers import Number, plus, whole

Devices: TypeAlias = Mapping[str, Number]
"""Class of devices -> how many of them."""
Claims: TypeAlias = dict[str, Devices]
"""Name of a `ResourceClaimTemplate` -> what each pod gets by it."""
_NETWORK = re.compile(r"(?:.*[.-])?(?:net|netdev|nic|m?rdma|roce|infiniband|ib|sriov|efa)(?:[.-]|$)", re.IGNORECASE)
"""Classes of devices that are no accelerators: network cards, of pods that train together (`mrdma.google.com`)."""
CLAIMED = Unknown("its devices are claimed (DRA), and the claim says how many")
_SEVERAL = Unknown("it claims one of several kinds of devices")


def claims_of(body: Mapping[str, object]) -> Claims:
    """What a template of claims says; nothing for any other object."""
    if body.get("kind") != "ResourceClaimTemplate":
        return {}
    requests = looked_up(body, ("spec", "spec", "devices", "requests"))
    found: dict[str, list[Number]] = {}
    for each in requests if isinstance(requests, list) else ():
        named, number = _asked(each)
        found.setdefault(named, []).append(number)
    return {str(looked_up(body, ("metadata", "name"))): {name: plus(each) for name, each in found.items()}}


def claimed_by(spec: Mapping[str, object], claims: Claims) -> Iterator[tuple[str, Number]]:
    """The devices of a pod: what its containers say of claims is which of them use one."""
    listed = spec.get("resourceClaims")
    for each in listed if isinstance(listed, list) else ():
        devices = claims.get(str(looked_up(each, ("resourceClaimTemplateName",))))
        yield from [("claims", CLAIMED)] if devices is None else devices.items()


def _asked(request: object) -> tuple[str, Number]:
    """A request of `resource.k8s.io/v1` has `exactly`; those of the beta say the same without it."""
    if looked_up(request, ("firstAvailable",)) is not None:
        return "claims", _SEVERAL
    exactly = looked_up(request, ("exactly",))
    exactly = request if exactly is None else exactly
    named, count = looked_up(exactly, ("deviceClassName",)), looked_up(exactly, ("count",))
    if isinstance(named, str) and _NETWORK.match(named):
        return named, 0
    if not isinstance(named, str) or looked_up(exactly, ("allocationMode",)) == "All":
        return "claims", CLAIMED
    return named, whole(1 if count is None else count, "devices")
