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
