"""Evidence from stored runs alone, and the journal as lines."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from finops_guard.advice import keep
from finops_guard.apply import session
from finops_guard.language.policy import load_policy
from finops_guard.model import Identity, Outcome
from finops_guard.plan import approvals
from finops_guard.state import halts
from finops_guard.state.audit import verify
from finops_guard.state.entries import Act
from finops_guard.state.journal import newest_seal
from finops_guard.state.store import MemoryStore
from tests.advice.estate import DAY, PACK, POLICY, START, Estate
from tests.cli.command import finops_guard


@pytest.fixture
def estate(tmp_path: Path) -> Iterator[Estate]:
    with pytest.MonkeyPatch.context() as patch:
        yield Estate(tmp_path, patch)


@pytest.fixture
def march(estate: Estate) -> Estate:
    """A week of March: on the 5th the rule and the exemption are others."""
    estate.add("i-1")
    estate.add("i-2", tags={"team": "vision", "keep": "yes"})
    estate.add("spare", tags={"keep": "yes"})
    for day in range(3):
        estate.run(START + day * DAY)
    estate.pack = PACK.replace("1.2.0", "1.3.0").replace("{team: {exists: true}}", "{team: {in: [vision]}}")
    estate.policy = POLICY.replace("cto@", "cfo@")
    estate.write()
    for day in range(3, 6):
        estate.run(START + day * DAY)
    estate.cloud.machines.clear()
    return estate


def test_who_was_non_compliant_on_3_march_under_which_rule_text_exempt_by_whom(march: Estate) -> None:
    state = march.folder / "state"
    for gone in ("finops-guard.yaml", "rules/own.yaml"):
        (march.folder / gone).unlink()  # from stored runs alone
    ran = finops_guard(
        "export", "evidence", "--on", "2026-03-03", "--rule", "own/whose", "--state", state, "-f", "json"
    )
    assert ran.code == 0, ran.err
    told = json.loads(ran.out)
    assert told["run_on_the_day"] is True
    assert [(each["resource"]["id"], each["exempt"]) for each in told["findings"]] == [
        ("i-1", None),
        ("spare", "Warm standby. (cto@acme.example, until 2026-06-30)"),
    ]
    under = told["findings"][0]["under"]
    assert (under["pack"], under["version"], under["line"]) == ("own", "1.2.0", 4)
    assert under["sha256"] == sha256(PACK.encode()).hexdigest()
    assert under["policy"] == sha256(POLICY.encode()).hexdigest()
    assert under["text"] == PACK[PACK.index("  whose:") : PACK.index("  kept:")].rstrip()
    assert under["text"].splitlines() == PACK.splitlines()[3:12]


def test_on_another_day_another_text_held(march: Estate) -> None:
    state = march.folder / "state"
    ran = finops_guard("export", "evidence", "--on", "2026-03-06", "--state", state)
    assert ran.code == 0, ran.err
    assert "own 1.3.0, sha256" in ran.out
    assert "| " in ran.out
    assert "require: {tags: {team: {in: [vision]}}}" in ran.out
    assert "  spare  exempt: Warm standby. (cfo@acme.example, until 2026-06-30)\n" in ran.out
    assert "2026-03-06: 2 findings, 1 exempt, by 1 run (20260306T090000Z-" in ran.out


def test_a_day_without_a_run_is_answered_by_the_newest_before_it_and_says_so(march: Estate) -> None:
    state = march.folder / "state"
    told = json.loads(finops_guard("export", "evidence", "--on", "2026-03-20", "--state", state, "-f", "json").out)
    assert told["run_on_the_day"] is False
    assert [run[:8] for run in told["runs"]] == ["20260307"]
    ran = finops_guard("export", "evidence", "--on", "2026-02-01", "--state", state)
    assert ran.out == "No stored run tells of 2026-02-01 or any day before.\n"


def test_a_plan_is_there_with_the_text_it_went_by_who_approved_it_and_who_halted(march: Estate) -> None:
    policy = load_policy(march.folder / "finops-guard.yaml", START.date())
    april = START + 40 * DAY
    keep.texts(march.store, policy)
    approvals.approve(march.store, "ab" * 32, Identity("aws", "1", "arn:aws:iam::1:user/cto"), april - 20 * DAY)
    approvals.approve(march.store, "cd" * 32, Identity("aws", "1", "arn:aws:iam::1:user/cfo"), april - 20 * DAY)
    with session(march.store, f"{april:%Y%m%dT%H%M%SZ}-1", lambda: april, by="us", policy=policy) as held:
        held.journal().intents([Act("s", "stop", "i-1", why=f"plan {'ab' * 32}")], april)
        held.journal().outcomes([Outcome("s", "failed", {}, {}, "denied")], april)
    halts.halt(march.store, "ops", "audit", april)
    halts.resume(march.store, "ops", "over", april + 20 * DAY)
    to = march.folder / "april"
    ran = finops_guard("export", "evidence", "--from", f"{april:%Y-%m-%d}", "--to", f"{april + DAY:%Y-%m-%d}",
                       "--state", march.folder / "state", "-o", to)  # fmt: skip
    assert ran.code == 0, ran.err
    (given,) = (json.loads(line) for line in (to / "approvals.jsonl").read_text().splitlines())
    assert (given["principal"], given["plan"]) == ("arn:aws:iam::1:user/cto", "ab" * 32)
    (stop,) = (json.loads(line) for line in (to / "halts.jsonl").read_text().splitlines())
    assert (stop["halted"], stop["who"], stop["why"]) == (True, "ops", "audit")
    assert (to / f"texts/{policy.sha256}.yaml").read_text() == march.policy
    assert not list(to.glob("reports/*"))


def test_what_was_unknown_or_not_read_that_day_is_no_compliance(march: Estate) -> None:
    state = march.folder / "state"
    (path,) = (state / "reports").glob("20260303*")
    report = json.loads(path.read_text())
    for finding in report["findings"]:
        finding["verdict"] = "unknown"
    gap = {
        "cloud": "aws",
        "account": "1",
        "region": "eu-west-1",
        "type": "*",
        "reason": "AccessDenied",
        "expected": False,
    }
    report["gaps"] = [gap, {**gap, "reason": "suspended", "expected": True}]
    path.write_text(json.dumps(report))
    asked = ("export", "evidence", "--on", "2026-03-03", "--rule", "own/whose", "--state", state)
    ran = finops_guard(*asked)
    assert "2026-03-03: 0 findings, 0 exempt" in ran.out
    assert "2 findings could not be judged: neither compliant nor not.\n" in ran.out
    assert ran.out.endswith("not read: aws/1/eu-west-1: AccessDenied\n")
    told = json.loads(finops_guard(*asked, "-f", "json").out)
    assert [each["resource"] for each in told["unknown"]] == ["i-1", "spare"]
    assert told["gaps"] == ["aws/1/eu-west-1: AccessDenied"]


def test_evidence_is_whole_hashed_and_the_same_each_time(march: Estate) -> None:
    state, folder = march.folder / "state", march.folder
    asked = ("export", "evidence", "--from", "2026-03-03", "--to", "2026-03-05", "--state", state)
    for to in (folder / "a.zip", folder / "b.zip", folder / "files"):
        ran = finops_guard(*asked, "-o", to)
        assert ran.code == 0, ran.err
        assert ran.err == f"{to} written\n"
    assert (folder / "a.zip").read_bytes() == (folder / "b.zip").read_bytes()
    manifest = json.loads((folder / "files" / "manifest.json").read_text())
    assert [run[:8] for run in manifest["runs"]] == ["20260303", "20260304", "20260305"]
    assert manifest["journal"] == {"whole": True, "problems": [], "head": newest_seal(march.store)[1]}
    listed = {each["path"]: each["sha256"] for each in manifest["files"]}
    found = {str(path.relative_to(folder / "files")) for path in (folder / "files").rglob("*") if path.is_file()}
    assert found == {*listed, "manifest.json"}
    for path, digest in listed.items():
        assert sha256((folder / "files" / path).read_bytes()).hexdigest() == digest
    with zipfile.ZipFile(folder / "a.zip") as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {
            name: (folder / "files" / name).read_bytes() for name in found
        }


def test_the_files_answer_the_question_as_well(march: Estate) -> None:
    to = march.folder / "files"
    finops_guard(
        "export", "evidence", "--from", "2026-03-03", "--to", "2026-03-03", "--state", march.folder / "state", "-o", to
    )
    (report,) = (to / "reports").iterdir()
    found = json.loads(report.read_text())["findings"]
    assert {each["resource"]["id"] for each in found if each["rule"] == "own/whose" and not each["exempt"]} == {"i-1"}
    terms = json.loads((to / "terms" / report.name).read_text())
    assert (to / "texts" / f"{terms['packs'][0]['sha256']}.yaml").read_text() == PACK
    (exemption,) = json.loads((to / "exemptions.json").read_text())
    assert (exemption["by"], exemption["policy"], exemption["runs"]) == ("cto@acme.example", "acme", [report.stem])
    episodes = [json.loads(line) for line in (to / "episodes.jsonl").read_text().splitlines()]
    assert {(each["about"]["rule"], each["about"]["resource"]) for each in episodes} >= {("own/kept", "i-1")}
    changes = [json.loads(line) for line in (to / "episode-changes.jsonl").read_text().splitlines()]
    assert {each["run"] for each in changes} == {report.stem}
    assert {each["at"] for each in changes} == {"2026-03-03T09:00:00Z"}


def test_the_journal_as_lines_is_a_chain_that_others_can_check(march: Estate) -> None:
    ran = finops_guard("export", "journal", "--state", march.folder / "state")
    assert ran.code == 0, ran.err
    assert {json.loads(line)["kind"] for line in ran.out.splitlines()} == {"open", "intent", "outcome"}
    before: dict[str, str] = {}
    for line in ran.out.splitlines(keepends=True):
        entry = json.loads(line)
        chain = f"{entry['run']}/{entry['shard']}"
        assert entry["prev"] == before.get(chain, "")
        before[chain] = sha256(line.encode()).hexdigest()
    to = march.folder / "journal.jsonl"
    assert finops_guard("export", "journal", "--state", march.folder / "state", "-o", to).code == 0
    assert to.read_text() == ran.out


def test_the_journal_of_a_period_holds_whole_chains_of_it(march: Estate) -> None:
    asked = ("export", "journal", "--state", march.folder / "state")
    days = {json.loads(line)["at"][:10] for line in finops_guard(*asked).out.splitlines()}
    for day in sorted(days):
        lines = [json.loads(line) for line in finops_guard(*asked, "--from", day, "--to", day).out.splitlines()]
        assert {line["at"][:10] for line in lines} == {day}
        assert [line["seq"] for line in lines] == list(range(len(lines)))
    assert finops_guard(*asked, "--from", "2027-01-01").out == ""


def test_evidence_of_a_journal_that_was_altered_says_so_and_exits_2(march: Estate) -> None:
    line = next((march.folder / "state" / "journal").rglob("000001"))
    line.write_bytes(line.read_bytes().replace(b'"i-1"', b'"i-7"'))
    to = march.folder / "files"
    ran = finops_guard("export", "evidence", "--state", march.folder / "state", "-o", to)
    assert ran.code == 2
    assert "the journal is not as it was written: " in ran.err
    manifest = json.loads((to / "manifest.json").read_text())
    assert manifest["journal"]["whole"] is False
    assert verify(march.store) == manifest["journal"]["problems"]


@pytest.mark.parametrize(
    "wrong",
    [
        ("evidence", "--rule", "own/whose"),
        ("journal", "--on", "2026-03-03"),
        ("evidence", "--on", "2026-03-03", "-o", "x.zip"),
        ("evidence", "--from", "2026-03-03", "--to", "2026-03-01"),
        ("evidences",),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, wrong: tuple[str, ...]) -> None:
    assert finops_guard("export", *wrong, "--state", tmp_path).code == 2


def test_a_folder_with_something_in_it_is_left_alone(march: Estate) -> None:
    ran = finops_guard("export", "evidence", "--state", march.folder / "state", "-o", march.folder)
    assert ran.code == 2
    assert "not an empty folder" in ran.err


def test_an_empty_state_gives_empty_evidence(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    ran = finops_guard("export", "evidence", "--state", tmp_path / "state", "-o", tmp_path / "e")
    assert ran.code == 0, ran.err
    assert json.loads((tmp_path / "e" / "manifest.json").read_text())["runs"] == []
    assert verify(MemoryStore()) == []


def test_a_state_that_the_command_names_starts_from_where_we_are(
    estate: Estate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "mine").mkdir(parents=True)
    monkeypatch.chdir(elsewhere)
    estate.add("i-1")
    report = estate.run(START, state="mine")
    assert (elsewhere / "mine" / "reports" / report.run_id).exists()
    told = json.loads(finops_guard("export", "evidence", "--on", "2026-03-02", "--state", "mine", "-f", "json").out)
    assert told["runs"] == [report.run_id]
