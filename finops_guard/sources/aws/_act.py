"""Acting: the verbs of the type modules, each called with what it needs in one account and region.

Resources are read as the role `scan` of the policy's scope, and changed as the role of the verb where it names one.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from botocore.exceptions import BotoCoreError

from finops_guard.errors import InputError
from finops_guard.fields import FIELDS
from finops_guard.model import Calls, Identity, Need, Outcome, Unknown
from finops_guard.sources.aws import _modules, _scope
from finops_guard.sources.aws._cells import Account, Run
from finops_guard.sources.aws._errors import Unreadable, crash, unreadable
from finops_guard.sources.aws._machines import Machines
from finops_guard.sources.aws._metrics import Meter
from finops_guard.sources.aws._reading import NoSweeps, live, unread
from finops_guard.sources.aws._session import Clients, home_region, signed_by
from finops_guard.sources.aws._writes import Site, failed, skipped

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from botocore.credentials import Credentials

    from finops_guard.model import Notes, Resource, Step

_T = TypeVar("_T")
_LITTLE = Need(None, frozenset())
_OUTCOME = Need(None, frozenset({"state", "capacity.provisioned", "stopped_by"}))
"""What tells whether an act was done, and whether somebody started it since; tags are always read."""
_ROLES = {"scale_to_zero": ("stop",), "undo_stop": ("start", "stop"), "undo_start": ("stop", "start")}
"""Roles of the policy's scope that may do what has no role of its own name."""
_BATCH = 100


def acting(scope: Mapping[str, Any], notes: Notes, now: datetime) -> Acting:
    """See the package."""
    try:
        return Acting(scope, notes, now)
    except BotoCoreError as error:  # a profile that is not in the configuration, or one that cannot be parsed
        raise InputError(unreadable(error, "sts", "GetCallerIdentity").reason) from None


