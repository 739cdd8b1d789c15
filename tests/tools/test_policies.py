"""Which policy judges, and what is said of the request's, part by part; the whole is in `test_action`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tools.checkout import Checkout
from tools.action import history
from tools.action import own as of_request
from tools.action.inputs import read
from tools.action.policies import judge

POLICY = "policy: acme\nowner: a@b.example\npacks: [{use: ai-tags}]\n"


def broken(*_: object) -> str:
    raise ZeroDivisionError


def test_what_cannot_be_told_keeps_the_base_from_judging_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = Checkout.made(tmp_path / "work")
    base = there.commit(**{"finops-guard.yaml": POLICY, "rules/own.yaml": "pack: own\nversion: 1.0.0\nrules: {}\n"})
    there.commit(**{"finops-guard.yaml": POLICY + "mode: enforce\n", "rules/own.yaml": "pack: own\n"})
    for module, name in ((of_request, "failing"), (of_request, "pack"), (history, "told")):
        monkeypatch.setattr(module, name, broken)
    (tmp_path / "base").mkdir()
    by = judge(read({"GITHUB_WORKSPACE": str(there.top), "FG_BASE_REF": base}), tmp_path / "base")
    assert by.path is not None
    assert by.path.read_text() == POLICY
    assert "> - modified: finops-guard.yaml\n" in by.told
    assert by.told.count("What that means cannot be told (ZeroDivisionError).") == 3
