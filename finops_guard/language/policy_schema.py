"""The JSON Schema of `policies/*.yaml`: every key of a policy."""

from __future__ import annotations

from finops_guard.language import money_schema
from finops_guard.language.schema import DIALECT, Schema, choice, closed, conditions, literal, named, ref, texts
from finops_guard.language.schema_parts import CLOUDS, CURRENCY, FREE, TEXT, listed
from finops_guard.model import DESTRUCTIVE, SEVERITIES, VERBS

CHANNELS = (
    "slack teams email webhook sns eventbridge file owner github jira servicenow pagerduty opsgenie apprise".split()
)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MODES = ("dry-run", "enforce")
ACCEPTABLE = ("local-data-loss",)


def _verbs(values: Schema) -> Schema:
    return closed(dict.fromkeys(VERBS, values), minProperties=1)


def _several(item: Schema) -> Schema:
    """A value or a list of values."""
    return {"type": ["string", "array"], "items": item, "minItems": 1}


def _scope() -> Schema:
    organization = closed({"units": texts(), "except": texts()})
    stop = TEXT | {"description": "Stops, and scales to zero."}
    aws = closed(
        {
            "organization": organization,
            "accounts": listed({"type": "string", "pattern": "^[0-9]{12}$", "title": "AWS account"}),
            "regions": {
                "type": ["string", "array"],
                "items": TEXT,
                "minItems": 1,
                "if": {"type": "string"},
                "then": {"enum": ["enabled"]},
                "examples": ["enabled"],
            },
            "roles": closed({"scan": TEXT, "tag": TEXT, "start": TEXT, "stop": stop, "terminate": TEXT}),
            "external_id": TEXT,
        }
    )
    azure = closed({"management_groups": texts(), "subscriptions": texts(), "except": texts(), "regions": texts()})
    gcp = closed({"organization": TEXT, "folders": texts(), "projects": texts(), "except": texts()})
    inventory = closed({"from": choice("csv"), "path": TEXT}, ("from", "path"))
    expect = closed(
        {
            "cloud": choice(*CLOUDS),
            "account": TEXT,
            "region": TEXT,
            "type": TEXT,
            "reason": TEXT,
            "until": literal("date"),
        },
        ("reason", "until"),
        minProperties=3,
    )
    return closed(
        {"aws": aws, "azure": azure, "gcp": gcp, "inventory": listed(inventory), "expect": listed(expect)},
    )


def _use() -> Schema:
    severity = choice(*SEVERITIES, title="severity")
    return closed(
        {
            "use": TEXT,
            "as": ref("name"),
            "with": {
                "type": "object",
                "additionalProperties": {
                    "type": ["string", "number", "boolean", "array"],
                    "items": {"type": ["string", "number"]},
                },
            },
            "where": ref("condition"),
            "mode": choice(*MODES),
            "permit": listed(choice(*VERBS)),
            "skip": texts(),
            "severity": {"type": "object", "additionalProperties": severity, "minProperties": 1},
            "accept": listed(choice(*ACCEPTABLE)),
        },
        ("use",),
    )


def _channel() -> Schema:
    clock = {"type": "string", "pattern": "^(?:[01][0-9]|2[0-3]):[0-5][0-9]$", "title": "time of day"}
    return closed(
        {
            "to": choice(*CHANNELS),
            "via": choice(*(c for c in CHANNELS if c != "owner")),
            "url": TEXT,
            "path": TEXT,
            "topic": TEXT,
            "bus": TEXT,
            "address": _several(TEXT),
            "sender": TEXT,
            "repository": TEXT,
            "project": TEXT,
            "secret": TEXT,
            "for": closed(
                {
                    "severity": {
                        "type": ["string", "array"],
                        "items": choice(*SEVERITIES),
                        "minItems": 1,
                        "if": {"type": "string"},
                        "then": {"enum": list(SEVERITIES)},
                        "examples": list(SEVERITIES),
                    },
                    "team": _several(TEXT),
                    "rule": _several(TEXT),
                },
                minProperties=1,
            ),
            "group_by": choice("team", "owner", "rule", "account", "none"),
            "quiet": {"type": "array", "items": clock, "minItems": 2, "maxItems": 2},
            "timezone": TEXT,
        },
        ("to",),
    )


