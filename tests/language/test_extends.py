"""What a policy may change of the one it extends, as a table: stricter, smaller, longer; everything else is refused."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from finops_guard.language.diagnostics import Diagnostic
from finops_guard.language.policy import check_policy
from finops_guard.model import Binding, Cap, Policy

TODAY = date(2026, 11, 25)
EXEMPT = "only an exempt entry loosens a base policy"
PACK = """\
pack: demo
version: 1.0.0
params:
  some: {type: list, default: [a, b], stricter: subset}
  any: {type: list, default: [], stricter: subset}
  more: {type: list, default: [a], stricter: superset}
  low: {type: percent, default: 50%, stricter: lower}
  high: {type: number, default: 5, stricter: higher}
  dear: {type: money, default: 100 EUR, stricter: lower}
  big: {type: size, default: 1 GB, stricter: lower}
  late: {type: date, default: 2027-01-31, stricter: lower}
  on: {type: bool, default: false, stricter: 'true'}
  off: {type: bool, default: true, stricter: 'false'}
  fixed: {type: text, default: x}
  wait: {type: duration, default: 2d}
  warned: {type: duration, default: 4h}
rules:
  one:
    title: One
    severity: medium
    match: {ai: $on, taggable: $off}
    require:
      tags: {a: {in: $some}, b: {in: $any}, c: {in: $more}, d: $fixed}
      licence: {used_percent: {lt: $low}, renews_on: {lt: $late}}
      accelerators: {count: {gte: $high}}
      cost: {month: {lt: $dear}}
      network: {inter_region_month: {lt: $big}}
    otherwise:
      - {do: notify}
      - {do: stop, after: $wait, warn: [$warned]}
