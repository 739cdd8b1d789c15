"""Values that a person gives: whose they are, and that none is lost in silence."""

from pathlib import Path

import pytest

from finops_guard.errors import InputError
from finops_guard.sources.iac._given import Given, Taken, is_terraform

TEAM, FILE = ("team", "vision"), Path("prod.tfvars")


def test_what_a_document_took_is_no_error() -> None:
    taken = Taken()
    taken.take(TEAM, FILE)
    taken.check(Given((TEAM, FILE)))


def test_a_name_that_nothing_declares_is_refused_with_what_was_perhaps_meant() -> None:
    taken = Taken()
    taken.declare(["team", "stage"])
    with pytest.raises(InputError, match="--var tema: no such variable") as wrong:
        taken.check(Given((("tema", "x"),)))
    assert wrong.value.help == "did you mean 'team'?"


def test_a_file_that_nothing_takes_is_refused() -> None:
    with pytest.raises(InputError, match=r"--var-file prod\.tfvars: nothing that was scanned takes it"):
        Taken().check(Given((FILE,)))


def test_where_it_is_not_strict_nothing_is_refused() -> None:
    """A commit from before the variable was there."""
    Taken().check(Given((TEAM, FILE), strict=False))


@pytest.mark.parametrize(
    ("name", "ours"),
    [("a.tfvars", True), ("a.tfvars.json", True), ("a.vars", True), ("a.json", False), ("A.YAML", False)],
)
def test_files_of_terraform_are_known_by_their_suffix(name: str, ours: bool) -> None:  # noqa: FBT001 - an expected truth value
    assert is_terraform(Path(name)) is ours
