"""What terraform 1.11 gives for expressions, recorded: and what we give."""

from decimal import Decimal
from pathlib import Path

import pytest

from finops_guard.model import Unknown
from finops_guard.sources.iac._hcl.attributes import told
from finops_guard.sources.iac._hcl.workspace import Workspace

RECORDED: list[tuple[str, object]] = [
    ('basename("a/b/")', "b"),
    ('dirname("a/b/")', "a/b"),
    ('dirname("a")', "."),
    ('basename("/")', "/"),
    ('dirname("/a")', "/"),
    ('basename("")', "."),
    ('dirname("a//b")', "a"),
    ('abspath("/x/../y")', "/y"),
    ('pathexpand("/a")', "/a"),
    ('title("it\'s a b_c d.e f9g")', "It'S A B_c D.E F9g"),
    ('trim("  xx  ", " x")', ""),
    ('chomp("a\\r\\n\\n")', "a"),
    ('replace("aaa","","")', "aaa"),
    ('split("","")', []),
    ('split("","abc")', ["a", "b", "c"]),
    ('split(",","")', [""]),
    ('indent(2,"a\\nb")', "a\n  b"),
    ('substr("hello", -3, 2)', "ll"),
    ('substr("hello",1,-1)', "ello"),
    ('substr("hello",10,2)', ""),
    ('strrev("abc")', "cba"),
    ('format("%5s|%-5s|%05d|%x|%t", "a","b",42,255,true)', "    a|b    |00042|ff|true"),
    ('format("%%")', "%"),
    ('format("%v %v", null == null, 1.50)', "true 1.5"),
    ('cidrsubnet("10.0.0.0/16", 8, 2)', "10.0.2.0/24"),
    ('cidrhost("10.0.0.0/16", -2)', "10.0.255.254"),
    ('cidrnetmask("10.0.0.0/16")', "255.255.0.0"),
    ('cidrsubnet("fd00::/48", 16, 5)', "fd00:0:0:5::/64"),
    ('parseint("ff",16)', 255),
    ("pow(2,10)", 1024),
    ("signum(-3)", -1),
    ("abs(-2.5)", 2.5),
    ("ceil(1.2)", 2),
    ("floor(-1.2)", -2),
    ("max(1,2.5)", 2.5),
    ("sum([1,2.5])", 3.5),
    ("range(3)", [0, 1, 2]),
    ("range(1,10,4)", [1, 5, 9]),
    ("range(3,0)", [3, 2, 1]),
    ('element(["a","b"], 3)', "b"),
    ('index(["a","b"],"b")', 1),
    ('lookup({a=1},"b",2)', 2),
    ('matchkeys(["a","b"],["k","l"],["l"])', ["b"]),
    ('transpose({a=["x","y"],b=["x"]})', {"x": ["a", "b"], "y": ["a"]}),
    ('chunklist(["a","b","c"],2)', [["a", "b"], ["c"]]),
    ('setproduct(["a"],["b","c"])', [["a", "b"], ["a", "c"]]),
    ('setunion(["b"],["a"])', ["a", "b"]),
    ('setsubtract(["a","b"],["a"])', ["b"]),
    ('setintersection(["a","b"],["b"])', ["b"]),
    ('slice(["a","b","c"],1,2)', ["b"]),
    ('sort(["b","a"])', ["a", "b"]),
    ('distinct(["a","a"])', ["a"]),
    ('zipmap(["a"],[1])', {"a": 1}),
    ("one([])", None),
    ('one(["x"])', "x"),
    ('jsondecode("{\\"a\\":[1,2.5,null,true]}")', {"a": [1, 2.5, None, True]}),
    (
        'yamldecode("a: 1\\nb: [x, 2.5]\\nc: true\\nd: null\\ne: \\"5\\"")',
        {"a": 1, "b": ["x", 2.5], "c": True, "d": None, "e": "5"},
    ),
    ('csvdecode("a,b\\n1,2\\n")', [{"a": "1", "b": "2"}]),
    ('base64decode("YQ==")', "a"),
    ('base64sha256("a")', "ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs="),
    ('sha1("a")', "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"),
    (
        'sha512("a")',
        "1f40fc92da241694750979ee6cf582f2d5d7d28e18335de05abc54d0560e0f5302860c652bf08d560252aa5e74210546f369fbbbce8c12cfc7957b2652fe9a75",
    ),
    ('urlencode("a b&c/é~")', "a+b%26c%2F%C3%A9~"),
    ('regex("[a-z]+", "12ab3")', "ab"),
    ('regex("(\\\\d)(\\\\w)", "1a")', ["1", "a"]),
    ('regex("(?P<x>\\\\d)", "1a")', {"x": "1"}),
    ('regexall("\\\\d", "1a2")', ["1", "2"]),
    ('try(regex("z","a"),"no")', "no"),
    ("alltrue([])", True),
    ("anytrue([])", False),
    ('coalesce("", "b")', "b"),
    ('coalescelist([],["a"])', ["a"]),
    ('compact(["a",""])', ["a"]),
    ('flatten([["a"],[]])', ["a"]),
    ('contains(["a"],"a")', True),
    ("keys({b=1,a=2})", ["a", "b"]),
    ("values({b=1,a=2})", [2, 1]),
    ('startswith("ab","a")', True),
    ('endswith("ab","b")', True),
    ('strcontains("abc","b")', True),
    ('tonumber("1.5")', 1.5),
    ('tobool("true")', True),
    ('toset(["b","a","b"])', ["a", "b"]),
    ('tolist(["a"])', ["a"]),
    ('concat(["a"],[1])', ["a", 1]),
    ('reverse(["a","b"])', ["b", "a"]),
    ('formatlist("%s-%d",["a","b"],1)', ["a-1", "b-1"]),
    ("merge({a=1},{b=2})", {"a": 1, "b": 2}),
    ('join(",",["a","b"])', "a,b"),
    ('lower("ÀB")', "àb"),
    ('upper("ßé")', "ßÉ"),
    ('trimspace("\\t a \\n")', "a"),
    ('trimprefix("aab","a")', "ab"),
    ('trimsuffix("baa","a")', "ba"),
    ("1 + 2 * 3 - -4", 11),
    ("7 % 3", 1),
    ("-7 % 3", -1),
    ("1.5 * 2", 3),
    ("0.1 + 0.2", 0.3),
    ('!true || 1 < 2 && "a" != "b"', True),
    ('true ? 1 : "x"', "1"),
    ('false ? [1] : ["a", true]', ["a", "true"]),
    ('true ? { a = 1 } : { b = "x" }', {"a": "1"}),
    ("null == null", True),
    ("[1] == tolist([1])", False),
    ('"1" == 1', False),
    ('[for x in ["b", "a"] : upper(x) if x != "b"]', ["A"]),
    ("{ for k, v in { b = 1, a = 2 } : v => k... }", {"1": ["b"], "2": ["a"]}),
    ("[{ n = 1 }, { n = 2 }][*].n", [1, 2]),
    ('{ a = { b = ["c"] } }.a.b[0]', "c"),
    ('"${5}"', 5),
    ('"a${5}b"', "a5b"),
    ('"%{ if true }y%{ else }n%{ endif }"', "y"),
    ('"%{ for x in ["a", "b"] ~} ${x} %{ endfor ~}"', "a b "),
    ('"a ${~ "b" ~} c $${x} %%{y} \\u00e9"', "abc ${x} %{y} é"),
    ('{ "a-b" = 1, (upper("c")) : 2 }', {"C": 2, "a-b": 1}),
    ('try({}.a, "fallback")', "fallback"),
    ("can({}.a)", False),
    ("tostring(null)", None),
    ('jsonencode({ b = "<&>", a = [1.50, null] })', '{"a":[1.5,null],"b":"\\u003c\\u0026\\u003e"}'),
    ("merge({ a = 1 }, { a = 2 })", {"a": 2}),
    ("merge([{ a = 1 }, { b = 2 }]...)", {"a": 1, "b": 2}),
]
RECORDED += [("1e3 + 1", 1001), ("[25e-1, 1E+2]", [Decimal("2.5"), 100]), ('"a1e3${2e1}"', "a1e320")]
RECORDED += [
    ("1 == true", False),
    ("[1] == [true]", False),
    ("<<-EOT\n    a\n      b ${1}\n \n   c\n  EOT", " a\n   b 1\n \nc\n"),
    (
        '<<-EOT\n    a\n\n    %{ for x in ["1", "2"] ~}\n    x=${x}\n    %{ endfor ~}\n    end\n  EOT',
        "a\n\n    x=1\n    x=2\n    end\n",
    ),
    ("<<-EOT\n    a\n${1}\n  EOT", "    a\n1\n"),
]
UNKNOWN = {
    "timestamp()": "timestamp() is the time of a run",
    "uuid()": "uuid() is a new identifier in every run",
    "nonsense(1)": "the function nonsense() is not one that we evaluate",
    "provider::x::f(1)": "the function provider::x::f() is not one that we evaluate",
    "{}.a": "v: there is no 'a'",
    '["a"][1]': "v: there is no element 1",
    "1 / 0": "v: division by zero",
    "1 / 3": "a number that is not exact",
    "2.4 % 1": "a number that is not exact",
    "0.3 - 0.1": "a number that is not exact",
    "1.1 * 1.1": "a number that is not exact",
    "0 * -1": "a zero that may be written as -0",
    "var.none": "variable none is not declared",
    "self.id": "self.id is known only in an instance",
    "upper(var.none)": "variable none is not declared",
    'length("ü")': "graphemes of text that is not ASCII",
    'file("nowhere")': "the file nowhere is not there",
    'file("/etc/passwd")': "passwd lies outside the repository, and nothing there is read",
}


def value(folder: Path, expression: str) -> object:
    (folder / "main.tf").write_text(f"locals {{\n  v = {expression}\n}}\n", "utf-8")
    module = Workspace(folder, {}).module()
    return told(module.config.locals["v"], module.scope)


@pytest.mark.parametrize(("expression", "expected"), RECORDED)
def test_an_expression_gives_what_terraform_gives(tmp_path: Path, expression: str, expected: object) -> None:
    given = value(tmp_path, expression)
    plain = float(given) if isinstance(given, Decimal) else given
    assert plain == expected
    assert isinstance(plain, bool) is isinstance(expected, bool)


@pytest.mark.parametrize(("expression", "reason"), UNKNOWN.items())
def test_what_cannot_be_told_is_unknown_with_the_reason(tmp_path: Path, expression: str, reason: str) -> None:
    given = value(tmp_path, expression)
    assert isinstance(given, Unknown)
    assert given.reason == reason
