"""Default tags of a provider: written once for all that need them."""

from __future__ import annotations

from pathlib import Path

from tests.fixing.house import DEFAULTS, EVERY, SET, fixed, machine


def test_default_tags_when_many_need_it(house: Path) -> None:
    machines = "".join(machine("", name) for name in "abc")
    ran, text = fixed(house, DEFAULTS + machines, *SET)
    added = '      project       = "churn"\n      team          = "vision"\n      workload-type = "evaluation"\n'
    assert text == DEFAULTS.replace('origin = "tf"\n', f'origin        = "tf"\n{added}') + machines
    assert "default tags get 'team', which 3 findings need" in ran.err
    ran, text = fixed(house, DEFAULTS + machine("") + machine("", "b"), *SET)
    assert text.startswith(DEFAULTS)
    assert text.count('team          = "vision"') == 2


def test_default_tags_in_another_file_and_tags_that_cannot_be_told(house: Path) -> None:
    provider = 'provider "aws" {\n  alias = "x"\n  default_tags {\n    tags = { Environment = "prd" }\n  }\n}\n'
    (house / "providers.tf").write_text(provider)
    use = "  provider = aws.x\n"
    hidden = machine("  tags = var.given\n", "h", use) + 'variable "given" {}\n'
    ran, text = fixed(house, machine(f"  tags = {{{EVERY} }}\n", more=use) + hidden, *SET)
    assert (house / "providers.tf").read_text() == provider.replace('Environment = "prd"', 'environment = "prod"')
    assert text == machine(f'  tags = {{{EVERY}    team          = "vision"\n }}\n', more=use) + hidden
    assert " 0 not" in ran.err
