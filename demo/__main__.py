"""A guided run in a real az against a local Azure: listed, blocked, mended, planned, moved, proven, taken back; a
one-way door. Nothing outside of this machine is asked.

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
WEB = ("-g", "rg-shop", "-n", "aks-web")
UDR = ("--to", "userDefinedRouting")
ROUTE = (
    f"az network route-table route update -g {NETWORK_GROUP} --route-table-name rt-apps -n default-egress "
    "--next-hop-ip-address"
)
COLOUR = sys.stdout.isatty() and "NO_COLOR" not in os.environ


def estate() -> Estate:
    """A cluster in its own VNet, whose second pool was put into a subnet that nobody gave a default route; and one in a
    VNet of AKS's."""
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
    found.cluster("aks-web")
    return found


class Guide:
    """Says what comes next, runs it, and shows what az shows."""

    def __init__(self, az: Az) -> None:
        self._az = az

    def say(self, text: str) -> None:
        """Say what comes next."""
        line = textwrap.fill(" ".join(text.split()), WIDTH)
        print(f"\n\x1b[1m{line}\x1b[0m\n" if COLOUR else f"\n{line}\n", flush=True)

    def run(self, *words: str, expect: int = 0, answer: str | None = None, prompt: str = "(y/N)") -> None:
        """Run az on a terminal, and stop the demo where it does not end as it should."""
        print(f"$ az {' '.join(words)}", flush=True)
        echo = self._echo if COLOUR else _ignore
        result = on_a_terminal(self._az, *words, answer=answer, prompt=prompt, columns=WIDTH, echo=echo)
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
    all_of_them(guide)
    from_blocked_to_ready(guide, az)
    from_plan_to_proof(guide)
    back_again(guide)
    the_one_way_door(guide)
    sent = [request for request in arm.writes if "/managedClusters/" in request.path]
    guide.say(
        f"All of that took {len(arm.journal)} requests, {len(sent)} of them a write to a cluster: one PUT for the "
        "move, and one for the way back, each pinned by its eTag to the cluster that was checked. Everything ran on "
        "this machine; your own ~/.azure was not touched."
    )


def all_of_them(guide: Guide) -> None:
    """Who could move at all, before anybody looks at one."""
    guide.say(
        "Which clusters of the subscription could send their egress through the firewall? Resource Graph tells in a "
        "few queries, whether there are two clusters or thousands. What it does not know is unknown, not green."
    )
    guide.run("aks", "egress", "list", *UDR)


def from_blocked_to_ready(guide: Guide, az: Az) -> None:
    """What stands in the way, and what mends it."""
    guide.say(
        "aks-shop reaches the internet through its load balancer. Its egress must go through the firewall now. "
        "What is there today?"
    )
    guide.run("aks", "egress", "show", *SHOP)
    guide.say("Which outbound types are open to it?")
    guide.run("aks", "egress", "check", *SHOP)
    guide.say("userDefinedRouting is blocked. Why, and what mends it?")
    guide.run("aks", "egress", "check", *SHOP, *UDR, expect=4)
    guide.say("The report ends with exit code 4, so a pipeline stops here. Its fix is a real command; we paste it.")
    for command in fixes(az):
        guide.paste(command)
    guide.say("Once more:")
    guide.run("aks", "egress", "check", *SHOP, *UDR)


def from_plan_to_proof(guide: Guide) -> None:
    """A plan that is saved, goes stale, holds again, and is applied exactly."""
    guide.say("Ready. We save the plan, for somebody to look at; nothing is sent.")
    guide.run("aks", "egress", "migrate", *SHOP, *UDR, "--dry-run", "--out", "plan.json")
    guide.say("Meanwhile somebody points the route elsewhere. The plan is stale then, and says what changed:")
    guide.paste(f"{ROUTE} 10.1.0.99")
    guide.run("aks", "egress", "migrate", "--plan", "plan.json", expect=1)
    guide.say("They set it back, so the plan holds again. The move itself asks first; we answer yes.")
    guide.paste(f"{ROUTE} 10.1.0.4")
    guide.run("aks", "egress", "migrate", "--plan", "plan.json", answer="y")
    guide.say(
        "Any time later, the cluster can be held against the record of the move; and with --probe, a node of each "
        "subnet is asked which address the internet sees:"
    )
    guide.run("aks", "egress", "verify", *SHOP, "--probe")


def back_again(guide: Guide) -> None:
    """The move taken back, by its record."""
    guide.say("And back. The record says what was there; the plan, which address nobody can bring back.")
    guide.run("aks", "egress", "rollback", *SHOP, answer="y")
    guide.run("aks", "egress", "show", *SHOP)


def the_one_way_door(guide: Guide) -> None:
    """A move without a way back is not a matter of y and N."""
    guide.say(
        "aks-web is in a VNet of AKS's, and could go to a StandardV2 NAT gateway. From there no way leads back, so a "
        "yes is not enough: the name of the cluster is asked for. We answer y, and nothing is sent."
    )
    door = ("--to", "managedNATGateway", "--nat-gateway-sku", "StandardV2")
    guide.run("aks", "egress", "migrate", *WEB, *door, answer="y", prompt="to go on:", expect=1)


def fixes(az: Az) -> list[str]:
    """The commands that the blocked report prints, from its JSON."""
    blocked = az("aks", "egress", "check", *SHOP, *UDR, "-o", "json")
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