@dataclass(slots=True)
class Acting:
    """What can be done on AWS, for whoever decided that it shall be. It is closed when all is done."""

    scope: Mapping[str, Any]
    notes: Notes
    now: datetime
    _machines: Machines = field(default_factory=Machines)
    _roles: dict[tuple[str, str], tuple[Credentials, Identity] | Unreadable] = field(default_factory=dict)
    _me: _scope.Caller | Unreadable | None = None
    _reading: Clients = field(init=False)
    _writing: Clients = field(init=False)

    def __post_init__(self) -> None:
        calls = self.notes.calls.setdefault("aws", Calls())
        self._reading = Clients(calls, 1)
        self._writing = Clients(calls, 1, writes=True)

    def close(self) -> None:
        """Close every connection."""
        self._reading.close()
        self._writing.close()

    def has(self, type_name: str, verb: str) -> bool:
        """Whether resources of a type have a verb."""
        return _modules.verb(type_name, verb) is not None

    def identity(self, account: str, verb: str = "scan") -> Identity:
        """Who we are in an account when we do this; Unreadable when we cannot enter it."""
        return self._as(account, (verb,))[1]

    def caller(self) -> Identity:
        """Who we are before we enter any account; Unreadable when AWS does not know."""
        me = self._caller()
        return Identity("aws", me.account, me.arn)

    def read(
        self, resources: Iterable[Resource], windows: Collection[tuple[str, int]] | None = None
    ) -> Iterator[Resource]:
        """The resources as they are now: what is gone is left out, and of what cannot be read everything is unknown.

        With `windows`, to act on it: what is measured in them, and every field, whether or not a rule looks at it.
        Without, to see what came of an act.
        """
        need = _OUTCOME if windows is None else Need(None, frozenset(FIELDS), frozenset(windows))
        for place in _places(resources, lambda resource: resource):
            site = self._site(place, ("scan",), need)
            if isinstance(site, Unreadable):
                yield from (unread(resource, site.reason) for resource in place.items)
                continue
            for start in range(0, len(place.items), _BATCH):
                found = live(site, place.items[start : start + _BATCH])
                yield from self._measured(site, _signed(site, found))

    def dependants(self, resources: Iterable[Resource]) -> dict[str, Sequence[str]]:
        """Who else depends on resources, by id, of those of which that can be told."""
        found: dict[str, Sequence[str]] = {}
        for place in _places(resources, lambda resource: resource):
            ask = getattr(_modules.of(place.type), "dependants", None)
            site = self._site(place, ("scan",), _LITTLE) if ask is not None else None
            if ask is None or site is None or isinstance(site, Unreadable):
                continue
            with signed_by(site.account.credentials), suppress(Unreadable):
                found |= ask(site, place.items)
        return found

    def act(self, verb: str, steps: Sequence[Step]) -> Iterator[Outcome]:
        """Do a verb: one outcome for each step, in any order. Nothing is sent before the first is asked for."""
        return self._done(verb, steps, (verb, *_ROLES.get(verb, ())))

    def undo(self, verb: str, steps: Sequence[Step]) -> Iterator[Outcome]:
        """Take acts of a verb back: each step with the `before` and `after` of its act's outcome."""
        inverse = f"undo_{verb}"
        return self._done(inverse, steps, _ROLES.get(inverse, (verb, *_ROLES.get(verb, ()))))

    def _done(self, name: str, steps: Sequence[Step], roles: tuple[str, ...]) -> Iterator[Outcome]:
        for place in _places(steps, lambda step: step.resource):
            verb = _modules.verb(place.type, name)
            if verb is None:
                yield from (skipped(step, _cannot(place.type, name)) for step in place.items)
                continue
            site = self._site(place, roles, _LITTLE)
            if isinstance(site, Unreadable):
                yield from (failed(step, site.reason) for step in place.items)
                continue
            left = {step.id: step for step in place.items}
            why = "nothing was told of it"
            try:
                for outcome in _signed(site, verb(site, place.items)):
                    left.pop(outcome.step, None)
                    yield outcome
            except Exception as error:  # noqa: BLE001 - one place's failure never touches another's
                why = crash(error)
            yield from (failed(step, why) for step in left.values())

    def _measured(self, site: Site, found: Iterator[Resource]) -> Iterator[Resource]:
        if not site.need.metrics:
            yield from found
            return
        batch = list(found)
        if batch:
            with signed_by(site.account.credentials):
                self.notes.calls["aws"].usd += Meter(site).measure(batch)
        yield from batch

    def _site(self, place: _Place[Any], roles: tuple[str, ...], need: Need) -> Site | Unreadable:
        """The cell of a place, entered; why not, where that failed."""
        try:
            reader, _ = self._as(place.account, ("scan",))
            writer, _ = self._as(place.account, roles)
        except Unreadable as error:
            return error
        partition = self._caller().partition
        home = home_region(partition)
        region = home if place.region in {"", "global"} else place.region
        name, path = (_told(place.like, field) for field in ("account_name", "unit_path"))
        account = Account(place.account, partition, reader, name or "", path, place.like.account_tags)
        run = Run(
            need, self.now, self._reading, self._machines, NoSweeps(), (region,), region, every_region=True,
            describes=lambda _arn: False,
        )  # fmt: skip
        return Site(account, region, _modules.of(place.type), run, writer=writer, writing=self._writing)

    def _caller(self) -> _scope.Caller:
        if self._me is None:
            self._me = _scope.caller(self._reading, self.notes) or Unreadable("AWS does not know who we are")
        if isinstance(self._me, Unreadable):
            raise Unreadable(self._me.reason)
        return self._me

    def _as(self, account: str, roles: tuple[str, ...]) -> tuple[Credentials, Identity]:
        """Credentials in an account: of the first of these roles that the scope names, else those that scan it."""
        me = self._caller()
        named = self.scope.get("roles") or {}
        role = next((str(named[name]) for name in roles if name != "scan" and named.get(name)), "")
        if account == me.account and (not role or f":assumed-role/{role.rpartition('/')[2]}/" in me.arn):
            return me.credentials, Identity("aws", account, me.arn)
        role = role or str(named.get("scan") or "")
        if not role:
            raise Unreadable(_scope.NO_ROLE)
        known = self._roles.get((account, role))
        if known is None:
            try:
                known = _scope.assume(self.scope, role, account, me)
                self.notes.identities.append(known[1])
            except Unreadable as error:
                known = error
            self._roles[account, role] = known
        if isinstance(known, Unreadable):
            raise Unreadable(known.reason)
        return known


@dataclass(slots=True)
class _Place(Generic[_T]):
    """What is to be done in one account and region on one type. `like`: one resource of it."""

    account: str
    region: str
    type: str
    like: Resource
    items: list[_T] = field(default_factory=list)


def _places(items: Iterable[_T], resource_of: Callable[[_T], Resource]) -> list[_Place[_T]]:
    places: dict[tuple[str, str, str], _Place[_T]] = {}
    for item in items:
        like = resource_of(item)
        key = (like.text("account"), like.text("region"), like.text("type"))
        places.setdefault(key, _Place(*key, like)).items.append(item)
    return list(places.values())


def _cannot(type_name: str, name: str) -> str:
    if name.startswith("undo_"):
        return f"{name.removeprefix('undo_')} of {type_name} cannot be undone"
    return f"{type_name} has no {name}"


def _told(resource: Resource, field: str) -> str | Unknown | None:
    value = resource.look(field)
    return value if value is None or isinstance(value, Unknown) else str(value)


def _signed(site: Site, found: Iterator[_T]) -> Iterator[_T]:
    """Every step of an iterator signed by the site's reader, and nothing that its caller does in between."""
    while True:
        with signed_by(site.account.credentials):
            try:
                item = next(found)
            except StopIteration:
                return
        yield item
