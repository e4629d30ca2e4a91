"""Help texts. Every example runs."""

from knack.help_files import helps

__all__ = ["helps"]

_EXIT_CODES = """\
Exit codes: 0 ready or done; 1 error; 2 usage; 3 not found; 4 blocked; 5 undetermined, since something that decides \
could not be read; 6 applied but not verified."""

_GROUP = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/MyResourceGroup"
_IPS = f"{_GROUP}/providers/Microsoft.Network/publicIPAddresses"
_CLUSTERS = f"{_GROUP}/providers/Microsoft.ContainerService/managedClusters"

helps["aks egress"] = f"""
type: group
short-summary: Check a change of a cluster's outbound type before it is made, make it safely, and prove it.
long-summary: |
  {_EXIT_CODES}
"""

helps["aks egress show"] = f"""
type: command
short-summary: Show how a cluster reaches the internet.
long-summary: |
  Reads the outbound type, who owns the VNet, every subnet of nodes and pods with its route table, NAT gateway and \
effective path, the egress IPs as addresses, the authorized IP ranges, and what could not be read. The JSON is a \
snapshot that `az aks egress check --snapshot` judges offline. Never writes.
  {_EXIT_CODES}
examples:
  - name: Show the egress of a cluster.
    text: az aks egress show -g MyResourceGroup -n MyManagedCluster
  - name: Get the snapshot to judge it later, or elsewhere; send it to a file with your shell.
    text: az aks egress show -g MyResourceGroup -n MyManagedCluster -o json
"""

helps["aks egress check"] = f"""
type: command
short-summary: Check whether a cluster can change its outbound type, and what that would cost.
long-summary: |
  With `--to`, runs every check for that type. Without it, gives one row for each outbound type. Never writes.
  {_EXIT_CODES}
examples:
  - name: See which outbound types are open to a cluster.
    text: az aks egress check -g MyResourceGroup -n MyManagedCluster
  - name: Check a change to userDefinedRouting.
    text: az aks egress check -g MyResourceGroup -n MyManagedCluster --to userDefinedRouting
  - name: Stop a pipeline on warnings as well.
    text: az aks egress check -g MyResourceGroup -n MyManagedCluster --to userAssignedNATGateway --fail-on warning
  - name: Write a report for a change request, without ids and IP addresses.
    text: az aks egress check -g MyResourceGroup -n MyManagedCluster --to userDefinedRouting --report report.md --mask \
ids ips
  - name: Judge a saved snapshot, offline.
    text: az aks egress check --snapshot snapshot.json --to userAssignedNATGateway
"""

helps["aks egress migrate"] = f"""
type: command
short-summary: Change the outbound type of a cluster, safely.
long-summary: |
  Checks, shows the plan, asks, saves a record of what was there, sends one update that is refused when somebody else \
changed the cluster meanwhile (two with `--update-authorized-ip-ranges`), follows it, and verifies what is there then. \
Findings that fail stop it; those that can be gone past need `--accept` with their id. A move without a way back asks \
for the name of the cluster, or needs `--yes` with `--accept EGR601`. Options of the target are spelled as `az aks \
update` spells them; with today's type, they are changed. `--dry-run --out` saves the plan, and `--plan` applies \
exactly it later, as long as nothing that was judged has changed.
  {_EXIT_CODES}
examples:
  - name: See the plan, and send nothing.
    text: az aks egress migrate -g MyResourceGroup -n MyManagedCluster --to userAssignedNATGateway --dry-run
  - name: Save the plan, to have it looked at.
    text: az aks egress migrate -g MyResourceGroup -n MyManagedCluster --to userAssignedNATGateway --dry-run --out \
plan.json
  - name: Apply exactly the plan that was saved; it knows its cluster.
    text: az aks egress migrate --plan plan.json --yes
  - name: Have the plan and the egress path drawn, before and after, to hand over.
    text: az aks egress migrate -g MyResourceGroup -n MyManagedCluster --to userAssignedNATGateway --dry-run --report \
plan.html
  - name: Change the outbound type in a pipeline.
    text: az aks egress migrate -g MyResourceGroup -n MyManagedCluster --to userDefinedRouting --yes
  - name: Change to a load balancer with two public IPs of your own.
    text: az aks egress migrate -g MyResourceGroup -n MyManagedCluster --to loadBalancer --load-balancer-outbound-ips \
{_IPS}/MyIp1,{_IPS}/MyIp2
  - name: Change several clusters, and return as soon as Azure has taken the updates.
    text: az aks egress migrate --ids {_CLUSTERS}/MyCluster1 {_CLUSTERS}/MyCluster2 --to userDefinedRouting \
--yes --no-wait
  - name: Have the API server admit the new egress addresses as well.
    text: az aks egress migrate -g MyResourceGroup -n MyManagedCluster --to userAssignedNATGateway \
--update-authorized-ip-ranges
  - name: Change the outbound type, and have a node of each subnet confirm its way out.
    text: az aks egress migrate -g MyResourceGroup -n MyManagedCluster --to managedNATGateway --probe
  - name: Go through a one-way door in a pipeline.
    text: az aks egress migrate -g MyResourceGroup -n MyManagedCluster --to managedNATGateway --nat-gateway-sku \
StandardV2 --accept EGR601 --yes
  - name: Change to a managed NAT gateway, knowing that the region may give StandardV2.
    text: az aks egress migrate -g MyResourceGroup -n MyManagedCluster --to managedNATGateway --accept EGR604 --yes
"""

