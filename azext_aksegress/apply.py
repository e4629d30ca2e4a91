"""Plan -> Azure: the only writer. Saves the record first, sends the one PUT, follows it to its end.

The request goes out once. It is sent again only where it is certain that it did not land: after 429 or 503, or when
a read shows the cluster as it was. The eTag keeps it from overwriting somebody else's change; where the api-version has
none, the cluster is read and compared right before each sending, and nothing is sent again after a lost answer.
"""

from __future__ import annotations

import json
import time
from typing import Any, Callable

from azure.core.exceptions import AzureError, HttpResponseError
from azure.core.polling.base_polling import OperationFailed

from azext_aksegress import arm
from azext_aksegress.arm import Json
from azext_aksegress.azure import Azure
from azext_aksegress.body import writable
from azext_aksegress.plan import Plan
from azext_aksegress.record import Record

Tell = Callable[[str], None]
"""Takes the phase that the work is in; called often, so that elapsed time can be shown."""

SENDS = 4
PAUSE = 10
"""Seconds before sending again, where Azure does not say how long."""
LONGEST_PAUSE = 120
OPERATION_TIMEOUT = 3600
"""Seconds until an operation that never ends is left alone; AKS takes some minutes."""
POLL = 10
LOOKS = 6
"""How often the cluster's state may be unreadable in a row, with POLL seconds between, before it is left alone."""


class NotApplied(Exception):
    """The move was not made, or not to its end; the message is for a person, with cause and what is certain."""


class ChangedMeanwhile(NotApplied):
    """Somebody else changed the cluster between read and write; nothing was sent, or what was sent was refused."""


def apply(azure: Azure, plan: Plan, record: Record, tell: Tell) -> None:
    """Make the move; raises NotApplied when Azure refuses or fails it, and OSError when no record can be begun."""
    record.save()
    record.done("sending")
    try:
        tell("sending the update")
        poller = _send(azure, plan, tell)
        _keep(record, tell, "accepted")
        _follow(azure, plan, poller, tell)
    except NotApplied as error:
        _keep(record, tell, "failed", reason=str(error))
        raise type(error)(f"{error} The record of what was there before is {record.path}.") from error
    _keep(record, tell, "succeeded")


def _keep(record: Record, tell: Tell, event: str, **details: str) -> None:
    """Note what happened; once the update is out, a full disk must not keep anybody from following it."""
    try:
        record.done(event, **details)
    except OSError as error:
        tell(f"the record cannot be written any more ({error.strerror})")


def _send(azure: Azure, plan: Plan, tell: Tell) -> Any | None:
    """The poller of the operation, or None when it landed without an answer; raises NotApplied."""
    document = json.dumps(plan.body).encode()
    for sent in range(SENDS):
        if plan.etag is None:  # nothing at Azure guards this update, so look right before
            _compare(azure, plan)
        try:
            return azure.begin_put(document, plan.etag, plan.api_version)
        except HttpResponseError as error:
            if error.status_code in (429, 503) and sent < SENDS - 1:
                _pause(error, tell)
                continue
            refusal = _refused(error, plan)
            if not _landing_unknown(error, again=sent > 0):
                raise refusal from error
        except AzureError as error:
            tell("no answer came: reading what is stored")
            refusal = NotApplied(f"Azure gave no answer to the update: {' '.join(str(error).split())}")
        if _landed(azure, plan):
            return None
        if plan.etag is None or sent == SENDS - 1:
            raise refusal
        time.sleep(PAUSE)
    return None


def _compare(azure: Azure, plan: Plan) -> None:
    try:
        now = azure.read_cluster(plan.api_version)
    except AzureError as error:
        raise NotApplied(f"The cluster cannot be read right before the update, so nothing was sent: {error}") from error
    if writable(now) != writable(plan.cluster.document):
        raise ChangedMeanwhile("The cluster was changed since it was checked. Nothing was sent.")


def _landing_unknown(error: HttpResponseError, again: bool) -> bool:
    """An answer that does not say whether the update was taken; a conflict may be with our own first sending."""
    status = error.status_code or 0
    return status >= 500 or status < 400 or (again and status in (409, 412))


def _landed(azure: Azure, plan: Plan) -> bool:
    """Whether our goal is stored; False when the cluster is as it was; raises NotApplied for anything else."""
    try:
        now = azure.read_cluster(plan.api_version)
    except AzureError as error:
        raise NotApplied(f"It is not known whether Azure took the update: no answer came, and {error}") from error
    if arm.text(now, "eTag") == plan.etag and writable(now) == writable(plan.cluster.document):
        return False
    if _goal(now, plan.body):
        return True
    raise ChangedMeanwhile("The cluster was changed by somebody else meanwhile. The update was not sent again.")


def _goal(now: Json, body: Json) -> bool:
    """Whether the type, and the SKU where one was sent, are those of our update."""
    stored, sent = (arm.dig(document, "properties", "networkProfile") for document in (now, body))
    sku = arm.text(sent, "natGatewayProfile", "sku")
    same_type = arm.same(arm.text(stored, "outboundType"), arm.text(sent, "outboundType"))
    return same_type and (sku is None or arm.same(arm.text(stored, "natGatewayProfile", "sku"), sku))


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
        seconds = float(headers.get("Retry-After", PAUSE))
    except ValueError:
        seconds = PAUSE
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
        if isinstance(error.inner_exception, OperationFailed):
            raise NotApplied(f"Azure took the update, and then failed it: {_reason(error)}.") from error
        _follow_cluster(azure, plan, tell)
    except AzureError:
        _follow_cluster(azure, plan, tell)
    return None


def _follow_cluster(azure: Azure, plan: Plan, tell: Tell) -> None:
    """Without the operation's answer, its end shows in the state of the cluster."""
    failures = 0
    deadline = time.monotonic() + OPERATION_TIMEOUT
    while time.monotonic() < deadline:
        tell("Azure is changing the egress")
        try:
            state = arm.text(azure.read_cluster(plan.api_version), "properties", "provisioningState") or ""
            failures = 0
        except AzureError as error:
            failures += 1
            if failures == LOOKS:
                reason = " ".join(str(error).split())
                raise NotApplied(f"Azure took the update; how it ended cannot be read: {reason}.") from error
            state = ""
        if state.lower() == "succeeded":
            return
        if state.lower() in ("failed", "canceled"):
            raise NotApplied(f"Azure took the update of {plan.cluster.name}, and its state is {state}.")
        time.sleep(POLL)
    raise NotApplied(f"The operation is not done after {OPERATION_TIMEOUT // 60} minutes, and goes on in Azure.")
