"""`scan`: times, thresholds, files, snapshots; and the sandbox end to end, once."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import Ran, finops_guard
from tests.cli.house import POLICY, furnish, machine, snapshot


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    furnish(tmp_path)
    snapshot(tmp_path / "estate", [machine("bad", {}), machine("good", {"team": "nlp"}), machine("dark", None)])
    return tmp_path


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ran, Path]:
    folder = tmp_path_factory.mktemp("sandbox")
    files = [f"-o{name}={folder / name}" for name in ("table", "csv", "markdown")]
    return finops_guard("scan", "sandbox", "-f", "json", "--snapshot-out", folder / "estate", *files), folder


def test_the_sandbox_is_scanned_end_to_end(sandbox: tuple[Ran, Path]) -> None:
    ran, folder = sandbox
    assert ran.code == 3, ran.err  # one cell of it cannot be read
    report = json.loads(ran.out)
    assert report["schema"] == "finops-guard/report/1"
    assert report["totals"]["findings"]["fail"] > 50
    assert report["totals"]["resources"] > 300
    assert [gap for gap in report["gaps"] if not gap["expected"]]
    assert report["steps"]
    assert "policy sandbox" in ran.err
    assert "\x1b" not in ran.out + ran.err
    assert (folder / "table").read_text("utf-8").startswith("finops-guard 0.")
    assert len((folder / "csv").read_text("utf-8").splitlines()) > 50
    assert "|" in (folder / "markdown").read_text("utf-8")


def test_one_time_over_one_snapshot_gives_one_report(sandbox: tuple[Ran, Path]) -> None:
    _, folder = sandbox
    scan = ("scan", folder / "estate", "-f", "json", "--at", "2026-12-01T09:00:00Z", "-p")
    starter = Path(__file__).parents[2] / "policies/starter.yaml"
    reports = [json.loads(finops_guard(*scan, starter).out) for _ in range(2)]
    assert reports[0]["run"]["id"] != reports[1]["run"]["id"]
    for report in reports:
        del report["run"], report["calls"]
    assert reports[0] == reports[1]
    assert json.dumps(reports[0]) == json.dumps(reports[1])


def codes(*options: str) -> int:
    return finops_guard("scan", "estate", "-q", *options).code


@pytest.mark.usefixtures("house")
def test_findings_count_from_the_severity_asked_for() -> None:
    assert codes() == 1
    assert codes("--fail-on", "low") == 1
    assert codes("--fail-on", "critical") == 0
    assert codes("--fail-on", "never") == 0


def test_an_unknown_counts_only_where_asked(house: Path) -> None:
    snapshot(house / "estate", [machine("dark", None)])
    assert codes() == 0
    assert codes("--unknown", "fail") == 1
    assert codes("--unknown", "fail", "--fail-on", "critical") == 0


def test_an_exempted_finding_does_not_count(house: Path) -> None:
    exempt = (
        "exempt: [{rule: demo/whose, where: {name: bad}, until: 2026-12-31, reason: Known., by: cto@acme.example}]\n"
    )
    (house / "finops-guard.yaml").write_text(POLICY + exempt)
    assert codes("--at", "2026-12-01") == 0
    assert codes("--at", "2027-01-01") == 1


@pytest.mark.usefixtures("house")
def test_passes_are_listed_where_asked() -> None:
    def verdicts(*options: str) -> list[str]:
        report: dict[str, Any] = json.loads(finops_guard("scan", "estate", "-f", "json", *options).out)
        return sorted(finding["verdict"] for finding in report["findings"] if finding["rule"] == "demo/whose")

    assert verdicts() == ["fail", "unknown"]
    assert verdicts("--include", "pass") == ["fail", "pass", "unknown"]


@pytest.mark.parametrize("targets", [(), ("aws",), ("estate", "aws")])
def test_a_live_cloud_has_no_past(house: Path, targets: tuple[str, ...]) -> None:
    del house
    ran = finops_guard("scan", *targets, "--at", "2026-01-01")
    assert (ran.code, ran.out) == (2, "")
    assert "past" in ran.err


@pytest.mark.usefixtures("house")
@pytest.mark.parametrize("at", ["yesterday", "2026-13-01", "2026-11-25T25:00:00Z"])
def test_a_time_that_is_none_is_refused(at: str) -> None:
    ran = finops_guard("scan", "estate", "--at", at)
    assert (ran.code, ran.out) == (2, "")
    assert "is not a time" in ran.err


@pytest.mark.usefixtures("house")
def test_acting_is_refused_not_ignored() -> None:
    ran = finops_guard("scan", "estate", "--mode", "enforce")
    assert (ran.code, ran.out) == (2, "")


@pytest.mark.usefixtures("house")
def test_several_outputs_of_one_scan(house: Path) -> None:
    ran = finops_guard("scan", "estate", "-f", "csv", "-o", "json=a.json", "-o", "markdown=b.md", "--at", "2026-12-01")
    assert ran.code == 1
    assert json.loads((house / "a.json").read_text())["findings"]
    assert "## finops-guard" in (house / "b.md").read_text()
    assert "demo/whose" in ran.out


@pytest.mark.usefixtures("house")
@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("-o", "json=nowhere/report.json"), "nowhere/report.json: no such folder"),
        (("-o", "json=rules"), "rules: is a folder"),
        (("--snapshot-out", "nowhere/estate"), "nowhere/estate: no such folder"),
        (("-o", "json=a", "-o", "csv=./a"), "several outputs would go to this one file"),
        (("-o", "report.json"), "is not NAME=FILE"),
        (("-o", "json="), "is not NAME=FILE"),
    ],
)
def test_a_file_that_cannot_be_written_is_told_before_the_scan(
    monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], why: str
) -> None:
    monkeypatch.setattr("finops_guard.pipeline.run", lambda _: pytest.fail("it scanned"))
    ran = finops_guard("scan", "estate", *options)
    assert (ran.code, ran.out) == (2, "")
    assert why in ran.err


@pytest.mark.usefixtures("house")
def test_a_file_without_permission_is_told_before_the_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("finops_guard.cli._outputs.os.access", lambda *_: False)  # root may write anywhere
    ran = finops_guard("scan", "estate", "-o", "json=report.json")
    assert ran.code == 2
    assert "report.json: cannot be written: permission denied" in ran.err


def test_a_snapshot_that_cannot_be_read_is_an_input_error(house: Path) -> None:
    whole = (house / "estate").read_bytes()
    broken = {
        "cut": whole[: len(whole) // 2],
        "short": gzip.compress(gzip.decompress(whole).rsplit(b"\n", 2)[0] + b"\n"),
        "newer": gzip.compress(gzip.decompress(whole).replace(b"snapshot/1", b"snapshot/9", 1)),
        "noise": b"\x00\x1b[31m" * 40,
        "empty": b"",
        "foreign.json": b'{"planned_values": {}}',
        "row": gzip.compress(gzip.decompress(whole).replace(b'"kind"', b'"kind', 1)),
    }
    for name, content in broken.items():
        (house / name).write_bytes(content)
        ran = finops_guard("scan", name)
        assert (ran.code, ran.out) == (2, ""), name
        assert name in ran.err
        assert "Traceback" not in ran.err
        assert "internal error" not in ran.err, ran.err
        assert "\x1b" not in ran.err
    ran = finops_guard("scan", "nowhere")
    assert ran.code == 2
    ran = finops_guard("scan", "rules")
    assert ran.code == 2


@pytest.mark.usefixtures("house")
def test_a_report_holds_what_was_found_although_the_scan_is_incomplete(house: Path) -> None:
    from finops_guard.model import Gap

    gap = Gap("aws", "1", "eu-west-1", "AWS::S3::Bucket", "AccessDenied s3:ListAllMyBuckets")
    snapshot(house / "estate", [machine("bad", {})], (gap,))
    ran = finops_guard("scan", "estate", "-f", "json")
    assert ran.code == 3
    report = json.loads(ran.out)
    assert [f["verdict"] for f in report["findings"]] == ["fail"]
    assert report["gaps"][0]["reason"].startswith("AccessDenied")
