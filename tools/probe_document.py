"""Write docs/probe.md: what `--probe` runs on a node, as it is sent for a cluster of the local Azure.

Usage: python -m tools.probe_document [FILE]
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Iterator

from azext_aksegress import node_script, nodes, probe
from azext_aksegress.asking import ACTION, TIMEOUT, TRIES
from tests.builders import Shop

NONCE = "4f1c09be"
"""A word as it may be in one run."""
FILE = Path(__file__).resolve().parent.parent / "docs" / "probe.md"
_INTRODUCTION = """\
# What `--probe` runs on a node

`az aks egress verify --probe`, and `migrate` and `rollback` with `--probe` once the update is made, ask one node of
each subnet itself. This page is generated from the code by `make docs`.

- **How**: Compute's *run command* on one virtual machine of the node resource group that the cluster names, in a
  scale set or by itself, Linux or Windows. The agent on the machine takes it from the host, so it answers also where
  the tunnel to the nodes or scheduling is what broke, and in private clusters.
- **What it does**: it asks some addresses with curl, and writes one line for each to its output. It writes no file,
  changes no setting, and reads nothing but, in a cluster with an HTTP proxy, the proxy's lines of
  `/etc/environment`.
- **What is asked**: each whole name that AKS lists for this cluster by HTTP or HTTPS
  (`outboundNetworkDependenciesEndpoints`; wildcards and UDP are told as not asked); the API server, where nodes know
  it by a name; and by IPv4 two public services that tell the caller's address. For `none` and `block`, only the API
  server, and the same two services, one address without a name, and `mcr.microsoft.com`, none of which may answer.
  Names that a shell could understand are not asked. `--probe-url` names a service of your own instead of the two: it
  has to answer with an IPv4 address and nothing else.
- **What the replies mean**: an HTTP status is an answer, but for those of what stands on the way: 407, 470 (Azure
  Firewall) and 511 are none, and 502 to 504 prove nothing. Where no certificate is trusted, TLS is broken up on the
  way. The address is held against those that carry the subnet's egress by Azure's settings, which the other findings
  hold against the record. Where Azure cannot tell any, as of an appliance, that is a *note*, and no pass; the
  address must at least be none of those from before the move.
"""
_LIMITS = f"""\
- **No answer is never a pass**: a node that does not run, a right that is missing, an output that is not whole or not
  of this run, no curl, nobody within {TIMEOUT // 60} minutes: *unknown*, and exit code 6. {TRIES} nodes of a subnet are
  tried, where one is gone, stopped, sick, or busy with another command. A subnet that only pods are on has no node to
  ask, and is unknown. Only machines that AKS made are asked.
- **Rights**: read on the scale sets, virtual machines and network interfaces of the node resource group, and
  `{nodes.SCALE_SETS}/virtualMachines/{ACTION}/action`
  (`{nodes.MACHINES}/{ACTION}/action` for machines in no scale set). The built-in role Virtual Machine
  Contributor has them.
"""


def document() -> str:
    """The whole document."""
    return "\n".join([_INTRODUCTION + _LIMITS, *_scripts()])


def _scripts() -> Iterator[str]:
    moved = probe.inquiry(Shop.byo("userAssignedNATGateway").cluster(), None)
    for system, language in ((nodes.LINUX, "sh"), (nodes.WINDOWS, "powershell")):
        sent = node_script.body(system, moved.questions, proxied=False, nonce=NONCE)
        yield f"## On a {system} node (`{sent['commandId']}`)\n"
        yield "\n".join([f"```{language}", *sent["script"], "```\n"])


def main() -> None:
    """Write the document."""
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else FILE
    file.write_text(document().rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
