"""The first ten minutes of somebody with a cloud: look for what is in use, then at what cannot be judged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from finops_guard.language.policy import load_policy
from finops_guard.sources import sandbox
from tests.cli.command import Ran, finops_guard

SHIPPED_DENIAL = "AccessDenied logs:DescribeLogGroups"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("polder")


@pytest.fixture(scope="module")
def written(folder: Path) -> Iterator[Ran]:
    """`init --from-live aws` on the running sandbox, which stays for as long as this module's tests."""
    with (
        sandbox.start(now=datetime.now(UTC)) as box,
        sandbox.applied(box.environment),
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.chdir(folder)
        yield finops_guard("init", "--from-live", "aws", "-p", box.policy_path, "-q")


def test_policy_from_live_has_teams_and_not_their_misspellings(written: Ran, folder: Path) -> None:
    assert written.code == 3, written.err  # one cell is denied, and that is said
    policy = load_policy(folder / "finops-guard.yaml", date.today())  # noqa: DTZ011 - any day will do
    assert {"vision", "nlp", "forecasting", "netops", "platform"} <= set(policy.teams)
    assert "visoin" not in policy.teams
    assert policy.aliases["modelversion"] == "model-version"
    assert policy.scope["aws"]["roles"] == {"scan": "finops-guard-scan"}
    text = (folder / "finops-guard.yaml").read_text(encoding="utf-8")
    assert SHIPPED_DENIAL in text
    assert "near " in text


def test_what_was_written_judges_the_same_estate_and_doctor_says_what_it_cannot(written: Ran, folder: Path) -> None:
    del written, folder
    ran = finops_guard("doctor", "-f", "json", "-q")
    assert ran.code == 3, ran.err
    said = json.loads(ran.out)
    gaps = [trouble for trouble in said["troubles"] if trouble["about"] == "access"]
    assert [gap["what"] for gap in gaps] == [SHIPPED_DENIAL]
    assert gaps[0]["fix"] == "grant logs:DescribeLogGroups to the role that scans"
    assert {who["cloud"] for who in said["identities"]} == {"aws"}
    assert said["resources"] > 100
    assert [trouble for trouble in said["troubles"] if trouble["about"] == "prices"]
