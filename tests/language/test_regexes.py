"""Patterns: both engines mean the same by what is accepted, and nothing accepted is slow on any value."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from finops_guard.language.regexes import LONGEST, Matches, PatternError, _flat, _re2_compiled, check, matcher

REFUSED = [
    # pattern             offset  says
    (r"\s+x",              0, r"\s is not supported"),
    (r"a\S",               1, r"\S is not supported"),
    (r"[\s]",              1, r"\s is not supported"),
    (r"(?i)prod",          0, "inline flags"),
    (r"a(?i:prod)",        1, "inline flags"),
    (r"(?s).",             0, "inline flags"),
    (r"(?m)^a",            0, "inline flags"),
    (r"(?x) a",            0, "inline flags"),
    (r"a{,2}",             1, "write {0,n}"),
    (r"a{02}",             1, "starts with 0"),
    (r"a{1,02}",           1, "starts with 0"),
    (r"[[:alpha:]]",       0, "POSIX class"),
    (r"x[[:digit:]]",      1, "POSIX class"),
    (r"a\pL",              1, r"bad escape \p"),
    (r"\Qa.b\E",           0, r"bad escape \Q"),
    (r"a\z",               1, r"bad escape \z"),
    (r"a\Z",               1, r"\Z is not supported"),
    (r"\x{41}",            0, "incomplete escape"),
    (r"(?<n>a)",           1, "unknown extension ?<n"),
    (r"(?U)a+",            1, "unknown extension ?U"),
    (r"(a)\1",             3, r"\1 is not supported"),
    (r"(?P<n>a)(?P=n)",    8, "backreference"),
    (r"(a)(?(1)b|c)",      3, "conditional"),
    (r"(?=a)a",            0, "look-around"),
    (r"a(?!b)",            1, "look-around"),
    (r"(?<=a)b",           0, "look-around"),
    (r"x(?<!a)b",          1, "look-around"),
    (r"[(?=](?=a)",        5, "look-around"),
    (r"a++",               2, "possessive"),
    (r"a{1,2}+",           6, "possessive"),
    (r"(?>a)b",            0, "atomic"),
    (r"a(?#b)",            1, "comment"),
    (r"a{1001}",           2, "a repeat above 1000"),
    (r"a{1,1001}",         2, "a repeat above 1000"),
    (r"a{99999999999999}", 2, "a repeat above 1000"),
    (r"(?:a{100}){100}",   4, "repetition"),
    (r"a$\n",              1, "$ before the end"),
    (r"(?:a$)*.",          4, "$ before the end"),
    (r"(a",                0, "missing )"),
    (r"a)",                1, "unbalanced"),
    (r"[a",                0, "unterminated"),
    (r"*a",                0, "nothing to repeat"),
    (r"a**",               2, "multiple repeat"),
    (r"[z-a]",             1, "bad character range"),
    (r"[a&&b]",            2, "possible set intersection"),
    (r"[a--b]",            2, "possible set difference"),
    ("a\\",                1, "bad escape"),
    (r"\u00e9",            0, r"escape sequence"),
    ("x\ud800",            1, "surrogate"),
    ("a" * 1001,           1000, "over 1000 characters"),
    ("(" * 450 + ")" * 450, 50, "nested deeper than 50"),
]  # fmt: skip


@pytest.mark.parametrize(("pattern", "offset", "says"), REFUSED, ids=lambda value: repr(value)[:24])
def test_what_the_engines_do_not_share_is_refused_where_it_stands(
    pattern: str, offset: int, says: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(PatternError) as error:
        check(pattern)
    assert says in str(error.value)
    assert error.value.offset == offset
    assert capfd.readouterr() == ("", "")  # RE2 would write to stderr by itself


CORPUS = (
    "[a-z][a-z0-9-]{2,39}", "prod|preprod|dev", "(?:prod|dev)-[0-9]+", "(a+)+", "(?:[a-z]+-?)+", "(?:a|a)*",
    "(?:a|aa)+", "[ab]*b[ab]*b[ab]*c", "a*a*a*", ".*.*.*=", r"\d*\d*x", r"[^@ ]+@[a-z0-9.-]+\.[a-z]+", r"\d", r"\w",
    r"\W+", r"\D*", "a$", "^a", "^a$", "(a$|b)", ".", ".*", ".+?", "a?", "a??b", "(?:)", "", "a||b", "()",
    "(?P<x>a)b", "[^a]", "[]a]", "[^]a]", "[a-]", "a{", "a{x}", "a{0}", "a{0,2}", "a{2}", "{", r"\x41", r"\xe9", "é+",
    "[é-ü]", "İ", "K", "\u017f", r"\.", r"\-", r"\_", r"\ ", r"a\nb", r"\t", r"\v", r"\f", r"\a", r"\bab\b", r"a\Bb",
    r"(?:a|\b)*", "(?:a|)*b", "(a*)*", "(?:a?){0,5}", "a\0b", r"[\d\w-]+", r"[^\w]", "(?:a|b)" * 22 + "c",
    "((a|b)(c|d))+", "x*y*z*", r"cc-[0-9]{3,6}", r"\d{4}-\d{2}-\d{2}", "[A-Z]{2,4}[-_][0-9]+",
    "v?[0-9]+(?:\\.[0-9]+){0,3}",
)  # fmt: skip
# Letters that casefold or compare like others, other digits, spaces and line ends.
ALPHABET = "abxABX019-_.@ =\t\n\r\v\f\x1c\x85\xa0\u2028éÉüİıKſ٣𝟙\0{},\ud800cdz"  # noqa: RUF001 - on purpose


def both(pattern: str, value: str) -> tuple[bool, bool]:
    ours = re.compile(pattern, re.ASCII).fullmatch(value) is not None
    try:
        return ours, _re2_compiled(pattern).fullmatch(value) is not None
    except UnicodeEncodeError:
        return False, False  # a lone surrogate matches nothing, whatever engine is asked: see Matches


@pytest.mark.parametrize("pattern", CORPUS, ids=repr)
def test_both_engines_agree_on_the_corpus(pattern: str) -> None:
    check(pattern)
    values = [
        "",
        *ALPHABET,
        *(a + b for a in ALPHABET for b in "a\n"),
        "prod",
        "prod-1",
        "team-x",
        "a@b.cd",
        "2027-01-31",
    ]
    for value in values:
        ours, theirs = both(pattern, value)
        assert ours == theirs, value


@given(st.sampled_from(CORPUS), st.text(ALPHABET, max_size=12) | st.text(max_size=6))
@example("a$", "a\n")
@example(".", "\n")
def test_both_engines_agree_on_random_values(pattern: str, value: str) -> None:
    ours, theirs = both(pattern, value)
    assert ours == theirs


_ATOMS = st.sampled_from(
    ["a", "b", ".", r"\d", r"\w", r"\W", "[ab]", "[^a]", r"\b", "^", "$", r"\n", "", "é", "a{0,2}"]
)
PATTERNS = st.recursive(
    _ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"(?:{'|'.join(parts)})"),
        st.tuples(inner, st.sampled_from("*+?")).map(lambda pair: f"(?:{pair[0]}){pair[1]}"),
    ),
    max_leaves=6,
)


@given(PATTERNS, st.lists(st.text("ab1\né ", max_size=6), min_size=1, max_size=10))
def test_both_engines_agree_on_random_patterns_that_are_accepted(pattern: str, values: list[str]) -> None:
    try:
        check(pattern)
    except PatternError:
        return
    for value in values:
        ours, theirs = both(pattern, value)
        assert ours == theirs, value


@given(st.text(r"ab\()[]{}?*+|^$.<>=!:#P&-~,019dwsZi", max_size=20))
def test_any_text_is_a_pattern_or_refused_in_words(pattern: str) -> None:
    refusal = _refusal(pattern)
    if refusal is None:
        assert len(set(both(pattern, "ab-01"))) == 1
    else:
        assert 0 <= refusal.offset <= len(pattern)
        assert "\n" not in str(refusal)


def _refusal(pattern: str) -> PatternError | None:
    try:
        check(pattern)
    except PatternError as error:
        return error
    return None


SLOW = [
    "(a+)+", "(?:[a-z]+-?)+", "(?:a|a)*", "(?:a|aa)+", "(?:a|a)" * 22 + "b", "[ab]*b[ab]*b[ab]*c", "a*a*a*", ".*.*.*=",
    "a*a*" + "a" * 200 + "b", "a*a*a{50}b", "a?" * 30 + "a" * 30, "|".join(["a*a*b"] * 9), "|".join(["a*b"] * 200),
    "(a)|b*c", "a*(b)",
]  # fmt: skip
"""What `re` may take long over, most of them from measurement."""


@pytest.mark.parametrize("pattern", SLOW, ids=lambda pattern: pattern[:20])
def test_what_may_be_slow_runs_on_re2(pattern: str) -> None:
    check(pattern)
    assert not _flat(pattern)
    assert "re2" in type(getattr(matcher(pattern), "__self__", None)).__module__


@pytest.mark.parametrize(
    "pattern", ["[a-z][a-z0-9-]{2,39}", "prod|dev", "a*a*b", r"\d*\d*x", "(a|b)", "[a-z]+-[0-9]+", "team-.*", "a?b?cd"]
)
def test_what_is_flat_runs_on_re(pattern: str) -> None:
    assert _flat(pattern)
    assert isinstance(getattr(matcher(pattern), "__self__", None), re.Pattern)


NASTY = [
    unit * (LONGEST // len(unit) - 1) + tail
    for unit in ("a", "ab", "a-", "b", "1", ".", "=")
    for tail in ("", "!", "\n")
]


def _least_seconds(pattern: str, value: str) -> float:
    match, best = matcher(pattern), 1.0
    for _ in range(3):
        start = time.perf_counter()
        match(value)
        best = min(best, time.perf_counter() - start)
    return best


@pytest.mark.parametrize("pattern", sorted({*CORPUS, *SLOW}), ids=lambda pattern: repr(pattern)[:24])
def test_no_accepted_pattern_is_slow_on_nasty_values(pattern: str) -> None:
    """As a ratio to a loop of this machine that takes some 1 ms where a pattern takes at most 0.1 ms."""
    start = time.perf_counter()
    sum(range(60_000))
    yardstick = max(time.perf_counter() - start, 0.001)
    assert max(_least_seconds(pattern, value) for value in NASTY) < 5 * yardstick


def test_longer_values_match_nothing() -> None:
    matches = Matches(".*")
    assert matches["x" * LONGEST]
    assert not matches["x" * (LONGEST + 1)]
    assert matches["é" * LONGEST]


def test_a_lone_surrogate_matches_nothing_on_either_engine() -> None:
    assert not Matches("[a-z]+x|(?:.|a)*")["\ud800"]
    assert not Matches(".*")["\ud800"]
    assert Matches("[^a]")["\ud7ff"]


def test_matches_remembers_within_bounds() -> None:
    matches = Matches("[a-z0-9]+")
    for number in range(25_000):
        assert matches[f"x{number}"]
        assert not matches[f"X{number}"]
    assert len(matches) <= Matches._most
    assert len(matches.good) <= Matches._most
