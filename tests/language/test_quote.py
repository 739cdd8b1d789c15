from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops_guard.language.document import Document
from finops_guard.language.quote import quote

HOSTILE = [
    "it's",
    'say "no"',
    "a: b",
    "a #b",
    "$team",
    "- x",
    "{a: 1}",
    "[a]",
    "&a",
    "*a",
    "!tag",
    "%YAML",
    "@x",
    "`x`",
    "|",
    "> fold",
    "? a",
    "null",
    "true",
    "NO",
    "010",
    "1e3",
    "~",
    "",
    " ",
    " padded ",
    "two\nlines",
    "tab\there",
    "bell\x07",
    "\x1b[31mred",
    "\\x41",
    "nul\x00",
    "next\x85line",
    "\u2028",
    "\u202egnol",
    "\ufeffbom",
    "\uffff",
    "é",
    "漢字",
    "😀",
    "\U0010ffff",
    "---",
    "...",
    "<<",
    "x: 'y' \"z\"\r\n",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_reads_back_as_value_and_as_key(text: str) -> None:
    assert Document("x", f"a: {quote(text)}  # {{}}\n").data == {"a": text}
    assert Document("x", f"{quote(text)}: {{}}\n").data == {text: {}}
    assert Document("x", f"[{quote(text)}, b]\n").data == [text, "b"]


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_any_text_reads_back(text: str) -> None:
    line = quote(text)
    assert Document("x", f"{{k: {line}, l: [{line}]}}\n").data == {"k": text, "l": [text]}
    assert line.isprintable()


@pytest.mark.parametrize("word", ["vision", "model-version", "m.devries", "a@b.example", "Team_1"])
def test_plain_words_stay_plain(word: str) -> None:
    assert quote(word) == word


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(ValueError, match="surrogates"):
        quote("\ud800")
