"""A cell: one account × region × type, what is asked in it and what it says."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from botocore import xform_name

from finops_guard.model import Gap, Resource, Tags, Unknown
from finops_guard.sources.aws._errors import Unreadable, unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from botocore.client import BaseClient
    from botocore.credentials import Credentials

    from finops_guard.model import Need, Value
    from finops_guard.sources.aws._machines import Machines
    from finops_guard.sources.aws._session import Clients
    from finops_guard.sources.aws._tags import Sweeps

Answer = dict[str, Any]
"""What the SDK parsed: the border of what we type."""


NOT_HOURS: dict[str, Value] = {"purchase": None, "interruptible": None, "checkpointed": None, "protected": None}
"""What a type has not that is no machine: nobody buys its hours, nothing interrupts it, no flag protects it."""
NO_ACCELERATORS: dict[str, Value] = {
    "accelerators.count": 0,
    "accelerators.model": None,
    "accelerators.vendor": None,
    "accelerators.memory": None,
}
_NO_NETWORK_PART: dict[str, Value] = {"network.role": None, "network.attached": None}


class TypeModule(Protocol):
    """A module that reads one type; what it may leave out is read with a default."""

    TYPE: str
    KIND: str
    ARN: str
    CLIENT: str
    PERMISSIONS: Mapping[str, list[str]]

    def collect(self, cell: Cell) -> Iterator[Resource]:
        """Every resource of the type in a cell."""

    def read(self, cell: Cell, resources: Sequence[Resource]) -> Iterator[Resource]:
        """Those resources as they are now, without those that are gone; Unreadable when that cannot be told."""


@dataclass(slots=True)
class Account:
    """An account and who reads it. `name` and `unit_path` may be Unknown; a path is None right under the root."""

    id: str
    partition: str
    credentials: Credentials
    name: str | Unknown
    unit_path: str | Unknown | None
    tags: Tags


@dataclass(slots=True)
class Run:
    """What all cells of one account share."""

    need: Need
    now: datetime
    clients: Clients
    machines: Machines
    """Machine types are the same for all accounts."""
    sweeps: Sweeps
    regions: tuple[str, ...]
    first: str
    """The region that tells of what has none."""
    every_region: bool
    describes: Callable[[str], bool]
    """Whether a module describes the type of an ARN."""


@dataclass(slots=True)
class Cell:
    """One account × region × type. `gaps` and `remarks` are what it could not read, `usd` what asking cost."""

    account: Account
    region: str
    module: TypeModule
    run: Run
    gaps: list[Gap] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    usd: Decimal = Decimal(0)
    _hopeless: dict[str, Unreadable] = field(default_factory=dict)

    @property
    def need(self) -> Need:
        """What the rules can reach."""
        return self.run.need

    @property
    def now(self) -> datetime:
        """The run's time."""
        return self.run.now

    def needs(self, *prefixes: str) -> bool:
        """Whether a rule can reach a field, or a group by its name and a dot."""
        return any(name.startswith(prefixes) for name in self.need.fields)

    def arn(self, resource: str) -> str:
        """The ARN of something in this cell."""
        service = self.module.ARN.split(":")[2]
        return f"arn:{self.account.partition}:{service}:{self.region}:{self.account.id}:{resource}"

    def client(self, service: str = "", region: str = "") -> BaseClient:
        """The type's own client, or another one; it signs for this cell's account while the cell is collected."""
        return self.run.clients.get(service or self.module.CLIENT, region or self.region)

    def call(self, operation: str, *, client: str = "", region: str = "", **params: Any) -> Answer:  # noqa: ANN401 - as the SDK has them
        """One request, `operation` in AWS's spelling; Unreadable when it has no usable answer."""
        service = client or self.module.CLIENT
        try:
            answer: Answer = getattr(self.client(service, region), xform_name(operation))(**params)
        except Exception as error:
            raise unreadable(error, service, operation) from error
        return answer

    def pages(
        self,
        operation: str,
        key: str,
        *,
        client: str = "",
        region: str = "",
        **params: Any,  # noqa: ANN401 - as the SDK has them
    ) -> Iterator[list[Any]]:
        """The list under `key` of each page, to the last: AWS may send short and empty pages in between."""
        service = client or self.module.CLIENT
        paginator = self.client(service, region).get_paginator(xform_name(operation))
        try:
            for page in paginator.paginate(**params):
                yield page.get(key) or []
        except Exception as error:
            raise unreadable(error, service, operation) from error

    def detail(self, operation: str, **params: Any) -> Answer | Unknown | None:  # noqa: ANN401 - as the SDK has them
        """One request about one resource: its answer, why there is none (a gap, once), or None: it is gone.

        What was denied is not asked again for the next resource.
        """
        hopeless = self._hopeless.get(operation)
        if hopeless is None:
            try:
                return self.call(operation, **params)
            except Unreadable as error:
                if error.gone:
                    return None
                if error.denied:
                    self._hopeless[operation] = error
                self.gap(error.reason)
                return Unknown(error.reason)
        return Unknown(hopeless.reason)

    def gap(self, reason: str) -> None:
        """Note, once, that this cell could not be read whole."""
        gap = Gap("aws", self.account.id, self.region, self.module.TYPE, reason)
        if gap not in self.gaps:
            self.gaps.append(gap)

    def tags(self, arn: str, read: Callable[[], Mapping[str, str]], region: str = "") -> Tags:
        """The tags of a type whose list does not say them: from the account's sweep, else read one by one.

        A resource that a whole sweep lacks was never tagged. `read` may raise Unreadable.
        """
        sweep = self.run.sweeps.get(self, region or self.region)
        if arn in sweep.tags:
            return Tags.of(sweep.tags[arn])
        if sweep.failed is None:
            return Tags.of({})
        hopeless = self._hopeless.get("tags")
        if hopeless is None:
            try:
                return Tags.of(read())
            except Unreadable as error:
                if error.denied:
                    self._hopeless["tags"] = error
                hopeless = error
        self.gap(hopeless.reason)
        return Tags.unreadable(hopeless.reason)

    def resource(
        self,
        arn: str,
        name: str,
        tags: Tags,
        fields: Mapping[str, Value | Unknown],
        *,
        region: str = "",
        started: datetime | None = None,
        facts: Mapping[str, object] | None = None,
    ) -> Resource:
        """A resource of this cell's type; a field given as Unknown goes to `unknown`."""
        account = self.account
        all_fields: dict[str, Value | Unknown] = {
            "cloud": "aws",
            "account": account.id,
            "account_name": account.name,
            "unit_path": account.unit_path,
            "resource_group": None,
            "region": region or self.region,
            "type": self.module.TYPE,
            "kind": self.module.KIND,
            "service": self.module.ARN.split(":")[2],
            "id": arn,
            "name": name,
            "taggable": True,
            "change": None,
            **NO_ACCELERATORS,
            **_NO_NETWORK_PART,
            **fields,
        }
        known = {name: _utc(value) for name, value in all_fields.items() if not isinstance(value, Unknown)}
        unknown = {name: value.reason for name, value in all_fields.items() if isinstance(value, Unknown)}
        since = None if started is None else started.astimezone(UTC)
        return Resource(known, tags, unknown, account.tags, since, dict(facts or {}))

    def reader(
        self,
        operation: str,
        key: str,
        **params: Any,  # noqa: ANN401 - as the SDK has them
    ) -> Callable[[], Mapping[str, str]]:
        """A reader for `tags`: one request of the type's own service whose answer holds tags under `key`."""
        return partial(self._read_tags, operation, key, params)

    def _read_tags(self, operation: str, key: str, params: Mapping[str, Any]) -> Mapping[str, str]:
        if not self.client().can_paginate(xform_name(operation)):
            return tag_map(self.call(operation, **params).get(key))
        return tag_map([tag for page in self.pages(operation, key, **params) for tag in page])


def _utc(value: Value) -> Value:
    # The SDK gives the machine's own zone.
    return value.astimezone(UTC) if isinstance(value, datetime) else value


def tag_map(tags: object) -> dict[str, str]:
    """AWS's two spellings of tags, a map or a list of Key and Value, as a map."""
    if isinstance(tags, dict):
        return {str(key): str(value) for key, value in tags.items()}
    items = tags if isinstance(tags, list) else []
    return {str(tag["Key"]): str(tag.get("Value") or "") for tag in items}
