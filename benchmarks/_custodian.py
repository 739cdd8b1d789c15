"""Cloud Custodian's filters on records: run by its own interpreter (`.venv-peers/c7n`), asked and answered in JSON.

`{"filters": {name: filter}, "records": [record]}` on standard input; CPU seconds of filtering, without imports and
loading of policies, and how many records each filter finds on standard output.
"""

from __future__ import annotations

import gc
import json
import sys
import time

from c7n.config import Config
from c7n.policy import PolicyCollection
from c7n.resources import load_resources


def main() -> None:
    """Filter and print."""
    asked = json.load(sys.stdin)
    load_resources(("aws.ec2",))
    document = {
        "policies": [
            {"name": name, "resource": "aws.ec2", "filters": [each]} for name, each in asked["filters"].items()
        ]
    }
    options = Config.empty(region="eu-west-1", account_id="111111111111", regions=["eu-west-1"])
    policies = list(PolicyCollection.from_data(document, options))
    gc.collect()
    gc.freeze()  # as for ours
    start = time.process_time()
    counts = {policy.name: len(policy.resource_manager.filter_resources(asked["records"])) for policy in policies}
    print(json.dumps([time.process_time() - start, counts]))


if __name__ == "__main__":
    main()
