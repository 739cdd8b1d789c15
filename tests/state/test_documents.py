from pathlib import Path

import pytest

from finops_guard.errors import InputError
from finops_guard.state.documents import read

SCHEMA = "finops-guard/some/1"
MIB = 2**20


def none(why: str) -> InputError:
    return InputError(f"no document: it {why}")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no document: it is not JSON"),
        ("\xff", "no document: it is not JSON"),
        ("[" * 100_000, "no document: it is not JSON"),
        ("[]", "no document: it does not say schema"),
        ('{"schema": "finops-guard/other/1"}', "no document: it does not say schema"),
        (f'{{"schema": "{SCHEMA}"{" " * MIB}}}', "no document: it is larger than 1 MiB"),
    ],
)
def test_what_is_none_is_refused_in_the_words_of_who_asks(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "d.json"
    path.write_text(text, "latin-1")
    with pytest.raises(InputError, match=why):
        read(path, SCHEMA, none, MIB)


def test_what_cannot_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        read(tmp_path, SCHEMA, none, MIB)


def test_a_document_is_its_map(tmp_path: Path) -> None:
    path = tmp_path / "d.json"
    path.write_text(f'{{"schema": "{SCHEMA}", "rows": [1]}}')
    assert read(path, SCHEMA, none, MIB) == {"schema": SCHEMA, "rows": [1]}
