"""Estates as Azure might tell them some day: parts missing, null, doubled, in other letters, or of another type."""

from __future__ import annotations

import copy
from typing import Any, Callable, Iterator, Mapping, Sequence, Tuple

from hypothesis import strategies as st

from azext_aksegress import arm, checks, read
from azext_aksegress.arm import Json
from azext_aksegress.matrix import OUTBOUND_TYPES
from azext_aksegress.request import Request
from azext_aksegress.snapshot import API_VERSION, Answer, Snapshot, Unread
from tests.armsim.estate import cluster_id
from tests.builders import AZ, CLUSTER, Shop
from tests.defects import OPTIONS, ready

Path = Tuple[Any, ...]
ODD = (
    None,
    "",
    "text",
    0,
    -1,
    7,
    1.5,
    True,
    [],
    {},
    [None],
    [7],
    [{}],
    {"id": 7},
    {"id": "/subscriptions/x"},
    "0.0.0.0/0",
)


class World:
    """What an Azure answers, by id, and the cluster; what is not in it is not found."""

    def __init__(self, shop: Shop) -> None:
        self.cluster = copy.deepcopy(shop.document)
        self.answers: dict[str, Answer] = {}
        self._shop = shop
        self._learn()

    def _learn(self) -> None:
        """Every answer that any target asks for."""
        requests = [Request(target, cli_version=AZ) for target in OUTBOUND_TYPES]
        snapshot = Snapshot("2026-11-23T06:00:00Z", API_VERSION, self.cluster)
        read.complete(snapshot, self._asked, (), checks.reads(requests))

    def _asked(self, wanted: Mapping[str, Any]) -> Mapping[str, Answer]:
        found = self._shop.fetch(wanted)
        self.answers.update({key.lower(): answer for key, answer in found.items()})
        return found

    def fetch(self, wanted: Mapping[str, Any]) -> Mapping[str, Answer]:
        """The answers as they are now."""
        missing = Unread(None, "not found (ResourceNotFound)")
        return {key: _copied(self.answers.get(key.lower(), missing)) for key in wanted}

    def copied(self) -> World:
        """Another one that says the same."""
        other = copy.copy(self)
        other.cluster = copy.deepcopy(self.cluster)
        other.answers = {key: _copied(answer) for key, answer in self.answers.items()}
        return other

    def snapshot(self, request: Request) -> Snapshot:
        """What is read of it for a request."""
        cluster = copy.deepcopy(self.cluster)
        if not arm.text(cluster, "id"):  # who asks knows the id, whatever is answered
            cluster["id"] = cluster_id(CLUSTER)
        snapshot = Snapshot("2026-11-23T06:00:00Z", API_VERSION, cluster)
        return read.complete(snapshot, self.fetch, request.own_ids, checks.reads([request]))

    @property
    def documents(self) -> dict[str, Any]:
        """Everything in it that can be changed: the cluster, and all answers that are no refusals."""
        known = {key: answer for key, answer in sorted(self.answers.items()) if not isinstance(answer, Unread)}
        return {CLUSTER: self.cluster, **known}

    def put(self, key: str, document: Any) -> None:
        """Replace a document."""
        if key == CLUSTER:
            self.cluster = document if isinstance(document, dict) else self.cluster
        else:
            self.answers[key] = tuple(document) if isinstance(document, (list, tuple)) else document


def _copied(answer: Answer) -> Answer:
    return answer if isinstance(answer, Unread) else copy.deepcopy(answer)


WORLDS: Mapping[str, World] = {target: World(ready(target)) for target in OUTBOUND_TYPES}


def request(target: str) -> Request:
    """What a ready cluster is asked for."""
    return Request(target, cli_version=AZ, **OPTIONS.get(target, {}))


def paths(document: Any, start: Path = ()) -> Iterator[Path]:
    """Where in a document something stands."""
    rows: Sequence[tuple[Any, Any]] = ()
    if isinstance(document, dict):
        rows = list(document.items())
    elif isinstance(document, (list, tuple)):
        rows = list(enumerate(document))
    for key, value in rows:
        yield (*start, key)
        yield from paths(value, (*start, key))


def _change(document: Any, path: Path, change: Callable[[Any, Any], None]) -> Any:
    """The document with a change at the container that a path ends in."""
    changed: Any = list(document) if isinstance(document, tuple) else document
    place = changed
    for key in path[:-1]:
        place = place[key]
    change(place, path[-1])
    return changed


def _drop(place: Any, key: Any) -> None:
    del place[key]


def _double(place: Any, key: Any) -> None:
    if isinstance(place, list):
        place.insert(key, copy.deepcopy(place[key]))
    else:
        place[f"{key}Too"] = copy.deepcopy(place[key])


def _other_letters(place: Any, key: Any) -> None:
    if isinstance(place[key], str):
        place[key] = place[key].upper() if place[key] != place[key].upper() else place[key].lower()


def _odd(value: Any) -> Callable[[Any, Any], None]:
    def put(place: Any, key: Any) -> None:
        place[key] = copy.deepcopy(value)

    return put


CHANGES: list[Callable[[Any, Any], None]] = [_drop, _double, _other_letters, *(_odd(value) for value in ODD)]


@st.composite
def worlds(draw: st.DrawFn) -> tuple[str, World]:
    """A target, and an Azure in which up to six parts of a ready estate are not as they should be."""
    target = draw(st.sampled_from(OUTBOUND_TYPES))
    world = WORLDS[target].copied()
    for _ in range(draw(st.integers(1, 6))):
        documents = world.documents
        key = draw(st.sampled_from(list(documents)))
        places = list(paths(documents[key]))
        if places:
            path = draw(st.sampled_from(places))
            world.put(key, _change(documents[key], path, draw(st.sampled_from(CHANGES))))
    return target, world


@st.composite
def altered(draw: st.DrawFn, document: Json) -> Json:
    """A document of which up to four parts are not as they should be."""
    found: Json = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, 4))):
        places = list(paths(found))
        if places:
            found = _change(found, draw(st.sampled_from(places)), draw(st.sampled_from(CHANGES)))
    return found


@st.composite
def hidden(draw: st.DrawFn) -> tuple[str, World]:
    """A target, and its ready estate of which some parts cannot be read."""
    target = draw(st.sampled_from(OUTBOUND_TYPES))
    world = WORLDS[target].copied()
    for key in draw(st.lists(st.sampled_from(sorted(world.answers)), min_size=1, max_size=5)):
        world.answers[key] = Unread(key, "forbidden", "read")
    return target, world


def shuffled(document: Any, random: Any) -> Any:
    """The same document with the members of every list in another order."""
    if isinstance(document, dict):
        return {key: shuffled(value, random) for key, value in document.items()}
    if isinstance(document, (list, tuple)):
        members = [shuffled(item, random) for item in document]
        random.shuffle(members)
        return members
    return document


def judged(world: World, target: str) -> Json:
    """The report, as data."""
    from azext_aksegress import report

    wanted = request(target)
    return report.make(world.snapshot(wanted), wanted).to_json()
