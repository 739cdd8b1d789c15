from __future__ import annotations

import pytest

from finops_guard.apply.intended import as_before, as_intended


@pytest.mark.parametrize(
    ("verb", "held"), [("terminate", True), ("scale_to_zero", True), ("stop", False), ("tag", False)]
)
def test_what_is_gone_is_as_a_verb_left_it_only_where_the_verb_may_remove_it(verb: str, held: bool) -> None:  # noqa: FBT001 - a table
    assert as_intended(verb, None, {}) is held


@pytest.mark.parametrize("verb", ["terminate", "scale_to_zero", "stop", "tag"])
def test_what_is_gone_is_never_as_it_was(verb: str) -> None:
    assert as_before(verb, None, {"state": "running"}) is False
