"""Plan -> Azure: the only writer. Saves the record first, sends the one PUT, follows it to its end.

The request goes out once. It is sent again only where it is certain that it did not land: after 429 or 503, or when
a read shows the cluster as it was. The eTag keeps it from overwriting somebody else's change; where the api-version has
none, the cluster is read and compared right before each sending, and nothing is sent again after a lost answer.
"""

from __future__ import annotations

import json
import time
from typing import Callable

from azure.core.exceptions import AzureError, HttpResponseError

from azext_aksegress import arm, egress, matrix, profiles
from azext_aksegress.arm import Json
from azext_aksegress.azure import Azure
from azext_aksegress.body import writable
from azext_aksegress.cluster import Cluster
from azext_aksegress.fixes import az
from azext_aksegress.plan import Plan
from azext_aksegress.record import Record
from azext_aksegress.request import Request
from azext_aksegress.resources import SignInFailed, said
from azext_aksegress.snapshot import Unread

Tell = Callable[[str], None]
"""Takes the phase that the work is in; called often, so that elapsed time can be shown."""

SENDS = 4
PAUSE = 10
"""Seconds before sending again, where Azure does not say how long."""
LONGEST_PAUSE = 120
OPERATION_TIMEOUT = 3600
"""Seconds until an operation that never ends is left alone; AKS takes some minutes."""
POLL = 5
"""Seconds between looks at a running operation, where Azure does not say how long; for AKS it does not."""
LOOKS = 6
"""How often an operation, or the cluster's state, may be unreadable in a row before it is left alone."""
SETTLED = ("succeeded", "failed", "canceled")
WORKING = "Azure is changing the egress"
GOES_ON = "Interrupted here; what was sent to Azure goes on there."
MAY_GO_ON = "Interrupted here, before it was clear whether Azure took the update; if it did, it goes on there."
AGAIN = "Look at what is there now with `az aks egress show`, then run the same command again."
SIGN_IN = "Sign in again with `az login`, and look at what is there now with `az aks egress show`."


class NotApplied(Exception):
    """The move was not made, or not to its end; the message is for a person, with cause and what is certain."""

    event = "failed"

    def __init__(self, message: str, cure: str = AGAIN) -> None:
        """`cure` is what a person does now, in one sentence."""
        super().__init__(message)
        self.cure = cure


class ChangedMeanwhile(NotApplied):
    """Somebody else changed the cluster between read and write; nothing was sent, or what was sent was refused."""


class OutcomeUnknown(NotApplied):
    """The update may have been taken, or was taken, and how it ended cannot be read."""

    event = "unknown"


def apply(azure: Azure, plan: Plan, record: Record, tell: Tell, wait: bool = True) -> None:
    """Make the move, or only begin it; raises NotApplied when no record can be begun, or Azure refuses or fails it."""
    tell("sending the update")
    try:
        record.done("sending")
    except OSError as error:
        raise NotApplied(
            f"The record {record.path} cannot be written ({error.strerror}), so nothing was sent.",
            "Look at the folder and its permissions, then run the same command again.",
        ) from error
    taken = False
    try:
        operation = _send(azure, plan, tell)
        taken = True
        record.keep(tell, "accepted")
        if not wait:
            return
        _follow(azure, plan, operation, tell)
    except NotApplied as error:
        record.keep(tell, error.event, reason=str(error))
        what = str(error).rstrip(".")
        raise type(error)(f"{what}. The record of what was there before is {record.path}.", error.cure) from error
    except KeyboardInterrupt as interrupt:
        record.keep(tell, "interrupted")
        raise KeyboardInterrupt(GOES_ON if taken else MAY_GO_ON) from interrupt
    record.keep(tell, "succeeded")


def _send(azure: Azure, plan: Plan, tell: Tell) -> str | None:
    """The URL of the operation, or None when none is named, or the answer was lost; raises NotApplied."""
    document = json.dumps(plan.body).encode()
    for sent in range(1, SENDS + 1):
        if plan.etag is None:  # nothing at Azure guards this update, so look right before
            _compare(azure, plan)
        try:
            return azure.put(document, plan.etag, plan.api_version)
        except HttpResponseError as error:
            if error.status_code in (429, 503) and sent < SENDS:
                _pause(error, tell)
                continue
            refusal = _refused(error, plan, sent)
            if not _landing_unknown(error, again=sent > 1):
                raise refusal from error
        except AzureError as error:
            refusal = NotApplied(f"Azure gave no answer to the update: {said(error)}")
        tell("no clear answer came: reading what is stored")
        if _landed(azure, plan, tell):
            return None
        if plan.etag is None or sent == SENDS:
            raise refusal
        _wait(PAUSE, tell, "the update did not land: sending it again soon")
    return None


