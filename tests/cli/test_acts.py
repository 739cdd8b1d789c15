"""apply, approve, undo, halt and resume as commands: what they say, and what they answer to what is not there."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from finops_guard.cli import _acts
from finops_guard.errors import InputError
from finops_guard.model import Identity
from finops_guard.sources.aws._errors import Unreadable
from tests.cli.command import finops_guard

if TYPE_CHECKING:
    from finops_guard.sources.aws._act import Acting

POLICY = """\
policy: acme
owner: finops@acme.example
mode: enforce
state: state
packs: [{use: ai-tags}]
"""


@pytest.fixture(autouse=True)
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A policy whose cloud would be an emulator that nobody runs: what is refused is refused before it is asked."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    (tmp_path / "finops-guard.yaml").write_text(POLICY)
    return tmp_path


def test_halt_and_resume_say_who_stopped_what() -> None:
    assert finops_guard("resume", "--why", "x").out == "nothing was halted\n"
    ran = finops_guard("halt", "--why", "the bill\x1b[31m")
    assert (ran.code, ran.out) == (0, "halted: nothing acts under policy acme until finops-guard resume\n")
    ran = finops_guard("resume", "--why", "looked at")
    assert ran.code == 0
    assert ran.out.startswith("resumed: the halt of ")
    assert "the bill" in ran.out
    assert "\x1b" not in ran.out
    assert finops_guard("resume", "--why", "x").out == "nothing was halted\n"


def test_a_halt_says_why() -> None:
    ran = finops_guard("halt")
    assert (ran.code, "--why" in ran.err) == (2, True)


@pytest.mark.parametrize("run", ["last", "20261125T120000Z-abcdef", "../../etc", ""])
def test_there_is_nothing_to_undo(run: str) -> None:
    ran = finops_guard("undo", run)
    assert ran.code == 2
    assert "run" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("command", ["apply", "approve"])
@pytest.mark.parametrize("content", [None, b"", b"{}", b'{"digest":"' + b"0" * 64 + b'",\n}', b"\xff\xfe"])
def test_what_is_no_plan_is_refused(command: str, content: bytes | None, house: Path) -> None:
    if content is not None:
        (house / "plan.json").write_bytes(content)
    ran = finops_guard(command, "plan.json")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: plan.json: ")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("scan", "aws", "--mode", "enforce", "--at", "2027-01-01"), "--at judges as of a time and never acts"),
        (("scan", "x.snapshot", "--mode", "enforce"), "only a live cloud can be acted on"),
        (("scan", "aws", "--plan-out", "plan.json"), "--plan-out belongs to --mode enforce"),
        (("scan", "aws", "--mode", "enforce", "--state", "ftp://x/y"), "ftp"),
    ],
)
def test_what_cannot_act_is_refused_before_anything_is_read(args: tuple[str, ...], said: str) -> None:
    ran = finops_guard(*args)
    assert (ran.code, said in ran.err) == (2, True), ran.err


@pytest.mark.parametrize(
    "args", [("scan", "aws", "--mode", "enforce"), ("undo", "last"), ("halt", "--why", "x"), ("resume", "--why", "x")]
)
def test_a_live_cloud_needs_a_state_that_others_see(args: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    ran = finops_guard(*args)
    assert (ran.code, "acting on a live cloud needs a shared state" in ran.err) == (2, True), ran.err


@pytest.mark.parametrize(
    "args", [("scan", "aws", "--mode", "enforce"), ("undo", "last"), ("halt", "--why", "x"), ("resume", "--why", "x")]
)
def test_what_keeps_no_state_neither_acts_nor_halts(args: tuple[str, ...], house: Path) -> None:
    ran = finops_guard(*args, "--state", "none")
    assert (ran.code, "--state none keeps none" in ran.err) == (2, True), ran.err
    assert not (house / "none").exists()


def test_an_account_that_cannot_be_entered_holds_up_a_plan_and_not_the_undo_of_others() -> None:
    def identity(account: str) -> Identity:
        if account == "2":
            raise Unreadable("AccessDenied sts:AssumeRole", denied=True)
        return Identity("aws", account, "arn")

    verbs = cast("Acting", SimpleNamespace(identity=identity))
    with pytest.raises(InputError, match="aws 2 cannot be acted on: AccessDenied sts:AssumeRole"):
        _acts.identities(verbs, ["1", "2", "3"])
    assert [who.account for who in _acts.identities(verbs, ["3", "2", "1"], some=True)] == ["1", "3"]
    with pytest.raises(InputError, match="aws 2"):
        _acts.identities(verbs, ["2"], some=True)
    assert _acts.identities(verbs, [], some=True) == ()
