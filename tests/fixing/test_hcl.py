"""A text as a string of HCL."""

from __future__ import annotations

import re
from unicodedata import normalize

from hypothesis import given, settings
from hypothesis import strategies as st

from finops_guard.fixing import hcl
from finops_guard.fixing.edit import CannotError
from finops_guard.sources.iac._hcl import syntax

WORD = st.text(st.characters(codec="utf-8"), max_size=12)


@given(WORD | st.sampled_from(["${x}", "%{ if }", '"', "\\", "\n", '" }\n}\nresource "a" "b" {', "$", "%%", "a$"]))
@settings(deadline=None)
def test_nothing_breaks_out_of_a_value(text: str) -> None:
    from finops_guard.sources.iac._hcl.attributes import evaluate

    try:
        written = hcl.quoted(text)
    except CannotError:
        assert re.search(r"\$\$\{|%%\{", text)
        return
    source = syntax.parse(b"v = " + written + b"\n", "x")
    assert source.mistake is None
    assert list(source.body.attributes) == ["v"]
    assert evaluate(source.body.attributes["v"], None) == normalize("NFC", text)  # type: ignore[arg-type] # a literal needs no names