def _compare(azure: Azure, plan: Plan) -> None:
    try:
        now = azure.read_cluster(plan.api_version)
    except AzureError as error:
        raise NotApplied(f"The cluster cannot be read once more, so nothing was sent: {said(error)}") from error
    if writable(now) != writable(plan.cluster.document):
        raise ChangedMeanwhile("The cluster was changed since it was checked. Nothing was sent.")


def _landing_unknown(error: HttpResponseError, again: bool) -> bool:
    """An answer that does not say whether the update was taken; a conflict may be with our own first sending."""
    status = error.status_code or 0
    return status >= 500 or status < 300 or (again and status in (409, 412))


def _landed(azure: Azure, plan: Plan, tell: Tell) -> bool:
    """Whether our goal is stored; False when the cluster is as it was; raises NotApplied for anything else."""
    try:
        now = azure.read_cluster(plan.api_version)
        deadline = time.monotonic() + OPERATION_TIMEOUT
        while _unclear(now, plan) and _is_running(now) and time.monotonic() < deadline:
            _wait(POLL, tell, "waiting for the operation that runs, to see whether it is ours")
            now = azure.read_cluster(plan.api_version)
    except AzureError as error:
        what = f"It is not known whether Azure took the update: {said(error)}"
        raise OutcomeUnknown(what, SIGN_IN if isinstance(error, SignInFailed) else AGAIN) from error
    same = writable(now) == writable(plan.cluster.document)
    if same and arm.text(now, "eTag") == plan.etag:
        return False
    if _goal(now, plan.request):
        return True
    if same:
        raise OutcomeUnknown("The cluster was written meanwhile, and reads as before: the update may have been undone.")
    raise ChangedMeanwhile("The cluster was changed by somebody else meanwhile. The update was not sent again.")


def _unclear(now: Json, plan: Plan) -> bool:
    """Whether the cluster was written since, and reads as before nevertheless."""
    same = writable(now) == writable(plan.cluster.document)
    return same and arm.text(now, "eTag") != plan.etag and not _goal(now, plan.request)


def _is_running(now: Json) -> bool:
    state = arm.text(now, "properties", "provisioningState") or ""
    return state.lower() not in SETTLED


def _goal(now: Json, request: Request) -> bool:
    """Whether the type and the options are those of our update."""
    properties = now.get("properties")
    stored = arm.text(properties, "networkProfile", "outboundType")
    if arm.same(stored, matrix.RETIRED_STANDARD_V2_TYPE):
        stored = matrix.MANAGED_NAT_GATEWAY
    return arm.same(stored, request.to) and not request.differences(properties)


def _refused(error: HttpResponseError, plan: Plan, sent: int) -> NotApplied:
    name = plan.cluster.name
    if error.status_code == 429 or (error.status_code or 0) >= 500:
        times = f", sent {sent} times" if sent > 1 else ""
        return NotApplied(f"Azure did not take the update of {name}{times}: {said(error)}")
    if error.status_code == 412:
        return ChangedMeanwhile(
            f"{name} was changed by somebody else since it was checked, so Azure refused the update."
        )
    cures = {
        401: "Sign in again with `az login`, then run the same command again.",
        403: "Ask for Microsoft.ContainerService/managedClusters/write on it, and for join on what Azure names.",
        409: f"Wait with `az aks wait --updated --ids {plan.cluster.id}`, then run the same command again.",
    }
    cure = cures.get(error.status_code or 0, "Mend what Azure names, and check again with `az aks egress check`.")
    return NotApplied(f"Azure refused the update of {name}: {said(error)}", cure)


def _pause(error: HttpResponseError, tell: Tell) -> None:
    headers = getattr(error.response, "headers", {})
    try:
        seconds = float(headers.get("Retry-After", PAUSE))
    except ValueError:
        seconds = PAUSE
    seconds = min(max(seconds, 0), LONGEST_PAUSE)
    _wait(seconds, tell, f"Azure is busy ({error.status_code}): sending again in {seconds:.0f} s")


def _wait(seconds: float, tell: Tell, phase: str) -> None:
    """Wait, and show every second that time passes."""
    end = time.monotonic() + seconds
    while True:
        tell(phase)
        left = end - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(1.0, left))


