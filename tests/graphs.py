"""What `list` sees of an estate: the rows that the local Resource Graph answers with, put together without a wire."""

from __future__ import annotations

import json
from typing import Any, Sequence

from azext_aksegress import fleet, graph
from azext_aksegress.arm import Json
from azext_aksegress.cluster import Cluster
from azext_aksegress.graph import Question
from azext_aksegress.report import Report, make
from azext_aksegress.request import Request
from azext_aksegress.surroundings import Surroundings, cluster_in
from tests.armsim.arm import Arm
from tests.armsim.graph import answer
from tests.armsim.ids import OTHER_SUBSCRIPTION, SUBSCRIPTION
from tests.builders import AZ, CLUSTER, NOW, Shop

SUBSCRIPTIONS = (SUBSCRIPTION, OTHER_SUBSCRIPTION)


class Told:
    """The clusters of an estate as Resource Graph tells of them, and the rounds of questions that it took; questions
    about what is `lost` are refused."""

    def __init__(self, arm: Arm, is_judged: bool = True, lost: str | None = None) -> None:
        self.rounds: list[list[Question]] = []
        self.around = Surroundings()
        rows = [row for asked in graph.clusters(SUBSCRIPTIONS, None) for row in rows_of(arm, asked)]
        bare = [Cluster(self.around.snapshot(cluster_in(row), NOW)) for row in rows]
        for asked in fleet.rounds(bare, self.around, is_judged):
            self.rounds.append(asked)
            for question in asked:
                self.around.hold(question.about, [] if question.about == lost else rows_of(arm, question))
        self.clusters = [Cluster(self.around.snapshot(found.document, NOW)) for found in bare]

    def cluster(self, name: str = CLUSTER) -> Cluster:
        """The cluster with a name."""
        (found,) = [known for known in self.clusters if known.name == name]
        return found

    def report(self, to: str, **options: Any) -> Report:
        """The judgement of the cluster of a shop."""
        return make(self.cluster().snapshot, Request(to, **{"cli_version": AZ, **options}))


def rows_of(arm: Arm, question: Question) -> list[Json]:
    """The rows of a question, as they come out of JSON: nothing of the estate itself is in them."""
    found: list[Json] = json.loads(json.dumps(answer(arm, question.query, list(question.subscriptions))))
    return found


def told(shop: Shop, is_judged: bool = True, lost: str | None = None) -> Told:
    """What Resource Graph tells of a shop."""
    return Told(shop.arm, is_judged, lost)


def abouts(asked: Sequence[Question]) -> list[str]:
    """What questions are about."""
    return [question.about for question in asked]
