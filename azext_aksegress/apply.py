"""Plan -> Azure: the only writer. Saves the record first, then makes step by step: one PUT each, followed to its end.

A request goes out once. It is sent again only where it is certain that it did not land: after 429 or 503, or when
a read shows the cluster as it was. The eTag keeps it from overwriting somebody else's change; where the api-version has
none, the cluster is read and compared right before each sending, and nothing is sent again after a lost answer.
"""

from __future__ import annotations

import json
import time
from typing import Any, Sequence

from azure.core.exceptions import AzureError, HttpResponseError

from azext_aksegress import arm, checks, egress, judged, profiles, ranges
from azext_aksegress.arm import Json
from azext_aksegress.azure import Azure
from azext_aksegress.cluster import Cluster
from azext_aksegress.fixes import az
from azext_aksegress.follow import (
    AGAIN,
    OPERATION_TIMEOUT,
    POLL,
    SIGN_IN,
    STANDSTILL_TIMEOUT,
    ChangedMeanwhile,
    Ended,
    NotApplied,
    OutcomeUnknown,
    Overtaken,
    Tell,
    follow,
    is_running,
    stand_still,
    wait,
)
from azext_aksegress.owners import NotOurs
from azext_aksegress.plan import Plan
from azext_aksegress.record import Record
from azext_aksegress.resources import SignInFailed, said
from azext_aksegress.snapshot import Unread
from azext_aksegress.steps import MOVE, Step, Update

SENDS = 4
PAUSE = 10
"""Seconds before sending again, where Azure does not say how long."""
LONGEST_PAUSE = 120
SPREAD = 120
"""Seconds until the API server admits new authorized ranges everywhere: "up to two minutes" (AKS documentation,
api-server-authorized-ip-ranges.md, 2026-08-03)."""
LOOK = "Look at the folder and its permissions, then run the same command again."
SPREADING = "waiting two minutes, until the API server admits the new addresses everywhere"
OUR_OWN = (
    "eTag",
    "properties.apiServerAccessProfile.authorizedIPRanges",
    "properties.provisioningState",
    "properties.agentPoolProfiles[*].provisioningState",
)
"""What the step before the move changes of a cluster itself."""
BEFORE = "Interrupted here, before anything was sent."
BETWEEN = "Interrupted here, between two updates; nothing more was sent."
GOES_ON = "Interrupted here; what was sent to Azure goes on there."
MAY_GO_ON = "Interrupted here, before it was clear whether Azure took the update; if it did, it goes on there."
_INTERRUPTED = {None: BEFORE, "sending": MAY_GO_ON, "accepted": GOES_ON}
"""What is certain where the work is interrupted, by the last event in the record."""


class NoRecord(NotApplied):
    """The record cannot be written, so the update was not sent."""


def apply(azure: Azure, plan: Plan, record: Record, tell: Tell, to_the_end: bool = True) -> None:
    """Make every step of a plan, or leave the last one to Azure once it has taken it.

    Raises NotApplied when the record cannot be written, or Azure refuses or fails a step; what was done until then
    stays.
    """
    done: list[str] = []
    steps = plan.steps
    for number, step in enumerate(steps, start=1):
        record.step = number
        try:
            update = _prepare(azure, plan, step, tell, is_first=number == 1)
            if update is None:
                record.keep(tell, "notNeeded", action=step.action)
                continue
            _make(azure, update, step, record, tell, to_the_end=to_the_end or number < len(steps))
        except NotApplied as error:
            if not isinstance(error, NoRecord):
                record.keep(tell, error.event, action=step.action, reason=str(error))
            raise _told(azure, plan, error, done, record) from error
        except KeyboardInterrupt as interrupt:
            said_so = _INTERRUPTED.get(record.last_event, BETWEEN)
            if record.last_event:
                record.keep(tell, "interrupted", action=step.action)
            raise KeyboardInterrupt(said_so) from interrupt
        done.append(step.detail)


