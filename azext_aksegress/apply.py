"""Plan -> Azure: the only writer. Saves the record first, sends the one PUT, follows it to its end.

The request goes out once. It is sent again only where it is certain that it did not land: after 429 or 503, or when
a read shows the cluster as it was. A change by somebody else is never overwritten.
"""

from __future__ import annotations

import json
import time
from typing import Any, Callable

from azure.core.exceptions import AzureError, HttpResponseError

from azext_aksegress import arm, body
from azext_aksegress.arm import Json
from azext_aksegress.azure import Azure
from azext_aksegress.plan import Plan
from azext_aksegress.record import Record

Tell = Callable[[str], None]
"""Takes the phase that the work is in; called often, so that elapsed time can be shown."""

SENDS = 4
DEFAULT_PAUSE = 10
"""Seconds before sending again, where Azure does not say how long."""
LONGEST_PAUSE = 120
OPERATION_TIMEOUT = 3600
"""Seconds until an operation that never ends is left alone; AKS takes some minutes."""
POLL = 10


class NotApplied(Exception):
    """The move was not made, or not to its end; the message is for a person, with cause and what is certain."""


class ChangedMeanwhile(NotApplied):
    """Somebody else changed the cluster between read and write; nothing was sent, or what was sent was refused."""


def apply(azure: Azure, plan: Plan, record: Record, tell: Tell) -> None:
    """Make the move; raises NotApplied when Azure refuses or fails it, and OSError when there is no record of it."""
    record.save()
    if plan.etag is None:
        tell("checking that nothing changed")
        _compare(azure.read_cluster(), plan)
    tell("sending the update")
    try:
        poller = _send(azure, plan, tell)
        record.done("accepted")
        _follow(azure, plan, poller, tell)
    except NotApplied as error:
        record.done("failed", reason=str(error))
        raise
    record.done("succeeded")


def _compare(now: Json, plan: Plan) -> None:
    if body.writable(now) != body.writable(plan.cluster.document):
        raise ChangedMeanwhile("The cluster was changed since it was checked. Nothing was sent.")


def _send(azure: Azure, plan: Plan, tell: Tell) -> Any | None:
    """The poller of the operation, or None when it landed without an answer; raises NotApplied."""
    document = json.dumps(plan.body).encode()
    for sent in range(SENDS):
        try:
            return azure.begin_put(document, plan.etag, plan.api_version)
        except HttpResponseError as error:
            if error.status_code in (429, 503) and sent < SENDS - 1:
                _pause(error, tell)
                continue
            if not _landing_unknown(error, again=sent > 0):
                raise _refused(error, plan) from error
        except AzureError:
            tell("no answer came: reading what is stored")
        if _landed(azure, plan):
            return None
    raise NotApplied(f"Azure took the update in none of {SENDS} tries. The cluster is as it was.")


def _landing_unknown(error: HttpResponseError, again: bool) -> bool:
    """An answer that does not say whether the update was taken; a conflict may be with our own first sending."""
    status = error.status_code or 0
    return status >= 500 or status < 400 or (again and status in (409, 412))


def _landed(azure: Azure, plan: Plan) -> bool:
    """Whether the goal is stored; False when the cluster is as it was; raises NotApplied for anything else."""
    try:
        now = azure.read_cluster()
    except AzureError as error:
        raise NotApplied(f"It is not known whether Azure took the update: no answer came, and {error}") from error
    stored = arm.dig(now, "properties", "networkProfile", "outboundType")
    if arm.same(stored, plan.target) and arm.text(now, "eTag") != plan.etag:
        return True
    if arm.text(now, "eTag") != plan.etag or body.writable(now) != body.writable(plan.cluster.document):
        raise ChangedMeanwhile("The cluster was changed by somebody else meanwhile. The update was not sent again.")
    return False


def _refused(error: HttpResponseError, plan: Plan) -> NotApplied:
    if error.status_code == 412:
        return ChangedMeanwhile(
            f"{plan.cluster.name} was changed by somebody else since it was checked, so Azure refused the update. "
            "Nothing was changed."
        )
    return NotApplied(f"Azure refused the update: {_reason(error)}")


def _reason(error: HttpResponseError) -> str:
    code, message = getattr(error.error, "code", None), getattr(error.error, "message", None)
    return f"({code}) {message}" if code else " ".join(str(error.message).split())


def _pause(error: HttpResponseError, tell: Tell) -> None:
    headers = getattr(error.response, "headers", {})
    try:
        seconds = float(headers.get("Retry-After", DEFAULT_PAUSE))
    except ValueError:
        seconds = DEFAULT_PAUSE
    tell(f"Azure is busy ({error.status_code}): sending again soon")
    time.sleep(min(max(seconds, 0), LONGEST_PAUSE))


def _follow(azure: Azure, plan: Plan, poller: Any | None, tell: Tell) -> None:
    if poller is None:
        return _follow_cluster(azure, plan, tell)
    deadline = time.monotonic() + OPERATION_TIMEOUT
    while not poller.done():
        tell("Azure is changing the egress")
        poller.wait(1)
        if time.monotonic() > deadline:
            raise NotApplied(
                f"The operation is not done after {OPERATION_TIMEOUT // 60} minutes, and goes on in Azure."
            )
    try:
        poller.result()
    except HttpResponseError as error:
        raise NotApplied(f"Azure took the update, and then failed it: {_reason(error)}") from error
    except AzureError as error:
        raise NotApplied(f"Azure took the update; whether it succeeded is not known: {error}") from error
    return None


def _follow_cluster(azure: Azure, plan: Plan, tell: Tell) -> None:
    """Without the operation's address, its end shows in the state of the cluster."""
    deadline = time.monotonic() + OPERATION_TIMEOUT
    while time.monotonic() < deadline:
        tell("Azure is changing the egress")
        state = arm.text(azure.read_cluster(), "properties", "provisioningState") or ""
        if state.lower() == "succeeded":
            return
        if state.lower() in ("failed", "canceled"):
            raise NotApplied(f"Azure took the update of {plan.cluster.name}, and its state is {state}.")
        time.sleep(POLL)
    raise NotApplied(f"The operation is not done after {OPERATION_TIMEOUT // 60} minutes, and goes on in Azure.")
