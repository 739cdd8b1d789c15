"""Did you mean …?: every one-edit typo of every word of ours gives that word, or one as near."""

from __future__ import annotations

import string
from collections.abc import Iterator

import pytest

from finops_guard.fields import ALL_KINDS, FIELDS, GROUPS, STATES
from finops_guard.language.near import one_edit, suggest
from finops_guard.model import SEVERITIES, VERBS

OPERATORS = "eq in not_in matches lt lte gt gte same_as exists after_now over by any all not".split()
POOLS: dict[str, tuple[str, ...]] = {
    "fields": tuple(FIELDS),
    "top fields": tuple(dict.fromkeys(name.split(".")[0] for name in (*FIELDS, "tags", "account_tags", *GROUPS))),
    "kinds": tuple(ALL_KINDS),
    "states": tuple(STATES),
    "verbs": VERBS,
    "severities": SEVERITIES,
    "operators": tuple(OPERATORS),
}
LETTERS = string.ascii_lowercase + "-_."
MOST_AMBIGUOUS = 0.01
"""Share of typos that are one edit from two words of long names; short operators (lt lte gt gte) are nearer."""


def typos(word: str) -> Iterator[str]:
    """Every text one edit away: a character left out, added, replaced, or two neighbours swapped."""
    for place in range(len(word) + 1):
        head, tail = word[:place], word[place:]
        if tail:
            yield head + tail[1:]
            yield from (head + letter + tail[1:] for letter in LETTERS if letter != tail[0])
        if len(tail) > 1 and tail[0] != tail[1]:
            yield head + tail[1] + tail[0] + tail[2:]
        yield from (head + letter + tail for letter in LETTERS)


def _edits(a: str, b: str) -> int:
    """Damerau's distance (optimal string alignment), by the book."""
    rows = [[max(i, j) if not i or not j else 0 for j in range(len(b) + 1)] for i in range(len(a) + 1)]
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            same = a[i - 1] == b[j - 1]
            rows[i][j] = min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (not same))
            if i > 1 and j > 1 and (a[i - 1], a[i - 2]) == (b[j - 2], b[j - 1]):
                rows[i][j] = min(rows[i][j], rows[i - 2][j - 2] + 1)
    return rows[-1][-1]


@pytest.mark.parametrize("pool", POOLS)
def test_every_one_edit_typo_gives_its_word_or_one_as_near(pool: str) -> None:
    words = POOLS[pool]
    tried, ambiguous = 0, {}
    for word in words:
        for typo in set(typos(word)) - {*words, ""}:
            tried += 1
            found = suggest(typo, words)
            assert found, f"{typo!r} suggests nothing, {word!r} was meant"
            if found != word:
                assert one_edit(typo, found), f"{typo!r} suggests {found!r}, {word!r} was meant"
                ambiguous[typo] = {found, word}
    print(f"{pool}: {tried} typos, {len(ambiguous)} of two words: {sorted(ambiguous.items())[:20]}")  # noqa: T201 - pytest -s
    if pool in ("fields", "kinds", "verbs"):
        assert len(ambiguous) <= tried * MOST_AMBIGUOUS


@pytest.mark.parametrize("word", ["stop", "running_for", "vm", "lte"])
def test_one_edit_is_what_it_says(word: str) -> None:
    for typo in set(typos(word)) - {word}:
        assert one_edit(typo, word)
        assert one_edit(word, typo)
    assert not one_edit(word, word)
    others = [*VERBS, *OPERATORS, *STATES, word + "xx", word[2:], word[::-1]]
    for other in others:
        assert one_edit(word, other) == (_edits(word, other) == 1), other


@pytest.mark.parametrize(
    ("word", "choices", "meant"),
    [
        ("Stop", VERBS, "stop"),
        ("NOTIFY", VERBS, "notify"),
        ("scale-to-zero", VERBS, "scale_to_zero"),
        ("training_job", ALL_KINDS, "training-job"),
        ("Training Job", ALL_KINDS, "training-job"),
        ("trainning", ("training", "fine-tuning"), "training"),
        ("terminte", VERBS, "terminate"),
        ("accelerator.count", tuple(FIELDS), "accelerators.count"),
        ("not-in", tuple(OPERATORS), "not_in"),
        ("shutdown", VERBS, None),
        ("", VERBS, None),
        ("x", (), None),
        ("stop", VERBS, "stop"),
    ],
)
def test_what_is_meant(word: str, choices: tuple[str, ...], meant: str | None) -> None:
    assert suggest(word, choices) == meant


def test_long_and_odd_words_suggest_nothing() -> None:
    for word in ("x" * 10_000, "\ud800", "\0", "🙂" * 300):
        assert suggest(word, FIELDS) is None
