"""Kubernetes: manifests as resources, in `objects.py` one of them."""
