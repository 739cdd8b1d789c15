"""What to do about a reason: why a cell was not read, why a value is unknown, why there is no price."""

from __future__ import annotations

import re

from finops_guard.costs import permissions

_DENIED = re.compile(r"AccessDenied(?:Exception)? ([a-z0-9-]+:[A-Za-z0-9]+)")
_REFUSED = re.compile(r"AccessDenied|answered 40[13]\b")
_DEAR = re.compile(r"would cost more than|max_per_day is")
_THROTTLED = re.compile(r"throttl|toomanyrequests|requestlimitexceeded|slowdown", re.IGNORECASE)
_UNREACHED = re.compile(r"EndpointConnection|ConnectTimeout|ReadTimeout|ConnectionClosed|ProxyConnection|SSLError")
_CONFLICT = re.compile(r"^conflicting spellings.*", re.DOTALL)
_NOT_TOLD = "the provider does not say it: write not_in, or skip the rule there"
_NO_ROOM = "nothing in this version; skip: [RULE] in the binding takes the rule out of the report"

_GAPS = (
    (r"no AWS credentials", "log in (aws sso login, aws configure), or set AWS_PROFILE"),
    (r"ProfileNotFound|ConfigParseError", "see AWS_PROFILE and ~/.aws/config"),
    (r"no role to assume", "name the role that every account has for it: scope.aws.roles.scan"),
    (
        r"this version does not read",
        "take it out of the policy's scope, or say until when you know of it: scope.expect",
    ),
    (r"the account is ", "say in scope.expect that you know of it"),
    (r"ExpiredToken|TokenRetrieval|SSOTokenLoad|UnauthorizedSSOToken", "log in again (aws sso login)"),
    (
        r"InvalidClientTokenId|UnrecognizedClient|SignatureDoesNotMatch",
        "the access key is not of this cloud: log in again",
    ),
    (r"OptInRequired|SubscriptionRequired", "turn the service on there, or leave the region out: scope.aws.regions"),
)
_LOGINS = (
    (r"Unable to locate credentials|NoCredentials", "log in (aws sso login, aws configure), or set AWS_PROFILE"),
    (r"ProfileNotFound", "the profile is not in ~/.aws/config: see aws configure list-profiles"),
    (r"Expired|TokenRetrieval|SSOTokenLoad|UnauthorizedSSOToken|Error loading SSO", "log in again: aws sso login"),
    (r"InvalidClientTokenId|UnrecognizedClient|SignatureDoesNotMatch|AuthFailure", "the access key is not valid there"),
    (r"CredentialRetrieval|custom-process", "run the profile's credential_process by hand: it fails"),
    (r"Endpoint|Timeout|Proxy|SSL", "is there a way to the endpoint? See proxies, AWS_ENDPOINT_URL and AWS_REGION"),
)
_FACTS = (
    (r"conflicting spellings", "keep one spelling of the tag, with one value (rule tag-hygiene/conflict lists them)"),
    (r"no exchange rate to (\w+)", r"give a dated rate: fx: {USD: {\1: 0.92, as_of: 2026-11-01}}"),
    (r"is the agent installed", "install the CloudWatch agent with its nvidia_gpu section, and append InstanceId"),
    (r"accelerators report to CloudWatch", "have the CloudWatch agent measure every accelerator of the machine"),
    (r"no CloudWatch data; it is ", "nothing: what does not run is not measured"),
    (r"^no CloudWatch data", "publish the metric; what nobody measures is unknown, never idle"),
    (r"fewer than 90 %", "wait until the whole window was measured, or see why points are missing"),
    (r"whose number is not known", "a newer finops-guard may know the machine type"),
    (r"^may inherit: ", "let the scan read the account's tags, or take the tag out of `inherit`"),
    (r"its accelerators or its tags are unknown", "say what is AI and what is not: ai: {also: [...]}, or tag it"),
    (
        r"^the journal was not read$",
        "name the state that enforcing runs use (`state`, or --state): who stopped it stands there",
    ),
    (r"^not collected$", "this source does not read it, or the snapshot was made before a rule asked for it"),
    (r"internal error", "please report it with the rule and the resource's type"),
    (r"never had a tag|does not say|did not say|do not say", _NOT_TOLD),
)
_PRICES = (
    (r"priced by usage", "its cost is on the bill, not in a list price: costs: [{from: focus, path: PATH}]"),
    (r"spot price", "spot prices move by the hour; the bill has them (costs: ...), or a rate card with purchase spot"),
    (r"was not read|is unknown", "let the scan read what says its size and type (see the gaps)"),
    (
        r"no price for",
        "a rate card prices it: rates: {cards: [FILE.csv]}, see docs/prices.md; or the bill does: costs: ...",
    ),
)
_REMARKS = (
    (r"Resource Explorer", "aws resource-explorer-2 create-index --type LOCAL --region REGION, in every region"),
    (
        r"list prices older",
        "install a newer finops-guard-engine: prices come with it; a bill or a rate card goes before them",
    ),
    (r"policy key", "leave it in; a later version uses it"),
    (r"exemptions? of", "remove it from `exempt`, or give it a new day and a reason"),
)


def permission(reason: str) -> str | None:
    """The IAM action whose lack a reason names."""
    found = _DENIED.search(reason)
    return found[1] if found else None


def general(reason: str) -> str:
    """A reason without what is different for each resource, so that equal ones can be counted together."""
    return _CONFLICT.sub("conflicting spellings", reason)


def for_gap(reason: str) -> str:
    """How a cell can be read."""
    action = permission(reason)
    if action == "sts:AssumeRole":
        return "let the role trust who runs the scan; see scope.aws.roles.scan and scope.aws.external_id"
    if action:
        return f"grant {action} to the role that scans"
    if _THROTTLED.search(reason):
        return "ask for less at a time: --jobs 2"
    if _UNREACHED.search(reason):
        return "is there a way to the endpoint? See proxies, AWS_ENDPOINT_URL, and the region's name"
    return _first(_GAPS, reason) or "scan again; if it stays, please report it"


def for_costs(source: str, reason: str) -> str:
    """How cost data can be read: `source` is a billing API (a policy's `from`), or the path of a file."""
    needed = permissions.of(source)
    if not needed:
        return "mend the file or export it again; it counts not at all as it is"
    if _DEAR.search(reason):
        return "let it cost more (--max-api-cost, max_per_day), or read an export, which costs nothing"
    if _REFUSED.search(reason):
        return f"grant {', '.join(needed)} to whoever runs this"
    return for_gap(reason)


def for_login(words: str) -> str:
    """How the SDK's own words about a login can be answered."""
    return _first(_LOGINS, words) or "aws sts get-caller-identity fails in the same way: begin there"


def for_fact(field: str, reason: str) -> str:
    """How a value can become known."""
    if action := permission(reason):
        return f"grant {action} to the role that scans"
    if field == "cost.month" and (found := _first(_PRICES, reason)):
        return found
    return _first(_FACTS, reason) or _NO_ROOM


def for_price(reason: str) -> str:
    """How a resource can get a price."""
    return _first(_PRICES, reason) or "nothing in this version"


def for_remark(remark: str) -> str:
    """What a remark of a run asks for."""
    return _first(_REMARKS, remark) or ""


def _first(table: tuple[tuple[str, str], ...], reason: str) -> str | None:
    for pattern, remedy in table:
        if found := re.search(pattern, reason):
            return found.expand(remedy) if "\\1" in remedy else remedy
    return None