helps["aks egress verify"] = f"""
type: command
short-summary: Prove that a cluster is as its last migration or rollback was to leave it.
long-summary: |
  Reads the cluster, once no operation runs on it, and holds it against the newest record: type, options, states, what \
is in force, egress IPs, and that nothing outside egress has changed since. Ends with exit code 6 and names what \
differs. With `--probe`, also asks one node of each subnet, by a command that changes nothing on it; a node that does \
not answer leaves the move unproven. Never changes anything.
  {_EXIT_CODES}
examples:
  - name: Verify the last migration of a cluster.
    text: az aks egress verify -g MyResourceGroup -n MyManagedCluster
  - name: Verify against a record of your choice.
    text: az aks egress verify -g MyResourceGroup -n MyManagedCluster --record my-record.json
  - name: Ask the nodes themselves, too.
    text: az aks egress verify -g MyResourceGroup -n MyManagedCluster --probe
"""

helps["aks egress rollback"] = f"""
type: command
short-summary: Take the last migration of a cluster back.
long-summary: |
  Checks, plans, asks, sends and verifies as `az aks egress migrate` does, towards the outbound type and the options \
in the record of the newest migration; also after one that failed half way. Undoes only what the record says was done, \
and names the addresses that cannot be had again. A one-way door is refused.
  {_EXIT_CODES}
examples:
  - name: See what a rollback would do, and send nothing.
    text: az aks egress rollback -g MyResourceGroup -n MyManagedCluster --dry-run
  - name: Take the last migration back in a pipeline.
    text: az aks egress rollback -g MyResourceGroup -n MyManagedCluster --yes
  - name: Take a migration back by a record that was kept elsewhere, and have the API server admit the new addresses.
    text: az aks egress rollback -g MyResourceGroup -n MyManagedCluster --record my-record.json \
--update-authorized-ip-ranges
"""

helps["aks egress list"] = f"""
type: command
short-summary: List the clusters of one or many subscriptions, and how each reaches the internet.
long-summary: |
  Reads Azure Resource Graph, a few queries for thousands of clusters. With `--to`, each is judged by the checks of \
`az aks egress check`: `verdict` and `blockers`. What Resource Graph does not tell, such as permissions and quotas, is \
in `unknowns`, and `fullCheck` is the command that reads it. Ends with 0 whatever is found, unless `--fail-on` is \
given; with 1 where not every cluster could be listed. Never writes.
  {_EXIT_CODES}
examples:
  - name: List the clusters of today's subscription.
    text: az aks egress list -o table
  - name: See which clusters in VNets of your own can change to userDefinedRouting, in all subscriptions.
    text: az aks egress list --all-subscriptions --vnet-type byo --to userDefinedRouting -o table
  - name: Hand over a page of all clusters, and what stands in their way.
    text: az aks egress list --all-subscriptions --to userDefinedRouting --report fleet.html
  - name: Stop a pipeline where a cluster of a resource group cannot change.
    text: az aks egress list -g MyResourceGroup --to userAssignedNATGateway --fail-on blocked
"""

helps["aks egress list-paths"] = f"""
type: command
short-summary: List which outbound types can change to which, with the source and date of every answer.
long-summary: |
  Works offline. Where a newer text of Microsoft disagrees with a cell, the row says so in `disputed`.
  {_EXIT_CODES}
examples:
  - name: List every path.
    text: az aks egress list-paths -o table
  - name: List where a cluster in its own VNet can go from loadBalancer.
    text: az aks egress list-paths --vnet-type byo --from loadBalancer
"""