def _prepare(azure: Azure, plan: Plan, step: Step, tell: Tell, is_first: bool) -> Update | None:
    """The update of a step: the first one of the cluster as it was judged, any other of the cluster read again."""
    try:
        return step.update(plan.cluster if is_first else _read_again(azure, plan, step, tell))
    except AzureError as error:
        raise NotApplied(f"The cluster cannot be read again, so no more was sent: {said(error)}") from error
    except Unread as unread:
        raise NotApplied(f"What to send next is not known, so no more was sent: {unread}") from unread


def _read_again(azure: Azure, plan: Plan, step: Step, tell: Tell) -> Cluster:
    """The cluster between two steps, once it stands still; what others changed meanwhile was not judged, and stops a
    move that was not made yet."""
    if step.action == MOVE:
        wait(SPREAD, tell, SPREADING)
    stand_still(azure, plan.api_version, tell, time.monotonic() + STANDSTILL_TIMEOUT)
    tell("reading the cluster again")
    if step.action != MOVE:
        return Cluster(azure.read(plan.request))
    now = Cluster(azure.read(plan.request, checks.reads([plan.request])))
    before, after = (judged.projection(cluster.snapshot) for cluster in (plan.cluster, now))
    changed = judged.differences(before, after, OUR_OWN)
    stored = now.authorized_ip_ranges
    if not changed and not ranges.are_same(stored, plan.ranges_before_the_move):
        raise ChangedMeanwhile(
            f"The authorized IP ranges are not what was sent any more: {', '.join(stored) or 'none'}"
        )
    if changed:
        raise ChangedMeanwhile(f"What was checked is not as it was any more: {judged.listed(changed)}")
    return now


def _make(azure: Azure, update: Update, step: Step, record: Record, tell: Tell, *, to_the_end: bool) -> None:
    """Send one update, and follow it to its end; raises NotApplied."""
    tell("sending the update")
    details = {"added": list(update.added), "removed": list(update.removed)} if step.action != MOVE else {}
    try:
        record.done("sending", action=step.action, **details)
    except OSError as error:
        more = " more" if record.step and record.step > 1 else ""
        raise NoRecord(
            f"The record {record.path} cannot be written ({error.strerror}), so nothing{more} was sent.",
            error.cure if isinstance(error, NotOurs) else LOOK,
        ) from error
    operation = _send(azure, update, tell)
    record.keep(tell, "accepted", action=step.action)
    if to_the_end:
        follow(azure, update, operation, tell)
        record.keep(tell, "succeeded", action=step.action)


def _told(azure: Azure, plan: Plan, error: NotApplied, done: Sequence[str], record: Record) -> NotApplied:
    """The error of a step with what was done before it, what egress is now, the record, and the next command."""
    what, cure = [str(error).rstrip(".")], error.cure
    if isinstance(error, Ended):
        what.append(_egress_now(azure, plan))
        cure = f"Mend what Azure names; this sends the update again: `{plan.command}`."
    if done:
        what.append(f"Done before: {'; '.join(done)}")
    if not isinstance(error, NoRecord):
        what.append(f"The record of what was there before is {record.path}")
    return type(error)(f"{'. '.join(what)}.", cure)


def _send(azure: Azure, update: Update, tell: Tell) -> str | None:
    """The URL of the operation, or None when none is named, or the answer was lost; raises NotApplied."""
    document = json.dumps(update.body).encode()
    for sent in range(1, SENDS + 1):
        if update.etag is None:  # nothing at Azure guards this update, so look right before
            _compare(azure, update)
        try:
            return azure.put(document, update.etag, update.api_version)
        except HttpResponseError as error:
            if error.status_code in (429, 503) and sent < SENDS:
                _pause(error, tell)
                continue
            refusal = _refused(error, update, sent)
            if not _landing_unknown(error, again=sent > 1):
                raise refusal from error
        except AzureError as error:
            refusal = NotApplied(f"Azure gave no answer to the update: {said(error)}")
        tell("no clear answer came: reading what is stored")
        if _landed(azure, update, tell):
            return None
        if update.etag is None:
            raise OutcomeUnknown(str(refusal), refusal.cure)  # it may land yet, and nothing would keep a second one out
        if sent == SENDS:
            raise refusal
        wait(PAUSE, tell, "the update did not land: sending it again soon")
    return None


