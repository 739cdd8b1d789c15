"""Documents mangled at random: never a traceback, what the schema refuses is refused, and nothing is read past."""

from __future__ import annotations

import copy
import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finops_guard.errors import InputError
from finops_guard.language.check import Checked
from finops_guard.language.diagnostics import LanguageError
from finops_guard.language.document import Document, read
from finops_guard.language.pack import load_pack
from tests.language.seeded import FOLDER, prepare, problems
from tests.language.test_schema import MAKERS, STOCK, agree

Place = tuple[str | int, ...]
DATA = {kind: Document(kind, (FOLDER / f"{kind}.yaml").read_text("utf-8")).data for kind in MAKERS}
ODD: list[Any] = [
    None, True, False, 0, -1, 1.5, 10**30, "", " ", "x", "all", "now", "$", "$$", "$x", "$env.X", "24h", "80%", "5 EUR",
    "2027-02-30", "(", "..", "a/b", [], {}, [[]], [{}], [None], {"": None}, {"a": {"b": []}}, {"exists": True},
    {"gte": 1, "over": "3d"}, {"any": [{}]}, {"do": "stop"}, ["notify", 1], "\u202e", "é" * 300, "\x85",
]  # fmt: skip


def places(data: Any, place: Place = ()) -> Iterator[Place]:
    yield place
    if isinstance(data, dict):
        for key, value in data.items():
            yield from places(value, (*place, key))
    elif isinstance(data, list):
        for i, value in enumerate(data):
            yield from places(value, (*place, i))


DATA["base"] = Document("base", (FOLDER / "base.yaml").read_text("utf-8")).data
PLACES = {kind: list(places(data))[1:] for kind, data in DATA.items()}


@st.composite
def mangled(draw: st.DrawFn, kind: str) -> Any:
    """A document of ours with up to four values removed, replaced, moved or wrapped."""
    data = copy.deepcopy(DATA[kind])
    for _ in range(draw(st.integers(1, 4))):
        *way, last = draw(st.sampled_from(PLACES[kind]))
        home = data
        try:
            for step in way:
                home = home[step]
            match draw(st.sampled_from(["remove", "odd", "swap", "list", "map", "rename"])):
                case "remove":
                    del home[last]
                case "odd":
                    home[last] = copy.deepcopy(draw(st.sampled_from(ODD)))
                case "swap":
                    other = data
                    for step in draw(st.sampled_from(PLACES[kind])):
                        other = other[step]
                    home[last] = copy.deepcopy(other)
                case "list":
                    home[last] = [home[last]]
                case "map":
                    home[last] = {"x": home[last]}
                case "rename":
                    home[draw(st.sampled_from(["x", "any", "use", "", "stop", "$x", "1"]))] = home.pop(last)
        except (KeyError, IndexError, TypeError, AttributeError):
            continue  # an earlier change took this place away
    return data


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare(tmp_path_factory.mktemp("fuzz"))


@pytest.mark.parametrize("kind", sorted(MAKERS))
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)
@given(data=st.data())
def test_a_mangled_document_is_refused_in_words(kind: str, data: st.DataObject, folder: Path) -> None:
    mangled_data = data.draw(mangled(kind))
    agree(MAKERS[kind], mangled_data)
    text = json.dumps(mangled_data, ensure_ascii=False, indent=1)
    found = problems(kind, text, folder)
    valid = STOCK[MAKERS[kind]].is_valid(Document("x", text).data)
    assert valid or found
    lines = text.split("\n")
    for problem in found:
        if problem.file.endswith(f"{kind}.yaml") or kind == "pack":
            assert 1 <= problem.line <= len(lines)
            assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1
        assert len(str(problem).split("\n")) <= 6
        assert "\x85" not in str(problem)
    assert len({(p.file, p.line, p.column, p.message) for p in found}) == len(found)


@pytest.mark.parametrize("other", ["base", "pack"])
@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data())
def test_a_mangled_base_or_pack_is_refused_in_words(other: str, data: st.DataObject) -> None:
    """The policies that stand on it are sound; what is wrong is named in the file where it stands."""
    with tempfile.TemporaryDirectory() as name:
        folder = prepare(Path(name))
        path = folder / ("base.yaml" if other == "base" else "rules/demo.yaml")
        path.write_text(json.dumps(data.draw(mangled(other)), ensure_ascii=False), "utf-8")
        for kind in ("policy", "customer"):
            try:
                found = problems(kind, (FOLDER / f"{kind}.yaml").read_text("utf-8"), folder)
            except InputError:
                continue
            assert all(len(str(problem).split("\n")) <= 6 for problem in found)


@settings(max_examples=300, deadline=None)
@given(text=st.text(max_size=200) | st.text(alphabet="-{}[]:,&*!|>'\"%@`#? \n\tab1$<~.", max_size=120))
def test_any_text_is_a_document_or_refused_in_words(text: str) -> None:
    try:
        load_pack(Document("x.yaml", text))
    except LanguageError as error:
        for problem in error.diagnostics:
            assert len(str(problem).split("\n")) <= 6


class Watched(dict[str, Any]):
    """A map that knows which of its keys were read."""

    def __init__(self, data: dict[str, Any]) -> None:
        super().__init__({key: watch(value) for key, value in data.items()})
        self.read: set[str] = set()

    def __getitem__(self, key: str) -> Any:
        self.read.add(key)
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        self.read.add(key)
        return super().get(key, default)

    def items(self) -> Any:
        self.read |= set(self)
        return super().items()

    def unread(self, place: str = "") -> Iterator[str]:
        for key in self:
            if key not in self.read:
                yield f"{place}.{key}"
            yield from unread(super().__getitem__(key), f"{place}.{key}")


def watch(data: Any) -> Any:
    if isinstance(data, dict):
        return Watched(data)
    return [watch(item) for item in data] if isinstance(data, list) else data


def unread(data: Any, place: str) -> Iterator[str]:
    if isinstance(data, Watched):
        yield from data.unread(place)
    for i, item in enumerate(data if isinstance(data, list) else ()):
        yield from unread(item, f"{place}[{i}]")


def nothing_wrong(*_: Any) -> Checked:
    return Checked([], frozenset())


@pytest.mark.parametrize("kind", ["pack", "policy", "customer"])
def test_a_valid_document_is_read_to_its_last_key(kind: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the schema takes and nobody reads would be a silent key; sections of later versions are warned of."""
    monkeypatch.setattr("finops_guard.language.pack.check", nothing_wrong)
    monkeypatch.setattr("finops_guard.language.policy.check", nothing_wrong)
    documents: list[Document] = []

    def reading(original: Callable[..., Document]) -> Callable[..., Document]:
        def watched(*args: Any) -> Document:
            document = original(*args)
            document.data = watch(document.data)
            documents.append(document)
            return document

        return watched

    text = (FOLDER / f"{kind}.yaml").read_text("utf-8")
    if kind == "pack":
        document = reading(Document)("rules/demo.yaml", text)
        load_pack(document)
    else:
        monkeypatch.setattr("finops_guard.language.policy.read", reading(read))
        assert problems(kind, text, folder) == []
    later = (".costs", ".rates", ".shared", ".budgets", ".units", ".assume", ".waivers", ".datasets", ".approve")
    left = [place for place in documents[0].data.unread() if not place.startswith(later) and ".examples." not in place]
    assert left == []
