"""EGR305: do nodes still reach their HTTP proxy?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator

from azext_aksegress import egress
from azext_aksegress.checks import Outcome, Pass, Skip, Warn, check
from azext_aksegress.checks.filters import NO_NETWORK, inside, networks
from azext_aksegress.cluster import Cluster
from azext_aksegress.matrix import USER_DEFINED_ROUTING
from azext_aksegress.network import address_range
from azext_aksegress.request import Request
from azext_aksegress.security import endpoint, is_public
from azext_aksegress.snapshot import Unread


@dataclass(frozen=True)
class Proxy:
    """The URL of one of a cluster's HTTP proxies, and the key that it stands under; both empty where it has none."""

    cluster: Cluster
    key: str = ""
    url: str = ""


def _proxies(cluster: Cluster) -> tuple[Proxy, ...]:
    return tuple(Proxy(cluster, key, url) for key, url in cluster.http_proxies) or (Proxy(cluster),)


@check(
    "EGR305",
    "a configured HTTP proxy stays reachable",
    each=_proxies,
    sources=("AKS documentation, http-proxy.md, 2026-04-16",),
    reference="https://learn.microsoft.com/azure/aks/http-proxy",
    observed_at="httpProxyConfig",
)
def proxy_stays_reachable(proxy: Proxy, request: Request) -> Iterator[Outcome]:
    """Nodes and pods that cannot reach their proxy, or whose new address it refuses, reach nothing outside."""
    cluster, found = proxy.cluster, endpoint(proxy.url)
    if not proxy.url:
        yield Skip("no HTTP proxy is configured")
        return
    if found is None:
        raise Unread(cluster.id, f"properties.httpProxyConfig.{proxy.key} names no host")
    host = found[0]
    address = address_range(host)
    if address is None:
        yield _public_proxy(cluster, request, f"{host} may be on the internet")
        return
    around = networks(cluster)
    is_inside = bool(around) and all(inside(near.network, address) for near in around)
    if is_public(address) and not is_inside:
        yield _public_proxy(cluster, request, f"{host} is on the internet")
        return
    if not around:
        yield Skip(NO_NETWORK)
        return
    hop = " and ".join(sorted({near.hop_to(address) or "" for near in around} - {""}))
    if request.to == USER_DEFINED_ROUTING and (hop or not is_inside):
        behind = hop or "the new next hop"
        yield Warn(cluster.id, f"HTTP proxy {host} is behind {behind}, which must let nodes through to it")
    elif hop and not is_inside:
        yield Warn(cluster.id, f"HTTP proxy {host} is behind {hop}: it must be reached without that route")
    else:
        yield Pass(cluster.id, f"HTTP proxy {host} is in the network, a peer or a private network")


def _public_proxy(cluster: Cluster, request: Request, proxy: str) -> Outcome:
    today, then = egress.before(cluster), egress.after(cluster, request)
    if today.complete and then.complete and today.known == then.known:
        return Pass(cluster.id, f"HTTP proxy {proxy}, and egress IPs stay")
    if then.complete and not then.known:
        return Warn(cluster.id, f"HTTP proxy {proxy}, to which {request.to} leaves no way")
    new = ", ".join(sorted(then.known)) or "the new egress IPs"
    return Warn(cluster.id, f"HTTP proxy {proxy}, where it must admit {new}")
