"""CloudFormation: templates evaluated, in `stack.py` their resources."""
