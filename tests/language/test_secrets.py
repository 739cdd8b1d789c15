"""Secrets come from the environment by name, and no error ever shows one."""

from __future__ import annotations

import pytest

from finops_guard.errors import InputError
from finops_guard.language.secrets import resolve


def test_a_name_becomes_its_value() -> None:
    assert resolve("$env.HOOK", {"HOOK": "https://h"}) == "https://h"
    assert resolve("$env.EMPTY", {"EMPTY": ""}) == ""


def test_what_names_nothing_stays_as_it_is() -> None:
    for text in ("plain", "$env.", "$env.A B", "x$env.HOOK", "$HOOK"):
        assert resolve(text, {"HOOK": "secret"}) == text


def test_a_variable_that_is_not_set_is_named_and_no_other_is_shown() -> None:
    with pytest.raises(InputError) as error:
        resolve("$env.HOOK", {"HOOKS": "hunter2"})
    assert "HOOK" in error.value.what
    assert "hunter2" not in f"{error.value.what} {error.value.help}"
