"""The commands that are put under faults, and what ran before each of them."""

from __future__ import annotations

from dataclasses import dataclass

NAMED = ("-g", "rg-shop", "-n", "aks-shop")
PROBE = "--probe"
TARGET = "userAssignedNATGateway"
"""Where the estate of the suite can go: its subnets have a NAT gateway with an address."""


@dataclass(frozen=True)
class Command:
    """One command on the cluster of the suite; `after` are those that went well before it."""

    name: str
    options: tuple[str, ...] = ()
    writes: bool = False
    after: tuple[Command, ...] = ()

    @property
    def title(self) -> str:
        """What it is called in tables: its name, and what makes it another command than that alone."""
        return " ".join([self.name, *(option for option in self.options if option == PROBE)])

    @property
    def words(self) -> tuple[str, ...]:
        """What follows `az` on the command line."""
        return ("aks", "egress", self.name, *NAMED, *self.options)


SHOW = Command("show")
CHECK = Command("check", ("--to", TARGET))
MIGRATE = Command("migrate", ("--to", TARGET, "--yes"), writes=True)
VERIFY = Command("verify", after=(MIGRATE,))
VERIFY_BY_NODES = Command("verify", (PROBE,), after=(MIGRATE,))
ROLLBACK = Command("rollback", ("--yes",), writes=True, after=(MIGRATE,))

COMMANDS = (SHOW, CHECK, MIGRATE, VERIFY, VERIFY_BY_NODES, ROLLBACK)
"""Those that the extension has; each has its requests in requests.json."""
AFTER_A_KILL = (MIGRATE, ROLLBACK)
"""Those that must end well after a migrate that was killed."""
