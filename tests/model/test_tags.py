"""Tag keys have one spelling, conflicts are named, and what cannot be read is unknown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops_guard.model import PartialTags, Tags, Unknown, canonical

TEXTS = st.text(max_size=8) | st.sampled_from(["Team", "team", "TEAM ", "cost_center", "Cost Center", "İ", "ß", "a._b"])


@pytest.mark.parametrize(
    ("key", "wanted"),
    [
        ("Team", "team"),
        (" team ", "team"),
        ("cost_center", "cost-center"),
        ("Cost . Center", "cost-center"),
        ("cost__center", "cost-center"),
        ("a-_b", "a--b"),
        ("ModelVersion", "modelversion"),
        ("STRASSE", "strasse"),
        ("straße", "strasse"),
        ("Überteam", "überteam"),
        ("aws:createdBy", "aws:createdby"),
        ("_", "-"),
        ("", ""),
    ],
)
def test_a_key_has_one_spelling(key: str, wanted: str) -> None:
    assert canonical(key) == wanted


@given(st.text())
def test_the_canonical_spelling_is_its_own(key: str) -> None:
    assert canonical(canonical(key)) == canonical(key)


def test_an_alias_leads_to_its_key() -> None:
    aliases = {"modelversion": "model-version"}
    assert canonical("ModelVersion", aliases) == "model-version"
    assert Tags.of({"ModelVersion": "3"}, aliases) == {"model-version": "3"}


def test_equal_values_in_two_spellings_are_one_tag() -> None:
    tags = Tags.of({"Team": "x", "team": "x"})
    assert tags == {"team": "x"}
    assert not tags.conflicts
    assert tags.raw == {"Team": "x", "team": "x"}


def test_an_empty_spelling_does_not_conflict() -> None:
    assert Tags.of({"Team": "", "team": "x", "TEAM": "  "}) == {"team": "x"}


def test_conflicting_spellings_are_neither_there_nor_absent() -> None:
    tags = Tags.of({"Team": "b", "team": "a", "owner": "me"})
    assert tags == {"owner": "me"}
    assert tags.conflicts == {"team": {"Team": "b", "team": "a"}}
    assert tags.look("team") == Unknown("conflicting spellings: Team='b', team='a'")
    assert tags.look("other") is None


def test_an_open_map_knows_what_it_has() -> None:
    tags = Tags.of({"team": "a"}, open_because="known after apply")
    assert tags.look("team") == "a"
    assert tags.look("owner") == Unknown("known after apply")


@given(st.dictionaries(TEXTS, TEXTS, max_size=6), st.none() | st.just("denied"), TEXTS)
def test_get_is_look_with_an_exception_for_unknown(raw: dict[str, str], open_because: str | None, key: str) -> None:
    tags = Tags.of(raw, open_because=open_because)
    for name in (key, *tags, *tags.conflicts):
        value = tags.look(name)
        if isinstance(value, Unknown):
            assert isinstance(tags, PartialTags)
            with pytest.raises(KeyError):
                tags.get(name)
        else:
            assert tags.get(name) == value


@given(st.dictionaries(TEXTS, TEXTS, max_size=6))
def test_every_raw_key_is_a_tag_a_conflict_or_blank(raw: dict[str, str]) -> None:
    tags = Tags.of(raw)
    assert tags.raw == raw
    for key, value in raw.items():
        name = canonical(key)
        assert (name in tags) + (name in tags.conflicts) == bool(
            [v for k, v in raw.items() if canonical(k) == name and v.strip()]
        )
        if name in tags and value.strip():
            assert tags[name] == value


def test_a_key_whose_value_cannot_be_told_is_unknown_and_others_are_not() -> None:
    tags = Tags.of({"Project": "p"}, unknown={"Team": "known after apply"})
    assert dict(tags) == {"project": "p"}
    assert tags.look("team") == Unknown("known after apply")
    assert tags.look("dataset") is None
    assert tags.get("dataset") is None
    with pytest.raises(KeyError):
        tags.get("team")
    assert tags.unknown == {"Team": "known after apply"}


def test_another_spelling_of_a_key_that_cannot_be_told_cannot_be_told_either() -> None:
    tags = Tags.of({"team": "nlp"}, unknown={"Team": "known after apply"})
    assert tags.look("team") == Unknown("known after apply")
    assert not tags.conflicts


def test_other_aliases_and_inherited_values_keep_what_cannot_be_told() -> None:
    tags = Tags.of({"Owner": "o"}, unknown={"Squad": "known after apply"}, open_because="more may come")
    again = tags.under({"squad": "team"}).plus({"dataset": "d"})
    assert again.look("team") == Unknown("known after apply")
    assert (again.look("dataset"), again.look("owner"), again.look("project")) == ("d", "o", Unknown("more may come"))
    assert again.raw == {"Owner": "o"}
