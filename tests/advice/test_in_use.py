from __future__ import annotations

from collections.abc import Mapping

from finops_guard.advice.in_use import InUse, Place, Spelling, TeamInUse, in_use, keys_read, words_of
from finops_guard.language.library import shipped_names
from finops_guard.language.policy import load_policy
from finops_guard.model import Resource, Tags

REQUIRED = frozenset({"team", "project", "model-version", "workload-type", "expires-on", "environment"})


def resource(tags: Mapping[str, str], *, account: str = "111111111111", region: str = "eu-west-1") -> Resource:
    return Resource(
        {"cloud": "aws", "account": account, "account_name": f"name of {account}", "region": region}, Tags.of(tags)
    )


def survey(*groups: tuple[int, Mapping[str, str]]) -> InUse:
    return in_use([resource(tags) for count, tags in groups for _ in range(count)], REQUIRED)


def test_values_seen_more_than_once_are_teams_and_near_duplicates_are_not() -> None:
    found = survey(
        (41, {"team": "vision"}), (2, {"team": "visoin"}), (9, {"Team": "nlp"}), (1, {"team": "guests"}), (2, {})
    )
    assert [(team.name, team.count) for team in found.teams] == [("vision", 41), ("nlp", 9)]
    assert [(doubt.value, doubt.count, doubt.why) for doubt in found.doubts] == [
        ("visoin", 2, "near vision, which is on 41"),
        ("guests", 1, "seen once"),
    ]


def test_another_case_of_a_team_is_a_near_duplicate() -> None:
    found = survey((20, {"team": "vision"}), (3, {"team": "Vision"}))
    assert [team.name for team in found.teams] == ["vision"]
    assert found.doubts[0].value == "Vision"


def test_neighbours_of_equal_rank_are_both_teams() -> None:
    found = survey((20, {"team": "nlp"}), (12, {"team": "nlu"}))
    assert [team.name for team in found.teams] == ["nlp", "nlu"]


def test_names_that_differ_in_a_digit_are_meant_to_differ() -> None:
    found = survey((40, {"team": "ml-1"}), (4, {"team": "ml-2"}))
    assert [team.name for team in found.teams] == ["ml-1", "ml-2"]


def test_blank_values_and_keys_of_providers_do_not_count() -> None:
    found = survey((3, {"team": " "}), (3, {"aws:team": "x", "team": "vision"}))
    assert [team.name for team in found.teams] == ["vision"]
    assert found.keys == (("team", 3),)


def test_a_team_says_who_owns_most_of_it() -> None:
    found = survey((3, {"team": "vision", "owner": "m.devries"}), (1, {"team": "vision", "owner": "x"}))
    assert found.teams == (TeamInUse("vision", 4, "m.devries"),)


def test_a_team_that_nobody_owns_most_of_names_nobody() -> None:
    found = survey((1, {"team": "vision", "owner": "a"}), (1, {"team": "vision", "owner": "b"}))
    assert found.teams == (TeamInUse("vision", 2),)


def test_without_the_tag_team_its_synonyms_are_looked_at() -> None:
    found = survey((3, {"OwnerTeam": "vision"}), (9, {"owner": "jan"}))
    assert found.team_key == "owner-team"
    assert [team.name for team in found.teams] == ["vision"]
    assert found.spellings == (Spelling("OwnerTeam", "team", 3),)


def test_owner_may_stand_for_team_but_not_without_a_doubt() -> None:
    found = survey((3, {"Owner": "vision"}))
    assert found.team_key == "owner"
    assert found.spellings[0].doubt is not None


def test_camel_case_squashed_and_misspelt_keys_are_spellings() -> None:
    found = survey(
        (4, {"ModelVersion": "1"}),
        (3, {"modelversion": "1"}),
        (2, {"workloadType": "training"}),
        (1, {"enviroment": "dev"}),
        (1, {"model_version": "1"}),
        (1, {"cost-center": "1"}),
    )
    assert {(each.raw, each.key, each.doubt) for each in found.spellings} == {
        ("ModelVersion", "model-version", None),
        ("modelversion", "model-version", None),
        ("workloadType", "workload-type", None),
        ("enviroment", "environment", None),
    }


def test_short_keys_have_too_many_neighbours_to_guess() -> None:
    assert survey((5, {"steam": "1", "tea": "2"})).spellings == ()


def test_a_near_miss_beside_the_proper_key_with_another_value_is_doubtful() -> None:
    found = survey((2, {"projects": "many", "project": "one"}), (1, {"projects": "one", "project": "one"}))
    assert found.spellings == (Spelling("projects", "project", 3, "project has another value beside it on 2"),)


def test_accounts_and_regions_are_counted_and_what_has_no_region_is_left_out() -> None:
    found = in_use(
        [
            resource({}),
            resource({}, account="222222222222", region="eu-central-1"),
            resource({}, account="222222222222", region="global"),
        ],
        REQUIRED,
    )
    assert found.places == (
        Place("aws", "222222222222", "name of 222222222222", 2),
        Place("aws", "111111111111", "name of 111111111111", 1),
    )
    assert found.regions == (("eu-central-1", 1), ("eu-west-1", 1))


def test_order_of_the_inventory_does_not_matter() -> None:
    groups = [(3, {"team": "a"}), (3, {"team": "b"}), (1, {"Model": "x"})]
    assert survey(*groups) == survey(*reversed(groups))


def test_camel_case_is_taken_apart() -> None:
    assert words_of("ModelVersion") == "model-version"
    assert words_of("AIProject") == "ai-project"
    assert words_of("Cost_Center") == "cost-center"
    assert words_of("TEAM") == "team"


def test_keys_that_rules_read_are_those_whose_spelling_matters() -> None:
    starter = load_policy(shipped_names("policies")["starter"])
    keys = keys_read(rule for binding in starter.bindings for rule in binding.rules)
    assert {"team", "project", "workload-type", "dataset", "model-version", "expires-on"} <= keys
    assert "owner" not in keys
