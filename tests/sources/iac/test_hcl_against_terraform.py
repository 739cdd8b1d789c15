"""Random modules applied by the terraform binary, where there is one: what we know is what it makes of them.

FINOPS_GUARD_TERRAFORM_MODULES=500 tries more of them.
"""

import json
import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finops_guard.model import Unknown
from finops_guard.sources.iac._hcl.module import Module
from finops_guard.sources.iac._hcl.values import Lazy, OpenMap
from finops_guard.sources.iac._hcl.workspace import Workspace
from tests.sources.iac.hcl_modules import workspace

TERRAFORM = shutil.which("terraform")
COUNT = int(os.environ.get("FINOPS_GUARD_TERRAFORM_MODULES", "60"))
BATCH = 60


def _terraform(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    assert TERRAFORM is not None
    environ = {**os.environ, "CHECKPOINT_DISABLE": "1", "TF_CLI_CONFIG_FILE": str(folder / "terraformrc")}
    (folder / "terraformrc").touch()
    return subprocess.run([TERRAFORM, *arguments], cwd=folder, env=environ, capture_output=True, text=True, check=False)


def _applied(folder: Path) -> dict[str, Any]:
    """What terraform makes of the modules that it accepts, by address; the others are no longer called."""
    while True:
        for arguments in (["init", "-no-color"], ["apply", "-no-color", "-auto-approve"]):
            ran = _terraform(folder, *arguments)
            if ran.returncode:
                break
        else:
            shown = _terraform(folder, "show", "-json").stdout
            root = json.loads(shown, parse_float=Decimal)["values"]["root_module"]
            return {each["address"]: each["values"] for each in _resources(root)}
        refused = set(re.findall(r"(?:on |for module\.)(m\d+)\b", ran.stderr))
        assert refused, ran.stderr
        main = folder / "main.tf"
        first, *calls = main.read_text("utf-8").split('module "')
        kept = [call for call in calls if call.split('"', 1)[0] not in refused]
        main.write_text('module "'.join([first, *kept]), "utf-8")


def _resources(module: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from module.get("resources", ())
    for child in module.get("child_modules", ()):
        yield from _resources(child)


def _modules(module: Module) -> Iterator[Module]:
    yield module
    for name in module.config.calls:
        children = module.children(name)
        assert isinstance(children, list)
        for child in children:
            yield from _modules(child)


def _differences(path: str, ours: Any, theirs: Any, seen: Counter[str]) -> Iterator[str]:
    if isinstance(ours, (Unknown, Lazy)):
        seen["unknown"] += 1
    elif isinstance(ours, dict):
        if not isinstance(theirs, dict) or (ours.keys() != theirs.keys() and not isinstance(ours, OpenMap)):
            yield f"{path}: {ours!r}, not {theirs!r}"
            return
        for key, value in ours.items():
            yield from _differences(f"{path}.{key}", value, theirs.get(key, "(absent)"), seen)
    elif isinstance(ours, list):
        if not isinstance(theirs, list) or len(ours) != len(theirs):
            yield f"{path}: {ours!r}, not {theirs!r}"
            return
        for index, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from _differences(f"{path}[{index}]", one, other, seen)
    else:
        seen["known"] += 1
        plain = type(ours) is type(theirs) or not {type(ours), type(theirs)} & {str, bool, type(None)}
        if not plain or ours != theirs:
            yield f"{path}: {ours!r}, not {theirs!r}"


@pytest.mark.skipif(TERRAFORM is None, reason="no terraform binary here")
@pytest.mark.parametrize("first", range(0, COUNT, BATCH))
def test_what_is_known_of_random_modules_is_what_terraform_makes_of_them(first: int, tmp_path: Path) -> None:
    workspace(tmp_path, first, min(BATCH, COUNT - first))
    theirs = _applied(tmp_path)
    seen: Counter[str] = Counter()
    found: set[str] = set()
    doubted: set[str] = set()
    differences: list[str] = []
    for module in _modules(Workspace(tmp_path, {}).module()):
        for type_, name in module.config.resources:
            declared = module.declared(type_, name)
            assert isinstance(declared, list)
            for each in declared:
                if each.doubt is not None:
                    doubted.add(each.address)
                    continue
                found.add(each.address)
                differences += _differences(each.address, each.get("input"), theirs[each.address]["input"], seen)
    assert not differences
    missing = {address for address in theirs if address not in found}
    assert all(any(address.startswith(each) for each in doubted) for address in missing)
    assert seen["known"] > 20 * seen["unknown"], "evaluates nearly everything"
