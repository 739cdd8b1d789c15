"""Which cost rows are of AI, by what a bill says: the service, the machine that was metered, or a tag.

A machine with accelerators is billed as Compute, so its category alone would miss most of the money.
"""

from __future__ import annotations

import re

from finops_guard.costs.accelerators import is_accelerator_family

_CATEGORY = "AI and Machine Learning"
_SERVICES = (
    "sagemaker|bedrock|rekognition|comprehend|textract|transcribe|polly|amazon lex|amazon q\\b|personalize"
    "|machine learning|cognitive|openai|azure ai|foundry|vertex|gemini|dialogflow|document ai"
)
_SAID = re.compile(r"\b(GPU|TPU|Nvidia|Trainium|Inferentia)\b", re.IGNORECASE)


def is_accelerated(cloud: str | None, usage: str) -> bool:
    """Whether a meter is of machines with accelerators, by its name.

    AWS ends it with the machine's type (`USE1-BoxUsage:p5.48xlarge`), Azure calls it by the size without its prefix
    (`NC24ads A100 v4`), GCP says what is in it (`Nvidia H100 80GB GPU running in …`).
    """
    if cloud == "aws":
        return is_accelerator_family("aws", usage.rpartition(":")[2])
    if cloud == "azure":
        return any(
            is_accelerator_family("azure", f"Standard_{size.strip().replace(' ', '_')}") for size in usage.split("/")
        )
    return _SAID.search(usage) is not None


def is_ai(tagged: str, conflicting: str, accelerated: str, *, tells_tags: bool) -> str:
    """The expression, NULL where a bill cannot tell.

    `tagged`: whether a row has one of the AI tags; `conflicting`: whether one of them has conflicting spellings, which
    makes it AI as well; `accelerated`: the meters of machines with accelerators.
    """
    signs = (
        f"(coalesce(category = '{_CATEGORY}', FALSE) OR coalesce(regexp_matches(service, '(?i){_SERVICES}'), FALSE)"
        f" OR coalesce(list_contains(CAST({accelerated} AS VARCHAR[]), usage), FALSE) OR {tagged} OR {conflicting})"
    )
    # Usage of a machine that is not named may be of one with accelerators.
    doubt = "(usage IS NULL AND charge_category = 'Usage' AND coalesce(category, 'Compute') = 'Compute')"
    return f"(CASE WHEN {signs} THEN TRUE WHEN {doubt if tells_tags else 'TRUE'} THEN NULL ELSE FALSE END)"
