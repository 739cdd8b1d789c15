"""Policy as code for tags and budgets of AI workloads and AI-driven networks on AWS, Azure and GCP."""

__version__ = "0.1.0"
