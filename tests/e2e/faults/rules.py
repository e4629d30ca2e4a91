"""What must hold after a command, whatever went wrong: rules of the contract, and no expectation of a single case."""

from __future__ import annotations

import json
from typing import Any, Dict, Set

from tests.armsim.cli import Result
from tests.e2e.faults.cases import Case
from tests.e2e.faults.commands import CHECK, SHOW, VERIFY, VERIFY_BY_NODES, Command
from tests.e2e.faults.kinds import CHANGED, PASSING, REFUSED
from tests.e2e.faults.requests import AFTER, UPDATE
from tests.e2e.faults.stage import THEIRS, Clean, Scene, steps

VERIFIES = (VERIFY, VERIFY_BY_NODES)
OK, ERROR, NOT_FOUND, BLOCKED, UNDETERMINED, NOT_VERIFIED = 0, 1, 3, 4, 5, 6
OUTCOMES = {OK: "applied", BLOCKED: "blocked", UNDETERMINED: "blocked", NOT_VERIFIED: "notVerified"}
SENDS = 4
"""How often an update may be sent at most."""
_OF_THE_MOMENT = ("capturedAt", "eTag", "tags")
_A_TOKEN = "eyJ"
"""How the tokens of the local Azure begin, as every JSON Web Token does."""
Outcomes = Dict[str, Set[str]]


def codes(case: Case, refused_as_stale: bool) -> set[int]:
    """The exit codes that the contract allows."""
    kind = case.kind
    if kind.nature == CHANGED:
        return {ERROR} if refused_as_stale else {OK, NOT_VERIFIED} if case.command in VERIFIES else {OK}
    if kind.nature == PASSING and not kind.lasts:
        is_sent_once = case.asked.method == "POST" and case.asked.path.endswith("/runCommand")
        return {OK, NOT_VERIFIED} if is_sent_once else {OK}
    if case.asked.phase == UPDATE:
        return {ERROR} if kind.lasts or kind.nature == REFUSED else {OK}
    if case.asked.decides:
        return {NOT_FOUND} if kind.name == "404" else {ERROR}
    if case.asked.phase == AFTER:
        return {OK, NOT_VERIFIED, ERROR} if kind.lasts else {OK, NOT_VERIFIED}
    if case.command in (SHOW, *VERIFIES):
        return {OK} if case.command == SHOW else {OK, NOT_VERIFIED}
    judged = {OK, UNDETERMINED, BLOCKED} if kind.name == "404" else {OK, UNDETERMINED}
    return judged | {NOT_VERIFIED} if case.command.writes and kind.lasts else judged


def says_what_happened(result: Result) -> None:
    """Data on stdout or a sentence with a cure on stderr, and never a traceback or a token."""
    assert "Traceback" not in result.err
    assert _A_TOKEN not in result.out + result.err
    if result.code in (ERROR, NOT_FOUND):
        assert result.out == ""
        told = [line for line in result.err.partition("ERROR: ")[2].splitlines() if line.strip()]
        assert len(told) > 1, f"cause and cure, in\n{result.err}"
    else:
        assert result.json["schemaVersion"] == "1"


def tells_the_truth(case: Case, result: Result, clean: Clean) -> None:
    """What is printed is what is printed without the fault, or names what is not known."""
    if result.code in (ERROR, NOT_FOUND):
        return
    if case.command == CHECK:
        _judges_no_better(case, _outcomes(result.json), _outcomes(clean.result.json))
    elif case.command != SHOW:
        assert result.json["outcome"] == OUTCOMES[result.code]
        assert result.code or not {"fail", "unknown"} & set().union(*_outcomes(result.json["verification"]).values())
    elif result.json["unread"] == clean.result.json["unread"]:
        assert _lasting_part(result.json) == _lasting_part(clean.result.json)


