"""Of any Terraform module only tags change, and nothing that could be put right is left."""

from __future__ import annotations

import re
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finops_guard.sources.iac._hcl import syntax
from tests.cli.command import finops_guard
from tests.fixing.house import DEFAULTS, SET, fixed, machine

KEY = st.from_regex(r"[a-z]{1,6}x", fullmatch=True)

COMMENT = st.sampled_from(["", " # c }", " // {", " /* = */"])


@st.composite
def maps(draw: st.DrawFn) -> str:
    pairs = draw(st.dictionaries(KEY, st.from_regex(r"[a-z ]{1,8}", fullmatch=True), max_size=4))
    quote, sign = draw(st.sampled_from(['"', ""])), draw(st.sampled_from(["=", ":", "   ="]))
    items = [f'{quote}{key}{quote} {sign} "{value}"' for key, value in pairs.items()]
    if draw(st.booleans()):
        return "{ " + ", ".join(items) + draw(st.sampled_from(["", ","] if items else [""])) + " }"
    comma = draw(st.sampled_from(["", ","]))
    return "{\n" + "".join(f"    {item}{comma}{draw(COMMENT)}\n" for item in items) + "  }"


MODULE = 'variable "tags" {\n  default = {}\n}\n' + machine('  tags = merge(var.tags, { "n" = "m" })\n')


@st.composite
def modules(draw: st.DrawFn) -> str:
    blocks = []
    for name in draw(st.lists(st.from_regex(r"[a-z]{1,3}", fullmatch=True), min_size=1, max_size=5, unique=True)):
        way = draw(st.sampled_from(["{m}", "merge({m}, local.c)", "merge(local.c, {m})", "local.c", None]))
        count = draw(st.sampled_from(["", "  count = 2\n"]))
        tags = "" if way is None else f"  tags = {way.replace('{m}', draw(maps()))}{draw(COMMENT)}\n"
        blocks.append(machine(tags, name, count))
    for name in draw(st.lists(st.sampled_from(["p", "q"]), unique=True)):
        way = draw(st.sampled_from(["{m}", "merge({m}, local.c)", "local.c", None]))
        tags = "" if way is None else f"  tags = {way.replace('{m}', draw(maps()))}{draw(COMMENT)}\n"
        blocks.append(f'module "{name}" {{\n  source = "./m"\n{tags}}}\n')
    return draw(st.sampled_from(["", DEFAULTS])) + 'locals {\n  c = { z = "1" }\n}\n' + "\n".join(blocks)


@given(text=modules())
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_of_any_module_only_tags_change_and_nothing_is_left(house: Path, text: str) -> None:
    (house / "m").mkdir(exist_ok=True)
    (house / "m" / "main.tf").write_text(MODULE)
    ran, after = fixed(house, text, *SET)
    assert (house / "m" / "main.tf").read_text() == MODULE
    assert ran.code == 0, ran.err
    assert " 0 not" in ran.err
    assert syntax.parse(after.encode(), "main.tf").mistake is None
    rest = iter(after)
    assert all(each in rest for each in text), "something that was there is gone"
    put = re.sub(
        r'"?(team|project|workload-type)"? *[=:] "(vision|churn|evaluation)"|merge\(|tags = |[\s,{})]', "", after
    )
    assert put == re.sub(r"merge\(|tags = |[\s,{})]", "", text)
    again = finops_guard("fix", "infra", *SET)
    assert (again.code, again.out) == (0, "")
    assert finops_guard("scan", "infra", "-q").code == 0
