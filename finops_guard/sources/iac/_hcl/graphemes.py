"""Text as people count it: Terraform counts, cuts and turns grapheme clusters.

We know them where each is one character: in the scripts below, composed, as every string of Terraform's is. For others
a caller gives up.
"""

from __future__ import annotations

import unicodedata

_ALONE = (
    (0x20, 0x7E), (0xA1, 0xAC), (0xAE, 0x2FF),  # Latin, without the soft hyphen
    (0x370, 0x482), (0x48A, 0x52F),  # Greek and Cyrillic, without marks
    (0x1E00, 0x1FFF), (0x2010, 0x2027), (0x2030, 0x205E), (0x20A0, 0x20BF),  # more Latin, Greek, signs, money
    (0x3001, 0x3029), (0x3041, 0x3096), (0x30A1, 0x30FF), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3),  # East Asia
)  # fmt: skip


def composed(said: str) -> str:
    """The normal form in which Terraform keeps every string (NFC)."""
    return said if said.isascii() else unicodedata.normalize("NFC", said)


def characters(said: str) -> list[str] | None:
    """The grapheme clusters of a text; None where they are not ours to tell."""
    if said.isascii():
        return None if "\r\n" in said else list(said)
    return list(said) if all(_is_alone(ord(char)) for char in said) else None


def _is_alone(code: int) -> bool:
    return code in {0x9, 0xA, 0xA0} or any(first <= code <= last for first, last in _ALONE)