def _schedule() -> Schema:
    """Hours like those of a window, and the local dates on which there are none."""
    times = _times()
    holidays = listed(literal("date")) | {"description": "Local dates on which it is off all day."}
    return times | {"properties": {**times["properties"], "holidays": holidays}}


def _times() -> Schema:
    clock = {"type": "string", "pattern": "^(?:[01][0-9]|2[0-3]):[0-5][0-9]$", "title": "time of day"}
    return closed(
        {
            "days": listed(choice(*DAYS)),
            "between": {"type": "array", "items": clock, "minItems": 2, "maxItems": 2},
            "timezone": TEXT,
        },
        ("timezone",),
        minProperties=2,
    )


def _cap() -> Schema:
    count = {"type": "integer", "minimum": 0}
    return {
        "type": ["integer", "object"],
        "minimum": 0,
        "properties": {"count": count, "then": choice("refuse", "defer")},
        "required": ["count"],
        "additionalProperties": False,
    }


def _itself() -> dict[str, Schema]:
    """Whose a policy is, and what may happen under it."""
    return {
        "policy": ref("name"),
        "owner": TEXT,
        "extends": TEXT,
        "mode": choice(*MODES),
        "permit": {"type": "array", "items": choice(*VERBS)},
        "at_most": _verbs(_cap()),
        "approve": closed({verb: {"type": "integer", "minimum": 1} for verb in sorted(DESTRUCTIVE)}, minProperties=1),
        "currency": CURRENCY,
        "fx": money_schema.rates(),
        "state": TEXT,
    }


def _estate() -> dict[str, Schema]:
    """What is looked at, what its tags mean, and which rules hold."""
    team = closed({"lead": TEXT, "channel": TEXT, "cost_center": TEXT})
    return {
        "scope": _scope(),
        "tags": {"type": "object", "additionalProperties": texts(), "minProperties": 1},
        "inherit": closed({"tags": texts(), "from": listed(choice("resource_group", "account"))}, ("tags", "from")),
        "ai": closed({"also": listed(ref("condition"))}, ("also",)),
        "datasets": FREE | {"additionalProperties": closed({"region": TEXT, "uri": TEXT}, ("region",))},
        "teams": FREE | {"additionalProperties": team, "minProperties": 1},
        "packs": listed(ref("use")),
    }


def _exceptions() -> dict[str, Schema]:
    """For whom and when something else holds, and who is told."""
    exempt = closed(
        {"rule": TEXT, "where": ref("condition"), "until": literal("date"), "reason": TEXT, "by": TEXT},
        ("rule", "until", "reason", "by"),
    )
    freeze = closed(
        {"from": literal("date"), "to": literal("date"), "except": listed(choice(*VERBS))},
        ("from", "to"),
    )
    return {
        "exempt": listed(exempt),
        "waivers": closed({"inline": texts(), "at_most": literal("duration")}, ("inline",)),
        "freeze": listed(freeze),
        "windows": closed(dict.fromkeys(VERBS, _times()), minProperties=1),
        "schedules": named(_schedule(), minProperties=1),
        "notify": listed(ref("channel")),
    }


def policy_schema() -> Schema:
    """The schema of a policy document."""
    body = closed(_itself() | _estate() | money_schema.money() | _exceptions(), ("policy", "owner", "packs"))
    defs = conditions()
    charge = defs["condition"]["properties"]["charge"]
    defs |= {
        "use": _use(),
        "budget": money_schema.budget(),
        "unit": money_schema.unit(),
        "channel": _channel(),
        "charge": charge,
    }
    return {"$schema": DIALECT, "title": "finops-guard policy", **body, "$defs": defs}
