"""ARM: templates evaluated, in `template.py` their resources."""
