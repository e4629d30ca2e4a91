"""What must hold after every command, whatever befell it: promises of the contract, and no expectation of one case."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from azext_aksegress.steps import MOVE
from tests.e2e.faults.rules import (
    BLOCKED,
    ERROR,
    NOT_FOUND,
    NOT_VERIFIED,
    OK,
    SENDS,
    UNDETERMINED,
    says_what_happened,
)
from tests.e2e.faults.stage import steps
from tests.e2e.model.ledger import Entry, Ledger
from tests.e2e.model.world import Seen, Turn

CODES = {OK, ERROR, NOT_FOUND, BLOCKED, UNDETERMINED, NOT_VERIFIED}
ENDS = {
    "applied": {OK},
    "notVerified": {NOT_VERIFIED},
    "accepted": {OK},
    "notNeeded": {OK},
    "refused": {ERROR},
    "unknown": {ERROR},
    "failed": {ERROR},
}
"""The last event of a record, and the exit codes that fit it; `accepted` and `notNeeded` are the last ones where
nobody waits."""
LAST: dict[str, set[str]] = {
    "applied": {"applied"},
    "notVerified": {"notVerified"},
    "started": {"accepted", "notNeeded"},
    "nothingToDo": set(),
}
"""The outcomes of a command that writes, and the last event that a record has then."""
_OUR_ADDRESSES = "52.0.0."
_BY_AKS = "20.50."


def says_so(turn: Turn) -> None:
    """It ends with a code of the contract and says what happened, without a traceback or a token."""
    if turn.result:
        assert turn.result.code in CODES
        says_what_happened(turn.result)


def leaves_what_is_not_ours(turn: Turn, ledger: Ledger) -> None:
    """Tags and ranges of others, settings beside egress and old records stay, and where it ran to its end, no half
    written file does."""
    now = turn.after
    assert now.tags == ledger.tags
    assert now.beside == ledger.beside
    assert set(ledger.theirs) <= set(now.ranges)
    assert all(found.startswith((_OUR_ADDRESSES, _BY_AKS)) for found in set(now.ranges) - set(ledger.theirs))
    assert {name: now.records.get(name) for name in turn.before.records} == turn.before.records
    if turn.result:
        assert now.leftovers == turn.before.leftovers


def only_reads(turn: Turn) -> None:
    """It sends no write, and leaves no record; the type is what it was, or what others or Azure made of it."""
    assert not turn.puts
    assert not turn.new_records
    assert turn.after.outbound_type in _set_by_others(turn)


def moves_to_its_target_or_not(turn: Turn, target: str | None) -> None:
    """The type is the old one or the target, never a third one; the target only by an update of ours that Azure carried
    out once, pinned to what was read."""
    types = [put.body["properties"]["networkProfile"]["outboundType"] for put in turn.applied]
    expected = _set_by_others(turn)
    assert set(types) <= {target, *expected}
    assert turn.after.outbound_type in {*expected, *types}
    assert all(put.headers.get("If-Match", "*") != "*" for put in turn.puts)


def _set_by_others(turn: Turn) -> set[str | None]:
    """The types that may be stored without a command of ours."""
    meddled = {act.value for act in turn.acts if act.kind == "type"}
    return {turn.before.outbound_type, turn.before.reverts_to, *meddled}


def records_before_it_writes(turn: Turn) -> None:
    """When an update comes in, its one record says already that it is being sent."""
    assert len(turn.arrivals) == len(turn.puts)
    for early in turn.arrivals:
        assert early.keys() == turn.new_records.keys()
        assert [steps(text)[-1] for text in early.values()] == ["sending"]


def keeps_one_record(turn: Turn, target: str | None, of: Entry | None, folder: Path) -> None:
    """Of what was there, what was asked for, and what was done about it; and none where nothing was sent."""
    records = turn.new_records
    assert len(records) == bool(turn.puts) or (turn.result is None and len(records) == 1)
    for name, text in records.items():
        record = json.loads(text)
        assert record["before"]["networkProfile"]["outboundType"] in _set_by_others(turn)
        assert record["expected"]["request"]["to"] == target
        assert Path(record["rollbackOf"] or "").name == (of.name if of else "")
        assert folder.joinpath(name).stat().st_mode & 0o777 == 0o600
        assert "eyJ" not in text.decode()
        _tells_what_was_done(turn, record)


def _tells_what_was_done(turn: Turn, record: Any) -> None:
    """Every step that was sent is in the record, carried out once at most, and told as it really ended."""
    planned = {number: row["action"] for number, row in enumerate(record["plan"]["steps"], start=1)}
    sent: dict[int, list[Any]] = {}
    for put, early in zip(turn.puts, turn.arrivals):
        (text,) = early.values()
        sent.setdefault(json.loads(text)["steps"][-1]["step"], []).append(put)
    events = {number: [row["event"] for row in record["steps"] if row.get("step") == number] for number in planned}
    for number, puts in sent.items():
        carried_out = sum(put.applied for put in puts)
        assert carried_out <= 1
        assert len(puts) <= SENDS
        assert events[number][0] == "sending"
        assert "refused" not in events[number] or not carried_out
        assert not {"accepted", "succeeded", "failed"} & set(events[number]) or carried_out or turn.acts
        _changes_what_it_says(planned[number], puts, record)
    assert set(sent) == {number for number in planned if "sending" in events[number]} or turn.result is None


def _changes_what_it_says(action: str, puts: list[Any], record: Any) -> None:
    """A step of the move sets the type, and any other leaves it alone."""
    types = {put.body["properties"]["networkProfile"]["outboundType"] for put in puts}
    target, origin = record["expected"]["request"]["to"], record["before"]["networkProfile"]["outboundType"]
    assert types <= ({target} if action == MOVE else {origin, target})


def ends_as_it_says(turn: Turn, target: str | None) -> None:
    """Exit code, outcome, record and cluster tell the same."""
    if turn.result is None:
        return
    code = turn.result.code
    for text in turn.new_records.values():
        assert code in ENDS[steps(text)[-1]], steps(text)
    if code in (NOT_FOUND, BLOCKED, UNDETERMINED):
        assert not turn.puts
    if code not in (OK, NOT_VERIFIED) or turn.acts:
        return
    outcome = turn.result.json["outcome"]
    assert {steps(text)[-1] for text in turn.new_records.values()} <= LAST[outcome]
    assert turn.after.outbound_type == target
    assert outcome != "applied" or turn.after.state == "Succeeded"


def is_explained(seen: Seen, ledger: Ledger) -> None:
    """The type is what the model says, and where a move of ours set it, its record says so; and the records are those
    that the model knows, less what somebody deleted."""
    assert seen.outbound_type == ledger.stored
    entry = ledger.set_by
    assert entry is None or ledger.stored in (entry.target, entry.origin)
    assert {known.name for known in ledger.there} == set(seen.records)
