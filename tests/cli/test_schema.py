"""`schema`: the JSON Schemas that editors complete from."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from tests.cli.command import finops_guard
from tests.cli.house import ROOT

NAMES = sorted(path.stem for path in (ROOT / "schema").glob("*.json"))


def test_it_lists_what_there_is() -> None:
    for args in ((), ("--list",), ("pack", "--list")):
        ran = finops_guard("schema", *args)
        assert (ran.code, ran.out.split(), ran.err) == (0, NAMES, "")


@pytest.mark.parametrize("name", ["pack", "policy", "test", "tests", "report"])
def test_each_is_a_schema(name: str) -> None:
    ran = finops_guard("schema", name)
    assert (ran.code, ran.err) == (0, "")
    Draft202012Validator.check_schema(json.loads(ran.out))


def test_another_is_refused_with_those_there_are() -> None:
    ran = finops_guard("schema", "plicy")
    assert (ran.code, ran.out) == (2, "")
    assert "did you mean 'policy'?" in ran.err
    assert "pack, policy, report" in ran.err
