"""The catalogue: every kind, every state and every field a rule can name.

The schema, `docs/fields.md`, the condition parser and the compiler are all made from it. Values have one unit each:
durations are seconds, percentages are numbers (80 % is 80.0), sizes are bytes, money is `Money`, dates are aware UTC
datetimes.
"""

from __future__ import annotations

from dataclasses import dataclass

KINDS = (
    "vm notebook workspace training-job job endpoint model-deployment cluster node-pool container-service function "
    "database bucket volume file-system snapshot registry gateway load-balancer firewall appliance link address "
    "endpoint-link log-store stream licence other"
).split()
COMPUTED_KINDS = "budget unit charge plan account".split()
ALL_KINDS = (*KINDS, *COMPUTED_KINDS)
AI_KINDS = frozenset({"notebook", "workspace", "training-job", "endpoint", "model-deployment"})
AI_TAGS = frozenset({"workload-type", "model-version", "dataset"})
DATA_STORES = frozenset({"bucket", "volume", "file-system", "database", "snapshot"})
STATES = "creating running stopping stopped completed failed deleting planned".split()
TRAFFIC_PATHS = (
    "cross-zone cross-region internet private-circuit nat hub endpoint firewall balancer cdn telemetry"
).split()
TYPES = (
    "text",
    "choice",
    "number",
    "percent",
    "duration",
    "money",
    "size",
    "date",
    "bool",
    "list",
)


@dataclass(frozen=True, slots=True)
class Field:
    """One field: `type` is one of TYPES; for a kind not in `kinds` (when given) the field is absent, a fact."""

    name: str
    type: str
    help: str
    choices: tuple[str, ...] = ()
    kinds: frozenset[str] | None = None
    metric: bool = False


def _of(*kinds: str) -> frozenset[str]:
    return frozenset(kinds)


