from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finops_guard.cli._scaffold import name_of
from finops_guard.language.policy import check_policy
from finops_guard.model import Gap, Policy, Resource, Tags
from finops_guard.state import spool
from tests.cli.command import finops_guard
from tests.language.test_quote import HOSTILE

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
TODAY = date(2026, 11, 25)


def written(folder: Path) -> Policy:
    """The policy in a folder, without a mistake or a warning."""
    policy, problems = check_policy(folder / "finops-guard.yaml", TODAY)
    assert [str(problem) for problem in problems] == []
    assert policy is not None
    return policy


def resource(tags: Mapping[str, str], number: int = 0, *, account: str = "214365870912", name: str = "ml") -> Resource:
    known: dict[str, object] = {
        "cloud": "aws",
        "account": account,
        "account_name": name,
        "region": "eu-west-1",
        "kind": "vm",
        "type": "AWS::EC2::Instance",
        "id": f"arn:aws:ec2:eu-west-1:{account}:instance/i-{number}",
    }
    return Resource({key: str(value) for key, value in known.items()}, Tags.of(tags))


def snapshot(path: Path, resources: Iterable[Resource], gaps: tuple[Gap, ...] = ()) -> Path:
    spool.write(resources, path, lambda: spool.Head(NOW, "ab" * 32, gaps))
    return path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "Acme FinOps"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def test_what_is_written_validates_and_passes_its_tests(here: Path) -> None:
    ran = finops_guard("init")
    assert ran.code == 0, ran.err
    assert "finops-guard validate" in ran.out
    policy = written(here)
    assert policy.name == "acme-finops"
    assert policy.mode == "dry-run"
    assert [binding.pack.name for binding in policy.bindings] == [
        "ai-tags",
        "tag-hygiene",
        "accelerator-waste",
        "schedules",
        "iac-guardrail",
        "budgets",
        "unit-economics",
        "cost-readiness",
        "house",
    ]
    for command in ("validate", "test"):
        again = finops_guard(command)
        assert again.code == 0, again.out + again.err


def test_editors_find_the_schema_that_each_file_names(here: Path) -> None:
    finops_guard("init")
    for path in (here / "finops-guard.yaml", *(here / "rules").iterdir()):
        first = path.read_text(encoding="utf-8").splitlines()[0]
        named = first.removeprefix("# yaml-language-server: $schema=")
        assert named != first
        schema = json.loads((path.parent / named).read_text(encoding="utf-8"))
        assert schema["type"] == "object"
        kind = Path(named).stem
        assert (path.parent / named).read_text(encoding="utf-8") == finops_guard("schema", kind).out


def test_lines_are_no_longer_than_people_read(here: Path) -> None:
    finops_guard("init")
    for path in (here / "finops-guard.yaml", *(here / "rules").iterdir()):
        assert all(len(line) <= 120 for line in path.read_text(encoding="utf-8").splitlines())


def test_nothing_is_written_over(here: Path) -> None:
    (here / "finops-guard.yaml").write_text("mine", encoding="utf-8")
    ran = finops_guard("init")
    assert ran.code == 2
    assert "finops-guard.yaml is there already" in ran.err
    assert [path.name for path in here.iterdir()] == ["finops-guard.yaml"]
    assert (here / "finops-guard.yaml").read_text(encoding="utf-8") == "mine"


def test_a_second_init_is_refused_and_changes_nothing(here: Path) -> None:
    finops_guard("init")
    before = {path: path.read_bytes() for path in here.rglob("*") if path.is_file()}
    assert finops_guard("init").code == 2
    assert {path: path.read_bytes() for path in here.rglob("*") if path.is_file()} == before


def test_a_pack_of_ones_own_is_not_written_over_and_then_nothing_is_written(here: Path) -> None:
    (here / "rules").mkdir()
    (here / "rules" / "house.yaml").write_text("mine", encoding="utf-8")
    ran = finops_guard("init")
    assert ran.code == 2
    assert "house.yaml" in ran.err
    assert not (here / "finops-guard.yaml").exists()


