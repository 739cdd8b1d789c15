"""The stage of an API of SAM: it has the tags; the API itself only by `PropagateTags` (SAM, "AWS::Serverless::Api")."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from finops_guard.model import Unknown
from finops_guard.sources.iac import _planned, _tags
from finops_guard.sources.iac._cfn.types import row_of
from finops_guard.sources.iac._either import looked_up
from finops_guard.sources.iac._planned import Machines, Planned
from finops_guard.sources.iac._tags import NONE, Labels

if TYPE_CHECKING:
    from finops_guard.model import Resource
    from finops_guard.sources.iac._cfn.stack import Stack

_API, _STAGE = "AWS::Serverless::Api", "AWS::ApiGateway::Stage"


def kept(type_: str, values: object, own: Labels) -> Labels:
    """What of a resource's tags are its own, and not those of its stage alone."""
    if type_ != _API:
        return own
    handed = looked_up(values, ("PropagateTags",))
    if isinstance(handed, Unknown):
        why = Unknown(f"whether it reaches the API: {handed.reason}")
        return Labels(dict.fromkeys(own.values, why), own.open_because and why.reason)
    return own if str(handed).casefold() == "true" else NONE


def stage_of(stack: Stack, planned: Planned, values: object, own: Labels) -> Iterator[Resource]:
    """The stage; nothing for any other type. `own`: the tags that the template says."""
    if planned.declared != _API:
        return
    name = looked_up(values, ("StageName",))
    end = f".{name}" if isinstance(name, str) else ".Stage"
    each = replace(
        planned,
        address=planned.address + end,
        name=planned.name + end,
        declared=_STAGE,
        row=row_of(_STAGE),
        taggable=True,
    )
    labels = _tags.merged(stack.parent.tags, own)
    yield _planned.resource(each, _tags.tags_of(labels, stack.document.aliases), Machines())
