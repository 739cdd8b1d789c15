"""Random modules of Terraform's own language, valid by construction: what the binary and we must agree on."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

from tests.sources.iac.hcl_makers import MAKERS
from tests.sources.iac.hcl_variables import Types

WORDS = ("alpha", "Beta", "gamma-1", "", "true", "12", "1.50", "a b", "ünï", "x_y", "<&>", 'q"q', "${d}", "007")
KEYS = ("a", "b", "team", "Env", "k-1", "z")
VARIABLES = """
variable "words" {
  type    = list(string)
  default = ["x", "b", "a", "b"]
}
variable "numbers" {
  type    = map(number)
  default = { a = 1, b = 2.5, z = -3 }
}
variable "off" {
  default = false
}
variable "zero" {
  default = 0
}
variable "empty" {
  type    = string
  default = ""
}
variable "nothing" {
  type    = string
  default = null
}
variable "mixed" {
  type    = any
  default = { one = 1, two = "2", three = [true, "x"] }
}
variable "shape" {
  type = object({
    name  = string
    size  = optional(number, 3)
    tags  = optional(map(string), {})
    maybe = optional(bool)
  })
  default = { name = 5, extra = "dropped", size = "7" }
}
variable "given" {
  type     = string
  default  = "default"
  nullable = false
}
variable "secret" {
  sensitive = true
  default   = "hidden"
}
resource "terraform_data" "seed" {
  input = { s = "seeded", n = 7, l = ["p", "q"], m = { a = "1", z = "2" }, b = true }
}
"""
BELOW = """
variable "x" {
  type = any
}
resource "terraform_data" "t" {
  input = { x = var.x, path = path.module }
}
output "out" {
  value = terraform_data.t.input.x
}
"""
ASIDE = (
    "moved {\n  from = terraform_data.before\n  to   = terraform_data.r0\n}\n",
    "removed {\n  from = terraform_data.gone\n  lifecycle {\n    destroy = false\n  }\n}\n",
    'check "c" {\n  assert {\n    condition     = var.zero == 0\n    error_message = "no"\n  }\n}\n',
)
"""Blocks that declare no resource."""
_LATER = {
    "string": ("terraform_data.seed.output.s", "terraform_data.seed.id", "var.secret"),
    "number": ("terraform_data.seed.output.n", "length(terraform_data.seed.id)"),
    "bool": ("terraform_data.seed.output.b", '(terraform_data.seed.id == "")'),
    "list": ("terraform_data.seed.output.l", "[terraform_data.seed.id]"),
    "map": ("terraform_data.seed.output.m", "merge(terraform_data.seed.input.m, { x = terraform_data.seed.id })"),
    "any": ("terraform_data.seed.output", "{ n = terraform_data.seed.id, a = 1 }"),
}
"""What is known after apply, whole or in part."""


def quoted(text: str) -> str:
    """Text between quotes as the language writes it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("${", "$${") + '"'


