"""An Amazon SNS topic; subscribers by e-mail get plain text, all others JSON. A large notice is several messages.

Each message carries its deduplication key as the attribute `key`, and on a FIFO topic as its deduplication id.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from finops_guard.errors import ActError, InputError
from finops_guard.language.secrets import resolve
from finops_guard.notify._notice import to_json
from finops_guard.notify._split import parts
from finops_guard.notify._text import body, subject

if TYPE_CHECKING:
    from collections.abc import Mapping

    from finops_guard.notify._channels import To
    from finops_guard.notify._notice import Notice

_LIMIT = 256 * 1024 - 4096
"""Of a message with its attributes (SNS quotas: 262,144 bytes), with room for these."""
_SUBJECT = 100
_ARN = 6


def send(notice: Notice, to: To, environ: Mapping[str, str]) -> None:
    """Publish the notice; credentials and endpoint are the SDK's own."""
    topic = resolve(str(to.get("topic") or ""), environ)
    where = topic.split(":")
    if len(where) != _ARN or where[2] != "sns":
        raise InputError(f"topic {to.get('topic')} is not the ARN of an SNS topic")
    client = _client(where[3], environ)
    for part in parts(notice, lambda some: len(_message(some).encode()) <= _LIMIT):
        wrong = _publish(client, topic, part)
        if wrong is not None:
            raise ActError(f"topic {to.get('topic')}: {wrong}")


def _client(region: str, environ: Mapping[str, str]) -> Any:  # noqa: ANN401 - botocore makes its clients at run time
    import botocore.session
    from botocore.config import Config

    config = Config(
        connect_timeout=5,
        read_timeout=20,
        retries={"mode": "standard", "total_max_attempts": 3},
        user_agent_extra="finops-guard",
    )
    endpoint = environ.get("AWS_ENDPOINT_URL_SNS") or environ.get("AWS_ENDPOINT_URL")
    return botocore.session.get_session().create_client("sns", region, config=config, endpoint_url=endpoint)


def _publish(client: Any, topic: str, notice: Notice) -> str | None:  # noqa: ANN401 - as above
    """Why SNS did not take it, None if it did; of errors that hold more than a code, only their name."""
    from botocore.exceptions import ClientError

    attributes = {"key": notice.key, "kind": notice.kind, "policy": notice.policy}
    asked = {
        "TopicArn": topic,
        "Subject": _ascii(subject(notice)),
        "Message": _message(notice),
        "MessageStructure": "json",
        "MessageAttributes": {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()},
    }
    if topic.endswith(".fifo"):
        asked |= {"MessageGroupId": notice.policy[:128], "MessageDeduplicationId": notice.key}
    try:
        client.publish(**asked)
    except ClientError as error:
        return str(error.response.get("Error", {}).get("Code") or "refused")
    except Exception as error:  # noqa: BLE001 - whatever it is, the notice was not delivered
        return type(error).__name__
    return None


def _message(notice: Notice) -> str:
    text = json.dumps(to_json(notice), allow_nan=False)
    return json.dumps({"default": text, "email": body(notice)}, allow_nan=False)


def _ascii(text: str) -> str:
    """A subject begins with a letter or a digit, has no line break and no other script."""
    plain = text.encode("ascii", "replace").decode()
    return f"finops-guard {plain}"[:_SUBJECT]
