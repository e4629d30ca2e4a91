"""What becomes of an update that Azure has taken: followed to its end, and to a cluster that stands still."""

from __future__ import annotations

import time
from typing import Callable

from azure.core.exceptions import AzureError, HttpResponseError

from azext_aksegress import arm
from azext_aksegress.arm import Json
from azext_aksegress.azure import Azure
from azext_aksegress.resources import SignInFailed, pause, said
from azext_aksegress.snapshot import masked
from azext_aksegress.steps import Update

Tell = Callable[[str], None]
"""Takes the phase that the work is in; called often, so that elapsed time can be shown."""

OPERATION_TIMEOUT = 3600
"""Seconds until an operation that never ends is left alone; AKS takes some minutes."""
STANDSTILL_TIMEOUT = 900
"""Seconds until a cluster that is written again and again, by a policy for instance, is judged as it is."""
POLL = 5
"""Seconds between looks at a running operation, where Azure does not say how long; for AKS it does not."""
LOOKS = 6
"""How often an operation, or the cluster's state, may be unreadable in a row before it is left alone."""
BUSY = (429, 503)
"""The statuses of an Azure that only wants to be asked later, which is no failed look."""
SETTLED = ("succeeded", "failed", "canceled")
WORKING = "Azure is changing the cluster"
AGAIN = "Look at what is there now with `az aks egress show`, then run the same command again."
SIGN_IN = "Sign in again with `az login`, and look at what is there now with `az aks egress show`."


class NotApplied(Exception):
    """An update was not made, or not to its end; the message is for a person, with cause and what is certain.

    `event` is the last word of its step in the record: `refused` where it is certain that nothing of it was taken.
    """

    event = "refused"

    def __init__(self, message: str, cure: str = AGAIN) -> None:
        """`cure` is what a person does now, in one sentence."""
        super().__init__(message)
        self.cure = cure


class ChangedMeanwhile(NotApplied):
    """Somebody else changed the cluster, or what is around it, since it was checked; nothing was taken."""


class OutcomeUnknown(NotApplied):
    """The update may have been taken, or was taken, and how it ended cannot be read."""

    event = "unknown"


class Overtaken(OutcomeUnknown):
    """The answer was lost, and somebody else changed the cluster before it could be read."""


class Ended(NotApplied):
    """Azure took the update, and it did not succeed."""

    event = "failed"


def wait(seconds: float, tell: Tell, phase: str) -> None:
    """Wait, and show every second that time passes."""
    end = time.monotonic() + seconds
    while True:
        tell(phase)
        left = end - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(1.0, left))


def is_running(cluster: Json) -> bool:
    """Whether an operation runs on a cluster, or on a pool of it."""
    pools = arm.objects(cluster, "properties", "agentPoolProfiles")
    states = [arm.text(found, "provisioningState") for found in (cluster.get("properties"), *pools)]
    return any(state and state.lower() not in SETTLED for state in states)


def follow(azure: Azure, update: Update, operation: str | None, tell: Tell) -> None:
    """Wait for the end of an operation; where its own word cannot be read, the state of the cluster tells.

    Raises Ended when it did not succeed, and OutcomeUnknown.
    """
    deadline = time.monotonic() + OPERATION_TIMEOUT
    failures = 0
    while operation and failures < LOOKS and time.monotonic() < deadline:
        try:
            status, reason, seconds = azure.operation(operation)
        except AzureError as error:
            seconds = _asked_for(error)
            failures += not seconds
        else:
            failures = 0
            if status.lower() == "succeeded":
                return
            if status.lower() in ("failed", "canceled", "cancelled"):
                raise Ended(f"Azure took the update, and it ended as {status}: {reason}")
        wait(seconds or POLL, tell, WORKING)
    _follow_cluster(azure, update, tell, deadline)


def _asked_for(error: AzureError) -> float:
    """The seconds after which an Azure that is busy may be asked again; 0 where it is something else."""
    if not isinstance(error, HttpResponseError) or error.status_code not in BUSY:
        return 0.0
    return (pause(error.response) if error.response else 0.0) or POLL


def _follow_cluster(azure: Azure, update: Update, tell: Tell, deadline: float) -> None:
    failures = 0
    while time.monotonic() < deadline:
        seconds = 0.0
        try:
            now = azure.read_cluster(update.api_version)
            state = arm.text(now, "properties", "provisioningState") or ""
        except AzureError as error:
            seconds = _asked_for(error)
            failures += not seconds
            if failures == LOOKS:
                what = f"Azure took the update of {update.name}; how it ended cannot be read: {said(error)}"
                raise OutcomeUnknown(what, SIGN_IN if isinstance(error, SignInFailed) else AGAIN) from error
        else:
            failures = 0
            if state.lower() == "succeeded":
                return
            if state.lower() in ("failed", "canceled"):
                raise Ended(f"Azure took the update of {update.name}, and its state is {state}{_error(now)}")
        wait(seconds or POLL, tell, WORKING)
    minutes = OPERATION_TIMEOUT // 60
    raise OutcomeUnknown(f"The update of {update.name} goes on in Azure, not done after {minutes} minutes.")


def _error(cluster: Json) -> str:
    """What the cluster, or a pool of it, keeps of the error of its last operation."""
    for holder in (cluster, *arm.objects(cluster, "properties", "agentPoolProfiles")):
        status = arm.dig(holder, "properties", "status") or arm.dig(holder, "status")
        error = arm.dig(status, "provisioningError")
        error = arm.dig(error, "error") or error
        code, message = arm.text(error, "code"), arm.text(error, "message")
        if code or message:
            return f": ({code}) {masked(message or '')}"
    return ""


def stand_still(azure: Azure, api_version: str, tell: Tell, deadline: float) -> None:
    """Wait until nothing runs on the cluster: right after an update a policy may write it again, and the cluster says
    later than its operation that all is done. What is there then, or at the deadline, or cannot be read, is for others
    to judge."""
    while time.monotonic() < deadline:
        try:
            if not is_running(azure.read_cluster(api_version)):
                return
        except AzureError:
            return
        wait(POLL, tell, WORKING)
