"""Nodes that answer as a test says, without a script and without a wire."""

from __future__ import annotations

from typing import Mapping

from azext_aksegress import probe
from azext_aksegress.checks import Finding
from azext_aksegress.cluster import Cluster
from azext_aksegress.egress import Addresses
from azext_aksegress.expected import Expected
from azext_aksegress.node_script import Question, Reply
from azext_aksegress.nodes import LINUX, Node
from azext_aksegress.probe import Answer, Told
from azext_aksegress.read import complete
from azext_aksegress.request import Request
from tests.builders import Shop


def cluster_of(shop: Shop) -> Cluster:
    return Cluster(complete(shop.snapshot(), shop.fetch, (), probe.wanted))


def awaited_of(cluster: Cluster, *before: str) -> Expected:
    """What was expected of a cluster that is as it should be, and had some addresses before."""
    asked = Request(cluster.outbound_type)
    return Expected(asked, Addresses(before, ()), Addresses((), ()), gone=())


def host(question: Question) -> str:
    return question.url.split("/")[2].partition(":")[0]


class Nodes:
    """A node on each subnet of a shop, and what it says: of the internet one address, and of the rest HTTP 200."""

    def __init__(self, shop: Shop, sees: str = "", url: str | None = None) -> None:
        self.cluster = cluster_of(shop)
        self.asked = probe.inquiry(self.cluster, url)
        self.sees = sees
        self.others: dict[str, Reply] = {}

    def told(self) -> Mapping[str, Answer]:
        node = Node("/x", "aks-apps-1", LINUX, is_whole=True)
        normal = (Reply(0, self.sees if row.tells else "200") for row in self.asked.questions)
        replies = tuple(self.others.get(host(row), reply) for row, reply in zip(self.asked.questions, normal))
        return {subnet.id.lower(): Told(node, replies) for subnet in self.cluster.subnets}

    def findings(self, *before: str, answers: Mapping[str, Answer] | None = None) -> list[Finding]:
        told = {**self.told(), **(answers or {})}
        return list(probe.findings(self.cluster, awaited_of(self.cluster, *before), self.asked, told))

    def outcomes(self, check: str, *before: str) -> set[str]:
        return {
            found.outcome
            for found in self.findings(*before)
            if found.id == check and "/subnets/" in (found.seen.resource or "")
        }
