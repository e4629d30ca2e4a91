"""EGR24x: can the cluster live without a way out?"""

from __future__ import annotations

from typing import Iterator

from azext_aksegress import arm
from azext_aksegress.checks import Fail, Outcome, Pass, check
from azext_aksegress.cluster import Cluster
from azext_aksegress.fixes import az, before
from azext_aksegress.matrix import ISOLATED
from azext_aksegress.request import Request

_ISOLATED = "AKS documentation, network-isolated.md, 2025-11-03"
_URL = "https://learn.microsoft.com/azure/aks/network-isolated"


@check(
    "EGR241",
    "the cluster is network isolated: artifact source is Cache",
    to=ISOLATED,
    blocks=True,
    sources=(
        _ISOLATED,
        "AKS refusal InvalidNetworkIsolatedClusterConfiguration",
    ),
    reference=_URL,
)
def artifact_source_is_cache(cluster: Cluster, _: Request) -> Iterator[Outcome]:
    """AKS refuses none and block: nodes that take their images from the internet could not start any more."""
    source = cluster.text("bootstrapProfile", "artifactSource")
    if source is None:
        cluster.known("bootstrapProfile")
    if not arm.same(source, "Cache"):
        yield Fail(
            cluster.id,
            f"the artifact source is {source or 'Direct'}",
            fix=(
                before(az("aks update", ids=cluster.id, bootstrap_artifact_source="Cache")),
                before(az("aks upgrade", ids=cluster.id, node_image_only=True)),
            ),
            expected="Cache",
        )


@check("EGR242", "the API server is reached privately", to=ISOLATED, blocks=True, sources=(_ISOLATED,), reference=_URL)
def api_server_is_private(cluster: Cluster, _: Request) -> Iterator[Outcome]:
    """Nodes without a way out cannot reach a public API server and turn NotReady."""
    private = cluster.private_api_server
    if private:
        yield Pass(cluster.id, private)
        return
    cluster.known("enableVnetIntegration")
    integrate = az(
        "aks update",
        ids=cluster.id,
        enable_apiserver_vnet_integration=True,
        apiserver_subnet_id="<api-server-subnet-id>",
    )
    yield Fail(
        cluster.id,
        "nodes reach the API server through the internet",
        fix=(before(integrate),),
        expected="a private cluster, or API Server VNet Integration (which cannot be turned off again)",
    )
