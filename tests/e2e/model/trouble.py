"""What befalls a command: nothing, a fault, a failure of Azure's own operation, somebody else's write, or its death."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from tests.armsim.cli import Result
from tests.armsim.faults import After, Before
from tests.e2e.faults import requests
from tests.e2e.faults.commands import MIGRATE, ROLLBACK
from tests.e2e.faults.kinds import KINDS, PASSING, Kind
from tests.e2e.faults.requests import CLUSTER, UPDATE, Asked
from tests.e2e.faults.test_killed import ANY, Victim
from tests.e2e.model.world import LB, MNAT, UANAT, UDR, Act, World


@dataclass(frozen=True)
class Trouble:
    """Nothing at all."""

    @property
    def is_harmless(self) -> bool:
        """Whether a command must end as if there were nothing."""
        return True

    def play(self, world: World, words: tuple[str, ...]) -> Result | None:
        """Run a command that this befalls; None where it is killed, and nobody hears what it says."""
        self.befall(world)
        return world.az(*words)

    def befall(self, world: World) -> None:
        """Have the local Azure do it at the next command."""


@dataclass(frozen=True)
class Faulty(Trouble):
    """A request goes wrong, once or from then on."""

    kind: Kind
    asked: Asked

    @property
    def is_harmless(self) -> bool:
        return self.kind.nature == PASSING and not self.kind.lasts

    def befall(self, world: World) -> None:
        fault = self.kind.make(lambda: world.do(Act("tags", "a-colleague")))
        for one in (Before(world.meet), fault):
            world.arm.fault(self.asked.method, self.asked.pattern, one, self.kind.times, skip=self.asked.nth - 1)

    def __repr__(self) -> str:
        return f"Faulty({self.kind.name} at {self.asked})"


@dataclass(frozen=True)
class Meddling(Trouble):
    """Somebody else writes right before a request."""

    act: Act
    asked: Asked

    @property
    def is_harmless(self) -> bool:
        return False

    def befall(self, world: World) -> None:
        for hook in (world.meet, lambda: world.do(self.act)):
            world.arm.fault(self.asked.method, self.asked.pattern, Before(hook), skip=self.asked.nth - 1)

    def __repr__(self) -> str:
        return f"Meddling({self.act} before {self.asked})"


@dataclass(frozen=True)
class Failing(Trouble):
    """Azure's next operation ends as Failed, and what is stored then is its goal or its origin."""

    stored: str

    @property
    def is_harmless(self) -> bool:
        return False

    def befall(self, world: World) -> None:
        world.meet()
        world.arm.operation_ends("Failed", "NoRoom", "there is no room for it", stored=self.stored)


@dataclass(frozen=True)
class PutAgain(Trouble):
    """A policy puts the cluster again as it is, right after Azure's next operation."""

    def befall(self, world: World) -> None:
        world.arm.put_again_after_success()


@dataclass(frozen=True)
class Killed(Trouble):
    """The process is killed after its n-th answer, in the order in which they go out."""

    nth: int

    @property
    def is_harmless(self) -> bool:
        return False

    def play(self, world: World, words: tuple[str, ...]) -> None:
        victim = Victim()
        world.meet()
        world.arm.fault("*", ANY, After(victim.kill), skip=self.nth - 1)
        victim.is_(world.az.start(*words))
        victim.wait()


NOTHING = Trouble()
_SEEN = {(found.method, found.path, found.nth): found for row in (MIGRATE, ROLLBACK) for found in requests.of(row)}
ASKED = (
    *_SEEN.values(),
    Asked("PUT", CLUSTER, 2, UPDATE),
    *(Asked("GET", CLUSTER, nth, UPDATE) for nth in range(2, 7)),
)
"""The requests that a move sends, those of its clean run and those of one that meets trouble or has two updates."""
ACTS = (
    Act("tags", "a-colleague"),
    Act("tags", "a-pipeline"),
    *(Act("type", to) for to in (LB, MNAT, UANAT, UDR)),
    Act("ranges", "30.0.0.0/8"),
    Act("reconcile"),
    Act("route"),
)


_OF_THE_CLUSTER = [asked for asked in ASKED if asked.path == CLUSTER or "/operations/" in asked.path]
_asked = st.one_of(
    *(st.sampled_from([asked for asked in ASKED if asked.method == "PUT"]), st.sampled_from(_OF_THE_CLUSTER)),
    st.sampled_from(ASKED),
)
"""Rather a request that decides than one of the many that only tell something."""


def _can_be(trouble: Faulty) -> bool:
    return trouble.asked.method in trouble.kind.methods


_faulty = st.builds(Faulty, st.sampled_from(KINDS), _asked).filter(_can_be)
_meddling = st.builds(Meddling, st.sampled_from(ACTS), _asked)
_failing = st.builds(Failing, st.sampled_from(("goal", "origin")))
_killed = st.builds(Killed, st.integers(1, 45))
_nothing = st.just(NOTHING)
of_a_write = st.one_of(_nothing, _nothing, _faulty, _faulty, _meddling, _failing, st.just(PutAgain()), _killed)
of_a_read = st.one_of(_nothing, _nothing, _faulty)