"""
BASE = """\
policy: base
owner: desk@msp.example
"""
BASE_NOTIFY = "notify: [{to: email, address: desk@msp.example}]\n"
USE = "packs: [{use: demo}]\n"
OWN = """\
policy: own
owner: o@own.example
extends: ./base.yaml
"""


def check(folder: Path, base: str, own: str) -> tuple[Policy | None, list[Diagnostic]]:
    (folder / "rules").mkdir(exist_ok=True)
    (folder / "rules" / "demo.yaml").write_text(PACK, "utf-8")
    packs = "" if "packs:" in base else USE
    (folder / "base.yaml").write_text(BASE + base + packs + ("" if "notify:" in base else BASE_NOTIFY), "utf-8")
    text = OWN + own + ("" if "packs:" in own else "packs: [{use: ai-tags, as: more}]\n")
    (folder / "own.yaml").write_text(text, "utf-8")
    policy, problems = check_policy(folder / "own.yaml", TODAY)
    return policy, [problem for problem in problems if not problem.warning]


def use(more: str) -> str:
    return f"packs: [{{use: demo, {more}}}]\n"


def values(more: str) -> str:
    return use(f"with: {{{more}}}")


ALLOWED = {
    "nothing": ("", ""),
    "the same mode": ("mode: enforce\n", "mode: enforce\n"),
    "a lower mode": ("mode: enforce\n", "mode: dry-run\n"),
    "a mode the base leaves open": ("", "mode: enforce\n"),
    "fewer verbs": ("permit: [notify, suggest, tag]\n", "permit: [notify]\n"),
    "the same verbs": ("permit: [notify, tag]\n", "permit: [tag, notify]\n"),
    "a lower cap": ("at_most: {stop: 10}\n", "at_most: {stop: 3}\n"),
    "a cap of a verb that had none": ("at_most: {stop: 10}\n", "at_most: {tag: 100}\n"),
    "a cap of nothing": ("at_most: {tag: 10}\n", "at_most: {stop: 0}\n"),
    "refusing in the place of deferring": ("at_most: {tag: {count: 9, then: defer}}\n", "at_most: {tag: 9}\n"),
    "caps the base leaves open": ("", "at_most: {stop: 10}\n"),
    "more approvals": ("approve: {terminate: 1}\n", "approve: {terminate: 2}\n"),
    "approvals of another verb": ("approve: {terminate: 1}\n", "approve: {stop: 1}\n"),
    "fewer regions": ("scope: {aws: {regions: [a, b]}}\n", "scope: {aws: {regions: [a]}}\n"),
    "regions of all": ("scope: {aws: {regions: enabled}}\n", "scope: {aws: {regions: [a]}}\n"),
    "regions the base leaves open": ("scope: {aws: {}}\n", "scope: {aws: {regions: [a]}}\n"),
    "fewer units": (
        "scope: {aws: {organization: {units: [A, B]}}}\n",
        "scope: {aws: {organization: {units: [A], except: ['111111111111']}}}\n",
    ),
    "fewer subscriptions": ("scope: {azure: {subscriptions: [s, t]}}\n", "scope: {azure: {subscriptions: [t]}}\n"),
    "the same organization": ("scope: {gcp: {organization: '1'}}\n", "scope: {gcp: {organization: '1'}}\n"),
    "a scope the base leaves open": ("", "scope: {gcp: {projects: [p]}}\n"),
    "expected gaps of its own": (
        "scope: {aws: {regions: [a]}}\n",
        "scope: {expect: [{region: a, reason: r, until: 2027-01-01}]}\n",
    ),
    "a currency the base leaves open": ("", "currency: EUR\n"),
    "the same currency": ("currency: EUR\n", "currency: EUR\n"),
    "a rate more": (
        "fx: {USD: {EUR: 0.9, as_of: 2026-11-01}}\n",
        "fx: {USD: {GBP: 0.8, as_of: 2026-11-02}, CHF: {USD: 1.1, as_of: 2026-11-01}}\n",
    ),
    "a team more": ("teams: {a: {}}\n", "teams: {b: {}}\n"),
    "a budget more": (
        "budgets: {a: {limit: 1 EUR, every: day}}\n",
        "budgets: {b: {limit: 1 EUR, every: day}}\n",
    ),
    "a spelling more": ("tags: {team: [Squad]}\n", "tags: {project: [Proj]}\n"),
    "a channel more": ("", "notify: [{to: file, path: x}]\n"),
    "an exemption": ("", "exempt: [{rule: demo/one, until: 2027-01-01, reason: r, by: b}]\n"),
    "a freeze more": (
        "freeze: [{from: 2026-12-01, to: 2026-12-02}]\n",
        "freeze: [{from: 2027-12-01, to: 2027-12-02}]\n",
    ),
    "a window of another verb": (
        "windows: {stop: {days: [mon], timezone: UTC}}\n",
        "windows: {tag: {days: [mon], timezone: UTC}}\n",
    ),
    "a schedule more": (
        "schedules: {office: {days: [mon], timezone: UTC}}\n",
        "schedules: {lab: {days: [mon], timezone: UTC}}\n",
    ),
    "more that is AI": ("ai: {also: [{kind: firewall}]}\n", "ai: {also: [{kind: appliance}]}\n"),
    "a pack more": ("", "packs: [{use: tag-hygiene}]\n"),
    "a list that loses values": ("", values("some: [a]")),
    "a list of any value that gets values": ("", values("any: [a, z]")),
    "a list that gains values": ("", values("more: [b, a]")),
    "a percentage that falls": ("", values("low: 40%")),
    "a number that rises": ("", values("high: 6")),
    "money that falls": ("", values("dear: 99 EUR")),
    "a size that falls": ("", values("big: 500 MB")),
    "a day that comes earlier": ("", values("late: 2027-01-30")),
    "a switch turned on": ("", values("on: true")),
    "a switch turned off": ("", values("off: false")),
    "a longer wait": ("", values("wait: 3d")),
    "a longer reminder": ("", values("warned: 5h")),
    "the base's own value": ("packs: [{use: demo, with: {low: 30%}}]\n", values("low: 30%")),
    "a value that is stricter than the base's": ("packs: [{use: demo, with: {low: 30%}}]\n", values("low: 20%")),
    "a higher severity": ("", use("severity: {one: critical}")),
    "the same severity": ("", use("severity: {one: medium}")),
    "a lower mode of a use": ("mode: enforce\n", use("mode: dry-run")),
    "fewer verbs of a use": ("permit: [notify, tag]\n", use("permit: [tag]")),
    "a use under a name of its own": ("packs: [{use: demo, where: {kind: vm}}]\n", use("as: rest, skip: [one]")),
    "a lower mode under a use that enforces": (
        "mode: enforce\npacks: [{use: demo, mode: enforce}]\n",
        "mode: dry-run\n",
    ),
    "fewer verbs than a use of the base": (
        "permit: [notify, tag]\npacks: [{use: demo, permit: [tag]}]\n",
        "permit: [notify]\n",
    ),
}
REFUSED = {
    "a higher mode": ("mode: dry-run\n", "mode: »enforce\n", "'base' allows dry-run at most"),
    "a verb more": ("permit: [notify]\n", "permit: [notify, »tag]\n", "'base' does not permit 'tag'"),
    "a higher cap": ("at_most: {tag: 10}\n", "at_most: {tag: »11}\n", "'base' allows 10 at most"),
    "a cap of a destructive verb that had none": (
        "at_most: {tag: 10}\n",
        "at_most: {stop: »1}\n",
        "'base' allows 0 at most",
    ),
    "deferring in the place of refusing": (
        "at_most: {tag: 10}\n",
        "at_most: {tag: {count: 10, then: »defer}}\n",
        "'base' does nothing beyond its limit: then: refuse",
    ),
    "fewer approvals": ("approve: {stop: 2}\n", "approve: {stop: »1}\n", "'base' asks for 2 approvals"),
    "another region": (
        "scope: {aws: {regions: [a]}}\n",
        "scope: {aws: {regions: [a, »b]}}\n",
        "'base' leaves b out of scope",
    ),
    "every region": (
        "scope: {aws: {regions: [a]}}\n",
        "scope: {aws: {»regions: enabled}}\n",
        "'base' sets scope.aws.regions",
    ),
    "another unit": (
        "scope: {aws: {organization: {units: [A]}}}\n",
        "scope: {aws: {organization: {units: [»B]}}}\n",
        "'base' leaves B out of scope",
    ),
    "accounts in the place of units": (
        "scope: {aws: {organization: {units: [A]}}}\n",
        "scope: {aws: {»accounts: ['111111111111']}}\n",
        "'base' sets scope.aws.organization instead",
    ),
    "an organization in the place of accounts": (
        "scope: {aws: {accounts: ['111111111111']}}\n",
        "scope: {aws: {»organization: {units: [A]}}}\n",
        "'base' sets scope.aws.accounts instead",
    ),
    "another cloud": (
        "scope: {aws: {regions: [a]}}\n",
        "scope: {»gcp: {projects: [p]}}\n",
        "'base' leaves gcp out of scope",
    ),
    "another role": (
        "scope: {aws: {roles: {stop: r}}}\n",
        "scope: {aws: {roles: {»stop: s}}}\n",
        "'base' sets scope.aws.roles.stop",
    ),
    "another organization": (
        "scope: {gcp: {organization: '1'}}\n",
        "scope: {gcp: {»organization: '2'}}\n",
        "'base' sets scope.gcp.organization",
    ),
    "another currency": ("currency: EUR\n", "»currency: USD\n", "'currency' is set by 'base'"),
    "another rate": (
        "fx: {USD: {EUR: 0.9, as_of: 2026-11-01}}\n",
        "fx: {USD: {»EUR: 0.8, as_of: 2026-11-01}}\n",
        "'base' sets the rate of USD to EUR",
    ),
    "another state": ("state: s3://a/b\n", "»state: s3://a/c\n", "'state' is set by 'base'"),
    "another inheritance": (
        "inherit: {tags: [team], from: [account]}\n",
        "»inherit: {tags: [team], from: [resource_group]}\n",
        "'inherit' is set by 'base'",
    ),
    "other rates": (
        "rates: {discount: {aws: 10%}}\n",
        "»rates: {discount: {aws: 20%}}\n",
        "'rates' is set by 'base'",
    ),
    "waivers of its own": (
        "waivers: {inline: [demo/one]}\n",
        "»waivers: {inline: [demo/one], at_most: 90d}\n",
        "'waivers' is set by 'base'",
    ),
    "another team of the name": ("teams: {a: {lead: x}}\n", "teams: {»a: {lead: y}}\n", "'base' sets 'a' already"),
    "another budget of the name": (
        "budgets: {a: {limit: 1 EUR, every: day}}\n",
        "budgets: {»a: {limit: 2 EUR, every: day}}\n",
        "'base' sets 'a' already",
    ),
    "another window of the verb": (
        "windows: {stop: {days: [mon], timezone: UTC}}\n",
        "windows: {»stop: {days: [mon, tue], timezone: UTC}}\n",
        "'base' sets 'stop' already",
    ),
    "another schedule of the name": (
        "schedules: {office: {days: [mon], timezone: UTC}}\n",
        "schedules: {»office: {days: [mon, tue], timezone: UTC}}\n",
        "'base' sets 'office' already",
    ),
    "a list that gains": ("", values("some: »[a, b, c]"), "'some' of 'base' may only lose values"),
    "a list that loses all, which is any": ("", values("some: »[]"), "'some' of 'base' may only lose values"),
    "a superset that loses": ("", values("more: »[b]"), "'more' of 'base' may only gain values"),
    "a percentage that rises": ("", values("low: »60%"), "'low' of 'base' may only go down"),
    "a number that falls": ("", values("high: »4"), "'high' of 'base' may only go up"),
    "money that rises": ("", values("dear: »101 EUR"), "'dear' of 'base' may only go down"),
    "money in another currency": ("", values("dear: »1 USD"), "'dear' of 'base' may only go down"),
    "a size that rises": ("", values("big: »1 GiB"), "'big' of 'base' may only go down"),
    "a later day": ("", values("late: »2027-02-01"), "'late' of 'base' may only go down"),
    "a switch turned off that must be on": (
        "packs: [{use: demo, with: {on: true}}]\n",
        values("on: »false"),
        "'on' of 'base' may only become true",
    ),
    "a switch turned on that must be off": (
        "packs: [{use: demo, with: {off: false}}]\n",
        values("off: »true"),
        "'off' of 'base' may only become false",
    ),
    "a value without a direction": (
        "",
        values("fixed: »y"),
        "'fixed' is set by 'base' and has no stricter direction",
    ),
    "a shorter wait": ("", values("wait: »1d"), "'wait' of 'base' is a waiting time: it may only become longer"),
    "a shorter reminder": (
        "",
        values("warned: »1h"),
        "'warned' of 'base' is a waiting time: it may only become longer",
    ),
    "a value milder than the base's own": (
        "packs: [{use: demo, with: {low: 30%}}]\n",
        values("low: »40%"),
        "'low' of 'base' may only go down",
    ),
    "a lower severity": ("", use("severity: {one: »low}"), "'base' rates one medium: it may only go up"),
    "a severity below the base's own": (
        "packs: [{use: demo, severity: {one: critical}}]\n",
        use("severity: {one: »high}"),
        "'base' rates one critical: it may only go up",
    ),
    "where": ("", use("»where: {kind: vm}"), "'where' would loosen 'demo' of 'base'"),
    "skip": ("", use("»skip: [one]"), "'skip' would loosen 'demo' of 'base'"),
    "accept": ("", use("»accept: [local-data-loss]"), "'accept' would loosen 'demo' of 'base'"),
    "a higher mode of a use": (
        "mode: enforce\npacks: [{use: demo, mode: dry-run}]\n",
        use("mode: »enforce"),
        "'base' allows dry-run at most here",
    ),
    "a verb more of a use": (
        "permit: [notify, tag]\npacks: [{use: demo, permit: [notify]}]\n",
        use("permit: [notify, »tag]"),
        "'base' does not permit 'tag' here",
    ),
}


@pytest.mark.parametrize(("base", "own"), ALLOWED.values(), ids=list(ALLOWED))
def test_what_is_stricter_is_taken(base: str, own: str, tmp_path: Path) -> None:
    policy, problems = check(tmp_path, base, own)
    assert [str(problem) for problem in problems] == []
    assert policy is not None


@pytest.mark.parametrize(("base", "own", "says"), REFUSED.values(), ids=list(REFUSED))
def test_what_is_looser_is_refused(base: str, own: str, says: str, tmp_path: Path) -> None:
    _, problems = check(tmp_path, base, own.replace("»", ""))
    assert [problem.message for problem in problems] == [says]
    assert problems[0].hint == EXEMPT
    before = (OWN + own).partition("»")[0]
    assert (problems[0].line, problems[0].column) == (before.count("\n") + 1, len(before) - before.rfind("\n"))


def binding(policy: Policy | None, name: str = "demo") -> Binding:
    assert policy is not None
    return next(each for each in policy.bindings if each.name == name)


def test_the_binding_is_the_base_s_made_stricter(tmp_path: Path) -> None:
    base = "mode: enforce\npermit: [notify, tag]\npacks: [{use: demo, where: {kind: vm}, with: {low: 30%}}]\n"
    own = "permit: [notify]\n" + use("with: {wait: 9d}, severity: {one: high}")
    policy, problems = check(tmp_path, base, own)
    assert problems == []
    made = binding(policy)
    assert made.mode == "enforce"
    assert made.permit == {"notify"}
    assert made.rules[0].severity == "high"
    assert made.rules[0].otherwise[1].after == 9 * 86400
    assert str(made.where.ref) == "kind"  # type: ignore[union-attr] # a comparison


def test_what_is_left_out_stays_as_the_base_has_it(tmp_path: Path) -> None:
    base = (
        "at_most: {stop: 3, tag: 5}\nscope: {aws: {organization: {units: [A], except: ['111111111111']}, "
        "regions: [a]}}\nfreeze: [{from: 2026-12-01, to: 2026-12-02}]\ntags: {team: [Squad]}\nteams: {a: {}}\n"
    )
    own = (
        "at_most: {stop: 1}\nscope: {aws: {organization: {except: ['222222222222']}}}\nteams: {b: {}}\n"
        "freeze: [{from: 2027-12-01, to: 2027-12-02}]\n"
    )
    policy, problems = check(tmp_path, base, own)
    assert problems == []
    assert policy is not None
    assert policy.at_most == {"stop": Cap(1), "tag": Cap(5)}
    organization = {"units": ["A"], "except": ["111111111111", "222222222222"]}
    assert policy.scope == {"aws": {"organization": organization, "regions": ["a"]}}
    assert [freeze.start.year for freeze in policy.freeze] == [2026, 2027]
    assert list(policy.teams) == ["a", "b"]
    assert policy.aliases == {"squad": "team"}
    assert [channel["to"] for channel in policy.channels] == ["email"]


def test_one_level_only(tmp_path: Path) -> None:
    _, problems = check(tmp_path, "extends: starter\n", "")
    assert [(each.line, each.message) for each in problems] == [
        (3, "'./base.yaml' itself extends a policy; one level is allowed")
    ]


def test_a_policy_that_extends_itself_is_refused(tmp_path: Path) -> None:
    check(tmp_path, "", "")
    path = tmp_path / "own.yaml"
    path.write_text(path.read_text("utf-8").replace("./base.yaml", "./own.yaml"), "utf-8")
    _, problems = check_policy(path, TODAY)
    assert any("one level" in problem.message for problem in problems)


def test_mistakes_of_the_base_are_named_in_its_file(tmp_path: Path) -> None:
    _, problems = check(tmp_path, "moed: enforce\n", "mode: dry-run\n")
    assert [(Path(each.file).name, each.line, each.message) for each in problems] == [
        ("base.yaml", 3, "unknown key 'moed' in the document")
    ]
