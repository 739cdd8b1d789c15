"""Random modules planned by the terraform binary, where there is one: what we know is what it makes of them.

Many modules are children of one root, as a plan costs more to begin than to make. What is known only after apply is
known to neither; where we know more (`false && later`), nothing is compared. Blocks within resources are not here: the
binary has no resource of its own with any. FINOPS_GUARD_TERRAFORM_MODULES=5000 tries more of them.
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
COUNT = int(os.environ.get("FINOPS_GUARD_TERRAFORM_MODULES", "560"))
BATCH = 112  # of these some are refused: more than 500 are compared
LATER = object()
"""What a plan does not know."""


def _terraform(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    assert TERRAFORM is not None
    environ = {**os.environ, "CHECKPOINT_DISABLE": "1", "TF_CLI_CONFIG_FILE": str(folder / "terraformrc"),
               "GOGC": "400"}  # fmt: skip
    (folder / "terraformrc").touch()
    return subprocess.run([TERRAFORM, *arguments], cwd=folder, env=environ, capture_output=True, text=True, check=False)


def _planned(folder: Path) -> dict[str, Any]:
    """What terraform would make of the modules that it accepts, by address; the others are no longer called."""
    steps = [("init", "-no-color"), ("plan", "-no-color", "-out=plan", "-refresh=false", "-lock=false", "-input=false")]
    while steps:
        ran = _terraform(folder, *steps[0])
        if not ran.returncode:
            steps.pop(0)
            continue
        refused = set(re.findall(r"(?:on |for module\.|module\.)(m\d+)\b", ran.stderr))
        assert refused, ran.stderr
        main = folder / "main.tf"
        first, *calls = main.read_text("utf-8").split('module "')
        kept = [call for call in calls if call.split('"', 1)[0] not in refused]
        main.write_text('module "'.join([first, *kept]), "utf-8")
    shown = json.loads(_terraform(folder, "show", "-json", "plan").stdout, parse_float=Decimal)
    changes = [each for each in shown["resource_changes"] if each["mode"] == "managed"]
    return {each["address"]: _overlaid(each["change"]["after"], each["change"]["after_unknown"]) for each in changes}


def _overlaid(value: Any, unknown: Any) -> Any:
    """What is there after apply, LATER where the plan does not know it."""
    if unknown is True:
        return LATER
    if isinstance(unknown, list):
        rows = value if isinstance(value, list) else []
        longest = max(len(rows), len(unknown))
        rows, marks = [*rows, *[None] * longest], [*unknown, *[False] * longest]
        return [_overlaid(rows[index], marks[index]) for index in range(longest)]
    if isinstance(unknown, dict):
        known = value if isinstance(value, dict) else {}
        return {key: _overlaid(known.get(key), unknown.get(key, False)) for key in {**known, **unknown}}
    return value


def _block(address: str) -> str:
    """An address without the keys of instances."""
    return re.sub(r'\[(?:\d+|"(?:[^"\\]|\\.)*")\]', "", address)


def _modules(module: Module) -> Iterator[Module]:
    yield module
    for name in module.config.calls:
        children = module.children(name)
        for child in children if isinstance(children, list) else ():
            yield from _modules(child)


def _differences(path: str, ours: Any, theirs: Any, seen: Counter[str]) -> Iterator[str]:
    if theirs is LATER:
        seen["later"] += 1
    elif isinstance(ours, (Unknown, Lazy)):
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
    count = min(BATCH, COUNT - first)
    workspace(tmp_path, first, count)
    theirs = _planned(tmp_path)
    seen: Counter[str] = Counter()
    found: set[str] = set()
    doubted: set[str] = set()
    differences: list[str] = []
    root = Workspace(tmp_path, {}).module()
    for module in _modules(root):
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
    doubtful = {_block(address) for address in doubted}
    assert [address for address in theirs if address not in found and _block(address) not in doubtful] == []
    assert len(root.config.calls) > 0.9 * count, "terraform accepts nearly all of them"
    assert seen["known"] > 10 * seen["unknown"], "we evaluate nearly everything"
