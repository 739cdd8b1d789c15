"""Of any template only tags change: every byte outside the edits stays, and nothing that could be put right is left."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finops_guard import fixing
from finops_guard.cli._policy import policy_for
from finops_guard.language.quote import quote
from finops_guard.pipeline import Request, run

AT = datetime(2026, 11, 25, tzinfo=UTC)
VALUES = {"team": "vision", "project": "churn", "workload-type": "evaluation"}
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=6).map(str.strip)
KEY = st.sampled_from(["team", "Team", "project", "name", "a b", "x#y", "null"])
VALUE = st.sampled_from(["visoin", "vision", "churn", "evaluation", "yes", "1", "a: b"])
COMMENT = st.sampled_from(["", " # c", "  # Tags: [x], {y}"])
STYLE = st.sampled_from(["", "'", '"'])


@st.composite
def scalar(draw: st.DrawFn, text: str) -> str:
    style = draw(STYLE)
    return json.dumps(text) if style == '"' else f"'{text}'" if style == "'" else quote(text)


@st.composite
def pair(draw: st.DrawFn, key: str) -> str:
    value = draw(st.sampled_from(["!Ref AWS::StackName", "!Sub '${AWS::Region}: x'", draw(scalar(draw(VALUE)))]))
    parts = [f"Key: {draw(scalar(key))}", f"Value: {value}"]
    return "|".join(parts if draw(st.booleans()) else reversed(parts))


@st.composite
def tags(draw: st.DrawFn, indent: str) -> str:
    """The property with what is below it, or nothing."""
    keys = draw(st.lists(KEY, max_size=3, unique_by=str.casefold))
    pairs = [draw(pair(key)) for key in keys]
    way = draw(st.sampled_from(["none", "empty", "block", "flow", "lines"]))
    if way == "none":
        return ""
    if way == "empty" or not pairs:
        return f"{indent}Tags: {draw(st.sampled_from(['', '[]', '[ ]', 'null', '~']))}{draw(COMMENT)}\n"
    flow = ["{" + each.replace("|", ", ") + "}" for each in pairs]
    if way == "flow":
        return f"{indent}Tags: [{', '.join(flow)}{draw(st.sampled_from(['', ',']))}]{draw(COMMENT)}\n"
    if way == "lines":
        inner = "".join(f"{indent}  {each},{draw(COMMENT)}\n" for each in flow[:-1])
        comma = draw(st.sampled_from(["", ","]))
        return f"{indent}Tags: [\n{inner}{indent}  {flow[-1]}{comma}{draw(COMMENT)}\n{indent}  ]\n"
    below, gap = draw(st.sampled_from(["", "  ", "    "])), draw(st.sampled_from([" ", "   "]))
    items = ""
    for each in pairs:
        one, two = each.split("|")
        items += f"{indent}{below}-{gap}{one}{draw(COMMENT)}\n{indent}{below} {gap}{two}{draw(COMMENT)}\n"
    return f"{indent}Tags:{draw(COMMENT)}\n{items}"


@st.composite
def resource(draw: st.DrawFn, name: str, step: str) -> str:
    head = f"{step}{name}:{draw(COMMENT)}\n{step * 2}Type: AWS::EC2::Instance\n"
    inner = step * 3
    rest = draw(st.sampled_from([f"{inner}ImageId: é{draw(COMMENT)}\n", f"{inner}UserData: |\n{inner}  # no\n\n", ""]))
    own = [f"{inner}InstanceType: p5.48xlarge\n", rest, draw(tags(inner))]
    last = draw(st.sampled_from(["", f"{step * 2}DeletionPolicy: Retain\n", "\n", f"{step}# the next\n"]))
    return f"{head}{step * 2}Properties:{draw(COMMENT)}\n{''.join(draw(st.permutations(own)))}{last}"


@st.composite
def templates(draw: st.DrawFn) -> bytes:
    step = " " * draw(st.sampled_from([1, 2, 4]))
    names = draw(st.lists(st.sampled_from(["A", "B", "C"]), min_size=1, unique=True))
    text = f"# ü\nResources:{draw(COMMENT)}\n" + "".join(draw(resource(name, step)) for name in names)
    text = draw(st.sampled_from([text, text.rstrip("\n")]))
    text = text.replace("\n", draw(st.sampled_from(["\n", "\r\n"])))
    return draw(st.sampled_from([b"", b"\xef\xbb\xbf"])) + text.encode()


@st.composite
def printed(draw: st.DrawFn) -> bytes:
    """The same in JSON, as programs print it."""
    body: dict[str, object] = {"InstanceType": "p5.48xlarge", "ImageId": "é#"}
    found = {}
    for name in draw(st.lists(st.sampled_from(["A", "B", "C"]), min_size=1, unique=True)):
        keys = draw(st.lists(KEY, max_size=3, unique_by=str.casefold))
        pairs = [{"Key": key, "Value": draw(VALUE | st.just({"Ref": "AWS::StackName"}))} for key in keys]
        some = {**body, "Tags": pairs} if draw(st.booleans()) else body
        found[name] = {"Type": "AWS::EC2::Instance", "Properties": dict(draw(st.permutations([*some.items()])))}
    indent = draw(st.sampled_from([None, 1, 2, 4, "\t"]))
    return json.dumps({"Resources": found}, indent=indent, ensure_ascii=draw(st.booleans())).encode()


def judged(folder: str, policy: Path) -> tuple[Request, Mapping[str, str]]:
    request = Request(policy=policy_for(policy, AT.date(), starter=True), at=AT, targets=(folder,))
    return request, {each.id: each.verdict for each in run(request).findings if each.verdict in {"fail", "unknown"}}


@given(text=templates() | printed())
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_only_tags_change_and_exactly_what_is_repaired_is_gone(house: Path, text: bytes) -> None:
    file, policy = house / "t.template", house.parent / "finops-guard.yaml"
    file.write_bytes(text)
    request, before = judged("infra", policy)
    fixed = fixing.fixes(request, VALUES)
    left = {finding.id for finding, _ in fixed.left}
    repaired = {each.finding.id for each in fixed.repaired}
    assert repaired | left == {name for name, verdict in before.items() if verdict == "fail"}
    fixing.write(fixed.texts, Path("infra"))
    after = file.read_bytes()
    _same_but_for(fixed.edits.get(Path("infra/t.template"), {}), text, after)
    assert _but_tags(after) == _but_tags(text)
    unknown = {each.finding.id: "unknown" for each in fixed.repaired if each.unknown is not None}
    rest = {name: verdict for name, verdict in before.items() if name not in repaired}
    assert judged("infra", policy)[1] == rest | unknown
    assert not fixing.fixes(request, VALUES).repaired


def _same_but_for(edits: Mapping[fixing.Edit, object], before: bytes, after: bytes) -> None:
    at = moved = 0
    for edit in sorted(edits):
        assert before[at : edit.start] == after[at + moved : edit.start + moved]
        at, moved = edit.end, moved + len(edit.text) - (edit.end - edit.start)
    assert before[at:] == after[at + moved :]


class _Loader(yaml.SafeLoader):
    """Functions stay what they are."""


_Loader.add_multi_constructor("!", lambda _loader, suffix, node: (suffix, node.value))


def _but_tags(text: bytes) -> object:
    read = json.loads(text) if text[:1] == b"{" else yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe one
    return {
        name: {**each, "Properties": {**each["Properties"], "Tags": None}} for name, each in read["Resources"].items()
    }