def _compare(azure: Azure, update: Update) -> None:
    try:
        now = azure.read_cluster(update.api_version)
    except AzureError as error:
        raise NotApplied(f"The cluster cannot be read once more, so nothing was sent: {said(error)}") from error
    if not update.is_unchanged(now):
        raise ChangedMeanwhile("The cluster was changed since it was checked. Nothing was sent.")


def _landing_unknown(error: HttpResponseError, again: bool) -> bool:
    """An answer that does not say whether the update was taken; a conflict may be with our own first sending."""
    status = error.status_code or 0
    return status >= 500 or status < 300 or (again and status in (409, 412))


def _landed(azure: Azure, update: Update, tell: Tell) -> bool:
    """Whether our goal is stored; False when the cluster is as it was; raises NotApplied for anything else."""
    try:
        now = azure.read_cluster(update.api_version)
        deadline = time.monotonic() + OPERATION_TIMEOUT
        while _unclear(now, update) and is_running(now) and time.monotonic() < deadline:
            wait(POLL, tell, "waiting for the operation that runs, to see whether it is ours")
            now = azure.read_cluster(update.api_version)
    except AzureError as error:
        what = f"It is not known whether Azure took the update: {said(error)}"
        raise OutcomeUnknown(what, SIGN_IN if isinstance(error, SignInFailed) else AGAIN) from error
    same = update.is_unchanged(now)
    if same and arm.text(now, "eTag") == update.etag:
        return False
    if update.reached(now):
        return True
    if same:
        raise OutcomeUnknown("The cluster was written meanwhile, and reads as before: the update may have been undone.")
    raise Overtaken("The cluster was changed by somebody else meanwhile. The update was not sent again.")


def _unclear(now: Json, update: Update) -> bool:
    """Whether the cluster was written since, and reads as before nevertheless."""
    return update.is_unchanged(now) and arm.text(now, "eTag") != update.etag and not update.reached(now)


def _refused(error: HttpResponseError, update: Update, sent: int) -> NotApplied:
    name = update.name
    if error.status_code == 429 or (error.status_code or 0) >= 500:
        times = f", sent {sent} times" if sent > 1 else ""
        return NotApplied(f"Azure did not take the update of {name}{times}: {said(error)}")
    if error.status_code == 412:
        return ChangedMeanwhile(
            f"{name} was changed by somebody else since it was checked, so Azure refused the update."
        )
    here = arm.text(update.base, "id")
    cures = {
        401: "Sign in again with `az login`, then run the same command again.",
        403: "Ask for Microsoft.ContainerService/managedClusters/write on it, and for join on what Azure names.",
        409: f"Wait with `{az('aks wait', ids=here or '', updated=True)}`, then run the same command again.",
    }
    cure = cures.get(error.status_code or 0, "Mend what Azure names, and check again with `az aks egress check`.")
    return NotApplied(f"Azure refused the update of {name}: {said(error)}", cure)


def _pause(error: HttpResponseError, tell: Tell) -> None:
    headers: Any = getattr(error.response, "headers", {})
    try:
        seconds = float(headers.get("Retry-After", PAUSE))
    except ValueError:
        seconds = PAUSE
    seconds = min(max(0, seconds), LONGEST_PAUSE)  # in this order, NaN is 0 too
    wait(seconds, tell, f"Azure is busy ({error.status_code}): sending again in {seconds:.0f} s")


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