def _follow(azure: Azure, plan: Plan, operation: str | None, tell: Tell) -> None:
    """Wait for the end of the operation; where its own word cannot be read, the state of the cluster tells."""
    deadline = time.monotonic() + OPERATION_TIMEOUT
    failures = 0
    while operation and failures < LOOKS and time.monotonic() < deadline:
        try:
            status, reason, pause = azure.operation(operation)
        except AzureError:
            failures += 1
            pause = 0.0
        else:
            failures = 0
            if status.lower() == "succeeded":
                _settle(azure, plan, tell)
                return
            if status.lower() in ("failed", "canceled", "cancelled"):
                raise _ended(azure, plan, f"Azure took the update, and it ended as {status}: {reason}")
        _wait(pause or POLL, tell, WORKING)
    _follow_cluster(azure, plan, tell, deadline)


def _settle(azure: Azure, plan: Plan, tell: Tell) -> None:
    """Give the cluster a little time to say what its operation said already."""
    for _ in range(LOOKS):
        try:
            now = azure.read_cluster(plan.api_version)
            pools = arm.objects(now, "properties", "agentPoolProfiles")
            states = [arm.text(found, "provisioningState") for found in (now.get("properties"), *pools)]
            if not any(state and state.lower() not in SETTLED for state in states):
                return
        except AzureError:
            return  # what is there then is for the proof to say
        _wait(POLL, tell, WORKING)


def _follow_cluster(azure: Azure, plan: Plan, tell: Tell, deadline: float) -> None:
    failures = 0
    while time.monotonic() < deadline:
        try:
            now = azure.read_cluster(plan.api_version)
            state = arm.text(now, "properties", "provisioningState") or ""
        except AzureError as error:
            failures += 1
            if failures == LOOKS:
                what = f"Azure took the update of {plan.cluster.name}; how it ended cannot be read: {said(error)}"
                raise OutcomeUnknown(what, SIGN_IN if isinstance(error, SignInFailed) else AGAIN) from error
        else:
            failures = 0
            if state.lower() == "succeeded":
                return
            if state.lower() in ("failed", "canceled"):
                how = f"Azure took the update of {plan.cluster.name}, and its state is {state}{_error(now)}"
                raise _ended(azure, plan, how)
        _wait(POLL, tell, WORKING)
    minutes = OPERATION_TIMEOUT // 60
    raise OutcomeUnknown(f"The update of {plan.cluster.name} goes on in Azure, not done after {minutes} minutes.")


def _ended(azure: Azure, plan: Plan, how: str) -> NotApplied:
    """The error for an update that did not succeed: what Azure said, what egress is now, and the next command."""
    again = az("aks egress migrate", ids=plan.cluster.id, **plan.request.spelled)
    accept = f" --accept {' '.join(plan.accepted)}" if plan.accepted else ""
    cure = f"Mend what Azure names; this sends the update again: `{again}{accept}`."
    return NotApplied(f"{how.rstrip('.')}. {_egress_now(azure, plan)}", cure)


def _error(cluster: Json) -> str:
    """What the cluster, or a pool of it, keeps of the error of its last operation."""
    for holder in (cluster, *arm.objects(cluster, "properties", "agentPoolProfiles")):
        status = arm.dig(holder, "properties", "status") or arm.dig(holder, "status")
        error = arm.dig(status, "provisioningError")
        error = arm.dig(error, "error") or error
        code, message = arm.text(error, "code"), arm.text(error, "message")
        if code or message:
            return f": ({code}) {message}"
    return ""


def _egress_now(azure: Azure, plan: Plan) -> str:
    """What is stored and what carries egress, in a sentence: after a failure, the two need not agree."""
    try:
        cluster = Cluster(azure.read(plan.request))
        state, in_force = cluster.text("provisioningState"), egress.in_force(cluster)
        ids = [found for outbound_type in profiles.PROFILES for found in profiles.effective_ids(cluster, outbound_type)]
    except (AzureError, Unread) as error:
        reason = said(error) if isinstance(error, AzureError) else str(error)
        return f"What egress is now cannot be read: {reason}"
    seen = egress.before(cluster)
    listed = () if seen.complete else (profiles.address_or_name(cluster.snapshot, found) for found in ids)
    force = "in force" if in_force else "not in force"
    addresses = ", ".join(dict.fromkeys([*seen.known, *listed])) or "not known"
    return f"Egress now: {cluster.outbound_type} is stored and {force}, state {state}, egress IPs {addresses}"
