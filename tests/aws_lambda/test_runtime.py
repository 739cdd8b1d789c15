"""The real handler under AWS's own runtime client: cold start, short deadlines, retries, errors."""

from __future__ import annotations

import json
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

from tests.aws_lambda.runtime import Runtime
from tests.aws_lambda.world import CELLS, RESOURCES, WHERE, World

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(find_spec("awslambdaric") is None, reason="awslambdaric does not install here")


@pytest.fixture
def runtime(world: World) -> Iterator[Runtime]:
    del world
    made = Runtime()
    yield made
    made.close()


def test_a_cold_start_a_retry_and_a_restart_give_one_result(world: World, runtime: Runtime) -> None:
    what, result = runtime.invoke({"policy": WHERE}, "request-1")
    assert (what, result["resources"], result["complete"]) == ("response", RESOURCES, True)
    before = {key: world.get(key) for key in world.stored()}
    assert runtime.invoke({"policy": WHERE}, "request-1") == (what, result)
    runtime.stop()
    runtime.start()
    assert runtime.invoke({"policy": WHERE}, "request-1") == (what, result)
    assert {key: world.get(key) for key in world.stored()} == before
    logged = [json.loads(line) for line in runtime.output.splitlines() if line.startswith("{")]
    assert [line["message"] for line in logged] == ["done"] * 3
    assert "very-secret-key" not in runtime.output


def test_short_deadlines_end_in_the_result_of_a_long_one(world: World, runtime: Runtime) -> None:
    _, whole = runtime.invoke({"policy": WHERE, "run": "whole"}, "r-0")
    event: Any = {"policy": WHERE, "run": "parts"}
    for number in range(1, 20):
        what, event = runtime.invoke(event, f"r-{number}", seconds=0)
        assert what == "response"
        if "continue" not in event:
            break
    assert number == CELLS
    assert world.report(event) == world.report(whole)


def test_an_error_is_told_to_lambda_and_the_function_lives_on(world: World, runtime: Runtime) -> None:
    what, error = runtime.invoke({"policy": "s3://guard/config/none.yaml"}, "request-1")
    assert (what, error["errorType"]) == ("error", "InputError")
    assert "there is no policy" in error["errorMessage"]
    assert runtime.invoke({"policy": WHERE}, "request-2")[0] == "response"
    assert world.writes == []
