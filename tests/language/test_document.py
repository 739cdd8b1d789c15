"""Strict YAML: every trap of the format is plain text or refused with its line and column, never a traceback."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops_guard.errors import InputError
from finops_guard.language.diagnostics import Diagnostic, LanguageError
from finops_guard.language.document import MAX_BYTES, MAX_DEPTH, Document, read
from finops_guard.language.pack import load_pack

TEXT = [
    "NO", "no", "on", "off", "yes", "y", "True", "TRUE", "Null", "~", "012", "08", "0o14", "0x1F", "0b1", "1_000", "+1",
    ".5", "5.", "1:30", "12:30:45", "2026-01-01", "2026-01-01T10:00:00Z", ".inf", "-.inf", ".nan", "NaN", "Infinity",
    "1e", "1.10.2", "1,5", "- ", "=", "080012345678", "é", "24h", "80%", "40000 EUR", "a#b", "$x",
]  # fmt: skip
"""What YAML 1.1 or its readers may take for a number, a date or a truth value: all of it is text."""
TYPED = {
    "true": True, "false": False, "null": None, "": None, "0": 0, "-1": -1, "12": 12, "1.5": 1.5, "1.10": 1.1,
    "1e3": 1000.0, "-2.5E-1": -0.25, "'true'": "true", '"12"': "12", "'1.10'": "1.10", "'NO'": "NO", "''": "",
    '"\\t"': "\t",
}  # fmt: skip


@pytest.mark.parametrize("text", TEXT)
def test_all_else_is_text(text: str) -> None:
    if text == "- ":
        text = "-"  # a dash alone would begin a list
        assert Document("x", "a: '-'").data == {"a": "-"}
        return
    assert Document("x", f"a: {text}").data == {"a": text}
    assert Document("x", f"[{text}]").data == [text] if "," not in text else True


@pytest.mark.parametrize(("text", "value"), TYPED.items())
def test_true_false_null_and_json_numbers_are_typed_unless_quoted(text: str, value: object) -> None:
    (read_,) = Document("x", f"a: {text}").data.values()
    assert read_ == value
    assert type(read_) is type(value)


def test_block_texts_are_text() -> None:
    assert Document("x", "a: |\n  12\nb: >-\n  true\n").data == {"a": "12\n", "b": "true"}


REFUSED = [
    # trap                  text                                     line:column, what
    ("duplicate keys",      "a: 1\nb: 2\na: 3\n",                    ["3:1 duplicate key 'a'"]),
    ("in a flow map",       "x: {k: 1, k: 2}",                       ["1:11 duplicate key 'k'"]),
    ("three times",         "a: 1\na: 2\na: 3",                      ["2:1 duplicate key", "3:1 duplicate key"]),
    ("quoted or not",       "a: 1\n'a': 2",                          ["2:1 duplicate key 'a'"]),
    ("number and text",     "1: a\n'1': b",                          ["2:1 duplicate key '1'"]),
    ("behind wide text",    "é😀x: {a: 1, a: 2}",                    ["1:13 duplicate key 'a'"]),
    ("after CRLF",          "a: 1\r\nb: 2\r\na: 3\r\n",              ["3:1 duplicate key 'a'"]),
    ("tab indentation",     "a:\n\tb: 1\n",                          ["2:1 not YAML"]),
    ("control character",   "a: 1\nb: x\x01y\n",                     ["2:5 a control character"]),
    ("NUL",                 "a: \0",                                 ["1:4 a control character"]),
    ("several documents",   "a: 1\n---\nb: 2\n",                     ["2:1 several documents"]),
    ("empty file",          "",                                      ["1:1 the file is empty"]),
    ("only comments",       "# nothing\n",                           ["1:1 the file is empty"]),
    ("only spaces",         "  \n\n",                                ["1:1 the file is empty"]),
    ("alias",               "a: &x 1\nb: *x\n",                      ["2:4 anchors and aliases"]),
    ("unknown alias",       "a: *x\n",                               ["1:4 anchors and aliases"]),
    ("cyclic alias",        "a: &x [*x]\n",                          ["1:8 anchors and aliases"]),
    ("alias as a key",      "? &x a\n: 1\n*x : 2\n",                 ["3:1 anchors and aliases"]),
    ("merge key",           "a: {b: 1}\nc:\n  <<: {b: 2}\n",         ["3:3 merge keys"]),
    ("key that is a list",  "? [a, b]\n: 1\n",                       ["1:3 a key must be text"]),
    ("key that is a map",   "{{a: 1}: 2}",                           ["1:2 a key must be text"]),
    ("Python tag",          "a: !!python/object:os.system x\n",      ["1:4 YAML tags"]),
    ("own tag",             "a: !mine {b: 1}\n",                     ["1:4 YAML tags"]),
    ("tag of a number",     "a: !!int '3'\n",                        ["1:4 YAML tags"]),
    ("tag of a set",        "a: !!set {b}\n",                        ["1:4 YAML tags"]),
    ("open bracket",        "a: [1, 2\nb: 3\n",                      ["2:2 not YAML"]),
    ("open quote",          "a: 'x\n",                               ["2:1 not YAML"]),
    ("two colons",          "a: b: c\n",                             ["1:5 not YAML"]),
    ("percent",             "%a: 1\n",                               ["1:3 not YAML"]),
    ("at sign",             "a: @b\n",                               ["1:4 not YAML"]),
    ("bad indent",          "a:\n    b: 1\n  c: 2\n",                ["3:3 not YAML"]),
    ("bad escape",          'a: "\\q"\n',                            ["1:5 not YAML"]),
    ("infinite number",     "a: 1e999",                              ["1:4 a number beyond"]),
    ("lone surrogate",      "a: 1\nb: x\ud800",                      ["2:5 half a character"]),
    ("number of 50 digits", "a: " + "9" * 50,                        ["1:4 a number of over 40"]),
    ("all at once",         "a: 1\na: 2\nb: !x 1\n<<: 3\n",          ["2:1 dupl", "3:4 YAML tags", "4:1 merge"]),
]  # fmt: skip


def _refused(text: str) -> list[Diagnostic]:
    with pytest.raises(LanguageError) as error:
        Document("rules/x.yaml", text)
    return error.value.diagnostics


@pytest.mark.parametrize(("trap", "text", "expected"), REFUSED, ids=[row[0] for row in REFUSED])
def test_traps_are_refused_where_they_stand(trap: str, text: str, expected: list[str]) -> None:
    found = [f"{d.line}:{d.column} {d.message}" for d in _refused(text)]
    assert len(found) == len(expected), (trap, found)
    for said, wanted in zip(found, expected, strict=True):
        assert said.startswith(wanted)


def test_a_duplicate_names_both_lines() -> None:
    (problem,) = _refused("team: 1\nb: 2\nteam: 3\n")
    assert (problem.line, problem.hint, problem.length) == (3, "first on line 1; remove one", 4)


def test_a_byte_order_mark_and_crlf_change_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\nb:\r\n  c: [x]\r\n")
    document = read(path)
    assert document.data == {"a": 1, "b": {"c": ["x"]}}
    assert (document.at(["b", "c"]).line, document.at(["b", "c"]).column) == (3, 6)
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\na: 2\r\n")
    with pytest.raises(LanguageError, match=r"x\.yaml:2:1: error: duplicate"):
        read(path)


def test_bytes_that_are_not_utf8_are_refused_where_they_stand(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    for raw, place in ((b"a: 1\nb: caf\xe9\n", "2:7"), (b"\xff\xfea\0", "1:1"), (b"a: \xed\xa0\x80", "1:4")):
        path.write_bytes(raw)
        with pytest.raises(LanguageError, match=f"x.yaml:{place}: error: not UTF-8"):
            read(path)


def test_what_cannot_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder"):
        read(tmp_path)
    with pytest.raises(InputError, match=r"nowhere.yaml: cannot be read"):
        read(tmp_path / "nowhere.yaml")
    (tmp_path / "big.yaml").write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(InputError, match="larger than 20 MB"):
        read(tmp_path / "big.yaml")


def test_an_alias_bomb_is_refused_at_once() -> None:
    levels = [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 12)]
    found = _refused("l0: &l0 x\n" + "\n".join(levels))
    assert all("aliases" in problem.message for problem in found)
    assert (found[0].line, found[0].column) == (2, 10)


def test_ten_thousand_aliases_are_refused_at_once() -> None:
    found = _refused("a: &a [x]\n" + "\n".join(f"k{n}: *a" for n in range(10_000)))
    assert len(found) == 10_000


@pytest.mark.parametrize("depth", [MAX_DEPTH + 2, 2_000, 100_000])
@pytest.mark.parametrize("shape", ["flow list", "flow map", "block map", "dashes", "questions"])
def test_deep_nesting_is_refused(shape: str, depth: int) -> None:
    if shape == "block map" and depth > 2_000:
        pytest.skip("indentation grows with the square")
    text = {
        "flow list": lambda: "[" * depth + "]" * depth,
        "flow map": lambda: "{a: " * depth + "}" * depth,
        "block map": lambda: "\n".join(" " * level + "a:" for level in range(depth)) + " 1",
        "dashes": lambda: "- " * depth + "x",
        "questions": lambda: "? " * depth + "x",
    }[shape]()
    (problem,) = _refused(text)
    assert problem.message == f"nested deeper than {MAX_DEPTH} levels"
    assert (problem.line > MAX_DEPTH) if shape == "block map" else (MAX_DEPTH < problem.column <= 1_001)


def test_deep_nesting_is_fine_up_to_the_limit() -> None:
    data = Document("x", "[" * MAX_DEPTH + "]" * MAX_DEPTH).data
    for _ in range(MAX_DEPTH - 1):
        (data,) = data
    assert data == []


def test_places_are_those_of_keys_and_values() -> None:
    document = Document("x.yaml", "rules:\n  a: {title: Tëst, n: [1, two]}\n")
    at = document.at
    assert (at(["rules", "a", "n"], key=True).line, at(["rules", "a", "n"], key=True).column) == (2, 20)
    assert at(["rules", "a", "n", 1]).column == 27
    assert at(["rules", "a", "gone", "x"]).column == 6
    assert document.spelt(["rules", "a", "n", 0]) == "1"


def test_the_caret_stands_under_wide_letters() -> None:
    shown = str(_refused("日本: {k: 1, k: 2}")[0]).split("\n")
    assert shown[1] == "  1 | 日本: {k: 1, k: 2}"
    assert shown[2] == "    |              ^ first on line 1; remove one"


def _safe(error: InputError) -> None:
    if isinstance(error, LanguageError):
        assert error.diagnostics
        for problem in error.diagnostics:
            shown = str(problem)
            assert len(shown.split("\n")) <= 6
            assert not any(unicodedata.category(char) in ("Cc", "Cf", "Cs") for char in shown.replace("\n", ""))
            assert problem.line >= 1
            assert problem.column >= 1


def _loaded(make: Any) -> None:
    try:
        document = make()
    except InputError as error:
        _safe(error)
        return
    _, problems = load_pack(document)
    if problems:
        _safe(LanguageError(problems))


_YAMLISH = st.text(st.sampled_from("ab: \n-[]{}\"'#&*!|>%@,?\t\r\\0é\u202e\u2028\x00\x85\ufeff😀\ud800<"), max_size=40)
_PACKISH = st.lists(
    st.sampled_from(
        [
            "pack",
            ":",
            " ",
            "\n",
            "  ",
            "rules",
            "x",
            "match",
            "require",
            "{",
            "}",
            "[",
            "]",
            "tags",
            "all",
            "'",
            "&a",
            "*a",
        ]
    ),
    max_size=30,
).map("".join)


@given(st.text() | _YAMLISH | _PACKISH)
def test_any_text_loads_or_is_refused_in_few_printable_lines(text: str) -> None:
    _loaded(lambda: Document("rules/x.yaml", text))


@given(
    st.binary(max_size=60)
    | _YAMLISH.map(lambda text: text.encode("utf-16", "surrogatepass"))
    | _YAMLISH.map(lambda t: t.encode("utf-8", "surrogatepass"))
)
def test_any_bytes_load_or_are_refused(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(raw)
    _loaded(lambda: read(path, "rules/\x1b[31m\n.yaml"))
