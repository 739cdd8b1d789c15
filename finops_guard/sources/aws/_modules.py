"""The modules of this folder: one a resource type, plus the index of everything taggable."""

from __future__ import annotations

import importlib
import pkgutil
import re
from fnmatch import translate
from functools import cache
from typing import TYPE_CHECKING, cast

from finops_guard.sources.aws import _metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from finops_guard.sources.aws._cells import TypeModule

_FOLDER = __name__.rpartition(".")[0]
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


def permissions() -> list[str]:
    """The IAM actions that reading needs, sorted; `sts:AssumeRole` and Organizations for the first account only."""
    needed = {action for module in (*types(), index()) for action in module.PERMISSIONS["collect"]}
    return sorted(needed.union(_EVERYWHERE, _metrics.PERMISSIONS))
