"""Documents that were right once: one place in them is something else, or their text is damaged."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["", " ", "*", "${", "{{", "[", "[[", "[x", "\u2028", "\ud7ff", "a" * 300, "0x1F", "1e400", "٣"]),
    st.sampled_from([[], {}, [[]], [{}], {"": ""}, {"Ref": {}}, {"Fn::If": []}, {"Fn::Sub": [1, 2]}, {"value": {}}]),
    st.sampled_from([{"Fn::ForEach::x": ["A", ["b"], {"${A}": 1}]}, {"Fn::GetAtt": "a"}, {"Fn::Transform": "x"}]),
)

_PUT = ("\t", "\0", "&a ", "*a", "<<: *a", "!x ", "{{ .Values }}", "é", ": ", "- ", "'", '"', "\\", "\r", "...",
        "---\n", "%", "@", "`", "? ", "|\n", "!!binary ", "\ufeff")  # fmt: skip


def places(node: Any) -> Iterator[tuple[Any, Any]]:
    """Every container with a key of it."""
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            yield from ((part, key) for key in part)
            waiting.extend(part.values())
        elif isinstance(part, list):
            yield from ((part, index) for index in range(len(part)))
            waiting.extend(part)


@st.composite
def mutated(draw: st.DrawFn, documents: list[Any]) -> Any:
    """One of the documents with one to three places replaced, taken away, doubled or exchanged."""
    document = copy.deepcopy(draw(st.sampled_from(documents)))
    for _ in range(draw(st.integers(1, 3))):
        found = list(places(document))
        if not found:
            break
        holder, key = found[draw(st.integers(0, len(found) - 1))]
        other, its = found[draw(st.integers(0, len(found) - 1))]
        how = draw(st.sampled_from(["odd", "gone", "copied", "renamed"]))
        if how == "odd":
            holder[key] = copy.deepcopy(draw(ODD))
        elif how == "gone":
            del holder[key]
        elif how == "copied" and not isinstance(other[its], dict | list):
            holder[key] = other[its]
        elif how == "copied":
            holder[key] = copy.deepcopy(other[its])
        elif isinstance(holder, dict) and isinstance(other, dict):
            holder[its] = holder.pop(key)
    return document


@st.composite
def damaged(draw: st.DrawFn, texts: list[str]) -> bytes:
    """The text of a document with a piece cut out, doubled or put in, in one of several encodings."""
    text = draw(st.sampled_from(texts))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 40)))
        put = draw(st.sampled_from(["", text[start:end] * 2, *_PUT]))
        text = text[:start] + put + text[end:]
    encoding = draw(st.sampled_from(["utf-8", "utf-8", "utf-8-sig", "utf-16", "latin-1"]))
    return text.encode(encoding, "replace")
