"""The machine: commands, others, troubles and time, in any order, held against the model after each of them."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.armsim.cli import Az
from tests.e2e.faults.commands import NAMED
from tests.e2e.faults.rules import ERROR, OK
from tests.e2e.model import ledger as model
from tests.e2e.model import promises, trouble
from tests.e2e.model.ledger import Entry, Ledger
from tests.e2e.model.trouble import Failing, Trouble
from tests.e2e.model.world import MNAT, NONE, SCENERIES, Act, Scenery, Turn, World

ACCEPTING = ("--accept", "EGR243", "EGR301", "EGR601", "EGR604")
"""All that a person may accept, so that nothing but what cannot be stands in the way of a move."""
_targets = st.runner().flatmap(lambda game: st.sampled_from((*game.world.scenery.types * 2, MNAT, NONE)))
"""Mostly those to which the cluster can go."""
_flags = st.booleans()


@dataclass(frozen=True)
class Saved:
    """A plan in a file, and the world that it was made for; None where that changed while the plan was made."""

    target: str
    ranges_too: bool
    world: str | None


class Moves(RuleBasedStateMachine):
    """One cluster, moved and moved back by us, written by others, at an Azure in which anything may go wrong."""

    def __init__(self, az: Az) -> None:
        super().__init__()
        self.az = az
        self.saved: Saved | None = None
        self.world: World
        self.ledger: Ledger

    @initialize(scenery=st.sampled_from(SCENERIES))
    def begin(self, scenery: Scenery) -> None:
        self.world = World(self.az, scenery)
        self.ledger = Ledger(self.world.look())

    @rule(to=_targets, ranges_too=_flags, waits=_flags, accepting=st.just(True) | _flags, befalls=trouble.of_a_write)
    def migrate(self, to: str, ranges_too: bool, waits: bool, accepting: bool, befalls: Trouble) -> None:
        options = _options({"--update-ip-ranges": ranges_too, "--no-wait": not waits}, accepting)
        seen = self.world.look()
        ends = model.ends_of_a_move(self.world, seen, to, accepting)
        ends = model.ends_with_ranges(seen, ends) if ranges_too else ends
        turn = self._write(("migrate", *NAMED, "--to", to, "--yes", *options), befalls, to, ends)
        if turn.result and turn.result.code == OK and not turn.acts and turn.before.is_still:
            done = "applied" if waits else "started"
            assert turn.result.json["outcome"] == done or turn.before.outbound_type == to
        assert ranges_too or set(turn.after.ranges) <= {*turn.before.ranges, *self.ledger.theirs}

    @rule(to=_targets, ranges_too=_flags, accepting=st.just(True) | _flags, befalls=trouble.of_a_read)
    def save_a_plan(self, to: str, ranges_too: bool, accepting: bool, befalls: Trouble) -> None:
        options = _options({"--update-ip-ranges": ranges_too}, accepting)
        ends = model.ends_of_a_move(self.world, self.world.look(), to, accepting)
        self.world.plan_file.unlink(missing_ok=True)
        before = self.world.fingerprint
        words = ("migrate", *NAMED, "--to", to, *options, "--dry-run", "--out", str(self.world.plan_file))
        turn = self._read(words, befalls, ends)
        self.saved = None
        assert turn.result
        assert self.world.plan_file.exists() == (turn.result.code == OK)
        if turn.result.code == OK:
            self.saved = Saved(to, ranges_too, before if before == self.world.fingerprint else None)

    @precondition(lambda self: self.saved)
    @rule(befalls=trouble.of_a_write)
    def carry_a_plan_out(self, befalls: Trouble) -> None:
        assert self.saved
        made_for, now = self.saved.world, self.world.fingerprint
        words = ("migrate", "--plan", str(self.world.plan_file), "--yes")
        ends = {OK} if made_for == now else {ERROR} if made_for else {OK, ERROR}
        ends = model.ends_with_ranges(self.world.look(), ends) if self.saved.ranges_too else ends
        turn = self._write(words, befalls, self.saved.target, ends)
        assert made_for in (now, None) or not turn.puts

    @precondition(lambda self: self.ledger.entries)
    @rule(
        nth=st.none() | st.integers(0, 3),
        ranges_too=_flags,
        waits=st.just(True) | _flags,
        accepting=st.just(True) | _flags,
        befalls=trouble.of_a_write,
    )
    def rollback(self, nth: int | None, ranges_too: bool, waits: bool, accepting: bool, befalls: Trouble) -> None:
        entry = self.ledger.chosen(nth)
        options = _options({"--update-ip-ranges": ranges_too, "--no-wait": not waits}, accepting)
        words = ("rollback", *NAMED, "--yes", *options, *self._named(entry, nth))
        seen = self.world.look()
        ends = model.ends_of_a_rollback(self.world, seen, entry, accepting)
        ends = model.ends_with_ranges(seen, ends) if ranges_too else ends
        self._write(words, befalls, entry.origin if entry else None, ends, entry)

    @precondition(lambda self: self.ledger.entries)
    @rule(nth=st.none() | st.integers(0, 3), befalls=trouble.of_a_read)
    def verify(self, nth: int | None, befalls: Trouble) -> None:
        there = self.ledger.there
        entry = there[(nth or 0) % len(there)] if there else None
        ends = model.ends_of_a_verify(self.world, self.world.look(), entry)
        turn = self._read(("verify", *NAMED, *self._named(entry, nth)), befalls, ends)
        if turn.result and turn.result.code == OK and not turn.acts:
            assert entry
            assert model.is_as_recorded(turn.after, entry)

    @rule(act=st.sampled_from((*trouble.ACTS, Act("record"))))
    def somebody_else(self, act: Act) -> None:
        acts = len(self.world.acts)
        self.world.do(act)
        self.world.pass_time()
        self.ledger.hear(tuple(self.world.acts[acts:]))
        self.ledger.azure_went_on(self.world.look())

    @rule()
    def time_passes(self) -> None:
        self.world.pass_time()
        self.ledger.azure_went_on(self.world.look())

    @invariant()
    def every_state_is_explained(self) -> None:
        promises.is_explained(self.world.look(), self.ledger)

    def _named(self, entry: Entry | None, nth: int | None) -> tuple[str, ...]:
        return ("--record", str(self.world.folder / entry.name)) if entry and nth is not None else ()

    def _read(self, words: tuple[str, ...], befalls: Trouble, ends: set[int]) -> Turn:
        turn = self._turn(words, befalls, ends)
        promises.only_reads(turn)
        return turn

    def _write(
        self, words: tuple[str, ...], befalls: Trouble, target: str | None, ends: set[int], of: Entry | None = None
    ) -> Turn:
        turn = self._turn(words, befalls, ends, of)
        promises.moves_to_its_target_or_not(turn, target)
        promises.keeps_one_record(turn, target, of, self.world.folder)
        promises.ends_as_it_says(turn, target)
        if isinstance(befalls, Failing) and turn.applied and turn.result and "--no-wait" not in words:
            assert turn.result.code == ERROR
        return turn

    def _turn(self, words: tuple[str, ...], befalls: Trouble, ends: set[int], of: Entry | None = None) -> Turn:
        turn = self.world.turn(words, befalls)
        promises.says_so(turn)
        promises.records_before_it_writes(turn)
        self.ledger.learn(turn, of)
        promises.leaves_what_is_not_ours(turn, self.ledger)
        if turn.result and (befalls.is_harmless or not self.world.trouble_met):
            assert turn.result.code in ends, turn.result.err
        return turn


def _options(flags: dict[str, bool], accepting: bool) -> tuple[str, ...]:
    return (*(flag for flag, wanted in flags.items() if wanted), *(ACCEPTING if accepting else ()))