def judges_alike(case: Case, result: Result, judged: Clean) -> None:
    """What refuses a move is what `check` without the fault says, or that it is not known."""
    if result.code in (BLOCKED, UNDETERMINED):
        _judges_no_better(case, _outcomes(result.json["report"]), _outcomes(judged.result.json))


def _judges_no_better(case: Case, seen: Outcomes, clean: Outcomes) -> None:
    """Nothing is judged otherwise than without the fault but as unknown, or skipped for that; only where Azure says
    that something is not there, it counts as missing."""
    for check, outcomes in seen.items():
        news = outcomes - clean[check]
        assert news <= {"unknown", "skip", *({"note", "warn", "fail"} if case.kind.name == "404" else ())}, check
        assert "skip" not in news or any("unknown" in found for found in seen.values()), check
    assert seen.keys() == clean.keys()


def _outcomes(report: Any) -> Outcomes:
    found: Outcomes = {}
    for finding in report["findings"]:
        found.setdefault(finding["id"], set()).add(finding["outcome"])
    return found


def _lasting_part(document: Any) -> Any:
    if isinstance(document, dict):
        return {key: _lasting_part(value) for key, value in document.items() if key not in _OF_THE_MOMENT}
    return [_lasting_part(row) for row in document] if isinstance(document, list) else document


def leaves_the_cluster_whole(scene: Scene, result: Result, goal: Any) -> None:
    """As it was or as it should be once Azure is done, with what somebody else wrote, by one update at most; and the
    exit code says which."""
    if result.code in (OK, NOT_VERIFIED):
        assert scene.configured == goal
    scene.pass_time()
    assert scene.configured in (scene.origin, goal)
    assert scene.shop.document.get("tags") == scene.tags
    assert scene.applied == (scene.configured != scene.origin)
    assert len(scene.arm.writes) <= SENDS
    if result.code in (NOT_FOUND, BLOCKED, UNDETERMINED):
        assert not scene.arm.writes


def changes_nothing(scene: Scene) -> None:
    """What only reads sends no write and leaves no record."""
    assert not scene.arm.writes
    assert scene.configured == scene.origin
    assert scene.shop.document.get("tags") == scene.tags
    assert scene.files() == scene.records


def keeps_a_record(scene: Scene) -> None:
    """Before the first PUT, of what was there, and for its owner alone; and none where nothing was sent."""
    records = scene.new_records()
    assert len(records) == bool(scene.arm.writes)
    assert len(scene.at_the_update) == len(scene.arm.writes)
    for before in scene.at_the_update:
        (early,) = before.values()
        assert steps(early)[-1] == "sending"
    for name, text in records.items():
        record = json.loads(text)
        stored = record["before"]["networkProfile"]["outboundType"]
        assert stored == scene.origin["properties"]["networkProfile"]["outboundType"]
        assert scene.folder.joinpath(name).stat().st_mode & 0o777 == 0o600
        assert _A_TOKEN not in text.decode()


def tells_its_end(scene: Scene, result: Result) -> None:
    """The last event of a record fits the exit code and the cluster."""
    moved = scene.configured != scene.origin
    for record in scene.new_records().values():
        events = steps(record)
        fits = {
            "applied": result.code == OK and moved,
            "notVerified": result.code == NOT_VERIFIED and moved,
            "unknown": result.code == ERROR,
            "refused": result.code == ERROR and not moved,
        }
        assert fits[events[-1]], events
        assert moved or "accepted" not in events


def ends_well(command: Command, scene: Scene, goal: Any) -> None:
    """Run without a fault, a command leads to its goal, whatever happened before, and leaves alone what is not ours;
    only `verify` must tell that somebody else wrote the cluster since the record."""
    scene.pass_time()
    result = scene.run(command)
    told = command in VERIFIES and scene.tags == THEIRS
    assert result.code == (NOT_VERIFIED if told else OK), result.err
    assert not told or THEIRS["owner"] in result.out
    assert scene.configured == goal
    assert scene.shop.document.get("tags") == scene.tags
