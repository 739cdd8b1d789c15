"""SNS, with the real SDK against moto: what a subscriber gets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from finops_guard.errors import ActError, InputError
from finops_guard.notify import sns
from finops_guard.notify._notice import to_json
from tests.notify.build import item, notice

if TYPE_CHECKING:
    from collections.abc import Iterator

KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_ENDPOINT_URL"):
            patch.delenv(name, raising=False)
        for name, value in KEYS.items():
            patch.setenv(name.upper(), value)
        patch.setenv("AWS_CONFIG_FILE", "/dev/null")
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def topic(endpoint: str) -> Iterator[tuple[str, Any]]:
    """A topic, and the queue that is subscribed to it."""
    made = {name: boto3.client(name, "eu-west-1", endpoint_url=endpoint, **KEYS) for name in ("sns", "sqs")}
    arn = made["sns"].create_topic(Name="notices")["TopicArn"]
    url = made["sqs"].create_queue(QueueName="notices")["QueueUrl"]
    queue = made["sqs"].get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    subscription = made["sns"].subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue)["SubscriptionArn"]

    def messages() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while some := made["sqs"].receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            found += [json.loads(message["Body"]) for message in some]
            for message in some:
                made["sqs"].delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found

    yield arn, messages
    made["sns"].unsubscribe(SubscriptionArn=subscription)


def test_a_subscriber_gets_the_notice_and_its_key(endpoint: str, topic: tuple[str, Any]) -> None:
    arn, messages = topic
    to = {"to": "sns", "topic": "$env.TOPIC"}
    told = notice(to, item(name="é\x1b\u202e"))
    sns.send(told, to, {"AWS_ENDPOINT_URL": endpoint, "TOPIC": arn})
    (message,) = messages()
    assert message["MessageAttributes"]["key"]["Value"] == told.key
    assert message["MessageAttributes"]["kind"]["Value"] == "finding"
    assert message["Subject"] == "finops-guard acme: 1 finding (1 high)"
    both = json.loads(message["Message"]) if "default" in message["Message"] else None
    text = both["default"] if both else message["Message"]
    assert json.loads(text) == json.loads(json.dumps(to_json(told)))


def test_a_large_notice_is_several_messages_under_the_limit(endpoint: str, topic: tuple[str, Any]) -> None:
    arn, messages = topic
    to = {"to": "sns", "topic": arn}
    many = [item(f"m-{n}", why=("\u20ac" * 500,)) for n in range(300)]
    sns.send(notice(to, *many), to, {"AWS_ENDPOINT_URL": endpoint})
    got = messages()
    assert len(got) > 1
    assert all(len(message["Message"].encode()) < 256 * 1024 for message in got)
    assert len({message["MessageAttributes"]["key"]["Value"] for message in got}) == len(got)


def test_one_item_at_its_largest_fits() -> None:
    long = "\U0001f4b8" * 400
    largest = item(
        why=(long,) * 11, title=long, resource="\U0001f4b8" * 2048, name=long, type=long, account=long, region=long
    )
    assert len(sns._message(notice({"to": "sns"}, largest)).encode()) < sns._LIMIT


def test_an_error_names_the_topic_and_the_code(endpoint: str) -> None:
    to = {"to": "sns", "topic": "arn:aws:sns:eu-west-1:123456789012:none"}
    with pytest.raises(ActError, match=r"^topic arn:aws:sns:eu-west-1:123456789012:none: NotFound"):
        sns.send(notice(to), to, {"AWS_ENDPOINT_URL": endpoint})


def test_what_is_no_topic_is_refused() -> None:
    for topic in ("notices", "arn:aws:sqs:eu-west-1:123456789012:notices", ""):
        with pytest.raises(InputError, match="not the ARN of an SNS topic"):
            sns.send(notice({"to": "sns"}), {"to": "sns", "topic": topic}, {})


def test_no_answer_and_no_credentials_are_errors_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    to = {"to": "sns", "topic": "arn:aws:sns:eu-west-1:123456789012:t"}
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIASECRET")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "very-secret")
    monkeypatch.setattr("botocore.retries.standard.time.sleep", lambda _: None)
    with pytest.raises(ActError) as caught:
        sns.send(notice(to), to, {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"})
    assert caught.value.what.endswith(": EndpointConnectionError")
    assert caught.value.__context__ is None


def test_a_fifo_topic_gets_its_own_deduplication_id() -> None:
    asked: dict[str, Any] = {}

    class Client:
        def publish(self, **more: Any) -> None:
            asked.update(more)

    told = notice({"to": "sns"})
    assert sns._publish(Client(), "arn:aws:sns:eu-west-1:123456789012:t.fifo", told) is None
    assert asked["MessageDeduplicationId"] == told.key
    assert asked["MessageGroupId"] == "acme"
