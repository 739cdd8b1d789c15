"""YAML and JSON of others: values as they mean them, and the place of everything."""

from __future__ import annotations

from pathlib import Path

import pytest

from finops_guard.errors import InputError
from finops_guard.sources.iac._marked import Map, read, read_json


def one(tmp_path: Path, text: str, name: str = "x.yaml") -> object:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    _, (found,) = read(path)
    return found


def test_json_values(tmp_path: Path) -> None:
    text = '{"a": [1, -2.5, 1e3, true, false, null, "\\ud83d\\ude00\\n"], "b": {}, "c": [], "d": 0}'
    found = one(tmp_path, text, "x.json")
    assert found == {"a": [1, -2.5, 1000.0, True, False, None, "😀\n"], "b": {}, "c": [], "d": 0}
    assert isinstance(found, Map)
    assert [type(each) for each in found["a"][:4]] == [int, float, float, bool]
    assert found.keys_at == {"a": 1, "b": text.index('"b"'), "c": text.index('"c"'), "d": text.index('"d"')}


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("{a: 1}", "1:2: not JSON: a key in quotes is missing"),
        ('{"a" 1}', "1:6: not JSON: ':' is missing"),
        ('{"a": 1 "b": 2}', "1:9: not JSON: ',' or '}' is missing"),
        ('{"a": [1 2]}', "1:10: not JSON: ',' or ']' is missing"),
        ('{"a": 01}', "not JSON"),
        ('{"a": tru}', "1:7: not JSON: a value is missing"),
        ('{"a": "b', "1:7: not JSON: unterminated string"),
        ('{"a": 1} x', "1:10: not JSON: something stands after the end"),
        ('{"a": 1,\n "a": 2}', "2:2: duplicate key 'a'"),
        ('{"a": ' + "[" * 300 + "]" * 300 + "}", "nested deeper than 200 levels"),
        ('{"a": /* never ends', "not JSON"),
    ],
)
def test_json_mistakes(tmp_path: Path, text: str, wrong: str) -> None:
    with pytest.raises(InputError) as caught:
        one(tmp_path, text, "x.json")
    assert wrong in caught.value.what


def test_yaml_values(tmp_path: Path) -> None:
    found = one(
        tmp_path,
        "a: yes\nb: 'yes'\nc: 12\nd: 012\ne: 1.50\nf: ~\ng: 2010-09-09\nh: !Ref x\ni: !GetAtt a.b.c\nj: !Sub {k: v}\n"
        "k: !Condition c\nl: !!str 5\nm: |\n  two\n  lines\nn: off\n",
    )
    assert found == {
        "a": True, "b": "yes", "c": 12, "d": "012", "e": "1.50", "f": None, "g": "2010-09-09",
        "h": {"Ref": "x"}, "i": {"Fn::GetAtt": ["a", "b.c"]}, "j": {"Fn::Sub": {"k": "v"}},
        "k": {"Condition": "c"}, "l": "5", "m": "two\nlines\n", "n": False,
    }  # fmt: skip


def test_places_count_lines_as_editors_do(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text('a: "x\u2028y\u0085z"\r\nbé: {c: 1}\n', encoding="utf-8", newline="")
    text, (found,) = read(path)
    assert isinstance(found, Map)
    place = text.at(found["bé"].keys_at["c"])
    assert (place.line, place.column) == (2, 6)


def test_merged_keys_give_way_to_what_is_written(tmp_path: Path) -> None:
    found = one(
        tmp_path, "base: &b {x: 1, y: 1}\nmore: &m {y: 2, z: 2}\nall: {y: 0, <<: [*b, *m]}\nlast: {<<: *b, y: 9}\n"
    )
    assert isinstance(found, Map)
    assert found["all"] == {"y": 0, "x": 1, "z": 2}
    assert found["last"] == {"x": 1, "y": 9}


def test_flow_style_yaml_is_no_broken_json(tmp_path: Path) -> None:
    assert one(tmp_path, "{a: 1, b: [x]}\n") == {"a": 1, "b": ["x"]}


def test_encodings(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    for encoding in ("utf-8-sig", "utf-16"):
        path.write_bytes('{"é": 1}'.encode(encoding))
        assert read_json(path)[1] == {"é": 1}
    path.write_bytes(b'{"a":\n "\xff"}')
    with pytest.raises(InputError, match=r"x\.json:2:1: not UTF-8 text"):
        read_json(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_json(tmp_path / "none.json")