class Modules:
    """Expressions by the type that they have; `seed` decides all of them."""

    def __init__(self, seed: int) -> None:
        self.pick: random.Random = random.Random(seed)
        self.types = Types(self.pick)
        self.later = 0.0  # how often something known only after apply
        self.names: dict[str, list[str]] = {"string": [], "number": [], "bool": [], "list": [], "map": [], "any": []}

    def of(self, type_: str, depth: int = 3) -> str:
        """An expression of a type."""
        makers: dict[str, Callable[[int], str]] = {
            "string": self.string,
            "number": self.number,
            "bool": self.truth,
            "list": self.list_,
            "map": self.map_,
            "any": self.anything,
        }
        chance = self.pick.random()
        if chance < self.later:
            return self.pick.choice(_LATER[type_])
        if self.names[type_] and chance < 0.15:
            return self.pick.choice(self.names[type_])
        if depth > 0 and chance < 0.6:
            return self.pick.choice(MAKERS[type_])(self, depth - 1)
        return makers[type_](depth)

    def one(self, *choices: Callable[[], str]) -> str:
        """One of several, chosen before it is made."""
        return self.pick.choice(choices)()

    def string(self, depth: int) -> str:
        """A string."""
        if depth <= 0:
            return self.one(
                lambda: quoted(self.pick.choice(WORDS)),
                lambda: "var.given",
                lambda: "var.empty",
                lambda: "var.shape.name",
                lambda: "terraform_data.seed.input.s",
                lambda: "var.mixed.two",
            )
        s, n, down = self.of, self.pick, depth - 1
        key = quoted(n.choice(KEYS))
        return self.one(
            lambda: f'"{n.choice(("p-", "", "%%{", "é"))}${{{s("string", down)}}}{n.choice(("", "/s", "$"))}"',
            lambda: f'"%{{ if {s("bool", down)} }}yes ${{{s("number", down)}}}%{{ else }}no%{{ endif ~}}  end"',
            lambda: f'"%{{ for i, w in {s("list", down)} ~}} ${{i}}:${{w}};%{{ endfor }}"',
            lambda: f"upper({s('string', down)})",
            lambda: f"lower({s('string', down)})",
            lambda: f"title({s('string', down)})",
            lambda: f"trimspace({s('string', down)})",
            lambda: f"replace({s('string', down)}, {quoted(n.choice('ab-'))}, {s('string', 0)})",
            lambda: f'replace({s("string", down)}, "/[a-c]+/", "_")',
            lambda: f'join("{n.choice((",", "", "-"))}", {s("list", down)})',
            lambda: (
                f'format("%s-%03d|%v|%q|%5.1f", {s("string", down)}, {n.randint(0, 99)}, {s("number", down)}, "q", 2.5)'
            ),
            lambda: f"jsonencode({s('any', down)})",
            lambda: f"tostring({s('number', down)})",
            lambda: f"tostring({s('bool', down)})",
            lambda: f"({s('bool', down)} ? {s('string', down)} : {s('string', down)})",
            lambda: f"({s('bool', down)} ? {s('number', down)} : {s('string', down)})",
            lambda: f"try(var.{n.choice(('mixed', 'shape', 'numbers'))}.nope, {s('string', down)})",
            lambda: f'try({s("list", down)}[{n.randint(0, 3)}], "none")',
            lambda: f'lookup({{ for k, v in {s("map", down)} : k => "${{v}}" }}, {key}, {s("string", down)})',
            lambda: f'coalesce({s("string", down)}, "last")',
            lambda: f"md5({s('string', down)})",
            lambda: f"base64encode({s('string', down)})",
            lambda: f'trimsuffix(trimprefix({s("string", down)}, "a"), "a")',
            lambda: f"substr({s('string', down)}, {n.randint(-2, 2)}, {n.randint(-1, 4)})",
            lambda: f'tomap({{ {n.choice(KEYS)} = {s("string", down)}, other = {s("number", down)} }})["other"]',
            lambda: f'element(concat({s("list", down)}, ["e"]), {n.randint(0, 5)})',
            lambda: f"urlencode({s('string', down)})",
        )

    def number(self, depth: int) -> str:
        """A number."""
        if depth <= 0:
            return self.one(
                lambda: str(self.pick.randint(-9, 99)),
                lambda: self.pick.choice(("1.5", "0.1", "2.25", "1e3", "-0.5")),
                lambda: "var.zero",
                lambda: "var.numbers.b",
                lambda: "var.shape.size",
            )
        s, down = self.of, depth - 1
        return self.one(
            lambda: f"({s('number', down)} {self.pick.choice('+-*')} {s('number', down)})",
            lambda: f"({s('number', down)} / {self.pick.choice((2, 4, 5, 3))})",
            lambda: f"({s('number', down)} % {self.pick.choice((2, 4, 5, 3))})",
            lambda: f"-{s('number', 0)}".replace("--", ""),
            lambda: f"length({s('list', down)})",
            lambda: f"length({s('map', down)})",
            lambda: f"length({s('string', down)})",
            lambda: f"max({s('number', down)}, {s('number', down)})",
            lambda: f"min({s('number', down)}, {s('number', down)}, 4)",
            lambda: f"floor({s('number', down)})",
            lambda: f"ceil({s('number', down)})",
            lambda: f"abs({s('number', down)})",
            lambda: f"({s('bool', down)} ? {s('number', down)} : {s('number', down)})",
            lambda: f"sum([{s('number', down)}, {s('number', down)}])",
        )

    def truth(self, depth: int) -> str:
        """A bool."""
        if depth <= 0:
            return self.pick.choice(("true", "false", "var.off", "!var.off", "(var.nothing == null)"))
        s, down = self.of, depth - 1
        return self.one(
            lambda: f"({s('bool', down)} {self.pick.choice(('&&', '||'))} {s('bool', down)})",
            lambda: f"!{s('bool', down)}",
            lambda: f"({s('string', down)} {self.pick.choice(('==', '!='))} {s('string', down)})",
            lambda: f"({s('any', down)} {self.pick.choice(('==', '!='))} {s('any', down)})",
            lambda: f"({s('number', down)} {self.pick.choice(('<', '<=', '>', '>='))} {s('number', down)})",
            lambda: f"contains({s('list', down)}, {s('string', down)})",
            lambda: f"contains(keys({s('map', down)}), {quoted(self.pick.choice(KEYS))})",
            lambda: f"can({s('map', down)}.{self.pick.choice(('a', 'team'))})",
            lambda: f'startswith({s("string", down)}, "a")',
            lambda: f'can(regex("^[a-z]+$", {s("string", down)}))',
            lambda: f"alltrue([{s('bool', down)}, {s('bool', down)}])",
            lambda: f"anytrue([{s('bool', down)}, {s('bool', down)}])",
        )

    def list_(self, depth: int) -> str:
        """A list of strings."""
        s, n, down = self.of, self.pick, depth - 1
        if depth <= 0:
            return n.choice(("var.words", "[]", '["a", "b"]', 'tolist(["q"])'))
        return self.one(
            lambda: "[" + ", ".join(s("string", down) for _ in range(n.randint(0, 3))) + "]",
            lambda: f'[for w in {s("list", down)} : "<${{w}}>" if w != "a"]',
            lambda: f'[for k, v in {s("map", down)} : "${{k}}=${{v}}"]',
            lambda: f"concat({s('list', down)}, {s('list', down)})",
            lambda: f"sort({s('list', down)})",
            lambda: f"distinct({s('list', down)})",
            lambda: f"compact({s('list', down)})",
            lambda: f"reverse({s('list', down)})",
            lambda: f"keys({s('map', down)})",
            lambda: f"values({s('map', down)})",
            lambda: f"tolist(toset({s('list', down)}))",
            lambda: f"flatten([{s('list', down)}, [[{s('string', down)}]]])",
            lambda: f'split("{n.choice(("-", ",", "a"))}", {s("string", down)})',
            lambda: f"({s('bool', down)} ? {s('list', down)} : {s('list', down)})",
            lambda: f'[for o in [{{ n = {s("string", down)} }}, {{ n = "y" }}] : o][*].n',
            lambda: f'formatlist("%s!", {s("list", down)})',
            lambda: f'coalescelist({s("list", down)}, ["c"])',
            lambda: f"try(var.{n.choice(('mixed', 'shape', 'numbers'))}.list, {s('list', down)})",
        )

    def map_(self, depth: int) -> str:
        """A map or object of strings."""
        s, n, down = self.of, self.pick, depth - 1
        if depth <= 0:
            return n.choice(
                ('{ a = "1" }', "{}", "var.shape.tags", "tomap(var.numbers)", '{ "b" : "2", (var.given) = "g" }')
            )
        return self.one(
            lambda: "{ " + ", ".join(f"{key} = {s('string', down)}" for key in n.sample(KEYS, n.randint(0, 3))) + " }",
            lambda: f"merge({s('map', down)}, {s('map', down)})",
            lambda: f"merge({s('map', down)}, {s('bool', down)} ? {s('map', down)} : {{}})",
            lambda: f"tomap({s('map', down)})",
            lambda: f'{{ for k, v in {s("map", down)} : k => "${{v}}!" if v != "1" }}',
            lambda: f'{{ for i, v in {s("list", down)} : "${{v}}-${{i}}" => i }}',
            lambda: "zipmap(distinct(var.words), [1, 2, 3])",
            lambda: f"({s('bool', down)} ? {s('map', down)} : {s('map', down)})",
            lambda: f"merge([{s('map', down)}, {s('map', down)}]...)",
            lambda: f"{{ for w in toset({s('list', down)}) : w => w }}",
        )

    def anything(self, depth: int) -> str:
        """A value of any type."""
        s, n, down = self.of, self.pick, depth - 1
        if depth <= 0:
            return self.one(lambda: "null", lambda: "var.mixed", lambda: "var.shape", lambda: s("string", 0))
        return self.one(
            lambda: s(n.choice(("string", "number", "bool", "list", "map")), down),
            lambda: f"{{ list = {s('list', down)}, map = {s('map', down)}, n = {s('number', down)} }}",
            lambda: f"[{s('any', down)}, {s('number', down)}]",
            lambda: f"{{ for k, v in {s('map', down)} : substr(v, 0, 1) => k... }}",
            lambda: f"({s('bool', down)} ? {{ a = {s('number', down)} }} : {{ b = {s('string', down)} }})",
            lambda: f"({s('bool', down)} ? [{s('number', down)}] : [{s('string', down)}, tostring({s('bool', down)})])",
            lambda: f"jsondecode(jsonencode({s('any', down)}))",
            lambda: f"tolist([{s('number', down)}, {s('string', down)}])",
            lambda: f"setproduct({s('list', down)}, [1, 2])",
            lambda: f"range({n.randint(0, 5)})",
            lambda: f"toset({s('list', down)})",
        )

    def text(self) -> str:
        """A whole module."""
        parts = [VARIABLES, *(self.types.variable(f"v{number}") for number in range(2))]
        locals_ = []
        for number in range(4):
            type_ = self.pick.choice(tuple(self.names))
            locals_.append(f"  l{number} = {self.of(type_)}\n")
            self.names[type_].append(f"local.l{number}")
        parts.append("locals {\n" + "".join(locals_) + "}\n")
        values = [f"e{number} = {self.of(self.pick.choice(tuple(self.names)), 2)}" for number in range(5)]
        self.later = 0.08
        values += [f"u{number} = {self.of(self.pick.choice(tuple(self.names)), 2)}" for number in range(3)]
        self.later = 0.0
        parts.append(_data("r0", "input = {", *values, "v0 = var.v0", "v1 = jsonencode(var.v1)", "}"))
        parts.append(self.one(self._keyed, self._counted, self._below))
        parts.append('output "out" {\n  value = terraform_data.r0.input\n}\n')
        return "".join([*parts, *self.pick.sample(ASIDE, 1)])

    def _keyed(self) -> str:
        """A resource for each of something."""
        over = self.pick.choice((f"toset({self._texts()})", f"tomap({self.of('map', 2)})", self.of("map", 1)))
        heredoc = (
            f"<<-EOT\n    first ${{each.value}}\n      second\n    %{{ if {self.of('bool', 1)} ~}}\n    third\n"
            f"    %{{ endif ~}}\n  EOT\n"
        )
        return _data("each", f"for_each = {over}", "input = {", "key = each.key", f"heredoc = {heredoc}", "}")

    def _counted(self) -> str:
        """Two resources or none."""
        count = f"count = {self.of('bool', 2)} ? 2 : 0"
        return _data("some", count, f"input = merge({{ index = count.index }}, {self.of('map', 2)})")

    def _below(self) -> str:
        """A module for each of something, and what its outputs say."""
        inside = f"  x        = {{ a = each.key, b = {self.of('string', 2)} }}\n"
        call = f'module "below" {{\n  source   = "../below"\n  for_each = toset({self._texts()})\n{inside}}}\n'
        return call + _data("r1", 'input = [for k, m in module.below : "${k}=${m.out.b}"]')

    def _texts(self) -> str:
        return f"[for w in {self.of('list', 1)} : tostring(w)]"


def _data(name: str, *lines: str) -> str:
    inside = "".join(f"  {line}\n" for line in lines)
    return f'resource "terraform_data" "{name}" {{\n{inside}}}\n'


def workspace(folder: Path, first: int, count: int) -> None:
    """A root that calls `count` random modules, some of them twice."""
    calls = []
    (folder / "below").mkdir()
    (folder / "below" / "main.tf").write_text(BELOW, "utf-8")
    for seed in range(first, first + count):
        (folder / f"m{seed}").mkdir(parents=True)
        made = Modules(seed)
        (folder / f"m{seed}" / "main.tf").write_text(made.text(), "utf-8")
        call = f'module "m{seed}" {{\n  source = "./m{seed}"\n'
        if seed % 9 == 0:
            call += '  for_each = { one = "1", "t w\\"o" = "${2}" }\n  given = each.value\n'
        elif seed % 3 == 1:
            call += "  given = null\n"
        calls.append(call + "}\n")
    (folder / "main.tf").write_text("".join(calls), "utf-8")