def _catalogue() -> list[Field]:
    choice = "choice"
    fields = [
        Field("cloud", choice, "The cloud it runs on.", ("aws", "azure", "gcp")),
        Field("account", "text", "AWS account, Azure subscription or GCP project."),
        Field("account_name", "text", "The account's display name."),
        Field(
            "unit_path",
            "text",
            "Organisational unit, management group or folder, joined by /.",
        ),
        Field("resource_group", "text", "Azure resource group."),
        Field("region", "text", "The provider's region name, or `global`."),
        Field("type", "text", "The provider's own type, for example AWS::EC2::Instance."),
        Field("kind", choice, "What it is, the same word on every cloud.", ALL_KINDS),
        Field("service", "text", "The provider's service, for example sagemaker."),
        Field("id", "text", "ARN, ARM id, full resource name or IaC address."),
        Field("name", "text", "Its name."),
        Field("state", choice, "What it is doing.", tuple(STATES)),
        Field("created", "date", "When it was created."),
        Field("age", "duration", "Time since creation."),
        Field(
            "running_for",
            "duration",
            "Time since it last started; absent while it does not run.",
        ),
        Field(
            "purchase",
            choice,
            "How its hours are bought.",
            ("on-demand", "spot", "reserved", "committed"),
        ),
        Field("ai", "bool", "It trains, serves or stores for AI."),
        Field("taggable", "bool", "The provider lets it carry tags."),
        Field("protected", "bool", "Termination or stop protection, or a lock."),
        Field(
            "managed_by",
            "text",
            "What would recreate or revert it: an Auto Scaling group, a stack, a controller.",
        ),
        Field("owner", "text", "Who answers for it: its owner tag, else its team tag."),
        Field(
            "change",
            choice,
            "What the plan does to it.",
            ("create", "update", "replace", "delete", "none"),
        ),
        Field(
            "interruptible",
            "bool",
            "It may be interrupted at any time (spot, preemptible).",
        ),
        Field("checkpointed", "bool", "Its work survives an interruption."),
        Field(
            "accelerators.count",
            "number",
            "GPUs, TPUs or AI chips in it; 0 for a machine known to have none.",
        ),
        Field("accelerators.model", "text", "Accelerator model, for example H100."),
        Field("accelerators.vendor", "text", "Accelerator vendor, for example nvidia."),
        Field("accelerators.memory", "size", "Memory of one accelerator."),
        Field(
            "tag_keys.count",
            "number",
            "Tag keys on it, the provider's own not counted.",
        ),
        Field("tag_keys.noncanonical", "number", "Tag keys not in canonical spelling."),
        Field(
            "tag_keys.conflicting",
            "number",
            "Canonical keys written in several spellings with different values.",
        ),
        Field(
            "tag_keys.illegal",
            "number",
            "Keys or values that break a limit of some cloud the policy spans.",
        ),
        Field("cost.hour", "money", "Price of one hour as it is now."),
        Field("cost.month", "money", "Price of a month (730 h) as it is now."),
        Field(
            "usage.accelerator_percent",
            "percent",
            "Accelerator utilisation.",
            metric=True,
        ),
        Field(
            "usage.accelerator_memory_percent",
            "percent",
            "Accelerator memory in use.",
            metric=True,
        ),
        Field("usage.cpu_percent", "percent", "Processor utilisation.", metric=True),
        Field("usage.memory_percent", "percent", "Memory in use.", metric=True),
        Field("usage.network_bytes", "size", "Bytes in and out.", metric=True),
        Field(
            "usage.bytes_processed",
            "size",
            "Bytes a network part processed.",
            metric=True,
        ),
        Field("usage.connections", "number", "Open connections.", metric=True),
        Field("usage.requests", "number", "Requests or invocations.", metric=True),
        Field("usage.tokens", "number", "Tokens in and out.", metric=True),
        Field(
            "capacity.provisioned",
            "number",
            "Capacity paid for: GiB of storage, units of throughput, instances.",
        ),
        Field("capacity.used", "number", "Capacity in use, in the same unit."),
        Field("data.region", "text", "Region of the data it reads most."),
        Field(
            "data.egress_month",
            "size",
            "Bytes it moves out of its data's region in a month.",
        ),
        Field("network.ai", "bool", "It carries or runs an AI-driven network."),
        Field(
            "network.role",
            "text",
            "What the network part does: nat, hub, vpn, mirror, …",
        ),
        Field("network.attached", "bool", "Something is attached to it."),
        Field(
            "network.idle_for",
            "duration",
            "Time since traffic was last seen, shown by a complete metric.",
        ),
        Field(
            "network.inter_region_month",
            "size",
            "Bytes it moves between regions in a month.",
        ),
        Field(
            "log.retention",
            "duration",
            "How long logs are kept; absent: for ever.",
            kinds=_of("log-store"),
        ),
        Field(
            "log.ingest_month",
            "size",
            "Log bytes taken in a month.",
            kinds=_of("log-store"),
        ),
        Field("budget.name", "text", "The budget that covers it."),
        Field("budget.used_percent", "percent", "Actual spend of the limit."),
        Field(
            "budget.forecast_percent",
            "percent",
            "Forecast at the end of the period, of the limit.",
        ),
        Field(
            "budget.accrued_percent",
            "percent",
            "Actual and accrued spend, of the limit.",
        ),
        Field(
            "budget.burn_rate",
            "number",
            "Spend speed; 1 uses the limit exactly at the period's end.",
        ),
        Field("budget.remaining", "money", "What is left of the limit."),
    ]
    for path in TRAFFIC_PATHS:
        fields += [
            Field(
                f"traffic.{path}.gb_month",
                "number",
                f"GB over the {path} path in a month.",
            ),
            Field(
                f"traffic.{path}.cost_month",
                "money",
                f"Cost of the {path} path in a month.",
            ),
        ]
    only = {
        "unit": [
            Field("unit_cost.of", "text", "What one unit is, for example 1k-tokens."),
            Field("unit_cost.cost", "money", "Cost of one unit."),
            Field(
                "unit_cost.change_percent",
                "percent",
                "Change against its own baseline.",
            ),
            Field("unit_cost.target", "money", "Target the policy sets."),
        ],
        "charge": [
            Field("charge.service", "text", "FOCUS ServiceName."),
            Field("charge.category", "text", "FOCUS ServiceCategory."),
            Field("charge.publisher", "text", "FOCUS PublisherName."),
            Field("charge.marketplace", "bool", "Bought through a marketplace."),
            Field("charge.usage", "text", "Usage type."),
            Field("charge.sku", "text", "FOCUS SkuId."),
            Field("charge.amount_month", "money", "Amount in a month."),
        ],
        "plan": [
            Field("plan.delta_month", "money", "Monthly cost the plan adds."),
            Field("plan.delta_percent", "percent", "The same, of the cost before."),
            Field("plan.accelerators", "number", "Accelerators the plan adds."),
        ],
        "licence": [
            Field("licence.vendor", "text", "Who sells it."),
            Field(
                "licence.metric",
                "text",
                "What is counted: devices, seats, sites, GB, tokens.",
            ),
            Field("licence.entitled", "number", "How many are bought."),
            Field("licence.used", "number", "How many are used."),
            Field("licence.used_percent", "percent", "Used of entitled."),
            Field("licence.renews_on", "date", "Renewal or expiry date."),
            Field("licence.auto_renew", "bool", "It renews by itself."),
            Field("licence.unit_cost", "money", "Price of one in a month."),
        ],
        "account": [
            Field("exports.fresh", "bool", "Its billing export is present and fresh."),
            Field("exports.activated_keys", "list", "Cost allocation tag keys activated."),
        ],
    }
    for kind, group in only.items():
        fields += [Field(f.name, f.type, f.help, f.choices, _of(kind), f.metric) for f in group]
    return fields


FIELDS: dict[str, Field] = {field.name: field for field in _catalogue()}
"""Every scalar field by its dotted name. `tags.*` and `account_tags.*` are maps of text beside it."""

MAPS = ("tags", "account_tags")
GROUPS = tuple(dict.fromkeys(name.split(".")[0] for name in FIELDS if "." in name))