def test_files_that_say_the_same_are_kept(here: Path) -> None:
    finops_guard("init")
    (here / "finops-guard.yaml").unlink()
    ran = finops_guard("init", "-f", "json")
    assert ran.code == 0
    said = json.loads(ran.out)
    assert said["written"] == ["finops-guard.yaml"]
    assert "rules/house.yaml" in said["kept"]
    assert ".gitignore" in said["kept"]


@pytest.mark.parametrize("before", ["node_modules/\n", "node_modules/", "", "a\r\n"])
def test_gitignore_is_added_to(here: Path, before: str) -> None:
    path = here / ".gitignore"
    path.write_bytes(before.encode())
    finops_guard("init")
    assert path.read_bytes().startswith(before.encode())
    lines = path.read_text(encoding="utf-8").splitlines()
    assert ".finops-guard/*" in lines
    assert "!.finops-guard/schema/" in lines


def test_gitignore_that_speaks_of_the_state_is_left_alone(here: Path) -> None:
    (here / ".gitignore").write_text("/.finops-guard/\n", encoding="utf-8")
    finops_guard("init")
    assert (here / ".gitignore").read_text(encoding="utf-8") == "/.finops-guard/\n"


def test_another_folder_is_made_and_named(here: Path) -> None:
    ran = finops_guard("init", "guard/prod")
    assert ran.code == 0
    assert "cd guard/prod" in ran.out
    assert written(here / "guard" / "prod").name == "prod"


def test_a_file_in_the_place_of_the_folder_is_an_error_in_words(here: Path) -> None:
    (here / "guard").write_text("", encoding="utf-8")
    ran = finops_guard("init", "guard")
    assert ran.code == 2
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("folder", "name"), [("Acme FinOps", "acme-finops"), ("2026", "starter"), ("--", "starter"), ("Größe", "grosse")]
)
def test_name_of_a_policy_comes_from_its_folder(tmp_path: Path, folder: str, name: str) -> None:
    assert name_of(tmp_path / folder) == name


def live(here: Path, resources: Iterable[Resource], *, gaps: tuple[Gap, ...] = (), code: int = 0) -> str:
    """The policy written from an inventory."""
    path = snapshot(here.parent / "live.snapshot", resources, gaps)
    ran = finops_guard("init", "--from-live", path)
    assert ran.code == code, ran.err
    return (here / "finops-guard.yaml").read_text(encoding="utf-8")


def several(count: int, tags: Mapping[str, str]) -> list[Resource]:
    return [resource(tags, number) for number in range(count)]


def test_teams_spellings_and_accounts_come_from_the_tags_in_use_with_counts(here: Path) -> None:
    text = live(
        here,
        [
            *several(41, {"team": "vision", "owner": "m.devries", "ModelVersion": "1"}),
            *several(2, {"team": "visoin"}),
            *several(12, {"Team": "nlp"}),
            resource({"team": "guests"}, account="325476981023", name="polder: 'serving'"),
        ],
    )
    policy = written(here)
    assert list(policy.teams) == ["vision", "nlp"]
    assert policy.aliases == {"modelversion": "model-version"}
    assert policy.scope == {"aws": {"accounts": ["214365870912", "325476981023"], "regions": "enabled"}}
    assert "vision: {}" in text
    assert "# 41 resources, mostly owned by m.devries" in text
    assert "visoin  (2 resources: near vision, which is on 41)" in text
    assert "guests  (1 resource: seen once)" in text
    assert "Regions in use: eu-west-1 56x" in text
    assert "# polder: 'serving', 1 resource" in text
    for command in ("validate", "test"):
        ran = finops_guard(command)
        assert ran.code == 0, ran.out + ran.err


def test_an_inventory_without_teams_leaves_room_for_them(here: Path) -> None:
    text = live(here, several(2, {}))
    assert written(here).teams == {}
    assert "# teams:" in text


def test_hostile_values_are_teams_that_read_back_as_they_are(here: Path) -> None:
    values = [value for value in HOSTILE if value.strip()]
    live(here, [r for value in values for r in several(3, {"team": value, "owner": value})])
    assert set(written(here).teams) == set(values)


