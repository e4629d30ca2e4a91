"""`list`: clusters stream in from Resource Graph, each is judged, and only its row stays."""

from __future__ import annotations

import gc
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Iterator, Mapping, Sequence

from azext_aksegress import fleet, report
from azext_aksegress.arm import Json
from azext_aksegress.cluster import Cluster
from azext_aksegress.graph import Question
from azext_aksegress.inventory import Incomplete, Inventory, ahead
from azext_aksegress.present import ExitCode, Talk, exit_code, worst
from azext_aksegress.request import Request
from azext_aksegress.snapshot import Snapshot

_GARBAGE = 10_000
"""Objects after which young garbage is collected: what judging some forty clusters leaves."""
_SELDOM = (1000, 1000)
"""Such collections until older garbage is looked for too: never, but for what `make` collects itself."""
_YOUNG = 1
"""The generations up to which a page of clusters leaves garbage."""
_SHORT = 0.002
"""Seconds that a thread may go on while another one waits for its turn."""


@dataclass(frozen=True)
class Listing:
    """The rows of a fleet by id, how the command ends, which parts are missing, and why there may be more clusters."""

    rows: Sequence[Json]
    code: ExitCode
    missing: Mapping[str, str] = field(default_factory=dict)
    cut_short: str | None = None


def make(
    inventory: Inventory,
    questions: Iterator[Question],
    vnet: str | None,
    request: Request | None,
    *,
    fail_on: str,
    talk: Talk,
) -> Listing:
    """List the clusters that questions ask for, judged where there is a request.

    Raises Incomplete where none at all could be listed; what came before it is a result.
    """
    rows: dict[str, Json] = {}
    codes = {ExitCode.OK}
    cut_short = None
    try:
        with _at_full_speed():
            for snapshots in ahead(inventory.batches(questions, vnet, request is not None)):
                while snapshots:  # what is judged is not held any longer
                    row, code = _judged(snapshots.pop(), request, fail_on)
                    rows[row["id"].lower()] = row  # once, though what changes between two pages may be on both
                    codes.add(code)
                gc.collect(_YOUNG)
                talk.waiting(fleet.counted(len(rows)))
    except Incomplete as error:
        if not rows:
            raise
        cut_short = str(error)
    finally:
        talk.end()
    ends = ExitCode.ERROR if cut_short else worst(codes)
    return Listing(fleet.in_order(rows.values()), ends, inventory.missing, cut_short)


def _judged(snapshot: Snapshot, request: Request | None, fail_on: str) -> tuple[Json, ExitCode]:
    """The row of a cluster, and how a command ends for it; of all that was needed for them, nothing is kept."""
    cluster = Cluster(snapshot)
    if request is None:
        return fleet.row(cluster, None, None), ExitCode.OK
    judged = report.of(cluster, request)
    return fleet.row(cluster, judged, request.to), exit_code(judged, fail_on)


@contextmanager
def _at_full_speed() -> Iterator[None]:
    """Tell Python what is going on: one thread judges what another reads.

    A collection of garbage walks through documents that are free anyway once nobody holds them, so there are few: of
    what judgements leave, and none of what lives long. Who waits for a socket gets its next 16 KiB once the judging
    thread lets go, which it does after 5 ms otherwise.
    """
    thresholds, interval = gc.get_threshold(), sys.getswitchinterval()
    gc.set_threshold(_GARBAGE, *_SELDOM)
    sys.setswitchinterval(_SHORT)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        sys.setswitchinterval(interval)
