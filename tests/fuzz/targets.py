"""What reads bytes that somebody else wrote; each function takes any bytes at all, and asserts what must hold then."""

from __future__ import annotations

import json
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Callable, Iterator, Mapping

from azure.cli.core.azclierror import AzCLIError

from azext_aksegress import (
    checks,
    expected,
    files,
    inputs,
    migration,
    past,
    report,
    request,
    saved,
    snapshot,
    verify,
)
from azext_aksegress._errors import told
from azext_aksegress.matrix import OUTBOUND_TYPES
from azext_aksegress.past import Past
from azext_aksegress.render import moves, table, terminal
from azext_aksegress.render.terminal import Look
from azext_aksegress.report import Report
from azext_aksegress.request import Request
from azext_aksegress.snapshot import Snapshot
from tests.armsim.estate import cluster_id
from tests.builders import AZ, CLUSTER
from tests.fuzz import rules, seeds

ID = cluster_id(CLUSTER)
LOOK = Look(80)
STAMP = "20261123T060000000000"


@contextmanager
def refused() -> Iterator[list[AzCLIError]]:
    """What is refused with one of az's own errors, as a command does, is told as it should be; anything else stays."""
    errors: list[AzCLIError] = []
    try:
        with told("rg-shop", CLUSTER):
            yield errors
    except AzCLIError as error:
        rules.told(error)
        errors.append(error)


def plan(folder: Path, data: bytes) -> None:
    """A file given as a plan is the plan that was saved, or refused; so is one whose digest fits what is in it."""
    path = folder / "plan.json"
    path.write_bytes(data)
    _plan(path)
    with suppress(ValueError, OSError):
        document = files.read(str(path))
        if isinstance(document, dict):
            path.write_text(json.dumps({**document, "digest": saved._digest(document)}))
            _plan(path)


def _plan(path: Path) -> None:
    with refused() as errors:
        kept = saved.load(str(path), AZ)
        move = kept.prepare(seeds.PLANNED, kept.request)
    if errors:
        return
    rules.strict(move.to_json())
    rules.printed(moves.refused(move, LOOK) if move.refusals else moves.without_write(move, LOOK, str(path)))
    if not move.refusals:
        sent = move.plan.to_json() if move.plan else None
        assert _sent(kept.document["plan"]) == _sent(sent)


def _sent(made: Any) -> Any:
    """A plan without the commands that are left to a person."""
    return {key: value for key, value in made.items() if key != "afterwards"} if made else made


def record(folder: Path, data: bytes) -> None:
    """A file given as a record is understood or refused, also where it stands beside others."""
    path = folder / f"{CLUSTER}-{STAMP}Z.json"
    path.write_bytes(data)
    rules.strict(list(past.former_addresses(str(folder), ID)))
    for find in (
        lambda: past.load(str(path)),
        lambda: past.newest(str(folder), ID),
        lambda: past.to_undo(str(folder), ID),
        lambda: past.to_undo(str(folder), ID, str(path)),
    ):
        with refused() as errors:
            found = find()
        if not errors:
            _used(found)


def _used(found: Past) -> None:
    findings = verify.after_move(found.was, found.expected)
    document = migration.verified(found, found.was, findings, ())
    rules.strict(document)
    rules.printed(moves.verified(found, document, findings, LOOK))
    rules.tabled(table.migrate_rows(document))
    assert found.back.to == found.origin
    with refused() as errors:
        move = migration.take_back(found, seeds.MOVED, found.back, checks.acceptable_ids())
    if errors:
        return
    rules.strict(move.to_json())
    rules.printed(moves.refused(move, LOOK) if move.refusals else moves.without_write(move, LOOK))
    rules.printed(moves.refusals(move))


def saved_snapshot(folder: Path, data: bytes) -> None:
    """A file given as a snapshot is judged for every target and shown, or refused."""
    path = folder / "snapshot.json"
    path.write_bytes(data)
    with refused() as errors:
        found = inputs.load_snapshot(str(path), None, None)
    if not errors:
        judged(found)


def judged(found: Snapshot) -> None:
    """A snapshot is judged, shown in every form, and means the same once it was saved."""
    reports = report.survey(found, Request)
    rules.printed(terminal.survey(reports))
    rules.tabled(table.check_rows([made.to_row() for made in reports]))
    for made in reports:
        _shown(made)
    _saved(found)


def judged_for(found: Snapshot, wanted: Request) -> Report:
    """The same for one request."""
    made = report.make(found, wanted)
    _shown(made)
    _saved(found)
    return made


def _shown(made: Report) -> None:
    rules.strict(made.to_json())
    rules.printed(terminal.report(made, LOOK))
    rules.tabled(table.check_rows(made.to_json()))


def _saved(found: Snapshot) -> None:
    shown = report.show_json(found)
    rules.strict(shown)
    rules.printed(terminal.show(shown, LOOK))
    rules.tabled(table.show_rows(shown))
    again = snapshot.from_json(json.loads(json.dumps(found.to_json())))
    assert again.to_json() == found.to_json()
    verdicts = ([made.verdict for made in report.survey(one, Request)] for one in (found, again))
    assert next(verdicts) == next(verdicts)


def asked(_: Path, data: bytes) -> None:
    """What a plan or record keeps as its request, and as what was expected, is understood or a ValueError."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return
    with suppress(ValueError):
        found = request.from_json(document, AZ)
        assert found.to in OUTBOUND_TYPES
        rules.strict(found.to_json())
        assert request.from_json(found.to_json(), AZ) == found
    with suppress(ValueError):
        rules.strict(expected.from_json(document, seeds.CLUSTER).to_json())


TARGETS: Mapping[str, Callable[[Path, bytes], None]] = {
    "plan": plan,
    "record": record,
    "snapshot": saved_snapshot,
    "request": asked,
}
"""The targets that take a file, by the folder of their corpus."""