def test_hostile_keys_and_names_stay_in_their_line(here: Path) -> None:
    text = live(
        here,
        [
            *several(3, {"Model\nVersion": "1", "model_versioN\x1b[31m": "2", "a: b\r\nteams:": "x"}),
            *[resource({}, n, account="325476981023", name="x\n    regions: [us-east-1]\n") for n in range(2)],
            *[resource({}, n, account="evil: {}") for n in range(2)],
        ],
    )
    assert written(here).scope == {"aws": {"accounts": ["214365870912", "325476981023"], "regions": "enabled"}}
    assert "\x1b" not in text


def test_half_a_surrogate_pair_is_named_and_not_taken(here: Path) -> None:
    text = live(here, several(2, {"team": "\ud800"}))
    assert written(here).teams == {}
    assert "\\ud800" in text


def test_very_long_values_are_not_keys(here: Path) -> None:
    live(here, several(2, {"team": "\x07" * 400}))
    assert written(here).teams == {}


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.dictionaries(
            st.one_of(st.sampled_from(["team", "Team", "ModelVersion", "owner", "enviroment"]), st.text(max_size=8)),
            st.text(max_size=8),
            max_size=4,
        ),
        max_size=12,
    )
)
def test_whatever_tags_are_in_use_the_policy_is_valid(tmp_path: Path, tags: list[dict[str, str]]) -> None:
    from finops_guard.advice.in_use import in_use
    from finops_guard.cli import _live, _scaffold

    found = in_use([resource(each, n) for n, each in enumerate(tags * 2)], {"team", "model-version", "environment"})
    text = _scaffold.policy("x", "# about\n", _live.sections(found, {}))
    (tmp_path / "rules").mkdir(exist_ok=True)
    (tmp_path / "rules" / "house.yaml").write_text(_scaffold.PACK, encoding="utf-8")
    (tmp_path / "finops-guard.yaml").write_text(text, encoding="utf-8")
    assert set(written(tmp_path).teams) <= {value for each in tags for value in each.values()}


def test_what_could_not_be_read_is_said_and_exit_is_3(here: Path) -> None:
    gap = Gap("aws", "214365870912", "eu-west-1", "AWS::RDS::DBInstance", "AccessDenied rds:DescribeDBInstances")
    text = live(here, several(2, {"team": "vision"}), gaps=(gap,), code=3)
    assert "#   214365870912 eu-west-1 AWS::RDS::DBInstance: AccessDenied rds:DescribeDBInstances" in text
    assert list(written(here).teams) == ["vision"]


def test_exit_3_says_where_it_stands_what_was_not_read(here: Path) -> None:
    gap = Gap("aws", "214365870912", "eu-west-1", "AWS::RDS::DBInstance", "AccessDenied rds:DescribeDBInstances")
    path = snapshot(here.parent / "live.snapshot", several(2, {"team": "vision"}), (gap,))
    ran = finops_guard("init", "--from-live", path)
    assert (ran.code, "the head of finops-guard.yaml says what" in ran.err) == (3, True)


def test_nothing_is_written_when_nothing_could_be_read(here: Path) -> None:
    gap = Gap("aws", "*", "*", "*", "no AWS credentials found: log in, or set AWS_PROFILE")
    ran = finops_guard("init", "--from-live", snapshot(here.parent / "none", [], (gap,)))
    assert ran.code == 3
    assert "no AWS credentials found" in ran.err
    assert list(here.iterdir()) == []


def test_scope_of_a_policy_that_is_given_is_kept(here: Path) -> None:
    from finops_guard.advice.in_use import in_use
    from finops_guard.cli import _live

    scope = {
        "aws": {"roles": {"scan": "guard"}, "external_id": "$env.ID", "accounts": ["111111111111"], "regions": ["x"]}
    }
    text = _live.sections(in_use(several(2, {}), set()), scope)
    (here / "p.yaml").write_text(f"policy: p\nowner: o\npacks: [{{use: ai-tags}}]\n{text}\n", encoding="utf-8")
    policy, problems = check_policy(here / "p.yaml", TODAY)
    assert not problems
    assert policy is not None
    assert policy.scope["aws"] == scope["aws"] | {"accounts": ["111111111111", "214365870912"]}
    assert "nothing was seen there" in text


def test_a_target_that_is_nothing_we_know(here: Path) -> None:
    ran = finops_guard("init", "--from-live", "sandbx")
    assert ran.code == 2
    assert "did you mean 'sandbox'?" in ran.err
    assert list(here.iterdir()) == []
