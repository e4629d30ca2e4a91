"""A guided run in a real az against a local Azure: blocked, mended, moved. Nothing outside of this machine is asked.

Usage: make demo
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import textwrap
from pathlib import Path

from azext_aksegress.arm import parent
from tests.armsim.arm import Arm
from tests.armsim.cli import Az
from tests.armsim.estate import CONTROL_PLANE, NETWORK_GROUP, Estate, scope
from tests.armsim.server import LocalAzure
from tests.armsim.terminal import on_a_terminal
from tests.builders import aks_rule, node_rule

ROOT = Path(__file__).parent.parent
WIDTH = 100
SHOP = ("-g", "rg-shop", "-n", "aks-shop")
COLOUR = sys.stdout.isatty() and "NO_COLOR" not in os.environ


def estate() -> Estate:
    """A cluster in its own VNet, whose second pool was put into a subnet that nobody gave a default route."""
    found = Estate()
    subnets = found.vnet("vnet-shop", ["snet-system", "snet-apps"])
    hub = found.vnet("vnet-hub", ["AzureFirewallSubnet"], prefix="10.1")["AzureFirewallSubnet"]
    found.peering(parent(subnets["snet-apps"]), parent(hub))
    policy = found.firewall_policy("fwpol-hub", [aks_rule(), node_rule()])
    address = found.public_ip("pip-fw-hub", "52.174.10.20")
    found.firewall("fw-hub", "10.1.0.4", address, subnet=hub, policy=policy)
    found.role(CONTROL_PLANE, "Network Contributor", scope(NETWORK_GROUP))
    found.attach(subnets["snet-system"], route_table=found.route_table("rt-system", hop="10.1.0.4"))
    found.attach(subnets["snet-apps"], route_table=found.route_table("rt-apps"))
    found.cluster("aks-shop", pools={"system": subnets["snet-system"], "apps": subnets["snet-apps"]})
    return found


class Guide:
    """Says what comes next, runs it, and shows what az shows."""

    def __init__(self, az: Az) -> None:
        self._az = az

    def say(self, text: str) -> None:
        """Say what comes next."""
        line = textwrap.fill(" ".join(text.split()), WIDTH)
        print(f"\n\x1b[1m{line}\x1b[0m\n" if COLOUR else f"\n{line}\n", flush=True)

    def run(self, *words: str, expect: int = 0, answer: str | None = None) -> None:
        """Run az on a terminal, and stop the demo where it does not end as it should."""
        print(f"$ az {' '.join(words)}", flush=True)
        result = on_a_terminal(self._az, *words, answer=answer, columns=WIDTH, echo=self._echo if COLOUR else _ignore)
        if not COLOUR:
            print(result.out, end="")
        print(f"(exit code {result.code})", flush=True)
        if result.code != expect:
            raise SystemExit(f"The demo expected exit code {expect}.")

    def paste(self, command: str) -> None:
        """Run a command as a person would paste it."""
        print(f"$ {command}", flush=True)
        result = self._az.shell(f"{command} --output table")
        print(result.out or result.err, end="", flush=True)
        if result.code:
            raise SystemExit("The demo's fix failed.")

    @staticmethod
    def _echo(text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()


def _ignore(_: str) -> None:
    """Where the terminal's own escape sequences would only disturb."""


def tell(guide: Guide, az: Az, arm: Arm) -> None:
    """The story."""
    guide.say(
        "aks-shop reaches the internet through its load balancer. Its egress must go through the firewall now. "
        "What is there today?"
    )
    guide.run("aks", "egress", "show", *SHOP)
    guide.say("Which outbound types are open to it?")
    guide.run("aks", "egress", "check", *SHOP)
    guide.say("userDefinedRouting is blocked. Why, and what mends it?")
    guide.run("aks", "egress", "check", *SHOP, "--to", "userDefinedRouting", expect=4)
    guide.say("The report ends with exit code 4, so a pipeline stops here. Its fix is a real command; we paste it.")
    for command in fixes(az):
        guide.paste(command)
    guide.say("Once more:")
    guide.run("aks", "egress", "check", *SHOP, "--to", "userDefinedRouting")
    guide.say("Ready. The move itself asks first; we answer yes.")
    guide.run("aks", "egress", "migrate", *SHOP, "--to", "userDefinedRouting", answer="y")
    guide.say("And what is there now?")
    guide.run("aks", "egress", "show", *SHOP)
    sent = [request for request in arm.writes if "/managedClusters/" in request.path]
    guide.say(
        f"All of that took {len(arm.journal)} requests, {len(sent)} of them a write to the cluster: one PUT, pinned by "
        "its eTag to the cluster that was checked. Everything ran on this machine; your own ~/.azure was not touched."
    )


def fixes(az: Az) -> list[str]:
    """The commands that the blocked report prints, from its JSON."""
    blocked = az("aks", "egress", "check", *SHOP, "--to", "userDefinedRouting", "-o", "json")
    rows = json.loads(blocked.out)["findings"]
    return [fix["command"] for row in rows if row["outcome"] == "fail" for fix in row["fix"]]


def main() -> None:
    """Start the local Azure, sign a private az in to it, and tell the story."""
    (wheel,) = (ROOT / "dist").glob("aksegress-*.whl")
    arm = Arm(estate())
    with tempfile.TemporaryDirectory(prefix="aksegress-demo-") as folder, LocalAzure(arm, Path(folder)) as azure:
        print("Starting a local Azure, and signing a private az in to it …", flush=True)
        az = Az(Path(sys.executable).with_name("az"), Path(folder) / "az", azure)
        az.sign_in()
        az.add_extension(wheel)
        arm.journal.clear()
        tell(Guide(az), az, arm)


if __name__ == "__main__":
    main()
