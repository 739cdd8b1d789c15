"""The scheduled way in: an AWS Lambda function that scans, and acts where event and policy both say so.

The event is `{"policy": …, "scope": …, "mode": …, "targets": […]}`, or EventBridge's own for a schedule, whose policy
the environment names. It runs the same pipeline with the same gates as the command. What it has read it keeps in the
state; where its time runs out it returns `{"continue": …}`, which is the next invocation's event. The same event again,
with the same id, gives the first one's result and does nothing.
"""

from __future__ import annotations

import os
from tempfile import TemporaryDirectory
from typing import Protocol

from finops_guard.aws_lambda._log import JsonLines, logger
from finops_guard.errors import GuardError, ScanError


class Context(Protocol):
    """What Lambda says of an invocation."""

    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the invocation is ended."""


def handler(event: object, context: Context) -> dict[str, object]:
    """Scan, or go on with a scan. Raises GuardError, so that Lambda tries again and then keeps the event aside."""
    form = JsonLines(os.environ)
    log = logger(form)
    try:
        answer = _answer(event, context, form)
    except GuardError as wrong:
        log.error("failed", extra={"told": {"error": wrong.what, "help": wrong.help}})  # noqa: TRY400 - no traceback
        raise
    except Exception as wrong:  # noqa: BLE001 - what it says could hold a secret, so only its name and place are told
        what = f"failed: {type(wrong).__name__} in {_place(wrong)}"
    else:
        log.info("going on" if "continue" in answer else "done", extra={"told": answer})
        return answer
    log.error(what)
    raise ScanError(what)


def _answer(event: object, context: Context, form: JsonLines) -> dict[str, object]:
    from finops_guard.aws_lambda._order import Order
    from finops_guard.aws_lambda._run import Invocation

    order = Order.of(event, os.environ, context.aws_request_id)
    with TemporaryDirectory(prefix="finops-guard-") as folder:
        return Invocation(order, os.environ, folder, context.get_remaining_time_in_millis, form.hide).answer()


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "nowhere" if trace is None else f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}"
