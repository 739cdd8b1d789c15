"""Did you mean …? The nearest word among choices."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def one_edit(a: str, b: str) -> bool:
    """Whether one character was added, left out, replaced, or two neighbours were swapped."""
    if abs(len(a) - len(b)) > 1 or a == b:
        return False
    start = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    if len(a) == len(b):
        if a[start + 1 :] == b[start + 1 :]:
            return True
        return a[start : start + 2] == b[start : start + 2][::-1] and a[start + 2 :] == b[start + 2 :]
    longer, shorter = (a, b) if len(a) > len(b) else (b, a)
    return longer[start + 1 :] == shorter[start:]


def suggest(word: str, choices: Iterable[str]) -> str | None:
    """The choice meant by `word`: one edit away (case and _ for - forgiven first), else clearly close, else None."""
    pool = list(dict.fromkeys(choices))
    folded = word.casefold().replace("_", "-")
    for choice in pool:
        if choice != word and choice.casefold().replace("_", "-") == folded:
            return choice
    edits = [choice for choice in pool if one_edit(word, choice)] or [c for c in pool if one_edit(folded, c)]
    if edits:
        # A swap or replacement keeps the length: people rarely lose or gain a letter when another word is that near.
        return min(
            edits, key=lambda choice: (sorted(choice) != sorted(word), choice[:1] != word[:1], pool.index(choice))
        )
    close = get_close_matches(word, pool, n=1, cutoff=0.75)
    return close[0] if close else None
