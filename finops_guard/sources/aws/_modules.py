"""The modules of this folder: one a resource type, plus the index of everything taggable."""

from __future__ import annotations

import importlib
import pkgutil
import re
from fnmatch import translate
from functools import cache
from typing import TYPE_CHECKING, cast

from finops_guard.fields import COMPUTED_KINDS
from finops_guard.model import LIFECYCLE
from finops_guard.sources.aws import _metrics, _tagging

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from finops_guard.model import Need, Outcome, Step
    from finops_guard.sources.aws._cells import TypeModule
    from finops_guard.sources.aws._writes import Site

    Verb = Callable[[Site, Sequence[Step]], Iterator[Outcome]]

_FOLDER = __name__.rpartition(".")[0]
_INDEXED = re.compile(r"[a-z0-9-]+:[a-z0-9/-]*")
_EVERYWHERE = (
    "ec2:DescribeRegions",
    "organizations:DescribeAccount",
    "organizations:DescribeOrganizationalUnit",
    "organizations:ListAccountsForParent",
    "organizations:ListOrganizationalUnitsForParent",
    "organizations:ListParents",
    "organizations:ListRoots",
    "organizations:ListTagsForResource",
    "sts:AssumeRole",
    "sts:GetCallerIdentity",
    "tag:GetResources",
)


@cache
def types() -> tuple[TypeModule, ...]:
    """Every module of a described type, by file name."""
    folder = importlib.import_module(_FOLDER)
    names = sorted(info.name for info in pkgutil.iter_modules(folder.__path__) if not info.name.startswith("_"))
    return tuple(cast("TypeModule", importlib.import_module(f"{_FOLDER}.{name}")) for name in names)


@cache
def index() -> TypeModule:
    """The module that finds what no other describes."""
    return cast("TypeModule", importlib.import_module(f"{_FOLDER}._any"))


def wanted(need: Need) -> list[TypeModule]:
    """The modules of types that a rule can reach; of some, FIELDS begins the names of the fields that ask for them."""
    some = (module for module in types() if need.kinds is None or module.KIND in need.kinds)
    return [module for module in some if any(name.startswith(_fields(module)) for name in ("", *need.fields))]


def _fields(module: TypeModule) -> str:
    return str(getattr(module, "FIELDS", ""))


def matcher(modules: Sequence[TypeModule]) -> Callable[[str], bool]:
    """A test whether an ARN is of one of these modules' types."""
    if not modules:
        return lambda _arn: False
    patterns = re.compile("|".join(translate(module.ARN) for module in modules))
    return lambda arn: patterns.match(arn) is not None


def swept(module: TypeModule) -> bool:
    """Whether a module's tags come from the account's tag sweep."""
    return bool(getattr(module, "SWEPT", False))


def is_global(module: TypeModule) -> bool:
    """Whether a module's type is scanned once an account, not in every region."""
    return bool(getattr(module, "GLOBAL", False))


def of(type_name: str) -> TypeModule:
    """The module of a type: its own, else the one that knows every type a little."""
    return next((module for module in types() if type_name == module.TYPE), index())


def verb(type_name: str, name: str) -> Verb | None:
    """The function of a verb for a type (`stop`, `undo_stop`): its module's, or for tags the one of all types."""
    if name in {"tag", "undo_tag"}:
        tagged = is_ours(type_name) and of(type_name).KIND not in COMPUTED_KINDS
        return getattr(_tagging, name) if tagged else None
    return getattr(of(type_name), name, None) if name.removeprefix("undo_") in LIFECYCLE else None


def is_ours(type_name: str) -> bool:
    """Whether a type is one of AWS: CloudFormation's name of it, or the index's (`sqs:queue`)."""
    return type_name.startswith("AWS::") or _INDEXED.fullmatch(type_name) is not None


def permissions(role: str = "scan") -> list[str]:
    """The IAM actions that a role needs, sorted; `sts:AssumeRole` and Organizations for the first account only."""
    everywhere = _EVERYWHERE + _metrics.PERMISSIONS if role == "scan" else ()
    wanted = ("collect", "read") if role == "scan" else (role,)
    tables = [_tagging.PERMISSIONS, *(module.PERMISSIONS for module in (*types(), index()))]
    return sorted({action for table in tables for part in wanted for action in table.get(part, ())} | {*everywhere})
