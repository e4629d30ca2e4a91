"""The model: what should be stored and who set it, which records there should be, and how a command should end."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from azext_aksegress.steps import MOVE
from tests.e2e.faults.rules import BLOCKED, ERROR, NOT_VERIFIED, OK
from tests.e2e.faults.stage import OURS
from tests.e2e.model.world import NONE, UDR, Act, Seen, Turn, World

ANY_END = {OK, ERROR, BLOCKED, NOT_VERIFIED}
"""How a command may end that meets a cluster on which an operation runs."""


SURE = {"applied", "notVerified", "accepted", "refused"}
"""The last events of a record after which nothing is open."""


@dataclass
class Entry:
    """A record that should be there, and what really happened then.

    `taken` says whether Azure carried the update of the type out, and `is_sure` whether the extension heard how every
    update ended that it sent, and so must know; `of` names the record of the migration that it takes back.
    """

    name: str
    origin: str
    target: str
    tags: Any
    of: str | None
    taken: bool
    is_sure: bool
    whole: bool
    """Whether Azure carried out every step of the plan."""
    untouched: bool = True
    """Whether nobody else has changed anything since."""
    taken_back_by: Entry | None = None
    deleted: bool = False

    @property
    def repeats(self) -> bool:
        return self.origin == self.target


class Ledger:
    """What is known of the world from what was done to it, and not from what the extension says."""

    def __init__(self, seen: Seen) -> None:
        self.stored = seen.outbound_type
        self.set_by: Entry | None = None
        """The entry of the move that set the type; None where somebody else did, or at the beginning."""
        self.tags = dict(OURS)
        self.theirs = list(seen.ranges)
        """The authorized ranges that are not ours to take out."""
        self.beside = seen.beside
        self.entries: list[Entry] = []

    @property
    def there(self) -> list[Entry]:
        """The entries whose records nobody has deleted, the newest first."""
        return [entry for entry in reversed(self.entries) if not entry.deleted]

    def hear(self, acts: tuple[Act, ...]) -> None:
        """Somebody else has done something."""
        for act in acts:
            if act.kind == "record":
                self.there[0].deleted = True
                continue
            for entry in self.entries:
                entry.untouched = False
            if act.kind == "tags":
                self.tags = {**OURS, "owner": act.value}
            if act.kind == "ranges":
                self.theirs.append(act.value)
            if act.kind == "type":
                self.stored, self.set_by = act.value, None

    def learn(self, turn: Turn, of: Entry | None = None) -> None:
        """A command has been run; `of` is the entry that it takes back."""
        made = [_entry(turn, name, json.loads(text), of) for name, text in turn.new_records.items()]
        self.entries += made
        self.hear(turn.acts)
        for entry in made:
            if entry.taken and turn.after.outbound_type == entry.target != self.stored:
                self.stored, self.set_by = entry.target, entry
                if of:
                    of.taken_back_by = entry
        self.azure_went_on(turn.after)

    def azure_went_on(self, seen: Seen) -> None:
        """Azure has ended what it began: where it failed, it may have taken a move of ours back."""
        if self.set_by and seen.outbound_type == self.set_by.origin:
            self.stored = seen.outbound_type

    def chosen(self, nth: int | None) -> Entry | None:
        """The entry that `rollback` means: the nth newest, or without a name the newest migration that is no rollback
        and no update sent again."""
        there = self.there
        if nth is not None:
            return there[nth % len(there)] if there else None
        migrations = [entry for entry in there if not entry.of]
        return next((entry for entry in migrations if not entry.repeats), migrations[-1] if migrations else None)


def _entry(turn: Turn, name: str, record: Any, of: Entry | None) -> Entry:
    events = [row["event"] for row in record["steps"]]
    steps = [_step(early) for early in turn.arrivals]
    moves = [put for put, step in zip(turn.puts, steps) if step["action"] == MOVE]
    carried_out = {step["step"] for put, step in zip(turn.puts, steps) if put.applied}
    planned = record["plan"]["steps"]
    return Entry(
        name=name,
        origin=record["before"]["networkProfile"]["outboundType"],
        target=record["expected"]["request"]["to"],
        tags=dict(record["before"]["cluster"]["tags"]),
        of=of.name if of else None,
        taken=any(put.applied for put in moves),
        is_sure=events[-1] in SURE,
        whole=len(carried_out) == len(planned),
    )


def _step(early: dict[str, bytes]) -> Any:
    """The step that a record says is being sent."""
    (text,) = early.values()
    return json.loads(text)["steps"][-1]


def is_open(world: World, to: str) -> bool | None:
    """Whether the cluster can go to a type, all accepted that can be; None where it is not worth a rule here."""
    if to == UDR and to in world.scenery.types and not world.is_routed:
        return None if NONE in world.scenery.types else False
    return to in world.scenery.types


def ends_of_a_move(world: World, seen: Seen, to: str, accepting: bool) -> set[int]:
    """The exit codes of a migrate or rollback to a type when nothing goes wrong."""
    if not seen.is_still:
        return ANY_END
    can = is_open(world, to)
    if can is None:
        return {OK, BLOCKED, NOT_VERIFIED}
    if not can:
        return {BLOCKED, OK} if to == seen.outbound_type else {BLOCKED}
    return {OK} if accepting else {OK, BLOCKED}


def ends_with_ranges(seen: Seen, ends: set[int]) -> set[int]:
    """The same where authorized ranges are added first: on a cluster whose last update failed, this completes that
    update too, which the move then takes for a change by somebody else; see test_found.py."""
    return {*ends, ERROR} if seen.state == "Failed" else ends


def ends_of_a_rollback(world: World, seen: Seen, entry: Entry | None, accepting: bool) -> set[int]:
    """The same of a rollback by an entry."""
    if entry is None:
        return {ERROR}
    if not seen.is_still:
        return ANY_END
    ends = ends_of_a_move(world, seen, entry.origin, accepting)
    if entry.repeats:
        return {*ends, ERROR}
    if seen.outbound_type == entry.origin:
        return ends
    if seen.outbound_type != entry.target:
        return {ERROR}
    if entry.taken and not entry.taken_back_by:
        return ends
    by = entry.taken_back_by
    must_know = by.is_sure and not by.deleted if by else entry.is_sure
    return {ERROR} if must_know else {*ends, ERROR}


def ends_of_a_verify(world: World, seen: Seen, entry: Entry | None) -> set[int]:
    """The exit codes of a verify against an entry when nothing goes wrong."""
    if entry is None:
        return {ERROR}
    if not seen.is_still:
        return {OK, NOT_VERIFIED}
    if not is_as_recorded(seen, entry):
        return {NOT_VERIFIED}
    is_certain = entry.untouched and entry.whole and is_open(world, entry.target)
    return {OK} if is_certain else {OK, NOT_VERIFIED}


def is_as_recorded(seen: Seen, entry: Entry) -> bool:
    """Whether what decides is what an entry's move was to lead to."""
    return (seen.outbound_type, seen.state, seen.tags) == (entry.target, "Succeeded", entry.tags)
