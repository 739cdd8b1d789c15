"""Policy as code for tags and budgets of AI workloads and AI-driven networks on AWS, Azure and GCP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["Report", "Request", "Resource", "__version__", "load_policy", "run"]

if TYPE_CHECKING:
    from finops_guard.language.policy import load_policy
    from finops_guard.model import Report, Resource
    from finops_guard.pipeline import Request, run

_HOMES = {
    "Report": "finops_guard.model",
    "Request": "finops_guard.pipeline",
    "Resource": "finops_guard.model",
    "load_policy": "finops_guard.language.policy",
    "run": "finops_guard.pipeline",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    """The library's names, imported at their first use: the command's `--help` needs none of them."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
