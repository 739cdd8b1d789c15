"""Approvals: `approvals/<digest of the plan>/<principal>`, each made once, by the cloud identity of who approves."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from finops_guard.errors import ActError
from finops_guard.model import Identity
from finops_guard.state.lines import from_line, stamp, to_line
from finops_guard.state.store import write_once
from finops_guard.state.values import time_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from finops_guard.state.store import Store

PREFIX = "approvals"
_SESSION = re.compile(r"arn:(?P<partition>[\w-]+):sts::(?P<account>\d+):assumed-role/(?P<role>[^/]+)/(?P<session>.+)")
_SIGNED_IN = "AWSReservedSSO_"


class Approval(NamedTuple):
    """Who approved a plan, and when."""

    who: Identity
    at: datetime

    @property
    def principal(self) -> str:
        """See `principal`."""
        return principal(self.who)


def principal(who: Identity) -> str:
    """The one that an identity is. The session name of a role is whatever its user likes, so the role counts.

    The sessions of IAM Identity Center are named by it after whoever signed in: there the session counts too.
    """
    session = _SESSION.fullmatch(who.principal)
    if session is None or session["role"].startswith(_SIGNED_IN):
        return who.principal
    return f"arn:{session['partition']}:iam::{session['account']}:role/{session['role']}"


def approve(store: Store, digest: str, who: Identity, now: datetime) -> Approval:
    """Record that `who` approves a plan; once more changes nothing. ActError if it could not be recorded."""
    content = {"cloud": who.cloud, "account": who.account, "principal": who.principal, "at": stamp(now), "plan": digest}
    name = sha256(f"{who.cloud}\0{principal(who)}".encode()).hexdigest()[:32]
    key = f"{PREFIX}/{digest}/{name}"
    if not write_once(store, key, to_line(content)):
        return _read(store, key, digest)
    return Approval(who, now)


def approvals(store: Store, digest: str) -> tuple[Approval, ...]:
    """The approvals of a plan, oldest first. ActError where one cannot be made out."""
    found = [_read(store, key, digest) for key in store.list(f"{PREFIX}/{digest}")]
    return tuple(sorted(found, key=lambda approval: (approval.at, approval.who.principal)))


def counted(given: Iterable[Approval], appliers: Iterable[Identity]) -> tuple[str, ...]:
    """The principals that approved, each once, other than those that apply."""
    applying = {principal(who) for who in appliers}
    return tuple(sorted({approval.principal for approval in given} - applying))


def _read(store: Store, key: str, digest: str) -> Approval:
    try:
        content = from_line(store.get(key) or b"")
        who = Identity(*(str(content[name]) for name in ("cloud", "account", "principal")))
        plan, at = content["plan"], time_of(content["at"])
    except (ValueError, KeyError):
        plan, who, at = None, Identity("", "", ""), None
    if plan != digest or at is None:
        raise ActError(f"the state is damaged: {key} is not an approval of this plan")
    return Approval(who, at)
